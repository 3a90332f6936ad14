import librosa
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earmark.audio.stft import BandSpectrogram, padded_hann


def reference(samples, n_fft, win_length, hop_length, power=2):
    spectrum = librosa.stft(samples, n_fft=n_fft, win_length=win_length, hop_length=hop_length, pad_mode="constant")
    return np.abs(spectrum) ** power


def noise(length, seed=0):
    return np.random.default_rng(seed).standard_normal(length).astype(np.float32)


def whole(n_fft, win_length, hop_length, magnitude=False):
    return BandSpectrogram(n_fft, win_length, hop_length, np.eye(1 + n_fft // 2, dtype=np.float32), magnitude)


@pytest.mark.parametrize("n_fft", [16, 32, 64, 128, 256, 512, 1024, 2048, 4096])
def test_powers_of_two_equal_librosa(n_fft):
    arguments = (n_fft, n_fft - n_fft // 5, max(4, n_fft // 3))
    samples = noise(7000)
    found, expected = whole(*arguments)(samples), reference(samples, *arguments)
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, atol=2e-6 * expected.max())


@settings(max_examples=60, deadline=None)
@given(st.integers(16, 700), st.integers(1, 400), st.integers(700, 6000), st.booleans(), st.integers(0, 2**32))
def test_any_length_equals_librosa(n_fft, hop_length, length, magnitude, seed):
    samples, win_length = noise(length, seed), max(16, n_fft * 3 // 4)
    found = whole(n_fft, win_length, hop_length, magnitude)(samples)
    expected = reference(samples, n_fft, win_length, hop_length, 1 if magnitude else 2)
    np.testing.assert_allclose(found, expected, atol=2e-5 * expected.max())


def test_bands_are_weighted_sums():
    weights = np.zeros((4, 129), np.float32)
    weights[0, 3:9], weights[1, 128], weights[3, :] = 0.5, 2, 1
    samples = noise(3000)
    found = BandSpectrogram(256, 256, 100, weights)(samples)
    np.testing.assert_allclose(found, weights @ reference(samples, 256, 256, 100), rtol=1e-4)
    assert not found[2].any()


def test_a_frame_does_not_depend_on_the_clip_around_it():
    spectrogram, samples = whole(512, 400, 200), noise(80000)
    np.testing.assert_array_equal(spectrogram(samples)[:, :100], spectrogram(samples[:30000])[:, :100])


def test_short_samples_give_one_frame():
    for length in (0, 1, 199):
        assert whole(512, 400, 200)(noise(length)).shape == (257, 1)
        assert whole(500, 400, 200)(noise(length)).shape == (251, 1)


@pytest.mark.parametrize(("win_length", "n_fft"), [(400, 512), (512, 512), (401, 512), (17, 100), (16, 17)])
def test_window_equals_librosa(win_length, n_fft):
    window = librosa.filters.get_window("hann", win_length, fftbins=True)
    expected = librosa.util.pad_center(window, size=n_fft).astype(np.float32)
    np.testing.assert_array_equal(padded_hann(win_length, n_fft), expected)
