"""Three CNNs of a study of speaker gender: chroma, 12 pitch classes × 100 frames."""

from __future__ import annotations

import keras
from keras import layers

from earmark.models.architectures import Shape
from earmark.models.architectures.chain import chain


def simple_chroma_cnn(shape: Shape) -> keras.Model:
    """One convolution, flattened.

    The source does not say how many channels it has; 32, as the first convolution of ``mandel_cnn``.
    """
    return chain(
        "simple_chroma_cnn",
        shape,
        layers.Conv2D(32, 2, activation="relu", name="conv_1"),
        layers.Flatten(name="flatten"),
    )


def mandel_cnn(shape: Shape) -> keras.Model:
    """Three convolutions and two dense layers, 64 features.

    With a softmax of 2 on (12, 100, 1) it has the published 2,987,146 parameters. The rates of dropout are those of
    the network it was taken from (Mandel 2017, "Building a Dead Simple Word Recognition Engine Using ConvNet").
    """
    return chain(
        "mandel_cnn",
        shape,
        layers.Conv2D(32, 2, activation="relu", name="conv_1"),
        layers.Conv2D(48, 2, activation="relu", name="conv_2"),
        layers.Conv2D(120, 2, activation="relu", name="conv_3"),
        *_after_convolutions(),
    )


def small_mandel_cnn(shape: Shape) -> keras.Model:
    """``mandel_cnn`` without its third convolution.

    The source says only that there are fewer layers and the same dropout.
    """
    return chain(
        "small_mandel_cnn",
        shape,
        layers.Conv2D(32, 2, activation="relu", name="conv_1"),
        layers.Conv2D(48, 2, activation="relu", name="conv_2"),
        *_after_convolutions(),
    )


def _after_convolutions() -> list[keras.layers.Layer]:
    return [
        layers.MaxPooling2D(2, name="pool_1"),
        layers.Dropout(0.25, name="dropout_1"),
        layers.Flatten(name="flatten"),
        layers.Dense(128, activation="relu", name="dense_1"),
        layers.Dropout(0.25, name="dropout_2"),
        layers.Dense(64, activation="relu", name="dense_2"),
        layers.Dropout(0.4, name="dropout_3"),
    ]
