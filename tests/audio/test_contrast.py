import librosa
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earmark.audio.contrast import SpectralContrast
from earmark.audio.decode import decode
from earmark.errors import EarmarkError

RATES = [8000, 11025, 12800, 16000, 22050, 44100, 48000]


def librosa_contrast(magnitude, rate, n_fft, n_bands):
    return librosa.feature.spectral_contrast(S=magnitude, sr=rate, n_fft=n_fft, n_bands=n_bands)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(RATES), st.integers(256, 2048), st.integers(1, 40000), st.integers(0, 2**32))
def test_equals_librosa(magnitude, rate, n_fft, length, seed):
    spectrum = magnitude(rate, n_fft, length, seed)
    contrast = SpectralContrast(rate, n_fft)
    found, expected = contrast(spectrum), librosa_contrast(spectrum, rate, n_fft, contrast.n_bands)
    assert found.shape == expected.shape and found.dtype == np.float32
    assert np.abs(found - expected).max() < 0.01


@pytest.mark.parametrize(
    ("rate", "n_bands"), [(1000, 2), (8000, 5), (11025, 5), (12800, 5), (12801, 6), (16000, 6), (48000, 6)]
)
def test_as_many_octaves_as_begin_below_half_the_rate(rate, n_bands):
    assert SpectralContrast(rate, 512).n_bands == n_bands
    spectrum = np.ones((257, 3), np.float32)
    assert SpectralContrast(rate, 512)(spectrum).shape == librosa_contrast(spectrum, rate, 512, n_bands).shape
    if n_bands < 6:
        with pytest.raises(librosa.ParameterError, match="Nyquist"):
            librosa_contrast(spectrum, rate, 512, n_bands + 1)


@pytest.mark.parametrize(("rate", "least"), [(16000, 80), (22050, 111), (48000, 240)])
def test_an_n_fft_without_two_frequencies_up_to_200_hz_is_refused(rate, least):
    spectrum = np.random.default_rng(0).random((1 + least // 2, 5), np.float32)
    contrast = SpectralContrast(rate, least)
    expected = librosa_contrast(spectrum, rate, least, contrast.n_bands)
    np.testing.assert_allclose(contrast(spectrum), expected, atol=0.01)
    with pytest.raises(EarmarkError, match=f"n_fft: {least - 1} is too short.* {least} or more"):
        SpectralContrast(rate, least - 1)


@pytest.mark.filterwarnings("ignore:n_fft=")
@pytest.mark.parametrize("samples", [np.zeros(5000), np.ones(5000), np.ones(1), np.eye(1, 3000, 1500)[0]])
@pytest.mark.parametrize("n_fft", [512, 2048])
def test_odd_signals(samples, n_fft):
    spectrum = np.abs(librosa.stft(samples.astype(np.float32), n_fft=n_fft, hop_length=200))
    found = SpectralContrast(16000, n_fft)(spectrum)
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found, librosa_contrast(spectrum, 16000, n_fft, 6), atol=0.01)


def test_silence_has_no_contrast_and_nothing_no_frames():
    contrast = SpectralContrast(16000, 512)
    assert contrast(np.zeros((257, 2), np.float32)).tolist() == [[0.0, 0.0]] * 7
    assert contrast(np.zeros((257, 0), np.float32)).shape == (7, 0)


def test_a_tone_stands_out_of_its_own_octave():
    time = np.arange(16000) / 16000
    noise = np.random.default_rng(0).standard_normal(16000) * 0.01
    tone = (np.sin(2 * np.pi * 1200 * time) + noise).astype(np.float32)
    found = SpectralContrast(16000, 512)(np.abs(librosa.stft(tone, n_fft=512)))
    assert found.mean(axis=1).argmax() == 3  # 800 to 1600 Hz


@pytest.mark.real
@pytest.mark.parametrize("n_fft", [512, 2048])
def test_real_clips(real_clips, n_fft):
    contrast = SpectralContrast(16000, n_fft)
    for path in real_clips:
        spectrum = np.abs(librosa.stft(decode(path, 16000)[0], n_fft=n_fft, hop_length=n_fft // 4))
        assert np.abs(contrast(spectrum) - librosa_contrast(spectrum, 16000, n_fft, 6)).max() < 0.01
