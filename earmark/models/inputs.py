"""From a shard's images to what a backbone reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from earmark.config import BackboneParams, FeatureParams
from earmark.models.normalise import PER_CLIP
from earmark.models.registry import Backbone, PixelRange, get

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


def network_input(images: Images, backbone: BackboneParams, features: FeatureParams) -> Floats:
    """What ``backbone`` reads of the ``images`` that ``features`` made, which ``backbones.check`` has accepted.

    ``earmark_base``: (n_mels, frames, 1), the mel image in dB with each band's mean removed; where it is trained from
    scratch (height, frames, images). Networks for pictures: (height, width, 3), the images in grey levels fitted to
    ``image_size``, as channels in the order in which the network reads them and in the range of pixels it was trained
    with (or 0..1 with ``pixels: unit``): one image is all three channels, two are the first two and their mean the
    third. Networks to train: (height, width, images), grey levels 0..1, each image a channel, fitted to ``image_size``
    or as they are. Each image is normalised by itself, as ``backbone.normalise`` says; the range of pixels remains but
    for ``clip``.
    """
    row, normal = get(backbone.name), PER_CLIP.get(backbone.normalise)
    values = [_values(row, kind, image, features.top_db) for kind, image in images.items()]
    if size := backbone.image_size or ([row.size, row.size] if row.size else None):
        black = -features.top_db if row.pixels == "decibels" else 0
        values = fitted(values, size[0], size[1], backbone.fit, 0 if normal else black, normal)
    elif normal:
        values = [normal(image) for image in values]
    if row.pixels == "decibels":
        return np.stack(values if size else [_lengthened(level, backbone) for level in values], axis=-1)
    pixels = np.stack(values if row.channels is None else _three(values), axis=-1)
    if backbone.normalise != "clip":
        _TO_RANGE["unit" if normal or backbone.pixels == "unit" else row.pixels](pixels)
    return pixels


def fitted(
    images: Sequence[Floats],
    height: int,
    width: int,
    fit: str,
    black: float = 0,
    normal: Callable[[Floats], Floats] | None = None,
) -> list[Floats]:
    """Values (height, width) of images of one clip; each has any height and they have one length.

    ``squeeze`` makes every clip ``width`` wide, short or long. ``pad`` and ``crop`` keep the aspect of the first image
    (a second lasts as long), so that time runs equally fast in all clips: one that comes out narrower gets ``black`` on
    both sides; one that comes out wider is squeezed by ``pad`` and loses both ends by ``crop``. What is left of each
    image is changed by ``normal``, before there is black beside it.
    """
    normal = normal or np.asarray
    if fit not in ("pad", "crop"):
        return [normal(_resized(image, height, width)) for image in images]
    rows, frames = images[0].shape
    natural = max(1, round(frames * height / rows))
    wide = natural if fit == "crop" else min(natural, width)
    return [_padded(normal(_cropped(_resized(image, height, wide), width)), width, black) for image in images]


def _cropped(image: Floats, width: int) -> Floats:
    """The middle of an image that is wider than ``width``."""
    first = max(0, image.shape[1] - width) // 2
    return image[:, first : first + width]


def _padded(image: Floats, width: int, black: float) -> Floats:
    """(height, width): a narrower image between black columns."""
    missing = width - image.shape[1]
    sides = ((0, 0), (missing // 2, missing - missing // 2))
    return np.pad(image, sides, constant_values=black) if missing > 0 else image


def _three(greys: list[Floats]) -> list[Floats]:
    """Three channels of one, two or three images."""
    if len(greys) == 2:
        return [*greys, (greys[0] + greys[1]) / np.float32(2)]
    return greys if len(greys) == 3 else 3 * greys


def _values(row: Backbone, kind: str, image: NDArray[Any], top_db: float) -> Floats:
    """dB for networks that read them, or what stands for dB of other kinds; grey levels for the others."""
    if row.pixels == "decibels" and (image.dtype == np.uint8 or kind != "chroma"):
        return decibels(image, top_db)
    grey = _grey(kind, image, top_db)
    return grey * np.float32(top_db / 255) - np.float32(top_db) if row.pixels == "decibels" else grey


def _grey(kind: str, image: NDArray[Any], top_db: float) -> Floats:
    """Grey levels 0..255."""
    if image.dtype == np.uint8:
        return image.astype(np.float32)
    low, high = (0.0, 1.0) if kind == "chroma" else (-top_db, 0.0)
    return np.clip((image.astype(np.float32) - low) * np.float32(255 / (high - low)), 0, 255)


def band_means(images: Floats, backbone: BackboneParams) -> Floats | float:
    """Each row's mean over the frames, (rows, 1, …) of (rows, frames, …): with what a clip is continued at its ends."""
    return 0.0 if backbone.normalise == "band_mean" else images.mean(axis=1, keepdims=True)


def _lengthened(level: Floats, backbone: BackboneParams) -> Floats:
    missing = SHORTEST - level.shape[1]
    if missing <= 0:
        return level
    longer = np.zeros((len(level), SHORTEST), np.float32) + band_means(level, backbone)
    longer[:, missing // 2 : missing // 2 + level.shape[1]] = level
    return longer


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
