"""What a recipe's run came to, read from the store by the keys of its plan: nothing is computed, nothing is guessed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from earmark import recipes
from earmark.config import Params
from earmark.errors import EarmarkError
from earmark.evaluation import metrics
from earmark.evaluation.baselines import majority, random_answers
from earmark.evaluation.tables import read_history
from earmark.overlay import BASE, merge, stack
from earmark.plan import Plan

Values = Mapping[str, Any]


@dataclass(frozen=True)
class Outcome:
    """``training`` holds ``training.json`` and ``timing.json``, ``history`` the epochs by column, ``judged``
    ``metrics.json``; each is empty where the run has not come so far, and ``missing`` says why."""

    name: str
    params: Params
    training: Values = field(default_factory=dict)
    history: Mapping[str, list[float]] = field(default_factory=dict)
    judged: Values = field(default_factory=dict)
    evaluation: Path | None = None
    missing: str = ""


def values_of(name: str, settings: Values, folder: Path = recipes.FOLDER) -> dict[str, Any]:
    """All values of the recipe ``name`` over ``params.yaml``, with ``settings`` on top."""
    return merge(stack(BASE, [recipes.find(name, folder)]), settings)


def outcome_of(name: str, settings: Values, folder: Path = recipes.FOLDER) -> Outcome:
    """What is in the store of the recipe ``name`` under ``settings``.

    Raises EarmarkError for a recipe that does not exist or does not validate.
    """
    plan = Plan.of(values_of(name, settings, folder))
    empty = Outcome(name, plan.params)
    if not plan.recordings.root.exists():
        return replace(empty, missing=f"no data: {plan.params.data.root}")
    try:
        if not plan.is_prepared:
            return replace(empty, missing="not run")
    except EarmarkError as error:
        return replace(empty, missing=f"no data: {error}")
    if not (plan.model / "training.json").is_file():
        return replace(empty, missing="not trained")
    training = {**_json(plan.model / "training.json"), **_json(plan.model / "timing.json")}
    trained = replace(empty, training=training, history=read_history(plan.model / "history.csv"))
    if not (plan.evaluation / "metrics.json").is_file():
        return replace(trained, missing="not judged")
    return replace(trained, judged=_json(plan.evaluation / "metrics.json"), evaluation=plan.evaluation)


def of_baseline(outcome: Outcome, kind: str) -> Outcome:
    """The same test clips answered at ``random`` or always with the ``majority`` class, as in the report.

    A judgement without the model's training and parameters, which such answers do not have.
    """
    if outcome.evaluation is None:
        return replace(outcome, training={}, history={})
    rows = pq.read_table(outcome.evaluation / "predictions.parquet", columns=["split", "label"]).to_pylist()
    counts: Mapping[str, int] = outcome.training["clips"]["train"]
    labels, test = sorted(counts), [row["label"] for row in rows if row["split"] == "test"]
    known = [label for label, count in counts.items() for _ in range(count)]
    answers = random_answers(len(labels), len(test)) if kind == "random" else majority(known, labels, len(test))
    truth = np.array([labels.index(label) for label in test], np.int64)
    scores = metrics.summary(truth, answers)
    scores["per_class"] = metrics.per_class(truth, answers.argmax(axis=1), labels)
    return replace(outcome, training={}, history={}, judged={"test": scores})


def _json(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text(encoding="utf-8")))
