"""The report: one HTML page that stands alone (no network, no script), for a phone or a desk, by day or by night."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

import yaml

from earmark.config import Params
from earmark.evaluation.findings import Finding
from earmark.evaluation.material import Material
from earmark.evaluation.predictions import Predictions
from earmark.provenance import Provenance

if TYPE_CHECKING:
    from jinja2 import Template

Figures: TypeAlias = Mapping[str, Mapping[str, bytes]]
"""PNG bytes of each figure by its name and its theme's name."""

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
    """Everything the page tells: params, material, summary of the training, metrics, predictions and findings."""

    params: Params
    material: Material
    training: dict[str, Any]
    metrics: dict[str, Any]
    predictions: Predictions
    findings: list[Finding]


@dataclass(frozen=True)
class Bar:
    """A classifier in the headline chart: name, score 0..1, interval if known, and whether it is the model judged."""

    name: str
    value: float
    interval: list[float] | None
    ours: bool = False


def render(report: Report, figures: Figures, provenance: Provenance) -> str:
    """The page as HTML text; figures are embedded, each in a light and a dark version."""
    page: str = _template().render(
        report=report,
        metrics=report.metrics,
        labels=report.predictions.labels,
        bars=headline(report.metrics),
        scores=SCORES,
        splits=[split for split in ("test", "unseen", "val") if split in report.metrics],
        composition=report.material.composition(),
        errors=confident_errors(report.predictions),
        figures={name: {theme: _embed(image) for theme, image in both.items()} for name, both in figures.items()},
        params_yaml=yaml.safe_dump(report.params.plain(), sort_keys=False, allow_unicode=True),
        provenance=asdict(provenance),
    )
    return page


def headline(metrics: Mapping[str, Any]) -> list[Bar]:
    """Balanced accuracy of the model on the test set, against the baselines and chance."""
    bars = [_bar("this model", metrics["test"], ours=True)]
    if "unseen" in metrics:
        bars.append(_bar("this model, unseen set", metrics["unseen"], ours=True))
    bars.append(_bar("logistic regression", metrics["baselines"]["logistic_regression"]))
    bars.append(_bar("most frequent class", metrics["baselines"]["majority"]))
    return bars


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


def _embed(image: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(image).decode()


@cache
def _template() -> Template:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("earmark.evaluation", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["percent"] = lambda share, places=1: f"{100 * share:.{places}f} %"
    return environment.get_template("report.html")
