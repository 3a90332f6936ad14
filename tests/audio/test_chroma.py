import warnings

import librosa
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earmark.audio.chroma import Chroma, filterbank, peaks, tuning
from earmark.audio.decode import decode

RATES = [8000, 11025, 16000, 22050, 44100, 48000]


def librosa_chroma(power, rate, n_fft):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # no peaks to tune by
        return librosa.feature.chroma_stft(S=power, sr=rate, n_fft=n_fft)


def librosa_tuning(power, rate):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return librosa.estimate_tuning(S=power, sr=rate)


@settings(max_examples=80, deadline=None)  # librosa takes a tenth of a second for each
@given(st.sampled_from(RATES), st.integers(256, 2048), st.integers(1, 40000), st.integers(0, 2**32))
def test_equals_librosa(magnitude, rate, n_fft, length, seed):
    power = magnitude(rate, n_fft, length, seed) ** 2
    found, expected = Chroma(rate, n_fft)(power), librosa_chroma(power, rate, n_fft)
    assert found.shape == expected.shape == (12, power.shape[1]) and found.dtype == np.float32
    assert tuning(power, rate) == librosa_tuning(power, rate)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)
    assert found.min() >= 0 and found.max() <= 1


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(RATES), st.integers(16, 2048), st.integers(-50, 49))
def test_filterbank_equals_librosa(rate, n_fft, hundredths):
    expected = librosa.filters.chroma(sr=rate, n_fft=n_fft, tuning=hundredths / 100)
    np.testing.assert_allclose(filterbank(rate, n_fft, hundredths / 100), expected, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize(("rate", "n_fft"), [(1000, 18), (1000, 16), (4000, 36), (8000, 260), (8000, 256), (16000, 16)])
def test_peaks_are_the_same_bits_up_to_half_the_rate(rate, n_fft):
    """By rounding, half the rate counts as below itself at the first of these, and librosa finds peaks there."""
    power = np.random.default_rng(0).random((1 + n_fft // 2, 200), np.float32) ** 4
    pitches, heights = librosa.piptrack(S=power, sr=rate)
    found = peaks(power, rate)
    np.testing.assert_array_equal(found[0], pitches[pitches > 0])
    np.testing.assert_array_equal(found[1], heights[pitches > 0])


@pytest.mark.parametrize("semitones", [-0.4, -0.2, 0.0, 0.3])
def test_a_chord_is_heard_at_any_tuning(semitones):
    time = np.arange(32000) / 16000
    chord = sum(np.sin(2 * np.pi * 440 * 2 ** ((step + semitones) / 12) * time) for step in (0, 4, 7))
    power = np.abs(librosa.stft(chord.astype(np.float32), n_fft=4096)) ** 2
    assert abs(tuning(power, 16000) - semitones) < 0.05
    levels = Chroma(16000, 4096)(power).mean(axis=1)
    assert sorted(np.argsort(levels)[-3:]) == [1, 4, 9]  # C sharp, E, A


@pytest.mark.parametrize("frames", [0, 1, 50])
def test_silence_is_zero_everywhere(frames):
    assert Chroma(16000, 512)(np.zeros((257, frames), np.float32)).tolist() == [[0.0] * frames] * 12


@pytest.mark.filterwarnings("ignore:n_fft=")
@pytest.mark.parametrize("samples", [np.ones(5000), np.ones(1), np.eye(1, 3000, 1500)[0], np.full(9000, 1e-20)])
def test_odd_signals(samples):
    power = np.abs(librosa.stft(samples.astype(np.float32), n_fft=512, hop_length=200)) ** 2
    found = Chroma(16000, 512)(power)
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found, librosa_chroma(power, 16000, 512), rtol=1e-4, atol=1e-6)


def test_order_in_memory_and_earlier_clips_do_not_matter(magnitude):
    clips = [magnitude(16000, 512, 20000, seed) ** 2 for seed in range(3)]
    chroma = Chroma(16000, 512)
    first = [chroma(np.ascontiguousarray(clip)) for clip in clips]
    for clip, expected in zip(clips[::-1], first[::-1], strict=True):
        np.testing.assert_allclose(chroma(np.asfortranarray(clip)), expected, atol=1e-6)


@pytest.mark.real
def test_real_clips(real_clips):
    chroma = Chroma(16000, 512)
    for path in real_clips:
        power = np.abs(librosa.stft(decode(path, 16000)[0], n_fft=512, hop_length=200)) ** 2
        assert tuning(power, 16000) == librosa_tuning(power, 16000)
        np.testing.assert_allclose(chroma(power), librosa_chroma(power, 16000, 512), rtol=1e-4, atol=1e-6)
