"""The kernel's functions as numba runs them, without the object file that keeps them."""

import numpy as np
import pytest
from numba import cfunc

from earmark.audio import kernel


@pytest.mark.parametrize("exponent", range(-30, 31, 5))
def test_logarithm_is_exact_to_the_last_place(exponent):
    values = (10.0**exponent * np.linspace(0.5, 20, 2000)).astype(np.float32)
    found, expected = np.array([kernel._log(v) for v in values[::20]]), np.log(values[::20].astype(np.float64))
    np.testing.assert_allclose(found, expected, rtol=3e-7, atol=1e-7)


@pytest.mark.parametrize("half", [8, 16, 32, 64, 128])
def test_transform_is_the_discrete_fourier_transform(half):
    from earmark.audio.stft import twiddles

    block = half * kernel.LANES
    work = np.zeros(4 * block, np.float32)
    random = np.random.default_rng(half)
    frames = random.standard_normal((kernel.LANES, half)) + 1j * random.standard_normal((kernel.LANES, half))
    work[:block], work[block : 2 * block] = frames.real.T.ravel(), frames.imag.T.ravel()
    here, used = kernel._transform(work, block, twiddles(2 * half), half)
    found = work[here : here + block] + 1j * work[here + block : here + 2 * block]
    expected = np.fft.fft(frames, axis=1).T
    np.testing.assert_allclose(found.reshape(half, kernel.LANES), expected, atol=1e-4)
    assert used == len(twiddles(2 * half)[:used])


@pytest.fixture(scope="module")
def grey():
    """The function from level and output arrays, low and scale."""
    compiled = cfunc(kernel.SIGNATURES[kernel.grey], error_model="numpy")(kernel.grey).ctypes

    def call(level, out, low, scale):
        addresses = [a.ctypes.data_as(kind) for a, kind in zip((level, out), compiled.argtypes, strict=False)]
        compiled(*addresses, len(level), low, scale)

    return call


def test_grey_levels_are_rounded_and_limited(grey):
    level = np.concatenate([np.linspace(-200, 200, 5003), [-80, 0]]).astype(np.float32)
    out = np.zeros(len(level), np.uint8)
    grey(level, out, -80.0, 255 / 80)
    expected = np.clip((level.astype(np.float64) + 80) * 255 / 80, 0, 255)
    assert np.abs(out - expected).max() < 0.501
    assert out[-2:].tolist() == [0, 255]
