"""A small residual network for log-mel images that keeps where in frequency something is, as voices need."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from earmark.models.architectures import Shape
from earmark.models.pooling import Statistics

STEM = 16
"""Channels of the first convolution, which halves frequency and time."""

STAGES = ((32, (2, 2)), (48, (2, 2)), (64, (2, 1)))
"""(channels, strides in frequency and time) of the stages, each of two convolutions."""


def speech_cnn(shape: Shape) -> keras.Model:
    """Seven convolutions of 3 × 3 in residual stages, then mean and deviation over time: rows / 16 × 128 features.

    Plain convolutions instead of ``earmark_base``'s depthwise ones: a CPU trains them 2.5 times as fast at the same
    number of parameters. The bands stay apart up to the features, so that a pitch is not the same wherever it lies.
    """
    image = keras.Input(shape, name="image")
    x = _normalised(image, STEM, (2, 2), "stem")
    for number, (width, strides) in enumerate(STAGES, 1):
        x = _residual(_normalised(x, width, strides, f"down_{number}"), width, f"stage_{number}")
    vector = Statistics(name="statistics")(_bands_as_channels(x))
    return keras.Model(image, vector, name="speech_cnn")


def _normalised(x: Any, width: int, strides: tuple[int, int], name: str) -> Any:
    x = layers.Conv2D(width, 3, strides=strides, padding="same", use_bias=False, name=f"{name}_conv")(x)
    return layers.ReLU(name=f"{name}_relu")(layers.BatchNormalization(name=f"{name}_norm")(x))


def _residual(x: Any, width: int, name: str) -> Any:
    y = layers.Conv2D(width, 3, padding="same", use_bias=False, name=f"{name}_conv")(x)
    y = layers.BatchNormalization(name=f"{name}_norm")(y)
    return layers.ReLU(name=f"{name}_relu")(layers.Add(name=f"{name}_add")([x, y]))


def _bands_as_channels(x: Any) -> Any:
    """(rows, frames, channels) → (1, frames, rows × channels)."""
    _, rows, frames, width = x.shape
    by_time = layers.Permute((2, 1, 3), name="time_first")(x)
    return layers.Reshape((1, frames, rows * width), name="bands_as_channels")(by_time)
