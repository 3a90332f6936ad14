"""The measures that a table can show, each with its heading and where in a run's outcome it is found.

Train and validation figures are those of the epoch whose weights were kept, as Keras logs them: training with dropout.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from earmark.comparison.outcome import Outcome

Value = float | int | str | None
"""None: the run does not have it."""


@dataclass(frozen=True)
class Measure:
    """``read`` takes an outcome that is there, ``digits`` are decimals (None: a whole number or text).

    ``needs_network``: it is counted in the network itself, which is built for it, not read from a run.
    """

    heading: str
    read: Callable[[Outcome], Value] | None
    digits: int | None = 3
    needs_network: bool = False

    def text(self, value: Value) -> str:
        """The value as a person reads it."""
        if value is None:
            return "–"
        if isinstance(value, str):
            return value
        return f"{value:,}" if self.digits is None else f"{value:.{self.digits}f}"


def _judged(split: str, name: str) -> Callable[[Outcome], Value]:
    return lambda outcome: outcome.judged.get(split, {}).get(name)


def _macro(name: str) -> Callable[[Outcome], Value]:
    """Mean over the classes of the test set."""

    def read(outcome: Outcome) -> Value:
        rows = outcome.judged.get("test", {}).get("per_class", [])
        return float(np.mean([row[name] for row in rows])) if rows else None

    return read


def _interval(outcome: Outcome) -> Value:
    low_high = outcome.judged.get("test", {}).get("ci95", {}).get("accuracy")
    return f"{low_high[0]:.3f}–{low_high[1]:.3f}" if low_high else None


def _external(name: str) -> Callable[[Outcome], Value]:
    """Mean over the external test sets."""

    def read(outcome: Outcome) -> Value:
        found = [scores[name] for scores in outcome.judged.get("external", {}).values()]
        return float(np.mean(found)) if found else None

    return read


def _epoch(column: str, first: bool = False) -> Callable[[Outcome], Value]:
    """A column of the history in the first epoch, or in the one whose weights were kept."""

    def read(outcome: Outcome) -> Value:
        values = outcome.history.get(column)
        return values[0 if first else int(outcome.training["best_epoch"])] if values else None

    return read


def _trained(name: str) -> Callable[[Outcome], Value]:
    return lambda outcome: outcome.training.get(name)


def _sizes(count: Callable[[Mapping[str, Any]], int]) -> Callable[[Outcome], Value]:
    return lambda outcome: count(outcome.training["parameters"]) if "parameters" in outcome.training else None


MEASURES: dict[str, Measure] = {
    "accuracy": Measure("accuracy", _judged("test", "accuracy")),
    "balanced_accuracy": Measure("balanced accuracy", _judged("test", "balanced_accuracy")),
    "precision": Measure("precision", _macro("precision")),
    "recall": Measure("recall", _macro("recall")),
    "f1": Measure("F1", _macro("f1")),
    "interval": Measure("95 % of accuracy", _interval),
    "unseen_accuracy": Measure("unseen accuracy", _judged("unseen", "accuracy")),
    "external_accuracy": Measure("accuracy elsewhere", _external("accuracy")),
    "external_balanced_accuracy": Measure("balanced accuracy elsewhere", _external("balanced_accuracy")),
    "clips": Measure("test clips", _judged("test", "n"), None),
    "speakers": Measure("test speakers", _judged("test", "speakers"), None),
    "leaks": Measure("splits", lambda outcome: outcome.judged.get("leaks")),
    "train_accuracy": Measure("train accuracy", _epoch("accuracy"), 4),
    "train_loss": Measure("train loss", _epoch("loss"), 4),
    "val_accuracy": Measure("val accuracy", _epoch("val_accuracy"), 4),
    "val_loss": Measure("val loss", _epoch("val_loss"), 4),
    "first_train_accuracy": Measure("train accuracy, epoch 1", _epoch("accuracy", first=True), 4),
    "first_train_loss": Measure("train loss, epoch 1", _epoch("loss", first=True), 4),
    "first_val_accuracy": Measure("val accuracy, epoch 1", _epoch("val_accuracy", first=True), 4),
    "first_val_loss": Measure("val loss, epoch 1", _epoch("val_loss", first=True), 4),
    "epochs": Measure("epochs", _trained("epochs"), None),
    "seconds": Measure("training, s", _trained("seconds"), 2),
    "parameters": Measure("parameters", _sizes(lambda sizes: sizes["head"] + sizes["backbone"]), None),
    "trainable": Measure("trainable", _sizes(lambda sizes: sizes["trainable"]), None),
    "non_trainable": Measure(
        "non-trainable", _sizes(lambda sizes: sizes["head"] + sizes["backbone"] - sizes["trainable"]), None
    ),
    "image": Measure("image", None, None, needs_network=True),
    "network_parameters": Measure("parameters", None, None, needs_network=True),
    "network_trainable": Measure("trainable", None, None, needs_network=True),
    "network_non_trainable": Measure("non-trainable", None, None, needs_network=True),
    "macs": Measure("multiply-accumulates", None, None, needs_network=True),
}
