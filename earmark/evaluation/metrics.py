"""Figures of merit of a classifier, computed from class probabilities with plain numpy.

Shapes: ``truth`` (n,) int class indices; ``probabilities`` (n, k) float, rows summing to 1. All results are Python
floats rounded to ``DIGITS``, so that a metrics file does not change with the last bit of a matrix product.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float64]
Ints: TypeAlias = npt.NDArray[np.int64]

DIGITS = 6
"""Decimal places kept in metrics files."""

SMALLEST_PROBABILITY = 1e-7
"""Probabilities are clipped here before the logarithm; the value of ``keras.config.epsilon()``."""

CALIBRATION_BINS = 15
"""Bins of equal width over the confidence, as in Guo et al. 2017, "On Calibration of Modern Neural Networks"."""

ROC_POINTS = 101
"""False-positive rates 0, 0.01 … 1 at which the curves of all classes are read, so that they can be averaged."""


def rounded(value: float) -> float:
    """``value`` as a Python float with ``DIGITS`` decimal places."""
    return round(float(value), DIGITS)


def confusion_matrix(truth: Ints, predicted: Ints, k: int) -> Ints:
    """Counts (k, k): row = true class, column = predicted class."""
    return np.bincount(truth * k + predicted, minlength=k * k).reshape(k, k)


def scores(hits: Floats, true: Floats, predicted: Floats) -> dict[str, Floats]:
    """Accuracy, balanced accuracy and macro F1 from counts per class, each (..., k); the results are (...).

    ``hits`` are right answers, ``true`` clips, ``predicted`` answers of each class. Classes without a clip do not count
    towards the averages, as in scikit-learn's ``balanced_accuracy_score``.
    """
    present = true > 0
    classes = present.sum(axis=-1)
    recall = np.divide(hits, true, out=np.zeros_like(hits), where=present)
    f1 = np.divide(2 * hits, true + predicted, out=np.zeros_like(hits), where=present)
    return {
        "accuracy": hits.sum(axis=-1) / true.sum(axis=-1),
        "balanced_accuracy": recall.sum(axis=-1) / classes,
        "macro_f1": f1.sum(axis=-1) / classes,
    }


def summary(truth: Ints, probabilities: Floats) -> dict[str, Any]:
    """All figures of one set of clips: n, the three scores, cross-entropy ``loss`` (nats), ``ece`` and ``roc_auc``."""
    counts = confusion_matrix(truth, probabilities.argmax(axis=1), probabilities.shape[1]).astype(float)
    found = scores(counts.diagonal(), counts.sum(axis=1), counts.sum(axis=0))
    return {
        "n": len(truth),
        **{name: rounded(float(value)) for name, value in found.items()},
        "loss": rounded(cross_entropy(truth, probabilities)),
        "ece": rounded(expected_calibration_error(truth, probabilities)),
        "roc_auc": rounded(macro_auc(truth, probabilities)),
    }


def per_class(truth: Ints, predicted: Ints, labels: Sequence[str]) -> list[dict[str, Any]]:
    """One record per class: label, n, precision, recall, f1 (0 where undefined)."""
    counts = confusion_matrix(truth, predicted, len(labels))
    hits, true, answers = counts.diagonal(), counts.sum(axis=1), counts.sum(axis=0)
    return [
        {
            "label": label,
            "n": int(true[i]),
            "precision": rounded(hits[i] / max(answers[i], 1)),
            "recall": rounded(hits[i] / max(true[i], 1)),
            "f1": rounded(2 * hits[i] / max(true[i] + answers[i], 1)),
        }
        for i, label in enumerate(labels)
    ]


def cross_entropy(truth: Ints, probabilities: Floats) -> float:
    """Mean negative log-likelihood of the true classes, nats."""
    own = probabilities[np.arange(len(truth)), truth]
    return float(-np.log(np.clip(own, SMALLEST_PROBABILITY, 1)).mean())


def calibration(truth: Ints, probabilities: Floats) -> list[dict[str, float]]:
    """Per occupied bin of the confidence: ``lower`` edge, mean ``confidence``, ``accuracy``, ``count`` of clips."""
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == truth
    bins = np.minimum((confidence * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    return [
        {
            "lower": rounded(i / CALIBRATION_BINS),
            "confidence": rounded(confidence[bins == i].mean()),
            "accuracy": rounded(right[bins == i].mean()),
            "count": int((bins == i).sum()),
        }
        for i in np.unique(bins)
    ]


def expected_calibration_error(truth: Ints, probabilities: Floats) -> float:
    """Mean distance between confidence and accuracy, weighted by clips (Guo et al. 2017, equation 3)."""
    bins = calibration(truth, probabilities)
    return sum(b["count"] * abs(b["accuracy"] - b["confidence"]) for b in bins) / len(truth)


def roc_curve(positive: npt.NDArray[np.bool_], score: Floats) -> tuple[Floats, Floats]:
    """False- and true-positive rates as the threshold falls, from (0, 0) to (1, 1), one point per distinct score."""
    order = np.argsort(-score, kind="stable")
    last_of_ties = np.append(np.flatnonzero(np.diff(score[order])), len(score) - 1)
    true_positives = np.cumsum(positive[order])[last_of_ties]
    false_positives = last_of_ties + 1 - true_positives
    rates = (false_positives / max(false_positives[-1], 1), true_positives / max(true_positives[-1], 1))
    return np.append(0.0, rates[0]), np.append(0.0, rates[1])


def roc_grid(truth: Ints, probabilities: Floats) -> dict[int, Floats]:
    """True-positive rate of each class against the rest at ``ROC_POINTS`` even false-positive rates.

    A class that has no clip, or every clip, has no curve.
    """
    grid = np.linspace(0, 1, ROC_POINTS)
    curves = {}
    for i in _separable(truth, probabilities.shape[1]):
        false_rate, true_rate = roc_curve(truth == i, probabilities[:, i])
        upper = np.searchsorted(false_rate, grid, side="right") - 1
        curves[i] = true_rate[upper]
    return curves


def macro_auc(truth: Ints, probabilities: Floats) -> float:
    """Mean over classes of the area under the one-against-rest ROC curve; 0.5 where no class can be separated."""
    curves = [roc_curve(truth == i, probabilities[:, i]) for i in _separable(truth, probabilities.shape[1])]
    return float(np.mean([np.trapezoid(hit, false) for false, hit in curves])) if curves else 0.5


def _separable(truth: Ints, k: int) -> list[int]:
    counts = np.bincount(truth, minlength=k)
    return [i for i in range(k) if 0 < counts[i] < len(truth)]
