import pytest

from earmark.evaluation.voices import speakers_of_every_class, voices


@pytest.fixture
def spoken(surveyed):
    """Class a: speakers of 6, 3 and 1 clips; class b: nobody known."""
    clips = [("a", "x")] * 6 + [("a", "y")] * 3 + [("a", "z")] + [("b", None)] * 2
    return voices(surveyed([{"label": label, "speaker": speaker} for label, speaker in clips]).clips, ["a", "b"])


def test_speakers_are_counted_most_first(spoken):
    first, _ = spoken
    assert first.counts.tolist() == [6, 3, 1]
    assert (first.label, first.biggest, first.speakers, first.clips, first.unknown) == ("a", "x", 3, 10, 0)
    assert first.median == 3


def test_dominance_is_a_share_of_the_class(spoken):
    first, _ = spoken
    assert (first.share(1), first.share(5)) == (0.6, 1.0)
    assert first.half == 1
    assert first.segments == pytest.approx([0.6, 0.4, 0, 0])


def test_a_class_of_unknown_speakers_has_none(spoken):
    _, second = spoken
    assert (second.speakers, second.unknown, second.biggest, second.median, second.half) == (0, 2, None, 0, 0)
    assert second.segments == [0, 0, 0, 1]


def test_half_of_the_clips_may_need_many_speakers(surveyed):
    (even,) = voices(surveyed([{"label": "a", "speaker": f"{i}"} for i in range(10)]).clips, ["a"])
    assert even.half == 5


def test_speakers_of_every_class_are_counted(surveyed):
    clips = [("a", "x"), ("b", "x"), ("a", "y"), ("b", None), ("a", None)]
    assert speakers_of_every_class(surveyed([{"label": lab, "speaker": who} for lab, who in clips]).clips) == 1
    assert speakers_of_every_class(surveyed([{"label": "a"}, {"label": "b"}]).clips) == 0
