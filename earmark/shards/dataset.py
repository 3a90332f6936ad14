"""Images of shards as batches for training: in stored order, or shuffled with bounded memory and reading whole groups.

A row group is read as Arrow buffers (offsets and bytes), its images are views of them: no value of a row passes
through a Python object of its own. Checksums are verified on the way.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from earmark.errors import EarmarkError
from earmark.provenance import read_record

BUFFER = 32
"""Row groups that are shuffled together, and kept: 32 MiB, such as 1,700 images of 40 bands and 6 s."""

DECIBELS = ("mel", "stft")
"""Kinds of levels, whose silence is the bottom of their range."""

Images = list[NDArray[Any]] | NDArray[Any]
"""Images (height, frames) of different length, or one array (n, height, frames)."""


class Batch(NamedTuple):
    """Some rows: their numbers (n,) in stored order, clip ids, first frames (n,) of windows, images by kind.

    ``classes`` (n,) are indices into ``ShardDataset.classes``; None without labels. Images of a list are read-only.
    """

    rows: NDArray[np.int64]
    clip_ids: list[str]
    first_frames: NDArray[np.int32]
    images: dict[str, Images]
    classes: NDArray[np.int64] | None


@dataclass(frozen=True)
class _Shard:
    """An opened shard: where it is, its footer, and what its record says of the images.

    ``relative``: levels are relative to the clip's maximum.
    """

    path: Path
    footer: Any
    heights: dict[str, int]
    dtype: str
    top_db: float
    relative: bool


class ShardDataset:
    """Rows of image shards, numbered in stored order.

    ``kinds`` are what is read of each row. ``labels`` (clip_id → label) chooses the clips, such as those of one split,
    and tells their classes, which are numbered in order of name or as in ``classes``. ``frames`` makes every image
    this long: a longer one is cut, a shorter one put into silence (grey level 0, of float16 ``mel`` and ``stft`` the
    lowest level, else 0), in the middle or, when shuffling, anywhere.

    Clip ids, labels and places are held (some 150 bytes per row), and ``buffer`` row groups of images. Raises
    EarmarkError, here or when reading, if a shard is damaged or lacks a kind, if shards differ in their images' height
    or dtype, or if a clip of ``labels`` is in none of them.
    """

    def __init__(
        self,
        shards: Sequence[Path],
        kinds: Sequence[str] = ("mel",),
        labels: Mapping[str, str] | None = None,
        classes: Sequence[str] | None = None,
        frames: int | None = None,
        buffer: int = BUFFER,
    ) -> None:
        self.kinds, self.frames, self.buffer = tuple(kinds), frames, buffer
        self._shards = [_opened(path, self.kinds) for path in shards]
        self._refuse_mixtures()
        self.clip_ids: list[str] = []
        self._groups: list[tuple[int, int]] = []  # shard, row group
        self._held: dict[int, list[list[NDArray[Any]]]] = {}  # images by group and kind, the latest last
        self._index(None if labels is None else set(labels))
        self.classes: list[str] = []
        self._classes: NDArray[np.int64] | None = None
        if labels is not None:
            self._label(labels, classes)

    def __len__(self) -> int:
        return len(self.clip_ids)

    @property
    def heights(self) -> dict[str, int]:
        """Rows of the images of each kind."""
        return {kind: self._shards[0].heights[kind] for kind in self.kinds}

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the images: uint8 or float16."""
        return np.dtype(self._shards[0].dtype)

    @property
    def top_db(self) -> float:
        """Range of the levels, dB below a clip's maximum."""
        return self._shards[0].top_db

    def batches(self, size: int, shuffle: np.random.Generator | None = None) -> Iterator[Batch]:
        """All rows once, ``size`` at a time (the last batch may be smaller), in the order of ``order(shuffle)``."""
        order = self.order(shuffle)
        for start in range(0, len(order), size):
            yield self.take(order[start : start + size], shuffle)

    def order(self, shuffle: np.random.Generator | None = None) -> NDArray[np.int64]:
        """Numbers (len,) of the rows in stored order, or shuffled: equal generators, equal order.

        Row groups come in random order, ``buffer`` of them at a time; the rows of these are shuffled. So a row meets
        at random the rows of its own group and of a few others, and reading stays sequential within groups.
        """
        if shuffle is None:
            return np.arange(len(self))
        ends = np.searchsorted(self._group, np.arange(len(self._groups) + 1))
        groups = shuffle.permutation(len(self._groups))
        blocks = [groups[first : first + self.buffer] for first in range(0, len(groups), self.buffer)]
        rows = [np.concatenate([np.arange(ends[g], ends[g + 1]) for g in block]) for block in blocks]
        return np.concatenate([np.empty(0, np.int64), *map(shuffle.permutation, rows)])

    def take(self, rows: NDArray[np.int64], shuffle: np.random.Generator | None = None) -> Batch:
        """The batch of these rows; ``shuffle`` puts and cuts images at random. Row groups read last are kept."""
        places = zip(self._group[rows].tolist(), self._place[rows].tolist(), strict=True)
        found: list[list[NDArray[Any]]] = [[] for _ in self.kinds]
        for group, place in places:
            for images, views in zip(found, self._views(group), strict=True):
                images.append(views[place])
        return Batch(
            rows,
            [self.clip_ids[row] for row in rows.tolist()],
            self._first[rows],
            self._fitted(found, shuffle),
            None if self._classes is None else self._classes[rows],
        )

    def _fitted(self, found: list[list[NDArray[Any]]], shuffle: np.random.Generator | None) -> dict[str, Images]:
        """Images by kind, of one length if ``frames`` says so; all kinds of a row are cut at the same frames."""
        if self.frames is None:
            return dict(zip(self.kinds, found, strict=True))
        spare = np.array([image.shape[1] for image in found[0]], np.int64) - self.frames
        room = np.abs(spare)
        shift = (room // 2 if shuffle is None else shuffle.integers(0, room, endpoint=True)) * np.sign(spare)
        return {
            kind: _stacked(images, shift.tolist(), (self.heights[kind], self.frames), self._silence(kind))
            for kind, images in zip(self.kinds, found, strict=True)
        }

    def _silence(self, kind: str) -> float | None:
        """What surrounds a short image; None: its own lowest value, because levels relative to 1 have no other."""
        if self.dtype == np.uint8 or kind not in DECIBELS:
            return 0.0
        return -self.top_db if self._shards[0].relative else None

    def _views(self, group: int) -> list[list[NDArray[Any]]]:
        """Images of a row group by kind, kept until ``buffer`` others have been read."""
        views = self._held.pop(group, None)
        if views is None:
            while len(self._held) >= self.buffer:
                del self._held[next(iter(self._held))]
            shard, number = self._groups[group]
            views = _images(self._shards[shard], number, self.kinds)
        self._held[group] = views
        return views

    def _index(self, wanted: set[str] | None) -> None:
        """Where each row is: number of its group, place in it, first frame."""
        group, place, first = ([np.empty(0, np.int32)] for _ in range(3))
        for shard, opened in enumerate(self._shards):
            for number in range(opened.footer.num_row_groups):
                table = _read(opened, number, ("clip_id", "first_frame"))
                names = table["clip_id"].to_pylist()
                kept = np.array([i for i, name in enumerate(names) if wanted is None or name in wanted], np.int32)
                self.clip_ids += [names[i] for i in kept.tolist()]
                group.append(np.full(len(kept), len(self._groups), np.int32))
                place.append(kept)
                first.append(_integers(table["first_frame"])[kept])
                self._groups.append((shard, number))
        self._group, self._place, self._first = (np.concatenate(parts) for parts in (group, place, first))

    def _label(self, labels: Mapping[str, str], classes: Sequence[str] | None) -> None:
        if missing := labels.keys() - set(self.clip_ids):
            raise EarmarkError(
                f"mel shards: {len(missing)} clips are missing, e.g. {min(missing)}; run `snakemake mel`"
            )
        self.classes = list(classes) if classes is not None else sorted(set(labels.values()))
        index = {label: number for number, label in enumerate(self.classes)}
        if strange := sorted(set(labels.values()) - index.keys()):
            raise EarmarkError(f"'{strange[0]}' is not among the classes {', '.join(self.classes)}")
        self._classes = np.array([index[labels[clip]] for clip in self.clip_ids], np.int64)

    def _refuse_mixtures(self) -> None:
        if not self._shards:
            raise EarmarkError("no shards to read; run `snakemake mel`")
        first = self._shards[0]
        for other in self._shards[1:]:
            for what in ("heights", "dtype", "top_db"):
                if getattr(other, what) != getattr(first, what):
                    raise EarmarkError(
                        f"{other.path}: {what} {getattr(other, what)}, but {first.path} has {getattr(first, what)}; "
                        "read shards of one front end only"
                    )


def _opened(path: Path, kinds: Sequence[str]) -> _Shard:
    try:
        footer = pq.ParquetFile(path).metadata
    except (OSError, pa.ArrowException) as error:
        raise _damaged(path, error) from None
    record = read_record(path) or {}
    if "heights" not in record:
        raise EarmarkError(f"{path}: no images of earmark's in it; remove the file and run `snakemake mel`")
    heights = record["heights"]
    if strange := [kind for kind in kinds if kind not in heights]:
        raise EarmarkError(f"{path}: has {', '.join(heights)}, not '{strange[0]}'; see features.kinds")
    relative = record.get("params", {}).get("reference", "max") == "max"
    return _Shard(path, footer, {kind: heights[kind] for kind in kinds}, record["dtype"], record["top_db"], relative)


def _read(shard: _Shard, group: int, names: Sequence[str]) -> pa.Table:
    """Columns of one row group, their checksums verified."""
    try:
        with pq.ParquetFile(shard.path, metadata=shard.footer, page_checksum_verification=True) as file:
            return file.read_row_group(group, columns=list(names), use_threads=False)
    except (OSError, pa.ArrowException) as error:
        raise _damaged(shard.path, error) from None


def _images(shard: _Shard, group: int, kinds: Sequence[str]) -> list[list[NDArray[Any]]]:
    """Read-only views (height, frames) of the images of a row group, by kind."""
    table = _read(shard, group, ("frames", *kinds))
    frames = _integers(table["frames"])
    return [_split(table[kind], shard, shard.heights[kind], frames) for kind in kinds]


def _split(column: pa.ChunkedArray, shard: _Shard, height: int, frames: NDArray[np.int32]) -> list[NDArray[Any]]:
    dtype = np.dtype(shard.dtype).newbyteorder("<")
    array = _whole(column)
    ends = np.frombuffer(array.buffers()[1], np.int32)[array.offset : array.offset + len(array) + 1]
    if not np.array_equal(np.diff(ends), frames * (height * dtype.itemsize)):
        raise _damaged(shard.path, ValueError(f"images are not {height} high"))
    values = np.frombuffer(array.buffers()[2] or b"", dtype)
    values.flags.writeable = False
    parts = (ends // dtype.itemsize).tolist()
    return [
        values[start:end].reshape(height, width)
        for start, end, width in zip(parts[:-1], parts[1:], frames.tolist(), strict=True)
    ]


def _stacked(
    images: Sequence[NDArray[Any]], shifts: list[int], shape: tuple[int, int], silence: float | None
) -> NDArray[Any]:
    """One array (n, *shape): a positive shift is where the cut begins, a negative one where the image is put."""
    stack = np.empty((len(images), *shape), images[0].dtype if images else np.uint8)
    for target, image, shift in zip(stack, images, shifts, strict=True):
        if image.shape[1] < shape[1]:
            target.fill(image.min() if silence is None and image.size else silence or 0)
            target[:, -shift : image.shape[1] - shift] = image
        else:
            target[...] = image[:, shift : shift + shape[1]]
    return stack


def _integers(column: pa.ChunkedArray) -> NDArray[np.int32]:
    array = _whole(column)  # not its to_numpy, which imports pandas
    return np.frombuffer(array.buffers()[1], np.int32)[array.offset : array.offset + len(array)]


def _whole(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _damaged(path: Path, error: Exception) -> EarmarkError:
    return EarmarkError(f"{path}: not a readable shard ({error}); remove the file and run again")
