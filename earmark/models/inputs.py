"""From a shard's images to what a backbone reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from earmark.config import BackboneParams, FeatureParams
from earmark.models.backbones import get

Floats = NDArray[np.float32]
Images = Mapping[str, NDArray[Any]]
"""Images (height, frames) of a clip or of a window of it, by kind."""

IMAGENET_BGR = np.array([103.939, 116.779, 123.68], np.float32)
"""Mean of ImageNet's pixels, blue first, which caffe-mode networks want removed (keras.applications.imagenet_utils)."""

IMAGENET_MEAN = np.array([0.485, 0.456, 0.406], np.float32)
IMAGENET_DEVIATION = np.array([0.229, 0.224, 0.225], np.float32)
"""Of ImageNet's pixels on a scale of 0..1, red first (the same source, mode ``torch``)."""

SHORTEST = 16
"""Frames: a shorter clip is continued on both sides at each band's mean, so that every layer has something to read."""


def decibels(image: NDArray[Any], top_db: float) -> Floats:
    """dB relative to the clip's maximum, -top_db..0, of an image (n_mels, frames): uint8 grey levels or float16 dB."""
    if image.dtype == np.uint8:
        return image * np.float32(top_db / 255) - np.float32(top_db)
    return image.astype(np.float32)


def band_mean_removed(image: NDArray[Any], top_db: float) -> Floats:
    """dB (n_mels, frames) with each band's mean over the clip removed: what a filter adds to every frame is gone."""
    level = decibels(image, top_db)
    return level - level.mean(axis=1, keepdims=True)


def network_input(images: Images, backbone: BackboneParams, features: FeatureParams) -> Floats:
    """What ``backbone`` reads of the ``images`` that ``features`` made, which ``backbones.check`` has accepted.

    ``earmark_base``: (n_mels, frames, 1), the mel image in dB with each band's mean removed. Image networks: (height,
    width, 3), the images in grey levels squeezed to ``image_size``, as channels in the order in which the network
    reads them and in the range of pixels it was trained with: one image is all three channels, two are the first two
    and their mean the third.
    """
    row = get(backbone.name)
    if row.pixels == "decibels":
        return _lengthened(band_mean_removed(images["mel"], features.top_db))[..., None]
    height, width = backbone.image_size or (row.size, row.size)
    greys = [_squeezed(_grey(kind, image, features.top_db), height, width) for kind, image in images.items()]
    return _PIXELS[row.pixels](np.stack(_channels(greys), axis=-1))


def _channels(greys: list[Floats]) -> list[Floats]:
    """Three of one, two or three."""
    if len(greys) == 2:
        return [*greys, (greys[0] + greys[1]) / np.float32(2)]
    return greys if len(greys) == 3 else 3 * greys


def _grey(kind: str, image: NDArray[Any], top_db: float) -> Floats:
    """Grey levels 0..255."""
    if image.dtype == np.uint8:
        return image.astype(np.float32)
    low, high = (0.0, 1.0) if kind == "chroma" else (-top_db, 0.0)
    return np.clip((image.astype(np.float32) - low) * np.float32(255 / (high - low)), 0, 255)


def _lengthened(level: Floats) -> Floats:
    missing = max(0, SHORTEST - level.shape[1])
    return np.pad(level, ((0, 0), (missing // 2, missing - missing // 2)))


def _squeezed(grey: Floats, height: int, width: int) -> Floats:
    """(height, width) by Pillow's bilinear filter, which averages where it makes an image smaller."""
    from PIL import Image

    return np.asarray(Image.fromarray(grey, "F").resize((width, height), Image.Resampling.BILINEAR))


def _signed(grey: Floats) -> Floats:
    return grey / np.float32(127.5) - 1


def _caffe(grey: Floats) -> Floats:
    return grey - IMAGENET_BGR


def _torch(grey: Floats) -> Floats:
    return (grey / np.float32(255) - IMAGENET_MEAN) / IMAGENET_DEVIATION


_PIXELS: dict[str, Callable[[Floats], Floats]] = {"signed": _signed, "caffe": _caffe, "torch": _torch}
