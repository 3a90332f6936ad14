"""The epochs: gradient steps over shuffled clips or windows, the best weights kept, a stop without improvement.

``Model.fit`` would do the same, but spends 2.7 times the CPU time on it: with some hundred clips per epoch nearly all
of its time goes into starting a data pipeline for each epoch and validation (115 against 43 ms on the demo's size).
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import keras
import numpy as np
from tqdm import tqdm

from earmark.config import TrainParams
from earmark.errors import EarmarkError
from earmark.models.dataset import Part, TrainingData

Metrics = dict[str, float]
OPTIMIZERS = {"adam": keras.optimizers.Adam, "rmsprop": keras.optimizers.RMSprop, "sgd": keras.optimizers.SGD}


@dataclass
class Course:
    """How a training went: metrics by epoch, which epoch's weights the model now has, and why it ended."""

    history: list[Metrics] = field(default_factory=list)
    best_epoch: int = -1
    stopped: Literal["epochs", "early", "diverged"] = "epochs"
    seconds: float = 0.0

    @property
    def best(self) -> Metrics:
        """Metrics of the epoch whose weights were kept."""
        return self.history[self.best_epoch]


def compiled(model: keras.Model, params: TrainParams) -> keras.Model:
    """``model`` with optimizer, loss and accuracy set.

    XLA does not pay for networks of this size on a CPU under TensorFlow (compiling takes longer than training); JAX
    needs it.
    """
    model.compile(
        optimizer=OPTIMIZERS[params.optimizer](params.learning_rate),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
        jit_compile=keras.backend.backend() == "jax",
    )
    return model


def fit(
    model: keras.Model, data: TrainingData, params: TrainParams, on_epoch: Callable[[int, Metrics], None]
) -> Course:
    """Train the compiled ``model`` on pooled vectors; afterwards it has the weights of the lowest validation loss.

    Call ``keras.utils.set_random_seed`` before building the model. Raises EarmarkError if the first epoch diverges.
    """
    course, weights, start = Course(), model.get_weights(), time.monotonic()
    order = np.random.default_rng(params.seed)
    with tqdm(range(params.epochs), "train", unit="epoch", disable=None, mininterval=1) as epochs:
        for epoch in epochs:
            metrics = run_epoch(model, data, order.permutation(len(data.train)), params.batch_size)
            course.history.append(metrics)
            on_epoch(epoch, metrics)
            if not all(map(math.isfinite, metrics.values())):
                course.stopped = "diverged"
                break
            if course.best_epoch < 0 or metrics["val_loss"] < course.best["val_loss"]:
                course.best_epoch, weights = epoch, model.get_weights()
            elif params.early_stopping and epoch - course.best_epoch >= params.early_stopping:
                course.stopped = "early"
                break
            epochs.set_postfix(val_accuracy=f"{metrics['val_accuracy']:.3f}", refresh=False)
    _refuse_hopeless(course, params)
    model.set_weights(weights)
    course.seconds = time.monotonic() - start
    return course


def run_epoch(model: keras.Model, data: TrainingData, order: np.ndarray, batch_size: int) -> Metrics:
    """One pass over the training clips in ``order``, then the validation: the columns of history.csv."""
    rate = float(keras.ops.convert_to_numpy(model.optimizer.learning_rate))
    model.reset_metrics()
    logs: dict[str, Any] = {}
    for first in range(0, len(order), batch_size):
        chosen = order[first : first + batch_size]
        logs = model.train_on_batch(data.train.vectors[chosen], data.train.classes[chosen], return_dict=True)
    val = score(model, data.val)
    return {
        "loss": float(logs["loss"]),
        "accuracy": float(logs["accuracy"]),
        "val_loss": val["loss"],
        "val_accuracy": val["accuracy"],
        "learning_rate": rate,
    }


def score(model: keras.Model, part: Part) -> Metrics:
    """Accuracy and loss of the compiled ``model`` on a split, dropout off."""
    model.reset_metrics()
    logs = model.test_on_batch(part.vectors, part.classes, return_dict=True)
    return {"accuracy": float(logs["accuracy"]), "loss": float(logs["loss"])}


def _refuse_hopeless(course: Course, params: TrainParams) -> None:
    if course.best_epoch < 0:
        raise EarmarkError(
            f"train: the loss is not a number from the first epoch on; learning_rate {params.learning_rate:g} is "
            "probably too high (with standardise: false, also look at the size of the features)"
        )
