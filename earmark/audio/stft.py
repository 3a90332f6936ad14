"""Power spectrograms summed in bands: from samples to bands in one pass, block by block of frames.

Where ``n_fft`` is a power of two the compiled ``kernel`` does all of it; other lengths go through scipy's FFT.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from earmark.audio import compiled
from earmark.audio.decode import FloatArray

LANES = 16
"""Frames that the kernel works on side by side."""

CHUNK = 128
"""Frames per call of scipy's FFT: what it makes of them stays in the second-level cache."""


class BandSpectrogram:
    """Sums of spectral power (or magnitude) in fixed bands, for fixed settings; tables are made once.

    Lengths are in samples. Hann window of ``win_length`` centred in ``n_fft``, frames centred on multiples of
    ``hop_length`` over the zero-padded signal, as ``librosa.stft(pad_mode="constant")``. ``weights`` (bands, 1 + n_fft
    // 2) are the filters, each without gaps; the identity gives the spectrogram itself. The error of float32 lies some
    130 dB below the loudest frequency of a frame.
    """

    def __init__(
        self, n_fft: int, win_length: int, hop_length: int, weights: FloatArray, magnitude: bool = False
    ) -> None:
        self.n_fft, self.hop_length, self.n_bands, self.magnitude = n_fft, hop_length, len(weights), magnitude
        self._window = padded_hann(win_length, n_fft)
        self._weights = weights
        self._is_power_of_two = n_fft & (n_fft - 1) == 0
        self._tables: list[NDArray[Any]] = [self._window]
        if self._is_power_of_two:
            self._tables += [twiddles(n_fft), *_sparse(weights)]

    def __call__(self, samples: FloatArray) -> FloatArray:
        """Bands of mono ``samples`` (n,), float32 of shape (bands, 1 + n // hop_length) for even ``n_fft``."""
        frames = 1 + max(0, len(samples) + 2 * (self.n_fft // 2) - self.n_fft) // self.hop_length
        return self._by_kernel(samples, frames) if self._is_power_of_two else self._by_scipy(samples, frames)

    def _by_kernel(self, samples: FloatArray, frames: int) -> FloatArray:
        signal = self._padded(samples, -(-frames // LANES) * LANES)
        work = np.empty((5 * (self.n_fft // 2) + 2) * LANES, np.float32)
        out = np.empty((self.n_bands, frames), np.float32)
        addresses = [array.ctypes.data for array in (signal, *self._tables, work, out)]
        compiled.function("spectrogram")(
            *addresses, len(signal), self.hop_length, self.n_fft, frames, self.n_bands, len(self._tables[-1]),
            self.magnitude,
        )  # fmt: skip
        return out

    def _by_scipy(self, samples: FloatArray, frames: int) -> FloatArray:
        from scipy import fft

        signal = self._padded(samples, frames)
        parts = np.lib.stride_tricks.sliding_window_view(signal, self.n_fft)[:: self.hop_length]
        out = np.empty((self.n_bands, frames), np.float32)
        for first in range(0, frames, CHUNK):
            power = _power(fft.rfft(parts[first : first + CHUNK] * self._window))
            if self.magnitude:
                np.sqrt(power, out=power)
            np.matmul(self._weights, power.T, out=out[:, first : first + CHUNK])
        return out

    def _padded(self, samples: FloatArray, frames: int) -> FloatArray:
        """``samples`` after half a frame of zeros, and zeros until ``frames`` frames are whole."""
        half = self.n_fft // 2
        padded = np.zeros(max(len(samples) + half, (frames - 1) * self.hop_length + self.n_fft), np.float32)
        padded[half : half + len(samples)] = samples
        return padded


def padded_hann(win_length: int, n_fft: int) -> FloatArray:
    """Periodic Hann window in the middle of ``n_fft`` zeros, as ``scipy.signal.get_window`` makes it."""
    window = np.zeros(n_fft)
    left = (n_fft - win_length) // 2
    window[left : left + win_length] = 0.5 + 0.5 * np.cos(np.linspace(-np.pi, np.pi, win_length + 1)[:-1])
    return window.astype(np.float32)


def twiddles(n_fft: int) -> FloatArray:
    """The kernel's roots of unity: three per butterfly of each stage, then those that part even from odd samples."""
    stages, length = [], n_fft // 2
    while length >= 4:
        angle = -2 * np.pi / length * np.outer(np.arange(length // 4), [1, 2, 3])
        stages.append(_cos_sin(angle))
        length //= 4
    stages.append(_cos_sin(-2 * np.pi / n_fft * np.arange(n_fft // 2 + 1)))
    table = np.concatenate(stages)
    return np.pad(table, (0, 4 * n_fft - len(table)))


def _cos_sin(angle: NDArray[Any]) -> FloatArray:
    return np.stack([np.cos(angle), np.sin(angle)], axis=-1).ravel().astype(np.float32)


def _power(spectrum: NDArray[np.complex64]) -> FloatArray:
    """Squared magnitude."""
    parts = spectrum.view(np.float32)
    np.multiply(parts, parts, out=parts)
    return parts[:, ::2] + parts[:, 1::2]


def _sparse(weights: FloatArray) -> tuple[NDArray[Any], NDArray[Any], FloatArray]:
    """First frequency of each band, where its weights end in the third array, and the weights one after another."""
    used = weights != 0
    first = np.where(used.any(axis=1), used.argmax(axis=1), 0)
    last = np.where(used.any(axis=1), weights.shape[1] - used[:, ::-1].argmax(axis=1), 0)
    values = [row[a:b] for row, a, b in zip(weights, first, last, strict=True)]
    return first.astype(np.int32), np.cumsum(last - first).astype(np.int32), np.concatenate(values)
