"""The network of ``earmark_base``: a small depthwise-separable CNN over log-mel images of any length.

The shape follows MobileNet (Howard et al. 2017, arXiv:1704.04861) with residual blocks; what is its own is one
depthwise convolution over the whole frequency axis, and statistics over time (mean and standard deviation) as in
x-vectors (Snyder et al. 2018), so that a clip of any length gives one vector.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

STAGES = ((32, 1), (96, 3), (192, 3))
"""(channels, blocks) per stage. The stem and the second stage halve frequency and time, the third frequency only."""

WIDTH = 384
"""Channels that are pooled over time; the feature vector has twice as many."""


def earmark_base(rows: int, frames: int | None = None, channels: int = 1) -> keras.Model:
    """The untrained network without pooling: (batch, rows, frames, channels) → (batch, 1, about frames / 4, ``WIDTH``).

    Input: images of five rows or more, such as dB of mel bands with each band's mean removed. ``frames`` None accepts
    any length of at least eight frames.
    """
    image = keras.Input((rows, frames, channels), name="mel")
    x = _normalised(layers.Conv2D(STAGES[0][0], 5, strides=2, padding="same", use_bias=False)(image))
    for stage, (width, blocks) in enumerate(STAGES):
        x = layers.AveragePooling2D((2, 1))(x) if stage == 2 else x
        for block in range(blocks):
            x = _block(x, width, 2 if stage == 1 and not block else 1)
    x = _normalised(layers.DepthwiseConv2D((x.shape[1], 1), use_bias=False)(x))
    x = _normalised(layers.Conv2D(WIDTH, 1, use_bias=False)(x))
    return keras.Model(image, x, name="earmark_base")


def _block(x: Any, width: int, stride: int) -> Any:
    """Depthwise and pointwise convolution with nothing in between, as in Xception (Chollet 2017), and a shortcut."""
    y = layers.DepthwiseConv2D(3, strides=stride, padding="same", use_bias=False)(x)
    y = layers.BatchNormalization()(layers.Conv2D(width, 1, use_bias=False)(y))
    return layers.ReLU()(layers.Add()([x, y]) if x.shape == y.shape else y)


def _normalised(x: Any) -> Any:
    return layers.ReLU()(layers.BatchNormalization()(x))
