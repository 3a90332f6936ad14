import librosa
import numpy as np
import pytest
import scipy.signal
from hypothesis import given, settings
from hypothesis import strategies as st

from earmark.audio.decode import decode
from earmark.audio.pcen import BLOCK, pcen, smoothed, smoothing


def librosa_pcen(mel, rate, hop_length):
    return librosa.pcen(mel * 2**31, sr=rate, hop_length=hop_length)


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from([8000, 11025, 16000, 22050, 44100, 48000]),
    st.sampled_from([1, 2]),
    st.integers(1, 2000),
    st.integers(1, 40000),
    st.integers(0, 2**32),
)
def test_equals_librosa(magnitude, rate, power, hop_length, length, seed):
    spectrum = magnitude(rate, 512, length, seed) ** power
    mel = np.random.default_rng(seed).random((40, 257), np.float32) @ spectrum
    found, expected = pcen(mel, rate, hop_length), librosa_pcen(mel, rate, hop_length)
    assert found.shape == mel.shape and found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=1e-4)


@pytest.mark.parametrize("frames", [1, 2, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK, 1000])
@pytest.mark.parametrize("weight", [1e-3, 0.06, 0.9, 1.0])
def test_blocks_are_one_filter(frames, weight):
    values = np.random.default_rng(0).random((7, frames), np.float32)
    state = np.full((7, 1), 1 - weight)
    expected, _ = scipy.signal.lfilter([weight], [1, weight - 1], values, zi=state)
    np.testing.assert_allclose(smoothed(values, weight), expected, rtol=1e-5)


def test_the_past_of_one_frame_is_two_thirds_present():
    assert smoothing(1) == pytest.approx((5**0.5 - 1) / 2)


@pytest.mark.parametrize("mel", [0.0, 1e-30, 1e-12, 1.0, 1e6])
@pytest.mark.parametrize("frames", [1, 500])
def test_steady_sounds(mel, frames):
    steady = np.full((3, frames), mel, np.float32)
    found = pcen(steady, 16000, 200)
    assert np.isfinite(found).all() and (found > 0).all() == (mel > 0)
    np.testing.assert_allclose(found, librosa_pcen(steady, 16000, 200), rtol=1e-4)


def test_a_quiet_sound_is_as_bright_as_a_loud_one():
    mel = np.ones((1, 400), np.float32)
    loud, quiet = pcen(mel, 16000, 200)[0, -1], pcen(mel / 1000, 16000, 200)[0, -1]
    assert quiet == pytest.approx(loud, rel=0.15)


def test_no_frames_and_the_caller_keeps_its_mel():
    assert pcen(np.zeros((40, 0), np.float32), 16000, 200).shape == (40, 0)
    mel = np.ones((4, 9), np.float32)
    pcen(mel, 16000, 200)
    assert (mel == 1).all()


@pytest.mark.real
def test_real_clips(real_clips):
    for path in real_clips:
        samples, _ = decode(path, 16000)
        mel = librosa.feature.melspectrogram(y=samples, sr=16000, n_fft=512, hop_length=200, n_mels=40)
        np.testing.assert_allclose(pcen(mel, 16000, 200), librosa_pcen(mel, 16000, 200), rtol=1e-4)
