"""Pooling: from a backbone's map of any size to one vector per clip."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

SMALLEST_VARIANCE = 1e-5
"""A smaller variance counts as this one, which keeps the gradient of the deviation finite."""


@keras.saving.register_keras_serializable("earmark")
class Statistics(layers.Layer):
    """Mean and standard deviation over the map: (batch, height, width, channels) → (batch, 2 * channels).

    Statistics pooling of x-vectors (Snyder et al. 2018).
    """

    def call(self, inputs: Any) -> Any:
        """The mean of every channel, then the deviation of every channel."""
        mean = ops.mean(inputs, axis=(1, 2))
        variance = ops.mean(ops.square(inputs), axis=(1, 2)) - ops.square(mean)
        return ops.concatenate([mean, ops.sqrt(ops.maximum(variance, SMALLEST_VARIANCE))], axis=-1)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """(batch, 2 * channels)."""
        return (input_shape[0], 2 * int(input_shape[-1] or 0))


def pooled(model: keras.Model, pooling: str) -> keras.Model:
    """``model`` with its map (batch, height, width, channels) pooled: ``avg``, ``stats``, or ``none`` to leave it.

    A model that gives vectors (batch, channels) has nothing to pool and stays as it is.
    """
    if pooling == "none" or len(model.output_shape) == 2:
        return model
    kind = Statistics if pooling == "stats" else layers.GlobalAveragePooling2D
    layer = kind(dtype="float32")  # squares and sums of 16 bits would lose too much
    return keras.Model(model.input, layer(model.output), name=model.name)
