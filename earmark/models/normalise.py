"""Normalisation: what is taken from an image before a network reads it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from earmark.models.standardise import Standardisation

Floats = NDArray[np.float32]


SMALLEST_DEVIATION = 1e-6
"""In dB or grey levels; below, an image is the same everywhere up to float32 rounding."""


def band_mean_removed(image: Floats) -> Floats:
    """(rows, frames) with each row's mean over the clip removed: what a filter adds to every frame's level is gone."""
    return image - image.mean(axis=1, keepdims=True)


def clip_standardised(image: Floats) -> Floats:
    """(rows, frames) with mean 0 and deviation 1; one that is the same everywhere is 0."""
    level = image - image.mean(dtype=np.float64).astype(np.float32)
    deviation = level.std(dtype=np.float64).astype(np.float32)
    return np.asarray(level / deviation) if deviation > SMALLEST_DEVIATION else level


PER_CLIP: Mapping[str, Callable[[Floats], Floats]] = {"band_mean": band_mean_removed, "clip": clip_standardised}
"""Values of ``backbone.normalise`` that depend on the clip alone. ``none`` does nothing, and what ``global`` removes is
known only after a look at the training clips: it becomes the first layer of the network (``over_training_clips``)."""


def over_training_clips(images: Iterable[Floats]) -> Standardisation:
    """Mean and deviation (rows, 1, channels) of each row over all frames of ``images`` (rows, any, channels).

    A row that never changes, such as one of padding, gets the deviation 1.
    """
    count, total, squares = 0, np.float64(0), np.float64(0)
    for image in images:
        count += image.shape[1]
        total = total + image.sum(axis=1, keepdims=True, dtype=np.float64)
        squares = squares + np.square(image, dtype=np.float64).sum(axis=1, keepdims=True)
    mean = np.asarray(total / count)
    return Standardisation.scaled(mean, np.sqrt(np.maximum(squares / count - mean**2, 0)))
