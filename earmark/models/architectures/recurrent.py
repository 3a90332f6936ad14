"""The recurrent network of the study of speaker gender."""

from __future__ import annotations

import keras
from keras import layers

from earmark.models.architectures import Shape
from earmark.models.architectures.chain import chain

UNITS = 128


def lstm(shape: Shape) -> keras.Model:
    """An LSTM over the frames, each a step with all rows of all channels, and its last state: 128 features.

    The source gives no sizes; units and dropout are those of the first dense layer of ``mandel_cnn``.
    """
    height, frames, channels = shape
    return chain(
        "lstm",
        shape,
        layers.Permute((2, 1, 3), name="frames_first"),
        layers.Reshape((frames, height * channels), name="steps"),
        layers.LSTM(UNITS, name="lstm"),
        layers.Dropout(0.25, name="dropout_1"),
    )
