"""From a shard's images to what a backbone reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from earmark.config import BackboneParams, FeatureParams
from earmark.models.registry import PixelRange, get

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

    ``earmark_base``: (n_mels, frames, 1), the mel image in dB with each band's mean removed. Networks for pictures:
    (height, width, 3), the images in grey levels fitted to ``image_size``, as channels in the order in which the
    network reads them and in the range of pixels it was trained with: one image is all three channels, two are the
    first two and their mean the third. Networks to train: (height, width, images), grey levels 0..1, each image a
    channel, fitted to ``image_size`` or as they are.
    """
    row = get(backbone.name)
    if row.pixels == "decibels":
        return _lengthened(band_mean_removed(images["mel"], features.top_db))[..., None]
    size = backbone.image_size or ([row.size, row.size] if row.size else None)
    greys = [_grey(kind, image, features.top_db) for kind, image in images.items()]
    if size:
        greys = fitted(greys, size[0], size[1], backbone.fit)
    pixels = np.stack(greys if row.channels is None else _three(greys), axis=-1)
    _TO_RANGE[row.pixels](pixels)
    return pixels


def fitted(greys: Sequence[Floats], height: int, width: int, fit: str) -> list[Floats]:
    """Grey levels (height, width) of images of one clip; each has any height and they have one length.

    ``squeeze`` makes every clip ``width`` wide, short or long. ``pad`` and ``crop`` keep the aspect of the first image
    (a second lasts as long), so that time runs equally fast in all clips: one that comes out narrower gets black on
    both sides; one that comes out wider is squeezed by ``pad`` and loses both ends by ``crop``.
    """
    if fit not in ("pad", "crop"):
        return [_resized(grey, height, width) for grey in greys]
    rows, frames = greys[0].shape
    natural = max(1, round(frames * height / rows))
    wide = natural if fit == "crop" else min(natural, width)
    return [_centred(_resized(grey, height, wide), width) for grey in greys]


def _centred(grey: Floats, width: int) -> Floats:
    """(height, width): the middle of a wider image, a narrower one between black columns."""
    missing = width - grey.shape[1]
    if missing <= 0:
        return grey[:, -missing // 2 : -missing // 2 + width]
    return np.pad(grey, ((0, 0), (missing // 2, missing - missing // 2)))


def _three(greys: list[Floats]) -> list[Floats]:
    """Three channels of one, two or three images."""
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
    missing = SHORTEST - level.shape[1]
    if missing <= 0:
        return level
    return np.pad(level, ((0, 0), (missing // 2, missing - missing // 2)))


def _resized(grey: Floats, height: int, width: int) -> Floats:
    """(height, width) by Pillow's bilinear filter, which averages where it makes an image smaller."""
    from PIL import Image

    return np.asarray(Image.fromarray(grey, "F").resize((width, height), Image.Resampling.BILINEAR))


def _signed(pixels: Floats) -> None:
    pixels /= np.float32(127.5)
    pixels -= 1


def _signed_128(pixels: Floats) -> None:
    pixels /= np.float32(128)
    pixels -= 1


def _caffe(pixels: Floats) -> None:
    pixels -= IMAGENET_BGR


def _torch(pixels: Floats) -> None:
    pixels /= np.float32(255)
    pixels -= IMAGENET_MEAN
    pixels /= IMAGENET_DEVIATION


def _unit(pixels: Floats) -> None:
    pixels /= np.float32(255)


_TO_RANGE: dict[PixelRange, Callable[[Floats], None]] = {
    "signed": _signed,
    "signed_128": _signed_128,
    "caffe": _caffe,
    "torch": _torch,
    "unit": _unit,
}
"""What turns grey levels (height, width, channels) into what networks read, in place, which is three times as fast."""
