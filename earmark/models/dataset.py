"""What a head learns from: the manifest's train and val clips joined with their bottleneck features.

A clip is one example, or one per window where it was cut into windows. The split is of clips, so that the windows of a
clip are together by construction.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from earmark.errors import EarmarkError
from earmark.shards.read import read_features

Row = dict[str, str]
Counts = dict[str, dict[str, int]]
"""By split and class."""


class Examples:
    """What the examples of one split have in common, whatever they are, by clip_id and time.

    ``classes`` (n,) int64; ``clips`` (n,) int64 are the numbers of the clips, from 0, that they are windows of.
    """

    classes: NDArray[np.int64]
    clips: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.classes)

    @property
    def n_clips(self) -> int:
        """Clips, of one or more windows."""
        return int(self.clips[-1]) + 1

    @property
    def clip_classes(self) -> NDArray[np.int64]:
        """Class of each clip, (n_clips,)."""
        return self.classes[np.unique(self.clips, return_index=True)[1]]

    def majority(self) -> float:
        """Share of the most frequent class: what always answering it would score."""
        return float(np.bincount(self.classes).max() / len(self))


class Splits:
    """The examples to learn from and those to choose by, and the sorted class names."""

    labels: list[str]
    train: Any
    val: Any

    def counts(self) -> Counts:
        """Clips per split and class."""
        return self._counts(self.train.clip_classes, self.val.clip_classes)

    def windows(self) -> Counts | None:
        """Windows per split and class; None where every clip is one example."""
        is_cut = len(self.train) > self.train.n_clips or len(self.val) > self.val.n_clips
        return self._counts(self.train.classes, self.val.classes) if is_cut else None

    def _counts(self, train: NDArray[np.int64], val: NDArray[np.int64]) -> Counts:
        parts = {"train": train, "val": val}
        return {name: {label: int((classes == i).sum()) for i, label in enumerate(self.labels)}
                for name, classes in parts.items()}  # fmt: skip


@dataclass(frozen=True)
class Part(Examples):
    """Examples as ``vectors`` (n, channels), or maps (n, height, width, channels) for a head that reads maps."""

    vectors: NDArray[np.float32]
    classes: NDArray[np.int64]
    clips: NDArray[np.int64]

    def averaged(self) -> Part:
        """The same with maps averaged over their positions."""
        return Part(pooled(self.vectors), self.classes, self.clips)


@dataclass(frozen=True)
class TrainingData(Splits):
    """Vectors, and the ``shape`` of one example's features before its spatial map was averaged."""

    labels: list[str]
    shape: tuple[int, ...]
    train: Part
    val: Part

    def averaged(self) -> TrainingData:
        """The same with maps averaged over their positions."""
        return TrainingData(self.labels, self.shape, self.train.averaged(), self.val.averaged())


def load(manifest: Path, features: Sequence[Path], maps: bool = False) -> TrainingData:
    """Join the manifest's train and val rows with the feature shards, in order of clip_id however they are sharded.

    Spatial maps are averaged unless ``maps``, which a head that flattens them needs, and much memory.
    Raises EarmarkError if a split is empty, there is only one class, a clip of val has a class without training clips,
    a clip has no features, or features are not numbers.
    """
    rows = pq.read_table(manifest, columns=["clip_id", "label", "split"]).sort_by("clip_id").to_pylist()
    splits = {name: [row for row in rows if row["split"] == name] for name in ("train", "val")}
    labels = class_names(splits, manifest)
    vectors, shape = _vectors({row["clip_id"] for part in splits.values() for row in part}, features, maps)
    train, val = (_part(splits[name], labels, vectors) for name in ("train", "val"))
    return TrainingData(labels, shape, train, val)


def pooled(vectors: NDArray[Any]) -> NDArray[np.float32]:
    """Vectors (n, channels) of features (n, channels) or of spatial maps (n, height, width, channels)."""
    vectors = vectors.astype(np.float32, copy=False)
    return vectors.mean(axis=(1, 2)) if vectors.ndim == 4 else vectors


def class_names(splits: dict[str, list[Row]], manifest: Path) -> list[str]:
    """Sorted classes of the training clips; raises EarmarkError where the rows of train and val teach none."""
    for name, rows in splits.items():
        if not rows:
            raise EarmarkError(f"{manifest}: no clip is in the split '{name}'; check split.fractions and data.filter")
    known = Counter(row["label"] for row in splits["train"])
    if len(known) < 2:
        raise EarmarkError(f"{manifest}: all training clips are '{min(known)}'; a classifier needs two classes or more")
    if strange := sorted({row["label"] for row in splits["val"]} - known.keys()):
        raise EarmarkError(f"{manifest}: class '{strange[0]}' has validation clips but no training clip")
    return sorted(known)


def _vectors(
    wanted: set[str], features: Sequence[Path], maps: bool
) -> tuple[dict[str, NDArray[np.float32]], tuple[int, ...]]:
    """Pooled vectors (windows, channels) of each wanted clip, and the shape of one window's features before pooling."""
    found: dict[str, NDArray[np.float32]] = {}
    shapes: dict[tuple[int, ...], Path] = {}
    for path in features:
        table = read_features(path)
        shapes.setdefault(table.vectors.shape[1:], path)
        _refuse_strange(table.clip_ids, table.vectors, path)
        vectors = table.vectors.astype(np.float32, copy=False) if maps else pooled(table.vectors)
        found.update((clip, rows) for clip, rows in _by_clip(table.clip_ids, vectors) if clip in wanted)
    if missing := sorted(wanted - found.keys()):
        raise EarmarkError(
            f"feature shards: {len(missing)} clips of the manifest are missing, e.g. {missing[0]}; run `earmark embed`"
        )
    if len(shapes) > 1:
        (one, first), (other, second) = list(shapes.items())[:2]
        raise EarmarkError(f"{second}: features of shape {other}, but {first} has {one}; remove one and embed again")
    return found, next(iter(shapes))


def _by_clip(clip_ids: Sequence[str], vectors: NDArray[np.float32]) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """Each clip's vectors, which follow each other."""
    first = 0
    for clip_id, rows in groupby(clip_ids):
        count = sum(1 for _ in rows)
        yield clip_id, vectors[first : first + count]
        first += count


def _refuse_strange(clip_ids: Sequence[str], vectors: NDArray[Any], path: Path) -> None:
    finite = np.isfinite(vectors).reshape(len(clip_ids), -1).all(axis=1)
    if not finite.all():
        raise EarmarkError(f"{path}: the features of {clip_ids[int(finite.argmin())]} are not finite; "
                           "the backbone's weights are damaged or do not fit their input")  # fmt: skip


def _part(rows: list[Row], labels: list[str], vectors: dict[str, NDArray[np.float32]]) -> Part:
    index = {label: i for i, label in enumerate(labels)}
    classes = np.array([index[row["label"]] for row in rows], np.int64)
    windows = [vectors[row["clip_id"]] for row in rows]
    clips = np.repeat(np.arange(len(rows)), [len(part) for part in windows])
    return Part(np.concatenate(windows), classes[clips], clips)
