import numpy as np

from earmark.evaluation.fates import by_class, fates, votes

KEPT = [{"label": "a", "speaker": "x", "up_votes": 5}, {"label": "b", "speaker": "y"}]
LEFT_OUT = [
    {"clip_id": "l1", "label": "a", "speaker": "x", "up_votes": 1, "fate": "top"},
    {"clip_id": "l2", "label": "a", "speaker": "z", "up_votes": 0, "fate": "filter"},
    {"clip_id": "l3", "label": "a", "speaker": "z", "fate": "unseen_shares_speaker"},
    {"clip_id": "l4", "label": "b", "speaker": "w", "fate": "unseen"},
]


def test_every_usable_clip_has_one_fate(surveyed):
    first, second, whole = fates(surveyed(KEPT, LEFT_OUT).catalogue)
    assert list(first.left_out.items()) == [("filter", 1), ("top", 1), ("unseen_shares_speaker", 1)]
    assert (first.usable.clips, first.usable.speakers, first.kept.clips, first.kept.speakers) == (4, 2, 1, 1)
    assert (second.label, second.unseen.clips, set(second.left_out.values())) == ("b", 1, {0})
    assert whole.label is None
    for fate in (first, second, whole):
        assert fate.usable.clips == fate.kept.clips + fate.unseen.clips + sum(fate.left_out.values())


def test_a_class_that_was_left_out_wholly_is_told(surveyed):
    gone = {"clip_id": "g", "label": "c", "speaker": "q", "fate": "filter"}
    assert [(fate.label, fate.kept.clips) for fate in fates(surveyed(KEPT, [gone]).catalogue)][2] == ("c", 0)


def test_votes_before_and_after(surveyed):
    voted = votes(surveyed(KEPT, LEFT_OUT).catalogue)
    assert list(voted) == ["a"]
    assert sorted(voted["a"].before) == [0, 1, 5]
    assert voted["a"].after.tolist() == [5]


def test_no_votes_are_no_classes(surveyed):
    assert votes(surveyed([{"label": "a"}]).catalogue) == {}


def test_numbers_by_class_are_finite(surveyed):
    rows = [("b", -20.0), ("a", -30.0), ("b", -np.inf), ("a", None), ("b", -10.0)]
    found = by_class(surveyed([{"label": label, "level": level} for label, level in rows]).clips, "level")
    assert {label: numbers.tolist() for label, numbers in found.items()} == {"a": [-30.0], "b": [-20.0, -10.0]}
    assert list(found) == ["a", "b"]
