"""The registry of backbones: our own, trained on speech, those of ``keras.applications``, and networks to train.

A new row of ``_ROWS`` is a new backbone. Nothing here imports keras, because the plan looks rows up at every start.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from earmark.errors import EarmarkError
from earmark.models import architectures

if TYPE_CHECKING:
    import keras

Shape = tuple[int | None, int | None, int]
"""Height, width and channels of an image; None: any."""

Builder = Callable[[Any], "keras.Model"]
"""A function of an image's ``Shape``: the untrained network, (batch, *shape) → maps or vectors."""

Finish = Callable[["keras.Model"], "keras.Model"]

PixelRange = Literal["decibels", "signed", "signed_128", "caffe", "torch", "unit"]
"""What a network reads, of grey levels g from 0 to 255 (``earmark.models.inputs``).

``decibels``: dB instead of grey levels; ``signed``: g / 127.5 - 1; ``signed_128``: g / 128 - 1; ``caffe``: 0..255 in
BGR minus ImageNet's mean; ``torch``: 0..1 standardised by ImageNet's mean and deviation; ``unit``: 0..1.
"""

OWN = "earmark_base"

KERAS_FILES = "https://storage.googleapis.com"

SMALLEST_IMAGE = 32
"""Pixels; below, the last maps of most image networks would be empty."""

CHANNELS = 3
"""Of networks for pictures: so many images of a clip they read at most."""


@dataclass(frozen=True)
class Backbone:
    """One row of the registry.

    ``builder`` is a name in ``keras.applications`` or a function of ours, which imports keras itself. ``width`` counts
    the channels of the last map and ``parameters`` those of the network without pooling (0: the image decides).
    ``size`` is the native image size in pixels (0: images as they are) and ``smallest`` the least. ``channels`` of an
    image (None: as many as a clip has images, and so has ``earmark_base`` from random weights). ``url`` below
    ``KERAS_FILES`` are the ImageNet weights without the classifier and ``checksum`` is their MD5 or SHA-256 as Keras
    records it (empty: it records none). ``finish`` changes the network once its weights are loaded, not what it
    computes.
    """

    name: str
    builder: str | Builder
    width: int
    parameters: int
    size: int
    pixels: PixelRange
    url: str = ""
    checksum: str = ""
    smallest: int = SMALLEST_IMAGE
    channels: int | None = CHANNELS
    finish: Finish | None = None
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def file(self) -> str:
        """Name of the ImageNet weights file; empty where there is none."""
        return self.url.rsplit("/", 1)[-1]


def _keras(path: str) -> str:
    return f"tensorflow/keras-applications/{path}"


def _kernels(path: str) -> str:
    return _keras(f"{path}_weights_tf_dim_ordering_tf_kernels_notop.h5")


def _earmark_base(shape: Shape) -> keras.Model:
    from earmark.models.earmark_base import earmark_base

    return earmark_base(int(shape[0] or 0), *shape[1:])


def _without_preprocessing(network: keras.Model) -> keras.Model:
    """EfficientNet without the layers that prepare pixels, which its builder cannot leave out."""
    from earmark.models.surgery import from_layer

    return from_layer(network, "stem_conv_pad")


def _in_plain_operators(network: keras.Model) -> keras.Model:
    from earmark.models.surgery import in_plain_operators

    return in_plain_operators(network)


_BARE = {"include_preprocessing": False}

