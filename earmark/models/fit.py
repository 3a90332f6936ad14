"""The epochs: gradient steps over shuffled clips or windows, the best weights kept, a stop without improvement.

``Model.fit`` would do the same, but spends 2.7 times the CPU time on it: with some hundred clips per epoch nearly all
of its time goes into starting a data pipeline for each epoch and validation (115 against 43 ms on the demo's size).
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import keras
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from earmark.config import TrainParams
from earmark.errors import EarmarkError
from earmark.models.dataset import Part, TrainingData
from earmark.models.optimiser import optimiser
from earmark.models.schedule import rate

Metrics = dict[str, float]
Lesson = tuple[NDArray[Any], NDArray[Any], NDArray[Any] | None]
"""Inputs, targets and weights of the examples of one step."""


@dataclass
class Course:
    """How a training went: metrics and wall-clock time (s) by epoch, whose weights the model now has, why it ended."""

    history: list[Metrics] = field(default_factory=list)
    best_epoch: int = -1
    stopped: Literal["epochs", "early", "diverged"] = "epochs"
    seconds: list[float] = field(default_factory=list)

    def add(self, metrics: Metrics, started: float) -> None:
        """Note an epoch that ``started`` then (``time.monotonic``) and has just ended."""
        self.history.append(metrics)
        self.seconds.append(time.monotonic() - started)

    @property
    def best(self) -> Metrics:
        """Metrics of the epoch whose weights were kept."""
        return self.history[self.best_epoch]

    def timing(self) -> dict[str, float]:
        """What timing.json says, s; the first epoch is told apart, as the network is compiled in it."""
        first, *others = self.seconds
        mean = sum(others) / len(others) if others else first
        times = {"seconds": first + sum(others), "first_epoch_seconds": first, "epoch_seconds": mean}
        return {name: round(value, 3) for name, value in times.items()}


def compiled(model: keras.Model, params: TrainParams) -> keras.Model:
    """``model`` with optimizer, loss and accuracy set.

    XLA does not pay for networks of this size on a CPU under TensorFlow (compiling takes longer than training); JAX
    needs it.
    """
    model.compile(
        optimizer=optimiser(params),
        loss="sparse_categorical_crossentropy" if is_plain(params) else loss(params),
        metrics=["accuracy"],
        jit_compile=keras.backend.backend() == "jax",
    )
    return model


def is_plain(params: TrainParams) -> bool:
    """Whether class numbers are targets enough: softmax cross-entropy, each example in its one class."""
    return params.loss == "categorical" and not params.label_smoothing


def loss(params: TrainParams) -> keras.losses.Loss:
    """Cross-entropy of softmax, or of one sigmoid-like answer per class, on one-hot targets."""
    kinds = {"categorical": keras.losses.CategoricalCrossentropy, "binary": keras.losses.BinaryCrossentropy}
    return kinds[params.loss](label_smoothing=params.label_smoothing)


def fit(
    model: keras.Model, data: TrainingData, params: TrainParams, on_epoch: Callable[[int, Metrics], None]
) -> Course:
    """Train the compiled ``model`` on pooled vectors; afterwards it has the weights of the best epoch.

    Call ``keras.utils.set_random_seed`` before building the model. Raises EarmarkError if the first epoch diverges.
    """
    course, weights = Course(), model.get_weights()
    order = np.random.default_rng(params.seed)
    with tqdm(range(params.epochs), "train", unit="epoch", disable=None, mininterval=1) as epochs:
        for epoch in epochs:
            started = time.monotonic()
            metrics = run_epoch(model, data, order.permutation(len(data.train)), params, epoch)
            course.add(metrics, started)
            on_epoch(epoch, metrics)
            if not all(map(math.isfinite, metrics.values())):
                course.stopped = "diverged"
                break
            if is_better(course, params.monitor):
                course.best_epoch, weights = epoch, model.get_weights()
            elif params.early_stopping and epoch - course.best_epoch >= params.early_stopping:
                course.stopped = "early"
                break
            epochs.set_postfix(val_accuracy=f"{metrics['val_accuracy']:.3f}", refresh=False)
    refuse_hopeless(course, params)
    model.set_weights(weights)
    return course


def is_better(course: Course, monitor: str) -> bool:
    """Whether the last epoch is better than the best so far: a lower validation loss, or a higher accuracy."""
    if course.best_epoch < 0:
        return True
    last, best = course.history[-1], course.best
    if monitor == "accuracy" and last["val_accuracy"] != best["val_accuracy"]:
        return last["val_accuracy"] > best["val_accuracy"]
    return last["val_loss"] < best["val_loss"]


def run_epoch(model: keras.Model, data: TrainingData, order: np.ndarray, params: TrainParams, epoch: int) -> Metrics:
    """One pass over the training clips in ``order``, then the validation: the columns of history.csv."""
    steps, learning_rate, logs = math.ceil(len(order) / params.batch_size), params.learning_rate, Mean()
    for step, batch in enumerate(batches(model, data.train, order, params)):
        learning_rate = rate(params.schedule, params.learning_rate, epoch * steps + step, params.epochs * steps)
        logs.add(learn(model, batch, None if params.schedule == "constant" else learning_rate), len(batch[0]))
    val = score(model, data.val, params)
    return {
        **logs.values(),
        "val_loss": val["loss"],
        "val_accuracy": val["accuracy"],
        "learning_rate": learning_rate,
    }


def batches(model: keras.Model, part: Part, order: NDArray[Any], params: TrainParams) -> Iterator[Lesson]:
    """The clips of ``part`` in ``order``: inputs (n, …), targets of ``targets_of``, weights (n,) or None for equal."""
    targets, weights = targets_of(model, part, params), class_weights(part.classes, params.class_weights)
    for first in range(0, len(order), params.batch_size):
        chosen = order[first : first + params.batch_size]
        yield part.vectors[chosen], targets[chosen], None if params.class_weights == "none" else weights[chosen]


def learn(model: keras.Model, batch: Lesson, learning_rate: float | None = None) -> Mapping[str, Any]:
    """One gradient step of the compiled ``model``; loss and accuracy of the batch before it.

    ``learning_rate`` None leaves the optimiser's as it is.
    """
    if learning_rate is not None:
        model.optimizer.learning_rate.assign(learning_rate)
    found: Mapping[str, Any] = model.train_on_batch(*batch, return_dict=True)
    return found


class Mean:
    """Loss and accuracy over batches: Keras forgets what it counted at every ``train_on_batch``."""

    def __init__(self) -> None:
        self._sums, self._count = {"loss": 0.0, "accuracy": 0.0}, 0

    def add(self, logs: Mapping[str, Any], count: int) -> None:
        """The means of a batch of ``count`` examples."""
        self._count += count
        for name in self._sums:
            self._sums[name] += float(logs[name]) * count

    def values(self) -> Metrics:
        """The means of all examples."""
        return {name: total / self._count for name, total in self._sums.items()}


def targets_of(model: keras.Model, part: Part, params: TrainParams) -> NDArray[Any]:
    """Class numbers (n,), or one-hot targets (n, k) where the loss needs them."""
    return part.classes if is_plain(params) else np.eye(model.output_shape[-1], dtype=np.float32)[part.classes]


def class_weights(classes: NDArray[np.int64], kind: str) -> NDArray[np.float32]:
    """Weights (n,): 1 for every example, or such that every class counts the same and the mean is 1."""
    if kind == "none":
        return np.ones(len(classes), np.float32)
    counts = np.bincount(classes)
    return (len(classes) / np.count_nonzero(counts) / counts[classes]).astype(np.float32)


def score(model: keras.Model, part: Part, params: TrainParams) -> Metrics:
    """Accuracy and loss of the compiled ``model`` on a split, dropout off."""
    logs = model.test_on_batch(part.vectors, targets_of(model, part, params), return_dict=True)
    return {"accuracy": float(logs["accuracy"]), "loss": float(logs["loss"])}


def refuse_hopeless(course: Course, params: TrainParams) -> None:
    """Raise EarmarkError if no epoch gave weights that can be used."""
    if course.best_epoch < 0:
        raise EarmarkError(
            "train: the loss is not a number from the first epoch on; learning_rate "
            f"{params.plan()[0].learning_rate:g} is probably too high; `snakemake rates` finds one (with standardise: "
            "false, also look at the size of the features)"
        )
