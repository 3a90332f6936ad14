"""Which layers of a backbone learn, and how fast each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import keras

MEMORY, SHORTEST_MEMORY = 0.1, 2
"""Share of a training's steps that batch normalisation averages over where its own momentum would make it more; steps
at least."""


def shorten_memory(network: keras.Model, steps: int) -> None:
    """Let batch normalisation forget the statistics it began with within a training of ``steps`` from random weights.

    With Keras's momentum of 0.99 it averages over a hundred steps: after a short training a network with eight such
    layers answers by chance what it knew in training. Call this before the first step.
    """
    for layer in network.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = min(layer.momentum, 1 - 1 / max(SHORTEST_MEMORY, MEMORY * steps))


def unfreeze(trunk: keras.Model, layers: int | Literal["all"], batch_norm: bool = False) -> None:
    """Let the last ``layers`` of ``trunk`` that have weights learn, and no others; compile again afterwards.

    Batch normalisation stays as it was trained unless ``batch_norm``: with the statistics of small batches a pretrained
    network falls back to chance. ``trainable`` is the only way to freeze it: Keras ignores ``training=False`` in a
    functional model.
    """
    trunk.trainable = True
    weighted = [layer for layer in trunk.layers if layer.weights]
    learning = weighted if layers == "all" else weighted[len(weighted) - layers :]
    for layer in weighted:
        is_norm = isinstance(layer, keras.layers.BatchNormalization)
        layer.trainable = layer in learning and (batch_norm or not is_norm)


def rate_factors(trunk: keras.Model, head: keras.Model, factors: Sequence[float]) -> dict[str, float]:
    """Factor of the learning rate by the path of each variable: the last one is the head's.

    The others belong to groups of about equally many layers of ``trunk``, from its input on; without others the
    backbone learns as fast as the head.
    """
    weighted = [layer for layer in trunk.layers if layer.weights]
    groups = factors[:-1] or factors
    found = {variable.path: factors[-1] for variable in head.variables}
    for number, layer in enumerate(weighted):
        factor = groups[number * len(groups) // len(weighted)]
        found |= {variable.path: factor for variable in layer.variables}
    return found
