"""A running sound, fed in pieces of any size."""

import numpy as np
import pytest

from earmark.serving.facts import Facts
from earmark.serving.recogniser import Recogniser
from earmark.serving.stream import Heard, Stream, changes
from earmark.serving.timeline import NO_SPEECH


@pytest.fixture(scope="module")
def recogniser(by_pitch):
    return Recogniser(by_pitch, Facts(None, 1.0, 1.5))


@pytest.fixture(scope="module")
def sound(melody):
    """Two seconds of silence, then the melody."""
    return np.concatenate([np.zeros(32000, np.float32), melody])


def heard(recogniser, sound, size, hop=0.25, rate=16000):
    stream = Stream(recogniser, rate, hop)
    return [answer for start in range(0, len(sound), size) for answer in stream.feed(sound[start : start + size])]


def test_the_label_follows_the_sound(recogniser, sound):
    answers = {answer.seconds: answer.label for answer in heard(recogniser, sound, 4000)}
    assert list(answers) == [0.25 * n for n in range(1, 49)]
    assert [answers[at] for at in (1.5, 4.0, 5.5, 7.75, 11.0, 12.0)] == [
        NO_SPEECH, "low", "low", NO_SPEECH, "high", "high"
    ]  # fmt: skip


@pytest.mark.parametrize("size", [700, 4000, 1 << 20])
def test_how_it_is_fed_does_not_matter(recogniser, sound, size):
    assert heard(recogniser, sound[:96000], size, 0.5) == heard(recogniser, sound[:96000], 8000, 0.5)


def test_another_rate_is_resampled(recogniser, sound):
    doubled = np.repeat(sound[:96000], 2)
    first, second = (heard(recogniser, s, 9600, 0.5, rate) for s, rate in ((sound[:96000], 16000), (doubled, 32000)))
    assert [(answer.seconds, answer.label) for answer in first] == [(answer.seconds, answer.label) for answer in second]


def test_memory_is_bounded(recogniser):
    stream = Stream(recogniser, 16000, 5.0)
    assert len(list(stream.feed(np.zeros(16000 * 60, np.float32)))) == 12
    assert len(stream._memory) == 160000


def test_only_changes_are_told():
    answers = [("a", 0.9), ("a", 0.85), ("a", 0.75), ("b", 0.75), ("b", 0.8), ("a", 0.8)]
    told = changes(Heard(i, *answer) for i, answer in enumerate(answers))
    assert [answer.seconds for answer in told] == [0, 2, 3, 5]
