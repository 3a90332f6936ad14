"""Optimisers whose learning rate may differ from layer to layer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras

from earmark.config import TrainParams

KINDS: dict[str, type[keras.optimizers.Optimizer]] = {
    "adam": keras.optimizers.Adam,
    "adamw": keras.optimizers.AdamW,
    "rmsprop": keras.optimizers.RMSprop,
    "sgd": keras.optimizers.SGD,
}


def optimiser(params: TrainParams, factors: Mapping[str, float] | None = None) -> keras.optimizers.Optimizer:
    """The optimiser of ``params``; ``factors`` multiply the learning rate of variables, by their path.

    Scaling gradients instead would change nothing under Adam, which divides by their size.
    """
    kind = KINDS[params.optimizer]
    options: dict[str, Any] = {"momentum": params.momentum} if params.optimizer == "sgd" else {}
    if params.optimizer == "adamw":
        options["weight_decay"] = params.weight_decay
    if params.average:
        options |= {"use_ema": True, "ema_momentum": params.average}
    if not factors or set(factors.values()) == {1.0}:
        return kind(params.learning_rate, **options)
    return _discriminative(kind)(dict(factors), params.learning_rate, **options)


def _discriminative(kind: type[Any]) -> type[Any]:
    """``kind`` with a factor for each variable's learning rate (Howard and Ruder 2018, section 3.2)."""

    class Discriminative(kind):
        def __init__(self, factors: dict[str, float], *args: Any, **options: Any) -> None:
            super().__init__(*args, **options)
            self._factors = factors

        def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
            # TensorFlow hands over its own variable, which has no path; the index is what all backends know it by
            path = self._trainable_variables[self._get_variable_index(variable)].path
            super().update_step(gradient, variable, learning_rate * self._factors.get(path, 1.0))

    return Discriminative
