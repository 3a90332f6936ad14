"""The front end: sound to mel image. Training and serving both call this and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from earmark.audio.decode import FloatArray, decode
from earmark.audio.mel import AMIN, MelSpectrogram, power_to_db
from earmark.audio.vad import trim_bounds
from earmark.config import FeatureParams

Image = NDArray[Any]
"""Mel image (n_mels, frames), row 0 the lowest band: uint8 grey levels, or float16 dB below the clip's maximum."""


class Frontend:
    """Mel images for one setting of the ``features`` params. Make it once and use it for many clips."""

    def __init__(self, features: FeatureParams) -> None:
        self.features = features
        self._mel = MelSpectrogram(
            features.sample_rate,
            features.n_fft,
            features.win_length,
            features.hop_length,
            features.n_mels,
            features.fmin,
            features.fmax,
        )

    def image_of(self, source: Path | bytes, start: float | None = None, end: float | None = None) -> Image:
        """Image of a file, of its part ``start`` to ``end`` (s), or of a file's bytes; raises DecodeError."""
        samples, _ = decode(source, self.features.sample_rate, start, end)
        return self.image(samples)

    def image(self, samples: FloatArray) -> Image:
        """Image of mono float32 ``samples`` (n,) at ``features.sample_rate``, shape (n_mels, frames).

        A clip without any sound is all at the bottom of the scale, not all at its (equally silent) maximum.
        """
        power = self._mel(self._trimmed(samples))
        top_db = self.features.top_db
        level = power_to_db(power, top_db)
        if power.max(initial=0) <= AMIN:
            level.fill(-top_db)
        return level.astype(np.float16) if self.features.dtype == "float16" else self._grey(level)

    def _trimmed(self, samples: FloatArray) -> FloatArray:
        if self.features.trim_db is None:
            return samples
        first, last = trim_bounds(samples, self.features.trim_db)
        return samples[first:last]

    def _grey(self, level: FloatArray) -> NDArray[np.uint8]:
        """Grey levels 0..255 over ``-top_db`` to 0 dB, or over the clip's own range; consumes ``level``."""
        low = -self.features.top_db if self.features.scale == "top_db" else float(level.min(initial=0))
        span = -low if self.features.scale == "top_db" else float(level.max(initial=low)) - low
        if span <= 0:
            return np.zeros(level.shape, np.uint8)
        level -= np.float32(low)
        level *= np.float32(255 / span)
        return np.rint(level, out=level).astype(np.uint8)
