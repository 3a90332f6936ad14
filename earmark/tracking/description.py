"""A run's description in Markdown: what was learnt from which data, the result, and how to have it again."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from earmark.config import Params

DESCRIPTION_TAG = "mlflow.note.content"


def described(parts: Iterable[str | None]) -> str:
    """The paragraphs that there are, as one text."""
    return "\n\n".join(part for part in parts if part)


def result(metrics: Mapping[str, Any]) -> str:
    """The headline result of ``metrics.json`` beside its baselines, and what is to be known of its splits."""
    baselines, lines = metrics["baselines"], []
    lines.append(
        f"{score(metrics)}; logistic regression {baselines['logistic_regression']['balanced_accuracy']:.1%}, "
        f"most frequent class {baselines['majority']['balanced_accuracy']:.1%}."
    )
    lines.append(f"Splits: {metrics['leaks']}. Quarantined recordings: {metrics['quarantined']}.")
    if "synthetic" in metrics:
        lines.append(f"Learnt from {metrics['synthetic']:,} synthetic clips too.")
    lines.append("The whole report: *Artifacts*, `report/index.html`.")
    return "\n\n".join(lines)


def score(metrics: Mapping[str, Any]) -> str:
    """``**96.2% balanced accuracy** on 160 test clips (95 % interval 90.0% to 100.0%)``."""
    test = metrics["test"]
    low, high = test.get("ci95", {}).get("balanced_accuracy", (None, None))
    interval = "" if low is None else f" (95 % interval {low:.1%} to {high:.1%})"
    return f"**{test['balanced_accuracy']:.1%} balanced accuracy** on {test['n']} test clips{interval}"


def model(params: Params, training: Mapping[str, Any]) -> str:
    """What was trained on what, and for how long; ``training`` is ``training.json``."""
    train, features = params.train, params.features
    how = {"frozen": "frozen", "tune": "tuned", "scratch": "from random weights"}[train.mode]
    size = training.get("parameters", {})
    sizes = f", {size['trainable']:,} parameters learn" if "trainable" in size else ""
    return (
        f"Head `{train.head}` on `{params.backbone.name}` ({how}){sizes}, over {', '.join(features.kinds)} of "
        f"{features.n_mels} bands at {features.sample_rate / 1000:g} kHz. "
        f"{training['epochs']} epochs, of which number {training['best_epoch']} was kept."
    )


def curves(experiment: str, run_id: str) -> str:
    """Links to MLflow's charts of training and validation in one."""
    pairs = {name: [f"epoch/{name}", f"epoch/val_{name}"] for name in ("loss", "accuracy")}
    charts = {**pairs, "learning rate": ["epoch/learning_rate"]}
    links = [f"[{name}](#/metric?{_chart(experiment, run_id, metrics)})" for name, metrics in charts.items()]
    return f"Training and validation by epoch: {', '.join(links)}."


def _chart(experiment: str, run_id: str, metrics: list[str]) -> str:
    """The address of a chart of several metrics, which the pages give only to those who pick them one by one."""
    shown = {"runs": [run_id], "metric": metrics[0], "experiments": [experiment], "plot_metric_keys": metrics}
    fixed = {"plot_layout": {}, "line_smoothness": 1, "show_point": False}
    fixed |= {"deselected_curves": [], "last_linear_y_axis_range": []}
    words = {name: json.dumps(value, separators=(",", ":")) for name, value in {**shown, **fixed}.items()}
    words |= {"x_axis": "step", "y_axis_scale": "linear"}
    return "&".join(f"{name}={quote(value, safe='')}" for name, value in words.items())


def command(params: Params, committed: Params | None, recipe: str | None, tags: Mapping[str, str]) -> str:
    """What to type to have the run again; ``committed`` are the params of its commit, if those are known."""
    lines = []
    if commit := tags.get("earmark.commit"):
        changed = "   # with changes that were not committed" if tags.get("earmark.dirty") == "true" else ""
        lines.append(f"git checkout {commit[:12]}{changed}")
    if committed is not None and committed.digest() == params.digest():
        lines.append("snakemake --cores all")
    elif recipe:
        lines += [f"earmark use {recipe}", "snakemake --cores all"]
    else:
        lines.append("snakemake --cores all --configfile run.yaml   # params.yaml of the artifacts, saved as run.yaml")
    return "\n".join(["To have it again:", "", "```sh", *lines, "```"])
