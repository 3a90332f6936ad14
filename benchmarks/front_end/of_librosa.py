"""The loop that tutorials show: librosa from the file to decibels, then a picture by Pillow or an array by numpy."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import librosa
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from front_end.settings import Settings


def to_png(paths: Sequence[Path], settings: Settings, output: Path) -> None:
    """A grey PNG per clip, with Pillow's defaults."""
    for path in paths:
        level = levels(path, settings)
        grey = np.rint((level + settings.top_db) * (255 / settings.top_db)).astype(np.uint8)
        Image.fromarray(grey[::-1]).save(output / f"{path.stem}.png")


def to_npy(paths: Sequence[Path], settings: Settings, output: Path) -> None:
    """A float32 array per clip."""
    for path in paths:
        np.save(output / f"{path.stem}.npy", levels(path, settings))


def levels(path: Path, settings: Settings) -> NDArray[np.float32]:
    """Load, trim, mel, dB below the maximum: (n_mels, frames)."""
    samples, rate = librosa.load(path, sr=settings.sample_rate)
    samples, _ = librosa.effects.trim(samples, top_db=settings.trim_db)
    power = librosa.feature.melspectrogram(
        y=samples, sr=rate, n_fft=settings.n_fft, win_length=settings.win_length, hop_length=settings.hop_length,
        n_mels=settings.n_mels, fmin=settings.fmin, fmax=settings.fmax,
    )  # fmt: skip
    return librosa.power_to_db(power, ref=np.max, top_db=settings.top_db)
