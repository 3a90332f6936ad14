"""The report: what a model can do, and whether that may be believed, on one page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import yaml

from earmark.config import Params
from earmark.evaluation import page, pictures
from earmark.evaluation.findings import Finding
from earmark.evaluation.material import Material
from earmark.evaluation.page import Bar, Figures
from earmark.evaluation.predictions import Predictions
from earmark.provenance import Provenance

WORST = 12
"""Errors listed, the most confident first."""

SCORES = {
    "accuracy": "Accuracy",
    "balanced_accuracy": "Balanced accuracy",
    "macro_f1": "Macro F1",
    "roc_auc": "ROC AUC",
    "loss": "Loss, nats",
    "ece": "Calibration error",
}
"""Metrics of the table of splits and their headings."""


@dataclass(frozen=True)
class Report:
    """Everything the page tells: params, material, training, metrics, predictions, confound probes and findings."""

    params: Params
    material: Material
    training: dict[str, Any]
    metrics: dict[str, Any]
    predictions: Predictions
    confounds: dict[str, Any]
    findings: list[Finding]


def render(report: Report, figures: Figures, provenance: Provenance) -> str:
    """The page as HTML text; figures are embedded, each in a light and a dark version."""
    labels = report.predictions.labels
    return page.render(
        "report.html",
        report=report,
        metrics=report.metrics,
        labels=labels,
        chance=1 / len(labels),
        bars=headline(report.metrics),
        scores=SCORES,
        splits=judged(report.metrics),
        leaks=report.material.leaks,
        leak_rows=page.leak_rows(report.material.leaks),
        probes=probe_bars(report.confounds, report.metrics),
        composition=report.material.composition(),
        errors=confident_errors(report.predictions),
        figures=page.embedded(figures),
        drawn_how=pictures.caption(report.params.features),
        params_yaml=yaml.safe_dump(report.params.plain(), sort_keys=False, allow_unicode=True),
        provenance=asdict(provenance),
    )


def judged(metrics: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The scores of each set in words, the test set first."""
    names = {"test": "test", "unseen": "unseen", "val": "validation (chose the epoch)"}
    own = {words: metrics[split] for split, words in names.items() if split in metrics}
    return own | {f"external: {name}": scores for name, scores in metrics.get("external", {}).items()}


def headline(metrics: Mapping[str, Any]) -> list[Bar]:
    """Balanced accuracy of the model on the test set, against the baselines and chance."""
    bars = [_bar("this model", metrics["test"], ours=True)]
    if "unseen" in metrics:
        bars.append(_bar("this model, unseen set", metrics["unseen"], ours=True))
    bars += [_bar(f"this model, {name}", scores, ours=True) for name, scores in metrics.get("external", {}).items()]
    bars.append(_bar("logistic regression", metrics["baselines"]["logistic_regression"]))
    bars.append(_bar("most frequent class", metrics["baselines"]["majority"]))
    return bars


def probe_bars(confounds: Mapping[str, Any], metrics: Mapping[str, Any]) -> list[Bar]:
    """The confound probes below the model, best first."""
    return [_bar("this model", metrics["test"], ours=True), *page.probe_bars(confounds)]


def _bar(name: str, scores: Mapping[str, Any], ours: bool = False) -> Bar:
    return Bar(name, scores["balanced_accuracy"], scores.get("ci95", {}).get("balanced_accuracy"), ours)


def confident_errors(predictions: Predictions) -> list[dict[str, Any]]:
    """The wrong answers to test clips that the model was surest of: manifest row, predicted class, confidence."""
    test = predictions.of("test")
    confidence = test.probabilities.max(axis=1)
    wrong = [i for i, answer in enumerate(test.predicted) if answer != test.truth[i]]
    wrong.sort(key=lambda i: (-confidence[i], test.rows[i]["clip_id"]))
    return [
        {**test.rows[i], "predicted": test.labels[test.predicted[i]], "confidence": float(confidence[i])}
        for i in wrong[:WORST]
    ]
