"""What a reader must know before trusting the figures, in plain sentences."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from earmark.evaluation.material import Material

FEW_SPEAKERS = 10
"""Test speakers below which a bootstrap over speakers is known to be too narrow (too few distinct resamples)."""

FEW_CLIPS = 10
"""Test clips of a class below which its recall moves by 10 points or more with one clip."""

MISCALIBRATED = 0.1
"""Expected calibration error from which confidences mislead: on average a tenth too high or too low."""


@dataclass(frozen=True)
class Finding:
    """A sentence and how much it matters: ``good``, ``note`` or ``warn``."""

    level: Literal["good", "note", "warn"]
    text: str


def findings(metrics: dict[str, Any], material: Material, training: dict[str, Any]) -> list[Finding]:
    """All findings about a result, warnings first, then notes, then what is well."""
    parts = [_leaks(material.leaks), _training(training), _gain(metrics), _test_set(metrics["test"]), _losses(material)]
    found = [finding for part in parts for finding in part]
    order = ["warn", "note", "good"]
    return sorted(found, key=lambda finding: order.index(finding.level))


def _leaks(leaks: dict[str, Any]) -> Iterator[Finding]:
    crossing = {kind: found["count"] for kind, found in leaks["crossing"].items() if found["count"]}
    names = {"speaker": "speaker(s)", "sentence": "sentence(s)", "audio": "identical recording(s)"}
    listed = ", ".join(f"{count} {names.get(kind, kind)}" for kind, count in crossing.items())
    if leaks["verdict"] != "clean":
        verdict = f"The splits leak: {listed} in more than one of train, validation and test."
        yield Finding("warn", f"{verdict} The figures flatter the model: part of the test material is known to it.")
    elif listed:
        yield Finding("note", f"{listed} in more than one split; split by {leaks['split_by']}, this is no leak.")
    else:
        yield Finding("good", "No speaker, sentence or recording occurs in more than one split.")


def _training(training: dict[str, Any]) -> Iterator[Finding]:
    for warning in training["warnings"]:
        yield Finding("warn", f"Training: {warning}")
    if training["stopped"] == "epochs" and training["best_epoch"] == training["epochs"] - 1:
        yield Finding("note", f"Training was still improving in the last of its {training['epochs']} epochs.")


def _gain(metrics: dict[str, Any]) -> Iterator[Finding]:
    """Whether the head is better than the simpler classifiers that need no training of a network."""
    test, baselines = metrics["test"], metrics["baselines"]
    if test["balanced_accuracy"] <= baselines["majority"]["balanced_accuracy"]:
        yield Finding("warn", "The model is no better than always answering the most frequent class.")
    gain = baselines["logistic_regression"]["gain"]
    points = f"{100 * gain['balanced_accuracy']:+.1f} points of balanced accuracy"
    low, high = gain.get("ci95", {}).get("balanced_accuracy", (None, None))
    if high is not None and high < 0:
        yield Finding("warn", f"Logistic regression on the same features is better ({points} for this model).")
    elif low is not None and low <= 0:
        yield Finding("note", f"Not distinguishable from logistic regression on the same features ({points}).")
    elif low is not None:
        yield Finding("good", f"Better than logistic regression on the same features ({points}).")


def _test_set(test: dict[str, Any]) -> Iterator[Finding]:
    if test["speakers"] == 0:
        unknown = "The speakers of the test clips are unknown: nobody can check that no voice crosses the splits"
        yield Finding("warn", f"{unknown}, and the intervals resample clips, which is too narrow where voices repeat.")
    elif test["speakers"] < FEW_SPEAKERS:
        yield Finding("warn", f"Only {test['speakers']} speakers in the test set: its intervals are too narrow.")
    small = [f"{row['label']} ({row['n']})" for row in test["per_class"] if row["n"] < FEW_CLIPS]
    if small:
        yield Finding("warn", f"Few test clips of {', '.join(small)}: their figures are uncertain.")
    if test["ece"] > MISCALIBRATED:
        yield Finding("note", f"Confidences are off by {100 * test['ece']:.0f} points on average; see the calibration.")


def _losses(material: Material) -> Iterator[Finding]:
    if material.quarantine:
        reasons = ", ".join(f"{n} {reason}" for reason, n, _ in material.quarantine_reasons())
        yield Finding("note", f"{len(material.quarantine)} recording(s) in quarantine, not used: {reasons}.")
    filtered = {rule: n for rule, n in material.leaks.get("filtered", {}).items() if n}
    if filtered:
        listed = ", ".join(f"{rule} {n}" for rule, n in filtered.items())
        yield Finding("note", f"Selection rules left clips out: {listed}.")
