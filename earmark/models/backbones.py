"""The registry of pretrained backbones: our own, trained on speech, and networks of ``keras.applications``.

A new row of ``_ROWS`` is a new backbone. Nothing here imports keras before a network is built, because the plan asks
for digests and checks at every start.
"""

from __future__ import annotations

import hashlib
import json
import os
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from earmark.config import BOUNDED, BackboneParams, FeatureParams
from earmark.digest import file_digest
from earmark.errors import EarmarkError

if TYPE_CHECKING:
    import keras

PixelRange = Literal["decibels", "signed", "caffe", "torch"]
"""What a network reads: dB; -1..1; 0..255 in BGR minus ImageNet's mean; 0..1 standardised by ImageNet."""

OWN = "earmark_base"
WEIGHTS = Path(__file__).with_name("weights")
KERAS_FILES = "https://storage.googleapis.com/tensorflow/keras-applications"
NAMED_WEIGHTS = ("embedded", "imagenet", "none")
SMALLEST_IMAGE = 32
"""Pixels; below, the last maps of the image networks would be empty."""

CHANNELS = 3
"""Of the image networks: so many images of a clip they read at most."""


@dataclass(frozen=True)
class Backbone:
    """One row: ``builder`` is a name in ``keras.applications`` (empty: our own), ``width`` counts the last channels.

    ``size`` is the native image size in pixels (0: any length of mel image), ``url`` the ImageNet weights without the
    classifier below ``KERAS_FILES`` and ``md5`` their hash as Keras records it (empty: it records none).
    """

    name: str
    builder: str
    width: int
    size: int
    pixels: PixelRange
    url: str = ""
    md5: str = ""
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def file(self) -> str:
        """Name of the ImageNet weights file."""
        return self.url.rsplit("/", 1)[-1]


_ROWS = (
    Backbone(OWN, "", 384, 0, "decibels"),
    Backbone(
        "mobilenet_v2",
        "MobileNetV2",
        1280,
        224,
        "signed",
        "mobilenet_v2/mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5",
    ),
    Backbone(
        "mobilenet_025",
        "MobileNet",
        256,
        128,
        "signed",
        "mobilenet/mobilenet_2_5_128_tf_no_top.h5",
        options={"alpha": 0.25},
    ),
    Backbone(
        "resnet50",
        "ResNet50",
        2048,
        224,
        "caffe",
        "resnet/resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5",
        "4d473c1dd8becc155b73f8504c6f6626",
    ),
    Backbone(
        "vgg16",
        "VGG16",
        512,
        224,
        "caffe",
        "vgg16/vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5",
        "6d6bbae143d832006294945121d1f1fc",
    ),
    Backbone(
        "efficientnet_v2_b0",
        "EfficientNetV2B0",
        1280,
        224,
        "torch",
        "efficientnet_v2/efficientnetv2-b0_notop.h5",
        "893217f2bb855e2983157299931e43ff",
        {"include_preprocessing": False},
    ),
)

CHOICE_OF_SOUND = {"trim_db", "vad", "window"}
"""Settings that decide which sound is drawn, not how: a backbone that was trained otherwise still reads the image."""

CHOICE_OF_KINDS = {"kinds", "deltas"}
"""Settings that decide how many images a clip has, which is checked in words of its own."""

_REGISTRY = {row.name: row for row in _ROWS}


def names() -> list[str]:
    """Names that ``backbone.name`` may have."""
    return list(_REGISTRY)


def get(name: str) -> Backbone:
    """The row called ``name``; raises EarmarkError if there is none."""
    if name not in _REGISTRY:
        raise EarmarkError(f"backbone.name: no backbone '{name}'; known: {', '.join(_REGISTRY)}")
    return _REGISTRY[name]


