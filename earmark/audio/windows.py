"""Windows: parts of equal length that a clip's spectrum is cut into, each then treated like a clip of its own."""

from __future__ import annotations

from typing import NamedTuple, Self

import numpy as np

from earmark.audio.decode import FloatArray
from earmark.config import FeatureParams


class Windows(NamedTuple):
    """Length and hop in frames, and what becomes of the end: ``WindowParams.rest``."""

    length: int
    hop: int
    rest: str

    @classmethod
    def of(cls, features: FeatureParams) -> Self | None:
        """What ``features.window`` says, in frames; None for whole clips."""
        window = features.window
        if window is None:
            return None
        unit = 1 if window.seconds is None else features.sample_rate / features.hop_length
        length = window.frames or window.seconds or 0
        return cls(max(1, round(length * unit)), max(1, round((window.hop or length) * unit)), window.rest)

    def starts(self, frames: int) -> list[int]:
        """First frame of each window of a clip of ``frames``: one window at least, and none wholly beyond the end."""
        beyond = max(0, frames - self.length)
        if self.rest == "drop":
            return [*range(0, beyond + 1, self.hop)]
        if self.rest == "shift":
            return [*range(0, beyond, self.hop), beyond]
        return [*range(0, min(beyond + self.hop, max(1, frames)), self.hop)]

    def cut(self, spectrum: FloatArray, start: int) -> FloatArray:
        """Frames ``start`` to ``start + length`` of ``spectrum`` (rows, frames), what is missing filled up.

        With zero power, which is silence, or by repeating what is there.
        """
        part = spectrum[:, start : start + self.length]
        missing = self.length - part.shape[1]
        if not missing:
            return np.ascontiguousarray(part)
        return np.pad(part, ((0, 0), (0, missing)), mode="wrap" if self.rest == "repeat" else "constant")
