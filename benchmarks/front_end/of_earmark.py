"""earmark's own loops; where a clip's bytes are and their digest is what ``earmark prepare`` hands on."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from earmark import versions
from earmark.audio.decode import decode
from earmark.config import FeatureParams
from earmark.digest import file_digest
from earmark.provenance import Provenance
from earmark.shards.schema import ClipRow
from earmark.shards.write import write_mel_shard
from front_end.settings import Settings


def decoded(paths: Sequence[Path], settings: Settings, output: Path) -> None:
    """Decode and resample, and keep nothing: the floor that no front end can go below."""
    for path in paths:
        decode(path, settings.sample_rate)


def shard(paths: Sequence[Path], settings: Settings, output: Path) -> None:
    """All clips to one shard, ``output/mel.parquet``."""
    features, rows = features_of(settings), [row(path) for path in paths]
    provenance = Provenance("mel", versions.MEL, "0" * 20, features.front_end(), {"clips": len(rows)})
    write_mel_shard(rows, features, Path, provenance, output / "mel.parquet")


def shard_and_png(paths: Sequence[Path], settings: Settings, output: Path) -> None:
    """The shard, and a PNG of every clip beside it."""
    from earmark.shards.png import export_png

    shard(paths, settings, output)
    ids = [row(path).clip_id for path in paths]
    table = {"clip_id": ids, "split": ["train"] * len(ids), "label": ["speech"] * len(ids)}
    pq.write_table(pa.table(table), output / "manifest.parquet")
    export_png(output / "manifest.parquet", [output / "mel.parquet"], output / "png")


@cache
def row(path: Path) -> ClipRow:
    """What the manifest says of a clip; its digest is computed once per process and counts where a process is fresh."""
    return ClipRow(path.name, str(path), None, None, file_digest(path))


@cache
def features_of(settings: Settings) -> FeatureParams:
    """The ``features`` section of these settings."""
    names = ("sample_rate", "n_fft", "win_length", "hop_length", "n_mels", "fmin", "fmax", "top_db", "trim_db")
    return FeatureParams(**{name: getattr(settings, name) for name in names})