def check(backbone: BackboneParams, features: FeatureParams) -> None:
    """Refuse settings under which the network could not give what it was trained for; raises EarmarkError in words."""
    row = get(backbone.name)
    _check_weights(row, backbone.weights)
    problems = _own_problems(backbone, features) if row.name == OWN else _image_problems(row, backbone)
    problems += _kind_problems(row, features)
    if problems:
        raise EarmarkError(f"backbone {row.name}: " + "; ".join(problems))


def weights_digest(backbone: BackboneParams) -> str:
    """What decides the weights, without loading them: a SHA-256, or name and hash of Keras's file, or ``random``.

    Raises EarmarkError if a named file does not exist or the backbone has no such weights.
    """
    row = get(backbone.name)
    _check_weights(row, backbone.weights)
    if backbone.weights == "embedded":
        return str(record()["weights_sha256"])
    if backbone.weights == "imagenet":
        return f"{row.file}:{row.md5}"
    return "random" if backbone.weights == "none" else file_digest(_named_file(backbone.weights))


@cache
def record(weights: str = "embedded") -> dict[str, Any]:
    """How weights of ``earmark_base`` came about: the JSON file beside them; raises EarmarkError if it is missing."""
    path = (WEIGHTS if weights == "embedded" else Path(weights).parent) / f"{OWN}.json"
    if not path.is_file():
        raise EarmarkError(
            f"{path}: missing; it records the front end of the weights beside it. `snakemake backbone` makes both"
        )
    return dict(json.loads(path.read_text(encoding="utf-8")))


def build(backbone: BackboneParams) -> keras.Model:
    """The network with its weights and pooling, frozen: (batch, height, width, channels) → vectors or maps.

    Random weights (``none``) are the same in every process; drawing them seeds Keras. Raises EarmarkError if the
    weights cannot be had or do not fit.
    """
    import keras

    from earmark.models.pooling import pooled

    row = get(backbone.name)
    keras.utils.set_random_seed(0)
    network = _own_network() if row.name == OWN else _application(row, backbone.image_size)
    source = _weights_file(row, backbone.weights)
    if source is not None:
        _load(network, source)
    model = pooled(network, backbone.pooling)
    model.trainable = False
    return model


def _own_network() -> keras.Model:
    from earmark.models.earmark_base import earmark_base

    return earmark_base(FeatureParams().n_mels)


def _application(row: Backbone, image_size: list[int] | None) -> keras.Model:
    import keras

    height, width = image_size or (row.size, row.size)
    builder: Callable[..., keras.Model] = getattr(keras.applications, row.builder)
    return builder(weights=None, include_top=False, input_shape=(height, width, 3), **row.options)


def _load(network: keras.Model, source: Path) -> None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", UserWarning)  # Keras only warns of layers that it leaves as they are
            network.load_weights(source)
    except (ValueError, OSError, KeyError, UserWarning) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise EarmarkError(f"{source}: not weights of {network.name} without its classifier: {reason}") from error


def _weights_file(row: Backbone, weights: str) -> Path | None:
    _check_weights(row, weights)
    if weights == "embedded":
        return WEIGHTS / f"{OWN}.weights.h5"
    if weights == "imagenet":
        return _imagenet_file(row)
    return None if weights == "none" else _named_file(weights)


def _named_file(weights: str) -> Path:
    path = Path(weights).expanduser()
    if not path.is_file():
        raise EarmarkError(
            f"backbone.weights: '{weights}' is neither embedded, imagenet or none nor a file that exists"
        )
    return path


