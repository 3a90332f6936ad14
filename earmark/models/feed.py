"""Batches of images for ``fit``, straight from shards: for networks that are trained on the images themselves."""

from __future__ import annotations

import math
from threading import Lock
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from earmark.errors import EarmarkError
from earmark.models.inputs import decibels
from earmark.shards.dataset import DECIBELS, ShardDataset

Pair = tuple[NDArray[Any], NDArray[np.int64]]


class ImageFeed(keras.utils.PyDataset):
    """(images, classes) of a labelled ``ShardDataset`` whose images have one length, ``size`` rows per batch.

    Images are (n, height, frames, kinds), the stored uint8 or float16, or with ``floats`` float32: dB below the clip's
    maximum of ``mel`` and ``stft``, the stored values of other kinds. With a ``seed`` each epoch has an order and cuts
    of its own; without, rows come in stored order (for validation and prediction; give ``fit`` ``shuffle=False``
    then). Raises EarmarkError if there are no labels, images differ in length, or kinds in height.
    """

    def __init__(self, data: ShardDataset, size: int = 32, seed: int | None = None, floats: bool = True) -> None:
        super().__init__()
        if data.frames is None or data.classes == []:
            raise EarmarkError("a feed needs images of one length and their classes: ShardDataset(…, labels, frames=N)")
        if len(set(data.heights.values())) > 1:
            raise EarmarkError(f"images of heights {data.heights} do not stack to channels; feed one kind at a time")
        self.data, self.size, self.seed, self.floats = data, size, seed, floats
        self._lock, self._epoch = Lock(), -1
        self.on_epoch_end()

    def __len__(self) -> int:
        return math.ceil(len(self.data) / self.size)

    def __getitem__(self, index: int) -> Pair:
        with self._lock:
            number = index if self.seed is None else self._numbers.setdefault(index, len(self._numbers))
            rows = self._order[number * self.size : (number + 1) * self.size]
            batch = self.data.take(rows, self._random(number + 1))
        assert batch.classes is not None
        channels = [self._values(kind, np.asarray(images)) for kind, images in batch.images.items()]
        return np.stack(channels, axis=-1), batch.classes

    def on_epoch_end(self) -> None:
        """Draw the order of the next epoch.

        ``fit`` asks for batches at random, which would jump between shards: with a seed the n-th index that is asked
        for in an epoch gets the n-th batch of an order that is random already, and keeps it.
        """
        self._epoch += 1
        self._order = self.data.order(self._random(0))
        self._numbers: dict[int, int] = {}

    def _random(self, use: int) -> np.random.Generator | None:
        """A generator for the order (0) or the cuts of a batch (1 …) of this epoch."""
        return None if self.seed is None else np.random.default_rng((self.seed, self._epoch, use))

    def _values(self, kind: str, images: NDArray[Any]) -> NDArray[Any]:
        if not self.floats:
            return images
        return decibels(images, self.data.top_db) if kind in DECIBELS else images.astype(np.float32)
