"""The closing words of a run: its test figures, where the report is, and how to look at it in MLflow."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from earmark.errors import EarmarkError


def read_metrics(path: Path) -> dict[str, Any]:
    """``metrics.json`` of the last evaluation; raises EarmarkError if there is none."""
    if not path.is_file():
        raise EarmarkError(f"{path}: no evaluation yet; run `snakemake --cores all`")
    return dict(json.loads(path.read_text()))


def summarise(metrics: dict[str, Any]) -> str:
    """Test figures beside their baselines, with 95 % intervals where there are any, and what to open next."""
    test, lines = metrics["test"], []
    for name in ("accuracy", "balanced_accuracy", "macro_f1"):
        low_high = test.get("ci95", {}).get(name)
        interval = f"   95 % interval {low_high[0]:.3f} … {low_high[1]:.3f}" if low_high else ""
        lines.append(f"  {name.replace('_', ' '):20}{test[name]:.3f}{interval}")
    baselines = [f"{name.replace('_', ' ')} {scores['accuracy']:.3f}" for name, scores in metrics["baselines"].items()]
    return "\n".join(
        [
            f"{metrics['task']}: {metrics['n_classes']} classes, {test['n']} test clips",
            *lines,
            f"  baseline accuracy   {', '.join(baselines)}",
            f"  quarantined clips   {metrics['quarantined']}",
            "",
            "report     results/report/index.html",
            "try it     earmark app, then http://127.0.0.1:8000",
            "MLflow     make ui, then http://127.0.0.1:5000/#/experiments?workflowType=machine_learning",
        ]
    )
