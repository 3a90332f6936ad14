"""The network of a language classifier on VoxForge: mel images of windows of four seconds."""

from __future__ import annotations

import keras
from keras import layers

from earmark.models.architectures import Shape
from earmark.models.architectures.chain import chain

WIDTHS = (32, 64, 128, 256)
"""Channels of the blocks; each halves frequency and time."""


def voxforge_cnn(shape: Shape) -> keras.Model:
    """Four blocks of convolution, batch norm, pooling and dropout, averaged, and a dense layer: 128 features.

    The source says "convolutional neural network with batch norm and dropout" and windows of 4 s, no more. The
    published shape is taken as librosa's defaults: 128 mels, 22,050 Hz, hop 512.
    """
    blocks = [layer for number, width in enumerate(WIDTHS, 1) for layer in _block(number, width)]
    return chain(
        "voxforge_cnn",
        shape,
        *blocks,
        layers.GlobalAveragePooling2D(name="average"),
        layers.Dense(128, activation="relu", name="dense_1"),
        layers.Dropout(0.5, name="dropout_5"),
    )


def _block(number: int, width: int) -> list[keras.layers.Layer]:
    return [
        layers.Conv2D(width, 3, padding="same", use_bias=False, name=f"conv_{number}"),
        layers.BatchNormalization(name=f"norm_{number}"),
        layers.ReLU(name=f"relu_{number}"),
        layers.MaxPooling2D(2, name=f"pool_{number}"),
        layers.Dropout(0.25, name=f"dropout_{number}"),
    ]
