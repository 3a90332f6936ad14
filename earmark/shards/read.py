"""Reading shards: mel images one row group at a time, features as one array."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from earmark.errors import EarmarkError
from earmark.provenance import read_record
from earmark.shards.blobs import BlobReader


class MelRow(NamedTuple):
    """One clip's image: ``mel`` (n_mels, frames), uint8 or float16, read-only, row 0 the lowest band."""

    clip_id: str
    row_key: str
    mel: NDArray[Any]


class FeatureTable(NamedTuple):
    """All rows of a feature shard: ``vectors`` (n, *shape), float16 or float32, in the order of ``clip_ids``."""

    clip_ids: list[str]
    row_keys: list[str]
    vectors: NDArray[Any]


def read_mels(path: Path) -> Iterator[MelRow]:
    """Rows of a mel shard in order of clip_id, holding one row group in memory; raises EarmarkError if damaged."""
    reader, record = BlobReader(path), _record(path)
    for group in range(reader.groups):
        for clip_id, key, frames, blob in reader.group(group, ["clip_id", "row_key", "frames", "mel"]):
            yield MelRow(clip_id, key, np.frombuffer(blob, record["dtype"]).reshape(record["n_mels"], frames))


def read_features(path: Path) -> FeatureTable:
    """The whole feature shard; raises EarmarkError if damaged."""
    reader, record = BlobReader(path), _record(path)
    rows = [row for group in range(reader.groups) for row in reader.group(group, ["clip_id", "row_key", "vector"])]
    vectors = np.empty((len(rows), *record["shape"]), record["dtype"])
    for vector, (_, _, blob) in zip(vectors, rows, strict=True):
        vector[...] = np.frombuffer(blob, record["dtype"]).reshape(record["shape"])
    return FeatureTable([row[0] for row in rows], [row[1] for row in rows], vectors)


def _record(path: Path) -> dict[str, Any]:
    record = read_record(path)
    if record is None:
        raise EarmarkError(f"{path}: a shard without earmark's provenance; remove the file and run again")
    return record
