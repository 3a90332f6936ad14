"""Batches of network inputs from training images: in a new order, and augmented anew, in every epoch.

Networks that read images of any length get clips of about equal length together, so that little is filled up.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from earmark.config import Params
from earmark.models.augment import Augmenter, masked
from earmark.models.fit import class_weights
from earmark.models.images import Image, ImagePart
from earmark.models.inputs import band_means, network_input
from earmark.models.standardise import Standardisation

Floats = NDArray[np.float32]

JITTER = 0.25
"""Largest relative change of a length before clips are put together, so that batches differ between epochs."""

ROUND = 8
"""Lengths (frames) are multiples of this: few different shapes, so that few kernels are prepared."""

LONGEST = 0.9
"""Share of an augmented batch's clips that are not cut."""

MIXUP = 0.2
"""alpha of mixup's Beta distribution (Zhang et al. 2018)."""


class Batch(NamedTuple):
    """Inputs (n, height, width, channels), one-hot or mixed targets (n, k), weights of the examples (n,)."""

    inputs: Floats
    targets: Floats
    weights: Floats


class Batches:
    """What a network with the settings of ``params`` learns from ``part``, of ``n_classes``.

    ``augmenter`` is that of the params, with the recordings it draws from (None: it draws from none). ``scaling`` is
    done to every input (None: nothing); the network that is exported begins with it.
    """

    def __init__(
        self,
        part: ImagePart,
        params: Params,
        n_classes: int,
        any_length: bool,
        augmenter: Augmenter | None = None,
        scaling: Standardisation | None = None,
    ) -> None:
        self.part, self.params, self.any_length, self._scaling = part, params, any_length, scaling
        self._augmenter = augmenter or Augmenter.of(params.features, params.train)
        self._targets = np.eye(n_classes, dtype=np.float32)[part.classes]
        self._weights = class_weights(part.classes, params.train.class_weights)
        self._chosen = frozenset(params.train.augment)

    def __len__(self) -> int:
        return math.ceil(len(self.part) / self.params.train.batch_size)

    def epoch(self, number: int) -> Iterator[Batch]:
        """The batches of an epoch, a function of its number and ``train.seed``."""
        rng = np.random.default_rng([self.params.train.seed, number])
        order = self._by_length(rng) if self.any_length else rng.permutation(len(self.part))
        parts = np.array_split(order, len(self))
        for index in rng.permutation(len(parts)) if self.any_length else range(len(parts)):
            yield self._batch(parts[index], rng)

    def plain(self) -> Iterator[Batch]:
        """Every example once as it is, for validation."""
        order = np.argsort(self.part.frames, kind="stable")
        for rows in np.array_split(order, len(self)):
            inputs = self._stacked([self._input(self.part.image(row)) for row in rows])
            yield Batch(inputs, self._targets[rows], self._weights[rows])

    def _by_length(self, rng: np.random.Generator) -> NDArray[np.int64]:
        return np.argsort(self.part.frames * rng.uniform(1 - JITTER, 1 + JITTER, len(self.part)))

    def _batch(self, rows: NDArray[np.int64], rng: np.random.Generator) -> Batch:
        images = [self.part.image(row) for row in rows]
        if self._chosen - {"mixup"}:
            images = self._augmented(images, rng)
        inputs, targets = self._stacked([self._input(image) for image in images]), self._targets[rows]
        if "mixup" in self._chosen:
            inputs, targets = _mixed(inputs, targets, rng)
        return Batch(inputs, targets, self._weights[rows])

    def _augmented(self, images: list[Image], rng: np.random.Generator) -> list[Image]:
        """Mel images in dB: all of one length for networks that read any, else each of its own."""
        mels, levels = [image["mel"] for image in images], self._augmenter.levels
        if self.any_length:
            longest = float(np.quantile([mel.shape[1] for mel in mels], LONGEST))
            made = list(levels(mels, ROUND * math.ceil(longest / ROUND), rng))
        else:
            pairs = zip(mels, mels[-1:] + mels[:-1], strict=True)
            made = [levels(pair, pair[0].shape[1], rng)[0] for pair in pairs]
        return [{"mel": self._with_gaps(level, rng)} for level in made]

    def _with_gaps(self, level: Floats, rng: np.random.Generator) -> Floats:
        if "mask" not in self._chosen:
            return level
        mean = level.mean(axis=1, keepdims=True)
        return masked((level - mean)[None], rng)[0] + mean

    def _input(self, image: Image) -> Floats:
        found = network_input(image, self.params.backbone, self.params.features)
        return found if self._scaling is None else self._scaling.apply(found).astype(np.float32)

    def _stacked(self, inputs: list[Floats]) -> Floats:
        """One array; shorter inputs are continued on both sides at each band's mean."""
        width = max(one.shape[1] for one in inputs)
        if self.any_length:
            width = ROUND * math.ceil(width / ROUND)
        found = np.zeros((len(inputs), inputs[0].shape[0], width, inputs[0].shape[2]), np.float32)
        for row, one in zip(found, inputs, strict=True):
            first = (width - one.shape[1]) // 2
            if one.shape[1] < width:
                row += band_means(one, self.params.backbone)
            row[:, first : first + one.shape[1]] = one
        return found


def _mixed(inputs: Floats, targets: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Each example with a share of another."""
    share = rng.beta(MIXUP, MIXUP, len(inputs)).astype(np.float32)
    share, other = np.maximum(share, 1 - share), rng.permutation(len(inputs))
    wide = share[:, None, None, None]
    return wide * inputs + (1 - wide) * inputs[other], share[:, None] * targets + (1 - share[:, None]) * targets[other]
