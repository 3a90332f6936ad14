"""The data behind the plots as CSV files, in the shapes that ``dvc plots`` draws and compares between experiments."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from earmark.evaluation import metrics
from earmark.evaluation.predictions import Predictions


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write ``rows`` under ``header``, lines ending in a plain newline."""
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def confusion(path: Path, predictions: Predictions) -> None:
    """One line per clip: actual, predicted (DVC's ``confusion`` template counts them)."""
    answers = (predictions.labels[i] for i in predictions.predicted)
    write_csv(path, ["actual", "predicted"], zip((row["label"] for row in predictions.rows), answers, strict=True))


def roc(path: Path, predictions: Predictions) -> None:
    """One-against-rest ROC curves: fpr, tpr (mean over classes), and one column ``tpr_<class>`` per class."""
    curves = metrics.roc_grid(predictions.truth, predictions.probabilities)
    names = [f"tpr_{predictions.labels[i]}" for i in curves]
    grid = np.linspace(0, 1, metrics.ROC_POINTS)
    lines = np.array([*curves.values()] or [grid])
    table = np.round(np.column_stack([grid, lines.mean(axis=0), *lines]), metrics.DIGITS)
    write_csv(path, ["fpr", "tpr", *names], table[:, : 2 + len(names)].tolist())


def calibration(path: Path, bins: Sequence[Mapping[str, float]]) -> None:
    """One line per occupied bin: its lower edge, mean confidence, accuracy, count of clips."""
    header = ["lower", "confidence", "accuracy", "count"]
    write_csv(path, header, ([b[name] for name in header] for b in bins))


def read_history(path: Path) -> dict[str, list[float]]:
    """Columns of a model folder's ``history.csv``: epoch (from 0), loss, accuracy and their validation twins, …"""
    with path.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    return {name: [float(row[name]) for row in rows] for name in (rows[0] if rows else ())}
