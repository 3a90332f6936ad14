"""Recorded noise to learn beside: random stretches of the recordings of a folder, as power in mel bands."""

from __future__ import annotations

from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from earmark.audio.frontend import Frontend
from earmark.config import FeatureParams
from earmark.errors import EarmarkError
from earmark.recordings import sound_files

Floats = NDArray[np.float32]

QUIETEST = 1e-3
"""Share of its recording's mean power below which a stretch is not brought up to the level of the others, but by 30 dB
only: the pauses between a dog's barks are no noise of their own."""


class Noise:
    """Recordings, one after the other in ``power`` (frames, n_mels), each from its place in ``starts`` to the next."""

    def __init__(self, power: Floats, starts: NDArray[np.int64]) -> None:
        self._power, self._starts, self._frames = power, starts[:-1], np.diff(starts)

    @classmethod
    def load(cls, folder: Path, features: FeatureParams, path: Path) -> Self:
        """What the front end of ``features`` makes of the recordings in ``folder``, kept in the file ``path``.

        It is mapped into memory: hours of noise cost the page cache and no more. Raises EarmarkError naming the file
        that cannot be read or has no sound.
        """
        frontend, starts = Frontend(features), [0]
        with path.open("wb") as stream:
            for file in sound_files(folder, "train.noise"):
                power = _power(file, frontend)
                stream.write(np.ascontiguousarray(power.T).data)
                starts.append(starts[-1] + power.shape[1])
        return cls(np.memmap(path, np.float32, "r", shape=(starts[-1], features.n_mels)), np.array(starts))

    def stretches(self, count: int, frames: int, rng: np.random.Generator) -> Floats:
        """Power (count, n_mels, frames) of random stretches of random recordings, each of mean 1 unless it is quiet.

        Every recording is as likely as any other; one that is too short begins anew.
        """
        chosen = rng.integers(0, len(self._frames), count)
        lengths = self._frames[chosen]
        first = (rng.random(count) * np.where(lengths >= frames, lengths - frames + 1, lengths)).astype(np.int64)
        place = (first[:, None] + np.arange(frames)) % lengths[:, None] + self._starts[chosen, None]
        found = self._power[place].transpose(0, 2, 1)
        return np.asarray(found / np.maximum(found.mean(axis=(1, 2), keepdims=True), np.float32(QUIETEST)))


def _power(file: Path, frontend: Frontend) -> Floats:
    """(n_mels, frames) of mean 1."""
    try:
        power = frontend.mel_power(file)
    except EarmarkError as error:
        raise EarmarkError(f"train.noise: {error}; repair or remove the file") from None
    mean = power.mean(dtype=np.float64)
    if not mean:
        raise EarmarkError(f"train.noise: {file}: there is no sound in it; remove the file")
    return (power / mean).astype(np.float32)
