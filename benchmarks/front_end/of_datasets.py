"""Hugging Face datasets: files cast to Audio, a feature extractor of transformers in ``map``, saved to disk.

Audio decodes by torchcodec, which needs FFmpeg's libraries (and CUDA's, as published on PyPI); where those are missing
its users read the bytes by soundfile inside ``map``, and so does this, resampling by soxr. The extractor is Whisper's
with the settings at hand, without its padding to 30 s, which would cost several times as much. ``map`` writes its cache
to disk, as it does for data sets that come from there; in memory it takes the same CPU time and 1 MB more per clip.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import soundfile
import soxr
from datasets import Audio, Dataset
from transformers import WhisperFeatureExtractor

from front_end.settings import Settings


def stored(paths: Sequence[Path], settings: Settings, output: Path) -> None:
    """A dataset of features in ``output/features``."""
    clips = Dataset.from_dict({"audio": [str(path) for path in paths]}).cast_column("audio", Audio(decode=False))

    def described(row: dict[str, Any]) -> dict[str, Any]:
        return {"features": features(row["audio"], settings)}

    cache = str(output / "cache.arrow")
    clips.map(described, remove_columns=["audio"], cache_file_name=cache).save_to_disk(output / "features")


def features(audio: dict[str, Any], settings: Settings) -> Any:
    """Log-mel energies (n_mels, frames) of a row's audio."""
    source = io.BytesIO(audio["bytes"]) if audio["bytes"] else audio["path"]
    samples, rate = soundfile.read(source, dtype="float32")
    if rate != settings.sample_rate:
        samples = soxr.resample(samples, rate, settings.sample_rate)
    found = extractor(settings)(samples, sampling_rate=settings.sample_rate, padding="longest", return_tensors="np")
    return found["input_features"][0]


@cache
def extractor(settings: Settings) -> WhisperFeatureExtractor:
    """Whisper's front end with these bands and steps; its window is as long as the transform."""
    return WhisperFeatureExtractor(
        feature_size=settings.n_mels,
        sampling_rate=settings.sample_rate,
        hop_length=settings.hop_length,
        n_fft=settings.win_length,
    )