# fmt: off
_ROWS = (
    Backbone(OWN, _earmark_base, 384, 202_816, 0, "decibels", smallest=5, channels=1),
    Backbone("mobilenet_025", "MobileNet", 256, 218_544, 128, "signed",
             _keras("mobilenet/mobilenet_2_5_128_tf_no_top.h5"), options={"alpha": 0.25}),
    Backbone("mobilenet", "MobileNet", 1024, 3_228_864, 224, "signed",
             _keras("mobilenet/mobilenet_1_0_224_tf_no_top.h5")),
    Backbone("mobilenet_v2", "MobileNetV2", 1280, 2_257_984, 224, "signed",
             _keras("mobilenet_v2/mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5")),
    Backbone("mobilenet_v3_small", "MobileNetV3Small", 576, 939_120, 224, "signed",
             _keras("mobilenet_v3/weights_mobilenet_v3_small_224_1.0_float_no_top_v2.h5"),
             "d3e8ec802a04aa4fc771ee12a9a9b836", options=_BARE),
    Backbone("mobilenet_v3_large", "MobileNetV3Large", 960, 2_996_352, 224, "signed",
             _keras("mobilenet_v3/weights_mobilenet_v3_large_224_1.0_float_no_top_v2.h5"),
             "07fb09a5933dd0c8eaafa16978110389", options=_BARE),
    Backbone("resnet50", "ResNet50", 2048, 23_587_712, 224, "caffe",
             _kernels("resnet/resnet50"), "4d473c1dd8becc155b73f8504c6f6626"),
    Backbone("resnet101", "ResNet101", 2048, 42_658_176, 224, "caffe",
             _kernels("resnet/resnet101"), "88cf7a10940856eca736dc7b7e228a21"),
    Backbone("resnet152", "ResNet152", 2048, 58_370_944, 224, "caffe",
             _kernels("resnet/resnet152"), "ee4c566cf9a93f14d82f913c2dc6dd0c"),
    Backbone("resnet50_v2", "ResNet50V2", 2048, 23_564_800, 224, "signed",
             _kernels("resnet/resnet50v2"), "fac2f116257151a9d068a22e544a4917"),
    Backbone("resnet101_v2", "ResNet101V2", 2048, 42_626_560, 224, "signed",
             _kernels("resnet/resnet101v2"), "c0ed64b8031c3730f411d2eb4eea35b5"),
    Backbone("resnet152_v2", "ResNet152V2", 2048, 58_331_648, 224, "signed",
             _kernels("resnet/resnet152v2"), "ed17cf2e0169df9d443503ef94b23b33"),
    Backbone("vgg16", "VGG16", 512, 14_714_688, 224, "caffe",
             _kernels("vgg16/vgg16"), "6d6bbae143d832006294945121d1f1fc"),
    Backbone("vgg19", "VGG19", 512, 20_024_384, 224, "caffe",
             _kernels("vgg19/vgg19"), "253f8cb515780f3b799900260a226db6"),
    Backbone("inception_v3", "InceptionV3", 2048, 21_802_784, 299, "signed",
             _kernels("inception_v3/inception_v3"), "bcbd6486424b2319ff4ef7d526e38f63", smallest=75),
    Backbone("xception", "Xception", 2048, 20_861_480, 299, "signed",
             _kernels("xception/xception"), "b0042744bf5b25fce3cb969f33bebb97", smallest=71),
    Backbone("densenet121", "DenseNet121", 1024, 7_037_504, 224, "torch",
             _kernels("densenet/densenet121"), "30ee3e1110167f948a6b9946edeeb738"),
    Backbone("efficientnet_b0", "EfficientNetB0", 1280, 4_049_564, 224, "torch",
             "keras-applications/efficientnetb0_notop.h5", "50bc09e76180e00e4465e1a485ddc09d",
             finish=_without_preprocessing),
    Backbone("efficientnet_b1", "EfficientNetB1", 1280, 6_575_232, 240, "torch",
             "keras-applications/efficientnetb1_notop.h5", "74c4e6b3e1f6a1eea24c589628592432",
             finish=_without_preprocessing),
    Backbone("efficientnet_b2", "EfficientNetB2", 1408, 7_768_562, 260, "torch",
             "keras-applications/efficientnetb2_notop.h5", "111f8e2ac8aa800a7a99e3239f7bfb39",
             finish=_without_preprocessing),
    Backbone("efficientnet_b3", "EfficientNetB3", 1536, 10_783_528, 300, "torch",
             "keras-applications/efficientnetb3_notop.h5", "af6d107764bb5b1abb91932881670226",
             finish=_without_preprocessing),
    Backbone("efficientnet_v2_b0", "EfficientNetV2B0", 1280, 5_919_312, 224, "torch",
             _keras("efficientnet_v2/efficientnetv2-b0_notop.h5"), "893217f2bb855e2983157299931e43ff", options=_BARE),
    Backbone("efficientnet_v2_b1", "EfficientNetV2B1", 1280, 6_931_124, 240, "torch",
             _keras("efficientnet_v2/efficientnetv2-b1_notop.h5"), "0e80663031ca32d657f9caa404b6ec37", options=_BARE),
    Backbone("efficientnet_v2_b2", "EfficientNetV2B2", 1408, 8_769_374, 260, "torch",
             _keras("efficientnet_v2/efficientnetv2-b2_notop.h5"), "1dfe2e7a5d45b6632553a8961ea609eb", options=_BARE),
    Backbone("efficientnet_v2_b3", "EfficientNetV2B3", 1536, 12_930_622, 300, "torch",
             _keras("efficientnet_v2/efficientnetv2-b3_notop.h5"), "f6abf7b5849ac99a89b50dd3fd532856", options=_BARE),
    Backbone("efficientnet_v2_s", "EfficientNetV2S", 1280, 20_331_360, 384, "signed_128",
             _keras("efficientnet_v2/efficientnetv2-s_notop.h5"), "af0682fb74e8c54910f2d4393339c070", options=_BARE),
    Backbone("convnext_tiny", "ConvNeXtTiny", 768, 27_820_128, 224, "torch", _keras("convnext/convnext_tiny_notop.h5"),
             "d547c096cabd03329d7be5562c5e14798aa39ed24b474157cef5e85ab9e49ef1", finish=_in_plain_operators,
             options=_BARE),
    *(Backbone(name, partial(architectures.trunk, name), 0, 0, 0, "unit", smallest=row.smallest, channels=None)
      for name, row in architectures.ARCHITECTURES.items()),
)
# fmt: on

_REGISTRY = {row.name: row for row in _ROWS}


def rows() -> tuple[Backbone, ...]:
    """Every backbone."""
    return _ROWS


def names() -> list[str]:
    """Names that ``backbone.name`` may have."""
    return list(_REGISTRY)


def get(name: str) -> Backbone:
    """The row called ``name``; raises EarmarkError if there is none."""
    if name not in _REGISTRY:
        near = difflib.get_close_matches(name, _REGISTRY, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]}? " if near else ""
        raise EarmarkError(f"backbone.name: no backbone '{name}'; {hint}known: {', '.join(_REGISTRY)}")
    return _REGISTRY[name]
