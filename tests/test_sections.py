import pytest

from earmark import config
from earmark.sections import BackboneParams, FeatureParams, HeadLayer, SplitParams, StageParams, TrainParams


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


def test_a_training_without_stages_is_one_stage():
    [stage] = TrainParams(epochs=7, learning_rate=0.1, schedule="cosine", unfreeze=3).plan()
    assert (stage.epochs, stage.learning_rate, stage.schedule, stage.unfreeze) == (7, 0.1, "cosine", 3)


def test_stages_take_what_they_do_not_say_from_the_training():
    stages = [StageParams(epochs=7, unfreeze=0), StageParams(epochs=12, learning_rate=1e-4)]
    first, second = TrainParams(mode="tune", learning_rate=0.01, stages=stages).plan()
    assert (first.unfreeze, first.learning_rate) == (0, 0.01)
    assert (second.unfreeze, second.learning_rate, second.layer_rates) == ("all", 1e-4, [1.0])


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"augment": ["noise"]}, "augment needs a network that reads images: mode tune or scratch"),
        ({"stages": [{"epochs": 2}]}, "stages needs a network that reads images"),
        ({"mode": "scratch", "unfreeze": 4}, "would leave random layers as they are"),
        ({"head": "custom"}, "head: custom needs it"),
        ({"head_layers": ["gap"]}, "head_layers belongs to head: custom"),
        ({"head": "custom", "head_layers": [{"dense": 3}, "gap"]}, "gap or flatten only as the first"),
        ({"head": "custom", "head_layers": [{"dense": 3, "dropout": 0.1}]}, "one of"),
    ],
)
def test_contradictions_of_a_training_are_explained(values, words):
    with pytest.raises(ValueError, match=words):
        TrainParams.model_validate(values)


def test_a_layer_is_dense_or_dropout():
    assert HeadLayer(dense=3, activation="elu").plain() == {"dense": 3, "dropout": None, "activation": "elu"}


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


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"augment": ["shift", "warp"]}, "warp is called pitch"),
        ({"noise": "data/noise"}, r"noise is for augment: \[noise\], which is not asked for"),
        ({"augment": ["noise"], "rooms": "data/rooms"}, r"rooms is for augment: \[reverberation\]"),
        ({"augment": ["noise"], "snr_db": [40, 0]}, r"snr_db \[40, 0\]: the lower level first"),
        ({"augment": ["noise"], "snr_db": [40]}, "snr_db"),
    ],
)
def test_contradictions_of_augmentation_are_explained(values, words):
    with pytest.raises(ValueError, match=words):
        TrainParams.model_validate({"mode": "tune", **values})


def test_a_recipe_is_what_decides_a_model():
    plain = TrainParams(mode="tune").recipe()
    assert not {"snr_db", "noise", "rooms"} & plain.keys() and plain["mode"] == "tune"
    assert TrainParams(mode="tune", snr_db=[5, 9]).recipe() == plain, "nothing has this level"
    assert TrainParams(mode="tune", snr_db=[5, 9], augment=["babble"]).recipe()["snr_db"] == [5, 9]
    asked = TrainParams(mode="tune", augment=["noise", "reverberation"], noise="a", rooms="b")
    assert asked.recipe() == TrainParams(mode="tune", augment=["noise", "reverberation"]).recipe()
    assert {name: str(folder) for name, folder in asked.folders().items()} == {"noise": "a", "rooms": "b"}


def test_a_choice_that_is_not_made_leaves_keys_as_they_were():
    assert "pixels" not in BackboneParams().decisive()
    assert BackboneParams(pixels="unit").decisive()["pixels"] == "unit"
    assert BackboneParams(pixels="unit").bottleneck().keys() - BackboneParams().bottleneck().keys() == {"pixels"}
    assert "validation" not in SplitParams().division()
    assert SplitParams(by="official", validation="random").division()["validation"] == "random"


def test_only_the_official_split_may_lack_a_validation_part():
    with pytest.raises(ValueError, match="validation random belongs to by: official"):
        SplitParams(validation="random")
