"""The moving average of the weights over the steps, which often does better than the weights (Polyak & Juditsky 1992).

The optimiser keeps it (``use_ema`` of Keras): average ← momentum · average + (1 - momentum) · weights, from the weights
after the first step on. So it is computed with the step, on every backend, and is part of its state in a checkpoint.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import keras


@contextmanager
def averaged(model: keras.Model, inputs: Iterable[Any]) -> Iterator[None]:
    """Within, ``model`` has the averages that its optimiser keeps, if it keeps any; afterwards its own weights again.

    The statistics of batch normalisation are not learned and have no average, and those that training gathered belong
    to other weights: layers that learn get those of ``inputs``, batches of training images, under the averaged weights
    (Izmailov et al. 2018, section 3.2). Frozen ones keep what they have.
    """
    optimiser = getattr(model.optimizer, "inner_optimizer", model.optimizer)  # the one that scales the loss has none
    if not optimiser.use_ema or not int(optimiser.iterations):
        yield
        return
    own = model.get_weights()
    optimiser.finalize_variable_values(model.trainable_variables)
    model.set_weights(model.get_weights())  # under JAX they are now the optimiser's arrays, which the next step deletes
    try:
        _measure(model, inputs)
        yield
    finally:
        model.set_weights(own)


def _measure(model: keras.Model, inputs: Iterable[Any]) -> None:
    """Set the statistics of the norms that learn to the means over the batches of ``inputs``."""
    norms = list(_norms(model))
    momenta = [norm.momentum for norm in norms]
    for number, batch in enumerate(inputs if norms else ()):
        for norm in norms:
            norm.momentum = number / (number + 1)
        model(batch, training=True)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum


def _norms(model: keras.Model) -> Iterator[Any]:
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from _norms(layer)
        elif isinstance(layer, keras.layers.BatchNormalization) and layer.trainable:
            yield layer
