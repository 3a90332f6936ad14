"""Per-channel energy normalisation: each band against its own recent past, instead of the logarithm.

After Wang et al., "Trainable frontend for robust and far-field keyword spotting", ICASSP 2017.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from earmark.audio.decode import FloatArray

GAIN = 0.98
"""Exponent of the past by which a band is divided."""

BIAS = 2.0
"""Added before the square root is taken, which compresses the range."""

TIME_CONSTANT = 0.4
"""Of the past, s."""

EPS = 1e-6
"""Added to the past, so that silence is not a divisor."""

FULL_SCALE = 2.0**31
"""The constants are those for 32-bit integer samples."""

BLOCK = 32
"""Frames whose past is one matrix product; larger ones multiply more, smaller ones make more calls."""


def pcen(mel: FloatArray, sample_rate: int, hop_length: int) -> FloatArray:
    """Normalised mel spectrogram of ``mel`` (n_mels, frames), magnitude or power of samples in -1..1; same shape.

    Equals ``librosa.pcen(mel * 2**31, sr=sample_rate, hop_length=hop_length)``. Rate in Hz, hop in samples.
    """
    mel = mel * np.float32(FULL_SCALE)
    past = smoothed(mel, smoothing(TIME_CONSTANT * sample_rate / hop_length))
    past += np.float32(EPS)
    np.log(past, out=past)
    past *= np.float32(-GAIN)
    mel *= np.exp(past, out=past)
    # (mel + BIAS) ** 0.5 - BIAS ** 0.5 loses all digits of a small mel; this is the same number
    root = np.sqrt(mel + np.float32(BIAS), out=past)
    root += np.float32(BIAS**0.5)
    return np.divide(mel, root, out=mel)


def smoothing(frames: float) -> float:
    """Weight of the present in a recursive mean whose past reaches ``frames`` back."""
    return float((np.sqrt(1 + 4 * frames**2) - 1) / (2 * frames**2))


def smoothed(values: FloatArray, weight: float) -> FloatArray:
    """Recursive mean over frames of ``values`` (bands, frames), ``weight`` for the present, 1 before the first frame.

    ``scipy.signal.lfilter([w], [1, w - 1], values, zi=[1 - w])``, by blocks: one matrix holds what each frame of a
    block gives to the later ones, and what was before the block fades.
    """
    give, fade = _lasting(weight)
    found = np.empty(values.shape, np.float32)
    before = np.ones((len(values), 1), np.float32)
    for start in range(0, values.shape[1], BLOCK):
        block = values[:, start : start + BLOCK]
        frames = block.shape[1]
        mean = np.matmul(block, give[:frames, :frames], out=found[:, start : start + frames])
        mean += before * fade[:frames]
        before = mean[:, -1:]
    return found


@lru_cache(maxsize=16)
def _lasting(weight: float) -> tuple[FloatArray, FloatArray]:
    """What each frame of a block gives to itself and the later ones (from, to), and what is left of an earlier mean."""
    lag = np.arange(BLOCK) - np.arange(BLOCK)[:, None]
    give = np.where(lag >= 0, weight * (1 - weight) ** np.maximum(lag, 0), 0)
    return give.astype(np.float32), ((1 - weight) ** np.arange(1, BLOCK + 1)).astype(np.float32)
