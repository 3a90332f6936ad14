"""The images that a network learns from, where it learns from images and not from frozen features.

Training visits images in a new order in every epoch, which Parquet is not made for: the images of the two splits lie
once more in a file of their own, mapped into memory, so that any number of them costs the page cache and no more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from earmark.errors import EarmarkError
from earmark.models.dataset import Examples, Splits, class_names
from earmark.shards.read import read_images

Image = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class ImagePart(Examples):
    """Examples as images of ``frames`` (n,), which begin at ``places`` (n,) of ``pixels``."""

    pixels: NDArray[Any]
    heights: dict[str, int]
    places: NDArray[np.int64]
    frames: NDArray[np.int64]
    classes: NDArray[np.int64]
    clips: NDArray[np.int64]

    def image(self, index: int) -> Image:
        """Images (height, frames) of one example by kind, as the front end made them."""
        first, frames, found = int(self.places[index]), int(self.frames[index]), {}
        for kind, height in self.heights.items():
            found[kind] = self.pixels[first : first + height * frames].reshape(height, frames)
            first += height * frames
        return found


@dataclass(frozen=True)
class TrainingImages(Splits):
    """The images of the two splits."""

    labels: list[str]
    train: ImagePart
    val: ImagePart

    @classmethod
    def load(cls, manifest: Path, mels: Sequence[Path], folder: Path) -> Self:
        """The images of the manifest's train and val clips, copied to files in ``folder``.

        Raises EarmarkError if a split is empty, there is only one class, a clip of val has a class without training
        clips, or a clip has no image.
        """
        rows = pq.read_table(manifest, columns=["clip_id", "label", "split"]).sort_by("clip_id").to_pylist()
        splits = {name: [row for row in rows if row["split"] == name] for name in ("train", "val")}
        labels = class_names(splits, manifest)
        parts = (_part(splits[name], labels, mels, folder / f"{name}.bin") for name in ("train", "val"))
        return cls(labels, *parts)


def _part(rows: list[dict[str, str]], labels: list[str], mels: Sequence[Path], path: Path) -> ImagePart:
    """Write the images of ``rows``, in the order of the shards, and number them by clip_id and time."""
    number = {row["clip_id"]: i for i, row in enumerate(rows)}
    found: list[tuple[int, int, int, int]] = []  # clip, first frame, place, frames
    heights: dict[str, int] = {}
    dtype, end = np.dtype(np.uint8), 0
    with path.open("wb") as stream:
        for row in (row for shard in mels for row in read_images(shard) if row.clip_id in number):
            image = next(iter(row.images.values()))
            found.append((number[row.clip_id], row.first_frame, end, image.shape[1]))
            heights, dtype = {kind: len(values) for kind, values in row.images.items()}, image.dtype
            for values in row.images.values():
                stream.write(np.ascontiguousarray(values).data)
                end += values.size
    _refuse_missing(rows, {clip for clip, *_ in found})
    clips, _, places, frames = np.array(sorted(found), np.int64).T
    index = {label: i for i, label in enumerate(labels)}
    classes = np.array([index[row["label"]] for row in rows], np.int64)[clips]
    return ImagePart(np.memmap(path, dtype, "r"), heights, places, frames, classes, clips)


def _refuse_missing(rows: list[dict[str, str]], found: set[int]) -> None:
    missing = [row["clip_id"] for i, row in enumerate(rows) if i not in found]
    if missing:
        raise EarmarkError(
            f"mel shards: {len(missing)} clips of the manifest are missing, e.g. {missing[0]}; run `snakemake mel`"
        )
