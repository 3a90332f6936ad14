import pytest

from earmark import config
from earmark.sections import BackboneParams, DataParams, FeatureParams, SplitParams


def test_the_front_end_does_not_depend_on_how_clips_are_packed():
    packed = config.parse({"features": {"shard_size": 4, "compression": "zstd"}}).features
    assert packed.front_end() == config.parse({}).features.front_end()


@pytest.mark.parametrize(
    ("kinds", "change", "matters"),
    [
        (["mel"], {"n_mfcc": 13}, False),
        (["mfcc"], {"n_mfcc": 13}, True),
        (["stft"], {"n_mels": 13}, False),
        (["pcen"], {"n_mels": 13}, True),
        (["mel"], {"vad": "trim"}, False),
        (["mel"], {"vad": "energy"}, True),
        (["mel"], {"window": {"seconds": 1}}, True),
    ],
)
def test_the_front_end_knows_what_its_kinds_use(kinds, change, matters):
    before, after = (FeatureParams(kinds=kinds, dtype="float16", **values) for values in ({}, change))
    assert (before.front_end() != after.front_end()) == matters


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"hold_out": {"column": "word", "fold": 4}}, "fold 4 of 4 folds; they count from 0 to 3"),
        ({"hold_out": {"column": "word"}, "by": "segment"}, "hold_out keeps or leaves out whole clips"),
        ({"hold_out": {"column": "word"}, "by": ["speaker", "word"]}, "by word lets no word cross splits already"),
    ],
)
def test_contradictions_of_held_out_values_are_explained(values, words):
    with pytest.raises(ValueError, match=words):
        SplitParams.model_validate(values)


def test_what_is_not_held_out_leaves_the_division_as_it_was():
    assert "hold_out" not in SplitParams().division()
    assert SplitParams(hold_out={"column": "word"}).division()["hold_out"] == {"column": "word", "folds": 4, "fold": 0}


def test_a_choice_that_is_not_made_leaves_keys_as_they_were():
    assert "pixels" not in BackboneParams().decisive()
    assert BackboneParams(pixels="unit").decisive()["pixels"] == "unit"
    assert BackboneParams(pixels="unit").bottleneck().keys() - BackboneParams().bottleneck().keys() == {"pixels"}
    assert "validation" not in SplitParams().division()
    assert SplitParams(by="official", validation="random").division()["validation"] == "random"


def test_only_the_official_split_may_lack_a_validation_part():
    with pytest.raises(ValueError, match="validation random belongs to by: official"):
        SplitParams(validation="random")


def test_an_external_set_is_read_as_a_data_set_of_its_own():
    phone = {"adapter": "folder", "root": "phone", "filter": "age != 'teens'"}
    data = DataParams(label="gender", unseen=0, external={"phone": phone, "web": phone | {"label": "sex"}})
    assert data.of_external("phone") == DataParams(**phone, label="gender")
    assert data.of_external("web").label == "sex"
    assert "external" not in data.selection()


@pytest.mark.parametrize(
    ("name", "changes", "words"),
    [
        ("phone", {"adapter": "demo"}, "the demo's voices are synthetic"),
        ("a/b", {}, "match pattern"),
        ("phone", {"unseen": 3}, "Extra inputs"),
        ("phone", {"words": ["stop"]}, "words belongs to adapter speech_commands"),
    ],
)
def test_external_sets_that_cannot_be(name, changes, words):
    with pytest.raises(ValueError, match=words):
        DataParams(external={name: {"adapter": "folder", "root": "x", **changes}})
