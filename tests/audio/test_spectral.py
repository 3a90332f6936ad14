import subprocess
import sys

import librosa
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earmark.audio.decode import decode
from earmark.audio.spectral import PRODUCT, delta, mfcc, weighted_sums


def levels(n_mels, frames, seed):
    """Mel levels of 80 dB range, smooth over time."""
    values = np.random.default_rng(seed).uniform(-80, 0, (n_mels, frames)).cumsum(axis=1)
    return (values / np.arange(1, frames + 1)).astype(np.float32)


def librosa_delta(values, order):
    return librosa.feature.delta(values, order=order, mode="interp" if values.shape[-1] >= 9 else "nearest")


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 230), st.integers(1, 230), st.integers(1, 300), st.integers(0, 2**32))
def test_mfcc_equals_librosa(n_mels, n_mfcc, frames, seed):
    level = levels(n_mels, frames, seed)
    found, expected = mfcc(level, n_mfcc), librosa.feature.mfcc(S=level, n_mfcc=n_mfcc)
    assert found.shape == expected.shape == (min(n_mels, n_mfcc), frames) and found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6 * np.abs(expected).max())


def test_mfcc_of_silence_and_of_nothing():
    found = mfcc(np.full((40, 3), -80, np.float32), 20)
    np.testing.assert_allclose(found[0], -80 * 40**0.5, rtol=1e-6)
    np.testing.assert_allclose(found[1:], 0, atol=1e-3)
    assert mfcc(np.zeros((40, 0), np.float32), 20).shape == (20, 0)


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from([1, 2]),
    st.sampled_from([(), (1,), (40,), (2, 3)]),
    st.one_of(st.integers(1, 20), st.integers(1, 600)),
    st.sampled_from([np.float32, np.float64]),
    st.integers(0, 2**32),
)
def test_delta_equals_librosa(order, shape, frames, dtype, seed):
    values = (np.random.default_rng(seed).standard_normal((*shape, frames)).cumsum(axis=-1) - 40).astype(dtype)
    found, expected = delta(values, order), librosa_delta(values, order)
    assert found.shape == values.shape and found.dtype == dtype
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("frames", [9, 10, 40])
def test_delta_of_a_line_and_of_a_parabola(frames):
    time = np.arange(frames, dtype=np.float32)[None]
    np.testing.assert_allclose(delta(3 * time - 7, 1), np.full((1, frames), 3), rtol=1e-5)
    np.testing.assert_allclose(delta(3 * time - 7, 2), np.zeros((1, frames)), atol=1e-5)
    np.testing.assert_allclose(delta(3 * time**2, 2), np.full((1, frames), 6), rtol=1e-5)


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("frames", [0, 1, 8, 9, 30])
def test_what_does_not_change_has_no_delta(order, frames):
    assert delta(np.full((2, frames), -0.1, np.float32), order).tolist() == [[0.0] * frames] * 2


def test_pieces_make_one_product():
    random = np.random.default_rng(0)
    weights, values = random.random((12, 1025), np.float32), random.random((1025, 100), np.float32)
    assert weights.size * values.shape[1] > PRODUCT
    np.testing.assert_allclose(weighted_sums(weights, values), weights @ values, rtol=1e-5)


def test_neither_librosa_nor_what_it_needs_is_imported():
    modules = ", ".join(f"earmark.audio.{name}" for name in ("spectral", "chroma", "contrast", "pcen"))
    code = f"import sys, {modules}; print(*sorted(set(sys.modules) & set(sys.argv[1:])))"
    heavy = ["librosa", "numba", "pandas", "scipy", "scipy.signal"]
    found = subprocess.run([sys.executable, "-c", code, *heavy], capture_output=True, text=True, check=True)
    assert found.stdout.split() == []


@pytest.mark.real
def test_real_clips(real_clips):
    for path in real_clips:
        samples, _ = decode(path, 16000)
        mel = librosa.feature.melspectrogram(y=samples, sr=16000, n_fft=512, hop_length=200, n_mels=40)
        level = librosa.power_to_db(mel, ref=np.max)
        np.testing.assert_allclose(mfcc(level, 20), librosa.feature.mfcc(S=level, n_mfcc=20), rtol=1e-4, atol=1e-3)
        for order in (1, 2):
            np.testing.assert_allclose(delta(level, order), librosa_delta(level, order), rtol=1e-4, atol=1e-4)
