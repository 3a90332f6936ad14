"""The content of ``metrics.json``: every figure of an evaluation, with intervals, baselines and digests."""

from __future__ import annotations

from typing import Any

import numpy as np

from earmark.config import Params
from earmark.evaluation import metrics
from earmark.evaluation.baselines import majority, random_answers
from earmark.evaluation.bootstrap import Bootstrap, groups_of, interval
from earmark.evaluation.material import Material
from earmark.evaluation.metrics import rounded
from earmark.evaluation.predictions import Answers, Predictions
from earmark.splits import EXTERNAL

INTERVALS = ("accuracy", "balanced_accuracy", "macro_f1")
"""Scores that get a confidence interval."""


def scorecard(params: Params, material: Material, answers: Answers, model_key: str) -> dict[str, Any]:
    """All metrics as JSON-serialisable values; splits without a clip are left out. Shape: docs of ``metrics.json``.

    ``per_class`` is a list, not a mapping: DVC's tables take every number under a mapping as a column of its own.
    """
    splits = {split: _of_split(params, answers.head.of(split)) for split in material.judged}
    external = {split.removeprefix(EXTERNAL): splits[split] for split in splits if split.startswith(EXTERNAL)}
    return {
        "task": params.task,
        "n_classes": len(answers.head.labels),
        **{split: splits[split] for split in ("test", "unseen", "val") if split in splits},
        **({"external": external} if external else {}),
        "baselines": _baselines(params, material, answers),
        "quarantined": len(material.quarantine),
        **({"synthetic": material.leaks["synthetic"]["clips"]} if "synthetic" in material.leaks else {}),
        "leaks": str(material.leaks["verdict"]),
        "params_digest": params.digest(),
        "data_digest": material.digest,
        "model_key": model_key,
    }


def _of_split(params: Params, predictions: Predictions) -> dict[str, Any]:
    truth, predicted = predictions.truth, predictions.predicted
    found = metrics.summary(truth, predictions.probabilities)
    speakers = {row["speaker"] for row in predictions.rows} - {None}
    return {
        "n": found.pop("n"),
        "speakers": len(speakers),
        **found,
        **_ci95(_replicates(params, predictions)),
        "per_class": metrics.per_class(truth, predicted, predictions.labels),
    }


def _baselines(params: Params, material: Material, answers: Answers) -> dict[str, Any]:
    """Random answers, the majority class, and logistic regression with interval and the model's ``gain`` (paired)."""
    head, reference = answers.head.of("test"), answers.reference.of("test")
    training = [row["label"] for row in material.of("train")]
    constant = metrics.summary(head.truth, majority(training, head.labels, len(head.rows)))
    drawn = metrics.summary(head.truth, random_answers(len(head.labels), len(head.rows)))
    scores = metrics.summary(head.truth, reference.probabilities)
    ours, theirs = _replicates(params, head), _replicates(params, reference)
    mine = metrics.summary(head.truth, head.probabilities)
    gain = {name: rounded(mine[name] - scores[name]) for name in INTERVALS}
    paired = {name: ours[name] - theirs[name] for name in ours}
    return {
        "random": {name: drawn[name] for name in INTERVALS},
        "majority": {name: constant[name] for name in INTERVALS},
        "logistic_regression": {
            **{name: scores[name] for name in (*INTERVALS, "loss")},
            **_ci95(theirs),
            "gain": {**gain, **_ci95(paired)},
        },
    }


def _replicates(params: Params, predictions: Predictions) -> dict[str, np.ndarray[Any, Any]]:
    """Bootstrap replicates of the scores; empty if the params ask for none."""
    if params.evaluate.bootstrap == 0:
        return {}
    groups = groups_of([row["speaker"] for row in predictions.rows])
    draws = Bootstrap(groups, params.evaluate.bootstrap)
    return draws.replicates(predictions.truth, predictions.predicted, len(predictions.labels))


def _ci95(replicates: dict[str, np.ndarray[Any, Any]]) -> dict[str, Any]:
    return {"ci95": {name: interval(values) for name, values in replicates.items()}} if replicates else {}
