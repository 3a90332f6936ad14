"""Spectral contrast: how far the peaks of each octave stand out of its valleys; ``librosa.feature.spectral_contrast``.

After Jiang et al., "Music type classification by spectral contrast feature", ICME 2002.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from earmark.audio.decode import FloatArray
from earmark.errors import EarmarkError

LOWEST_HZ = 200.0
"""Upper edge of the lowest band; each further band is an octave."""

BANDS = 6
"""Octaves at most, beside the lowest band."""

SHARE = 0.02
"""Of a band's frequencies: so many of the loudest are its peak, and of the quietest its valley."""

AMIN = 1e-10
"""Smallest value that is told from silence, as in ``librosa.power_to_db``."""

RANGE_DB = 80.0
"""Peaks, and valleys, are not told apart this far below the clip's largest, as in ``librosa.power_to_db``."""


class SpectralContrast:
    """Spectral contrast for one sample rate (Hz) and ``n_fft`` (samples).

    It has as many octaves, at most 6, as begin below half the sample rate: 6 from 16 kHz on (the highest, 6.4 to 8 kHz,
    is cut there), 5 at 8 kHz, where librosa's default of 6 is refused. Raises EarmarkError where ``n_fft`` is too short
    to find two frequencies up to 200 Hz.
    """

    def __init__(self, sample_rate: int, n_fft: int) -> None:
        if n_fft * LOWEST_HZ < sample_rate:
            least = int(np.ceil(sample_rate / LOWEST_HZ))
            raise EarmarkError(
                f"features.n_fft: {n_fft} is too short for the lowest band of kind contrast at {sample_rate} Hz; "
                f"set it to {least} or more"
            )
        frequencies = np.fft.rfftfreq(n_fft, 1.0 / sample_rate)
        top = min(sample_rate / 2, frequencies[-1])
        lows = [0.0, *(low for low in LOWEST_HZ * 2.0 ** np.arange(BANDS) if low < top)]
        self.n_bands = len(lows) - 1
        self._bands = [_rows(frequencies, low, high) for low, high in pairwise([*lows, np.inf])]

    def __call__(self, magnitude: FloatArray) -> FloatArray:
        """Contrast (n_bands + 1, frames), dB, of a magnitude spectrogram (1 + n_fft // 2, frames).

        Equals ``librosa.feature.spectral_contrast(S=magnitude, sr=sample_rate, n_fft=n_fft, n_bands=n_bands)``.
        """
        valley = np.empty((len(self._bands), magnitude.shape[1]), np.float32)
        peak = np.empty_like(valley)
        for band, (rows, count) in enumerate(self._bands):
            _extremes(magnitude[rows], count, valley[band], peak[band])
        return _decibels(peak) - _decibels(valley)


def _rows(frequencies: FloatArray, low: float, high: float) -> tuple[slice, int]:
    """A band's rows of the spectrogram, and how many of them are its peak.

    As in librosa a band borrows the frequency below it and gives its highest away, but is counted with both.
    """
    within = np.flatnonzero((frequencies >= low) & (frequencies <= high))
    first, end = max(0, int(within[0]) - 1), int(within[-1]) + 1
    return slice(first, end if high == np.inf else end - 1), max(1, round(SHARE * (end - first)))


def _extremes(band: FloatArray, count: int, valley: FloatArray, peak: FloatArray) -> None:
    """Means of the ``count`` smallest and largest values of each frame of ``band`` (rows, frames)."""
    if count == 1:
        band.min(axis=0, out=valley)
        band.max(axis=0, out=peak)
        return
    ordered = np.sort(band, axis=0)  # faster than np.partition, which has no vector instructions for two places
    ordered[:count].mean(axis=0, out=valley)
    ordered[-count:].mean(axis=0, out=peak)


def _decibels(values: FloatArray) -> FloatArray:
    """``librosa.power_to_db(values)``."""
    level = np.log(np.maximum(values, np.float32(AMIN)))
    level *= np.float32(10 / np.log(10))
    return np.maximum(level, level.max(initial=-np.inf) - np.float32(RANGE_DB), out=level)
