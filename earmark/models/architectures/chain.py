"""A network whose layers follow each other."""

from __future__ import annotations

import keras

from earmark.models.architectures import Shape


def chain(name: str, shape: Shape, *layers: keras.layers.Layer) -> keras.Model:
    """``layers`` one after the other on images of ``shape``, as a functional model."""
    image = x = keras.Input(shape, name="image")
    for layer in layers:
        x = layer(x)
    return keras.Model(image, x, name=name)
