import pytest

from earmark.config import parse
from earmark.evaluation.preparation import preparation


def told(data=None, split=None):
    params = parse({"data": data or {}, "split": split or {}})
    return dict(preparation({"params": {"data": params.data.plain(), "split": params.split.plain()}}))


def test_what_is_not_set_is_not_told():
    assert told() == {
        "layout": "demo",
        "recordings": "data/raw/demo",
        "class": "language",
        "split": "by speaker, train, val and test 60, 20 and 20 %",
    }


def test_selection_is_told():
    found = told({"filter": "gender == 'male'", "rank_by": "up_votes", "top": 1000, "balance": ["label", "gender"]})
    assert found["only"] == "gender == 'male'"
    assert (found["best first by"], found["clips per class, at most"]) == ("up_votes", "1000")
    assert found["equal groups of"] == "label, gender"


@pytest.mark.parametrize(
    ("split", "words"),
    [
        ({"by": "official"}, "the data set's own (column split)"),
        ({"by": "random"}, "clips at random, train"),
        ({"by": ["speaker", "sentence"]}, "by speaker, sentence, train"),
        ({"by": "segment"}, "parts of 2 s every 1 s, train"),
        ({"scheme": "kfold", "fold": 2}, "by speaker, fold 2 of 5"),
        ({"scheme": "leave_one_group_out"}, "by speaker, group 0 left out"),
    ],
)
def test_splits_are_told_in_words(split, words):
    assert told(split=split)["split"].startswith(words)


def test_new_values_are_told():
    assert told(split={"hold_out": {"column": "word"}})["new in test"] == "part 0 of 4 of each class's word"


def test_a_manifest_without_params_tells_nothing():
    assert preparation({"params": {}}) == []


def test_synthetic_speech_is_told():
    found = told({"synthetic": {"texts": "recipes/texts/zh-en.csv", "voices": 60}})
    assert found["synthetic training clips"] == "recipes/texts/zh-en.csv: 60 voices × 40 texts"
