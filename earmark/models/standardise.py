"""Standardising features: each to mean 0 and deviation 1 over the training clips."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

CONSTANT = 1e-6
"""A feature whose deviation is below this share of its mean is constant up to float32 rounding; it is not scaled."""


@dataclass(frozen=True)
class Standardisation:
    """``mean`` and ``deviation`` (channels,), or (rows, 1, channels) of images; float64, in their unit."""

    mean: NDArray[np.float64]
    deviation: NDArray[np.float64]

    @classmethod
    def of(cls, vectors: NDArray[Any]) -> Self:
        """Statistics of the training ``vectors`` (n, channels); a constant feature gets the deviation 1."""
        mean = vectors.mean(axis=0, dtype=np.float64)
        return cls.scaled(mean, vectors.std(axis=0, dtype=np.float64))

    @classmethod
    def scaled(cls, mean: NDArray[np.float64], deviation: NDArray[np.float64]) -> Self:
        """The same of known statistics, of one shape."""
        return cls(mean, np.where(deviation <= CONSTANT * np.abs(mean), 1.0, deviation))

    def apply(self, vectors: NDArray[Any]) -> NDArray[np.float64]:
        """Standardised ``vectors`` (n, channels), or an image (rows, frames, channels)."""
        return np.asarray((vectors - self.mean) / self.deviation)
