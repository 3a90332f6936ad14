"""What folds and grids came to, as tables: one line per member, and the spread over all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from earmark.evaluation.metrics import rounded
from earmark.evaluation.tables import write_csv
from earmark.naming import text_of
from earmark.sweeps.members import Outcome
from earmark.tracking import ParentRun

SCORES = ("balanced_accuracy", "accuracy", "macro_f1", "roc_auc", "loss")
SPLITS = ("test", "val", "unseen")


def names_of(outcomes: Sequence[Outcome]) -> list[str]:
    """The params that are varied."""
    return list(dict.fromkeys(name for outcome in outcomes for name in outcome.member.overrides))


def write_members(path: Path, outcomes: Sequence[Outcome]) -> None:
    """One line per member: params, scores of the splits that were judged, the test's interval, run, model, error."""
    names = names_of(outcomes)
    scores = [(split, score) for split in _splits(outcomes) for score in SCORES]
    header = [*names, *(f"{split}_{score}" for split, score in scores), "test_n"]
    header += ["test_balanced_accuracy_low", "test_balanced_accuracy_high", "run_id", "model_key", "error"]
    write_csv(path, header, (_line(outcome, names, scores) for outcome in outcomes))


def _line(outcome: Outcome, names: Sequence[str], scores: Sequence[tuple[str, str]]) -> list[Any]:
    overrides, test = outcome.member.overrides, (outcome.metrics or {}).get("test", {})
    low, high = test.get("ci95", {}).get("balanced_accuracy", (None, None))
    params = [text_of(overrides[name]) if name in overrides else "" for name in names]
    figures = [outcome.figure(split, score) for split, score in scores]
    return [*params, *figures, test.get("n"), low, high, outcome.run_id, model_key(outcome), outcome.error]


def model_key(outcome: Outcome) -> str | None:
    """Key of a member's model, if it has one."""
    return None if outcome.metrics is None else str(outcome.metrics["model_key"])


def rows(outcomes: Sequence[Outcome]) -> list[dict[str, Any]]:
    """The members as JSON-serialisable facts."""
    return [
        {
            "name": outcome.member.name,
            "params": dict(outcome.member.overrides),
            "run_id": outcome.run_id,
            "model_key": model_key(outcome),
            "error": outcome.error,
            **{split: {s: outcome.figure(split, s) for s in SCORES} for split in _splits(outcomes) if outcome.metrics},
        }
        for outcome in outcomes
    ]


def spread(outcomes: Sequence[Outcome]) -> dict[str, dict[str, dict[str, float]]]:
    """Split → score → mean, sd (of the sample), min, max and n over the members that were judged."""
    return {
        split: {score: _spread(values) for score in SCORES if (values := values_of(outcomes, split, score))}
        for split in _splits(outcomes)
    }


def values_of(outcomes: Sequence[Outcome], split: str, score: str) -> list[float]:
    """A figure of all members that have it."""
    return [value for outcome in outcomes if (value := outcome.figure(split, score)) is not None]


def as_metrics(found: Mapping[str, Mapping[str, Mapping[str, float]]]) -> dict[str, float]:
    """The means under the names that single runs have (``test/accuracy``), deviations as ``test/accuracy.sd``."""
    figures = {}
    for split, scores in found.items():
        for score, values in scores.items():
            figures[f"{split}/{score}"] = values["mean"]
            figures[f"{split}/{score}.sd"] = values["sd"]
    return figures


def table(outcomes: Sequence[Outcome], parent: ParentRun) -> list[str]:
    """Markdown lines: each member with its balanced accuracy on validation and test clips, linked to its run."""
    lines = ["| balanced accuracy of | validation | test | |", "| --- | --- | --- | --- |"]
    for outcome in outcomes:
        link = parent.link(outcome.run_id, outcome.member.name) if outcome.run_id else outcome.member.name
        val, test = (outcome.figure(split, "balanced_accuracy") for split in ("val", "test"))
        told = (outcome.error or "").partition("\n")[0]
        lines.append(f"| {link} | {_shown(val)} | {_shown(test)} | {told} |")
    return lines


def _shown(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"


def _spread(values: Sequence[float]) -> dict[str, float]:
    deviation = stdev(values) if len(values) > 1 else 0.0
    found = {"mean": fmean(values), "sd": deviation, "min": min(values), "max": max(values)}
    return {name: rounded(value) for name, value in found.items()} | {"n": len(values)}


def _splits(outcomes: Sequence[Outcome]) -> list[str]:
    return [split for split in SPLITS if any(split in (outcome.metrics or {}) for outcome in outcomes)]
