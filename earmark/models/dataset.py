"""What a head learns from: the manifest's train and val clips joined with their bottleneck features."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from earmark.errors import EarmarkError
from earmark.shards.read import read_features

Row = dict[str, str]


@dataclass(frozen=True)
class Part:
    """The clips of one split in order of clip_id: ``vectors`` (n, channels) float32, ``classes`` (n,) int64."""

    vectors: NDArray[np.float32]
    classes: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.classes)

    def majority(self) -> float:
        """Share of the most frequent class: what always answering it would score."""
        return float(np.bincount(self.classes).max() / len(self))


@dataclass(frozen=True)
class TrainingData:
    """Sorted class names, the ``shape`` of one clip's features, and the two splits with spatial maps averaged."""

    labels: list[str]
    shape: tuple[int, ...]
    train: Part
    val: Part

    def counts(self) -> dict[str, dict[str, int]]:
        """Clips per split and class."""
        parts = {"train": self.train, "val": self.val}
        return {name: {label: int((part.classes == i).sum()) for i, label in enumerate(self.labels)}
                for name, part in parts.items()}  # fmt: skip


def load(manifest: Path, features: Sequence[Path]) -> TrainingData:
    """Join the manifest's train and val rows with the feature shards, in order of clip_id however they are sharded.

    Raises EarmarkError if a split is empty, there is only one class, a clip of val has a class without training clips,
    a clip has no features, or features are not numbers.
    """
    rows = pq.read_table(manifest, columns=["clip_id", "label", "split"]).sort_by("clip_id").to_pylist()
    splits = {name: [row for row in rows if row["split"] == name] for name in ("train", "val")}
    labels = _labels(splits, manifest)
    vectors, shape = _vectors({row["clip_id"] for part in splits.values() for row in part}, features)
    train, val = (_part(splits[name], labels, vectors) for name in ("train", "val"))
    return TrainingData(labels, shape, train, val)


def pooled(vectors: NDArray[Any]) -> NDArray[np.float32]:
    """Vectors (n, channels) of features (n, channels) or of spatial maps (n, height, width, channels)."""
    vectors = vectors.astype(np.float32, copy=False)
    return vectors.mean(axis=(1, 2)) if vectors.ndim == 4 else vectors


def _labels(splits: dict[str, list[Row]], manifest: Path) -> list[str]:
    for name, rows in splits.items():
        if not rows:
            raise EarmarkError(f"{manifest}: no clip is in the split '{name}'; check split.fractions and data.filter")
    known = Counter(row["label"] for row in splits["train"])
    if len(known) < 2:
        raise EarmarkError(f"{manifest}: all training clips are '{min(known)}'; a classifier needs two classes or more")
    if strange := sorted({row["label"] for row in splits["val"]} - known.keys()):
        raise EarmarkError(f"{manifest}: class '{strange[0]}' has validation clips but no training clip")
    return sorted(known)


def _vectors(wanted: set[str], features: Sequence[Path]) -> tuple[dict[str, NDArray[np.float32]], tuple[int, ...]]:
    """Pooled vector per wanted clip, and the shape of one clip's features before pooling."""
    found: dict[str, NDArray[np.float32]] = {}
    shapes: dict[tuple[int, ...], Path] = {}
    for path in features:
        table = read_features(path)
        shapes.setdefault(table.vectors.shape[1:], path)
        _refuse_strange(table.clip_ids, table.vectors, path)
        found.update((i, v) for i, v in zip(table.clip_ids, pooled(table.vectors), strict=True) if i in wanted)
    if missing := sorted(wanted - found.keys()):
        raise EarmarkError(
            f"feature shards: {len(missing)} clips of the manifest are missing, e.g. {missing[0]}; run `earmark embed`"
        )
    if len(shapes) > 1:
        (one, first), (other, second) = list(shapes.items())[:2]
        raise EarmarkError(f"{second}: features of shape {other}, but {first} has {one}; remove one and embed again")
    return found, next(iter(shapes))


def _refuse_strange(clip_ids: Sequence[str], vectors: NDArray[Any], path: Path) -> None:
    finite = np.isfinite(vectors).reshape(len(clip_ids), -1).all(axis=1)
    if not finite.all():
        raise EarmarkError(f"{path}: the features of {clip_ids[int(finite.argmin())]} are not finite; "
                           "the backbone's weights are damaged or do not fit their input")  # fmt: skip


def _part(rows: list[Row], labels: list[str], vectors: dict[str, NDArray[np.float32]]) -> Part:
    index = {label: i for i, label in enumerate(labels)}
    classes = np.array([index[row["label"]] for row in rows], np.int64)
    return Part(np.stack([vectors[row["clip_id"]] for row in rows]), classes)
