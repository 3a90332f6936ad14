"""Lhotse as its documentation shows it: recordings to cuts, resampled lazily, Fbank stored by its default writer.

``NumpyFilesWriter`` is the default and the fastest; lilcom would be smaller and slower. Lhotse does not trim.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from lhotse import CutSet, Fbank, FbankConfig, NumpyFilesWriter, Recording, RecordingSet

from front_end.settings import Settings


def stored(paths: Sequence[Path], settings: Settings, output: Path) -> None:
    """Features and the manifest of cuts below ``output``."""
    recordings = RecordingSet.from_recordings(Recording.from_file(path) for path in paths)
    cuts = CutSet.from_manifests(recordings=recordings).resample(settings.sample_rate)
    extracted = cuts.compute_and_store_features(
        extractor(settings), output / "features", storage_type=NumpyFilesWriter, progress_bar=False
    )
    extracted.to_file(output / "cuts.jsonl.gz")


@cache
def extractor(settings: Settings) -> Fbank:
    """Log-mel filterbank energies with the same window, hop and bands."""
    rate = settings.sample_rate
    return Fbank(
        FbankConfig(
            sampling_rate=rate,
            frame_length=settings.win_length / rate,
            frame_shift=settings.hop_length / rate,
            num_filters=settings.n_mels,
            low_freq=settings.fmin,
            high_freq=settings.fmax,
        )
    )
