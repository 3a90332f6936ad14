"""Reading shards: images one row group at a time, features as one array."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from earmark.errors import EarmarkError
from earmark.provenance import read_record
from earmark.shards.blobs import BlobReader


class ImageRow(NamedTuple):
    """A clip or a window of it, which begins at ``first_frame`` of the clip's image.

    ``images`` by kind are (height, frames), uint8 or float16, read-only, row 0 the lowest.
    """

    clip_id: str
    row_key: str
    first_frame: int
    images: dict[str, NDArray[Any]]


class FeatureTable(NamedTuple):
    """All rows of a feature shard, in the order of ``clip_ids``, windows of a clip in the order of ``first_frames``.

    ``vectors`` are (n, *shape), float16 or float32.
    """

    clip_ids: list[str]
    row_keys: list[str]
    first_frames: list[int]
    vectors: NDArray[Any]


def read_images(path: Path, kinds: Sequence[str] | None = None) -> Iterator[ImageRow]:
    """Rows of a mel shard in order of clip_id and first_frame, holding one row group in memory.

    Of ``kinds`` only (None: all that are stored). Raises EarmarkError if the shard is damaged or lacks a kind.
    """
    reader, record = BlobReader(path), _record(path)
    kinds = _kinds(reader) if kinds is None else kinds
    heights = [_height(path, record, kind) for kind in kinds]
    for group in range(reader.groups):
        rows = reader.group(group, ["clip_id", "row_key", "first_frame", "frames", *kinds])
        for clip_id, key, first_frame, frames, *blobs in rows:
            images = {
                kind: np.frombuffer(blob, record["dtype"]).reshape(height, frames)
                for kind, height, blob in zip(kinds, heights, blobs, strict=True)
            }
            yield ImageRow(clip_id, key, first_frame, images)


def first_kind(path: Path) -> str:
    """The kind of image that stands for a shard's clips where one is shown; raises EarmarkError if damaged."""
    kinds = _kinds(BlobReader(path))
    if not kinds:
        raise EarmarkError(f"{path}: not a readable shard of images (it has none); remove the file and run again")
    return kinds[0]


def read_features(path: Path) -> FeatureTable:
    """The whole feature shard; raises EarmarkError if damaged."""
    reader, record = BlobReader(path), _record(path)
    names = ["clip_id", "row_key", "first_frame", "vector"]
    rows = [row for group in range(reader.groups) for row in reader.group(group, names)]
    vectors = np.empty((len(rows), *record["shape"]), record["dtype"])
    for vector, (*_, blob) in zip(vectors, rows, strict=True):
        vector[...] = np.frombuffer(blob, record["dtype"]).reshape(record["shape"])
    return FeatureTable([row[0] for row in rows], [row[1] for row in rows], [row[2] for row in rows], vectors)


def _kinds(reader: BlobReader) -> list[str]:
    return [field.name for field in reader.schema if field.type == pa.binary()]


def _height(path: Path, record: dict[str, Any], kind: str) -> int:
    heights: dict[str, int] = record.get("heights", {})
    if kind not in heights:
        raise EarmarkError(f"{path}: has {', '.join(heights) or 'no images'}, not '{kind}'; see features.kinds")
    return heights[kind]


def _record(path: Path) -> dict[str, Any]:
    record = read_record(path)
    if record is None:
        raise _foreign(path)
    return record


def _foreign(path: Path) -> EarmarkError:
    return EarmarkError(f"{path}: a shard without earmark's provenance; remove the file and run again")
