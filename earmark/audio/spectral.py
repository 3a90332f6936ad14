"""Cepstra, and the change of any feature over time, equal to librosa's."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

import numpy as np

from earmark.audio.decode import FloatArray

PRODUCT = 2**18
"""Multiplications at a time: OpenBLAS gives larger products to all cores, which then wait for each other."""

HALF = 4
"""Frames before and after the one whose change is told: librosa's width of 9."""

SLOPE = np.arange(1, HALF + 1) / 60
"""Slope of the line fitted to 9 frames: these weights times the later less the earlier frames, 1 to 4 apart."""

CURVATURE = (3 * np.arange(1, HALF + 1) ** 2 - 20) / 462
"""Second derivative of the parabola fitted to 9 frames: these weights times the second differences, 1 to 4 apart."""


def mfcc(mel_level: FloatArray, n_mfcc: int) -> FloatArray:
    """Mel-frequency cepstral coefficients (n_mfcc, frames) of mel levels (n_mels, frames), dB.

    The first coefficients, at most n_mels, of the orthonormal DCT-II over the bands: equals
    ``librosa.feature.mfcc(S=mel_level, n_mfcc=n_mfcc)``.
    """
    return weighted_sums(cosines(min(n_mfcc, len(mel_level)), len(mel_level)), mel_level)


def weighted_sums(weights: FloatArray, values: FloatArray) -> FloatArray:
    """``weights`` (sums, rows) times ``values`` (rows, frames), in pieces that stay on one core; (sums, frames)."""
    sums = np.empty((len(weights), values.shape[1]), np.float32)
    step = max(1, PRODUCT // max(1, weights.size))
    for start in range(0, values.shape[1], step):
        np.matmul(weights, values[:, start : start + step], out=sums[:, start : start + step])
    return sums


@lru_cache(maxsize=16)
def cosines(count: int, n_mels: int) -> FloatArray:
    """The first ``count`` rows of the orthonormal DCT-II of ``n_mels`` values."""
    turns = np.outer(np.arange(count), np.arange(n_mels) + 0.5) / n_mels
    rows = np.sqrt(2 / n_mels) * np.cos(np.pi * turns)
    rows[:1] = np.sqrt(1 / n_mels)
    return rows.astype(np.float32)


def delta(values: FloatArray, order: Literal[1, 2]) -> FloatArray:
    """First or second derivative over the last axis of ``values`` (..., frames), per frame and same shape.

    Of the polynomial of that order fitted to 9 frames (Savitzky and Golay 1964): ``librosa.feature.delta``. The first
    and last 4 frames have the value of their neighbour, whose polynomial is theirs too. Fewer than 9 frames, which
    librosa refuses, are continued by their first and last: librosa's ``mode="nearest"``.
    """
    frames = values.shape[-1]
    if not frames:
        return values.copy()
    short = frames < 2 * HALF + 1
    inner = _derivative(_continued(values) if short else values, order)
    return inner if short else _continued(inner)


def _derivative(values: FloatArray, order: Literal[1, 2]) -> FloatArray:
    """Derivative at all but the first and last 4 frames of ``values`` (..., frames)."""
    frames = values.shape[-1] - 2 * HALF
    middle = values[..., HALF : HALF + frames]
    found = np.zeros_like(middle)
    for lag, weight in enumerate(SLOPE if order == 1 else CURVATURE, start=1):
        later, earlier = values[..., HALF + lag :][..., :frames], values[..., HALF - lag :][..., :frames]
        change = later - earlier if order == 1 else (later - middle) - (middle - earlier)
        change *= values.dtype.type(weight)
        found += change
    return found


def _continued(values: FloatArray) -> FloatArray:
    """``values`` with 4 more of its first and of its last frame."""
    return np.concatenate([values[..., :1]] * HALF + [values] + [values[..., -1:]] * HALF, axis=-1)
