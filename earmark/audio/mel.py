"""Mel power spectrograms and their levels in decibels, equal to those of librosa."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from earmark.audio import compiled
from earmark.audio.decode import FloatArray
from earmark.audio.stft import BandSpectrogram

Scale = Literal["slaney", "htk"]

AMIN = 1e-10
"""Smallest power that is told from silence, as in ``librosa.power_to_db``."""

SLANEY_STEP = 200 / 3
"""Hz per mel below 1 kHz on the scale of Slaney's Auditory Toolbox (1998), which is logarithmic above."""

SLANEY_LOG_HZ = 1000.0
SLANEY_LOG_STEP = np.log(6.4) / 27

HTK_FACTOR, HTK_HZ = 2595.0, 700.0
"""mel = 2595 log10(1 + f / 700) (O'Shaughnessy 1987, as in the HTK book)."""


def mel_spectrogram(
    sample_rate: int,
    n_fft: int,
    win_length: int,
    hop_length: int,
    n_mels: int,
    fmin: float,
    fmax: float,
    scale: Scale = "slaney",
    normalised: bool = True,
    power: int = 2,
) -> BandSpectrogram:
    """What makes mel spectrograms (n_mels, frames) of samples, as ``librosa.feature.melspectrogram`` would.

    Lengths are in samples, frequencies in Hz; ``power`` 1 sums magnitudes instead of powers.
    """
    weights = filterbank(sample_rate, n_fft, n_mels, fmin, fmax, scale, normalised)
    return BandSpectrogram(n_fft, win_length, hop_length, weights, magnitude=power == 1)


def power_to_db(power: FloatArray, reference: float | None = None, exponent: int = 2) -> FloatArray:
    """Level in dB of ``power``, relative to its maximum or to ``reference``, float32 of the same shape.

    Equals ``librosa.power_to_db(power, ref=…, top_db=None)``, with ``exponent`` 1 (magnitudes) ``amplitude_to_db``.
    Silence is 0 dB everywhere relative to its own maximum.
    """
    smallest, factor = AMIN ** (exponent / 2), 20 / exponent
    level = _decibels(power, smallest, factor)
    level -= (
        level.max(initial=-np.inf) if reference is None else np.float32(factor * np.log10(max(smallest, reference)))
    )
    return level


def _decibels(power: FloatArray, smallest: float, factor: float) -> FloatArray:
    power = np.ascontiguousarray(power, np.float32)
    level = np.empty_like(power)
    compiled.function("decibels")(power.ctypes.data, level.ctypes.data, power.size, smallest, factor / np.log(10))
    return level


def filterbank(
    sample_rate: int,
    n_fft: int,
    n_mels: int,
    fmin: float,
    fmax: float,
    scale: Scale = "slaney",
    normalised: bool = True,
) -> FloatArray:
    """Triangular filters (n_mels, 1 + n_fft // 2), bit-equal to ``librosa.filters.mel``.

    ``normalised`` gives all the same area (Slaney), else all are 1 high.
    """
    bins = np.fft.rfftfreq(n_fft, 1.0 / sample_rate)
    edges = mel_to_hz(np.linspace(hz_to_mel(fmin, scale), hz_to_mel(fmax, scale), n_mels + 2), scale)
    width = np.diff(edges)
    ramps = np.subtract.outer(edges, bins)
    rising = -ramps[:-2] / width[:-1, None]
    falling = ramps[2:] / width[1:, None]
    weights: FloatArray = np.maximum(0, np.minimum(rising, falling)).astype(np.float32)
    if normalised:
        weights *= (2.0 / (edges[2:] - edges[:-2]))[:, None]
    return weights


def hz_to_mel(frequency: float, scale: Scale = "slaney") -> float:
    """Mel of a frequency in Hz."""
    if scale == "htk":
        return float(HTK_FACTOR * np.log10(1 + frequency / HTK_HZ))
    if frequency < SLANEY_LOG_HZ:
        return frequency / SLANEY_STEP
    return float(SLANEY_LOG_HZ / SLANEY_STEP + np.log(frequency / SLANEY_LOG_HZ) / SLANEY_LOG_STEP)


def mel_to_hz(mels: NDArray[np.float64], scale: Scale = "slaney") -> NDArray[np.float64]:
    """Frequencies in Hz of ``mels``."""
    if scale == "htk":
        return HTK_HZ * (10.0 ** (mels / HTK_FACTOR) - 1.0)
    corner = SLANEY_LOG_HZ / SLANEY_STEP
    above = SLANEY_LOG_HZ * np.exp(SLANEY_LOG_STEP * (mels - corner))
    return np.where(mels >= corner, above, SLANEY_STEP * mels)
