"""The table of docs/results.md: every real-recordings recipe through the real `snakemake`, from audio to test figures.

    python benchmarks/real_recordings.py

needs the recordings in ../shared/data. `data/` and `results/` show the last recipe afterwards; a plain `snakemake`
shows the study of params.yaml again, without computing anything.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

RECIPES = sorted(path for kind in ("best", "real", "tuned") for path in Path("recipes").glob(f"{kind}-*.yaml"))
REFERENCE = {"zh-en-new-words": "0.70", "keywords": "0.80", "gender": "0.87", "zh-en": "0.86"}
"""MobileNetV2, ImageNet weights, fine-tuned by a quick script (SOURCES.md beside the recordings): balanced accuracy."""


def run(recipe: Path) -> dict[str, Any]:
    """metrics.json of one recipe."""
    command = ["snakemake", "--quiet", "all", "--cores", "all", "--configfile", str(recipe)]
    subprocess.run(command, check=True, stdout=sys.stderr)
    return dict(json.loads(Path("results/metrics.json").read_text()))


def row(recipe: Path, metrics: dict[str, Any]) -> str:
    """One line of the Markdown table."""
    test, baselines = metrics["test"], metrics["baselines"]
    low, high = test["ci95"]["balanced_accuracy"]
    reference = next((figure for study, figure in REFERENCE.items() if study in recipe.stem), "")
    return (
        f"| `{recipe.stem}` | {test['n']} | **{test['balanced_accuracy']:.3f}** ({low:.3f}–{high:.3f}) "
        f"| {metrics['val']['balanced_accuracy']:.3f} | {baselines['logistic_regression']['balanced_accuracy']:.3f} "
        f"| {baselines['majority']['balanced_accuracy']:.3f} | {reference} |"
    )


def main() -> None:
    """Run every recipe and print the table."""
    lines = [
        "| recipe | test clips | balanced accuracy (95 %) | on val | logistic regression | majority | reference |",
        "|---|---|---|---|---|---|---|",
    ]
    for recipe in RECIPES:
        lines.append(row(recipe, run(recipe)))
        print(lines[-1], file=sys.stderr, flush=True)
    print("\n".join(lines))


main()