def _imagenet_file(row: Backbone) -> Path:
    """Keras's ImageNet file, from its cache or else downloaded into it.

    Keras itself silently uses another folder where ``~/.keras`` is not writable, so the cache is looked at here.
    """
    path = Path(os.environ.get("KERAS_HOME", Path.home() / ".keras")) / "models" / row.file
    if path.is_file():
        if row.md5 and hashlib.md5(path.read_bytes()).hexdigest() != row.md5:
            raise EarmarkError(f"{path}: damaged (its MD5 is not {row.md5}); remove it and put the right file there")
        return path
    import keras

    try:
        url, cache_folder = f"{KERAS_FILES}/{row.url}", path.parents[1]
        return Path(
            keras.utils.get_file(row.file, url, file_hash=row.md5, cache_subdir="models", cache_dir=cache_folder)
        )
    except Exception as error:  # Keras raises a bare Exception when it is offline
        raise EarmarkError(
            f"backbone {row.name}: no ImageNet weights here and no download ({error}). Put {row.file}"
            f" (MD5 {row.md5 or 'not recorded by Keras'}; from {KERAS_FILES}/{row.url}) at {path},"
            " or name another file in backbone.weights"
        ) from error


def _check_weights(row: Backbone, weights: str) -> None:
    if weights not in NAMED_WEIGHTS:
        _named_file(weights)
    if weights == "embedded" and row.name != OWN:
        raise EarmarkError(
            f"backbone.weights: 'embedded' exists for {OWN} only; {row.name} takes imagenet, none or a file"
        )
    if weights == "imagenet" and row.name == OWN:
        raise EarmarkError(f"backbone.weights: {OWN} was not trained on ImageNet; use 'embedded'")


def _own_problems(backbone: BackboneParams, features: FeatureParams) -> list[str]:
    source = "embedded" if backbone.weights in NAMED_WEIGHTS else backbone.weights
    # what a record does not name had one value only when it was written, which is today's default
    trained, asked = FeatureParams().front_end() | record(source)["front_end"], features.front_end()
    problems = [
        f"it was trained with features.{name}: {trained[name]}, not {asked[name]}"
        for name in sorted((trained.keys() & asked.keys()) - CHOICE_OF_SOUND - CHOICE_OF_KINDS)
        if asked[name] != trained[name]
    ]
    if backbone.normalise != "band_mean":
        problems.append("it was trained with normalise: band_mean")
    if backbone.image_size is not None:
        problems.append("it reads mel images of any length as they are; set image_size: null and fit: none")
    if backbone.pooling == "none":
        problems.append("pooling: none would give maps of different lengths; use stats or avg")
    return problems


def _image_problems(row: Backbone, backbone: BackboneParams) -> list[str]:
    problems = []
    if backbone.image_size is None:
        problems.append(f"it reads images of one size; set image_size: [{row.size}, {row.size}] and fit: squeeze")
    elif min(backbone.image_size) < SMALLEST_IMAGE:
        problems.append(f"image_size {backbone.image_size} is below {SMALLEST_IMAGE} pixels")
    if backbone.normalise != "none":
        problems.append("it was trained on pictures; set normalise: none")
    return problems


def _kind_problems(row: Backbone, features: FeatureParams) -> list[str]:
    """What is wrong with the images of a clip: how many, and what has no limits that could be black and white."""
    named = f"kinds: [{', '.join(features.kinds)}]" + (f" with deltas: {features.deltas}" if features.deltas else "")
    if row.pixels == "decibels":
        is_mel = features.kinds == ["mel"] and not features.deltas
        return [] if is_mel else [f"it reads the mel image alone, not {named}; set features.kinds: [mel] and deltas: 0"]
    count, problems = len(features.kinds) * (1 + features.deltas), []
    if count > CHANNELS:
        problems.append(f"it reads {CHANNELS} images of a clip at most, not the {count} of {named}; choose among them")
    if features.dtype == "float16" and (what := _unlimited(features)):
        problems.append(f"no limits to be black and white for float16 {what}; set dtype: uint8 and scale: minmax")
    return problems


def _unlimited(features: FeatureParams) -> str | None:
    """What of the images has no range of its own."""
    unbounded = [kind for kind in features.kinds if kind not in BOUNDED] + ["deltas"] * bool(features.deltas)
    fixed = None if features.reference == "max" else f"levels above reference {features.reference:g}"
    return unbounded[0] if unbounded else fixed
