import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.audio.decode import resample
from earmark.audio.vad import VoiceActivity
from earmark.audio.webrtc import FRAME_SECONDS, MARGIN_SECONDS, SMOOTHING, WebRtc, smoothed
from earmark.config import FeatureParams
from earmark.errors import EarmarkError


@pytest.fixture
def webrtc():
    pytest.importorskip("webrtcvad", reason="the optional extra webrtc is not installed")
    return WebRtc


def test_a_missing_package_is_an_error_in_words(monkeypatch):
    monkeypatch.setitem(sys.modules, "webrtcvad", None)
    with pytest.raises(EarmarkError, match=r'vad: webrtc .* webrtcvad-wheels.*pip install "earmark\[webrtc\]"'):
        VoiceActivity(FeatureParams(vad="webrtc"))


def test_voiced_frames_are_those_of_the_package(webrtc, talk):
    import webrtcvad

    samples, _ = talk("noisy")
    samples = samples[: len(samples) // 480 * 480] * np.float32(0.5 / np.abs(samples).max())
    detector = webrtcvad.Vad(2)
    frames = np.rint(samples * 32768).astype("<i2").reshape(-1, 480)
    expected = [detector.is_speech(frame.tobytes(), 16000) for frame in frames]
    assert list(webrtc(16000)._voiced(samples, 480)) == expected
    assert 0.2 < np.mean(expected) < 0.8


@pytest.mark.parametrize("power", [-12, -3, 1, 4])
def test_a_louder_or_quieter_recording_is_cut_at_the_same_places(webrtc, talk, power):
    samples, _ = talk("noisy")
    assert webrtc(16000)(samples * np.float32(2.0**power)) == webrtc(16000)(samples)


@pytest.mark.parametrize("rate", [8000, 11025, 22050, 32000, 44100, 48000])
def test_other_rates_are_cut_at_the_same_times(webrtc, talk, rate):
    samples, _ = talk()
    expected = np.array(webrtc(16000)(samples)) / 16000
    other = resample(samples, 16000, rate)
    found = webrtc(rate)(other)
    assert found[-1][1] <= len(other)
    assert np.abs(np.array(found) / rate - expected).max() < 0.2


def test_both_sides_of_a_voice_have_the_margin(webrtc, talk):
    samples, (first, last) = talk()
    (_, end), (start, _) = webrtc(16000)(samples)
    assert end - first >= MARGIN_SECONDS * 16000 - 2 * 480 and last - start >= MARGIN_SECONDS * 16000 - 2 * 480


@pytest.mark.parametrize("length", [0, 1, 479, 480, 481])
def test_clips_shorter_than_a_frame_have_no_voice(webrtc, length):
    assert webrtc(16000)(np.ones(length, np.float32)) == []


def test_silence_has_no_voice(webrtc):
    assert webrtc(16000)(np.zeros(16000, np.float32)) == []


@given(st.lists(st.booleans(), max_size=40))
def test_smoothing_is_the_majority_around_each_frame(values):
    half = SMOOTHING // 2
    expected = [sum(values[max(0, i - half) : i + half + 1]) > half for i in range(len(values))]
    assert smoothed(np.array(values, bool)).tolist() == expected


def test_frames_are_of_a_length_that_the_detector_takes(webrtc):
    import webrtcvad

    for rate in (8000, 16000, 32000, 48000):
        assert webrtcvad.valid_rate_and_frame_length(rate, round(rate * FRAME_SECONDS))
