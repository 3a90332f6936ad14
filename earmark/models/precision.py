"""Mixed precision: a network that computes in 16 bits and keeps its weights in 32 (Micikevicius et al. 2018).

Keras's dtype policy belongs to the process. It is set while a network is built and put back at once: the layers keep
what they were built with.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras

from earmark.models.engine import GPU


def policy(precision: str) -> str:
    """Keras's name of ``train.precision`` on this machine.

    On a GPU ``mixed`` is float16, whose gradients need a scaled loss: Keras scales it, by a factor that adapts, for
    models that were built with this policy. On a CPU it is bfloat16, which has the range of float32 and needs none.
    """
    return "float32" if precision == "float32" else "mixed_float16" if GPU.exists() else "mixed_bfloat16"


@contextmanager
def computing_in(precision: str) -> Iterator[None]:
    """What is built within computes in ``precision``, but for layers that say otherwise, such as softmax."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy(precision))
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def in_float32(model: keras.Model) -> keras.Model:
    """A copy of ``model`` that computes in float32, with the same weights; ``model`` itself if it does already."""
    if all(layer.compute_dtype == "float32" for layer in model.layers):
        return model
    copy = keras.models.clone_model(model, clone_function=_plain)
    copy.set_weights(model.get_weights())
    copy.trainable = model.trainable
    return copy


def _plain(layer: Any) -> Any:
    return type(layer).from_config(layer.get_config() | {"dtype": "float32"})
