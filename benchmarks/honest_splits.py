"""The same data, model and seed under honest and leaky splits: the table of docs/data.md, by the real `snakemake`.

    python benchmarks/honest_splits.py

needs the recordings in ../shared/data.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import yaml

SPEAKER: dict[str, Any] = {"by": "speaker", "on_leak": "error"}
RANDOM: dict[str, Any] = {"by": "random", "on_leak": "allow"}
SEGMENT: dict[str, Any] = {"by": "segment", "segment": [2.0, 0.25], "on_leak": "allow"}
STUDIES = {
    "real-gender": [SPEAKER, RANDOM, SEGMENT],
    "real-zh-en": [SPEAKER, RANDOM],
    "real-digits": [SPEAKER, RANDOM],
}
"""Recipes and their splits; clips of one word are too short for overlapping segments."""


def run(recipe: str, split: dict[str, Any], folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """metrics.json and leaks.json of a recipe under another split."""
    overlay = folder / "split.yaml"
    overlay.write_text(yaml.safe_dump({"split": split}))
    files = [f"recipes/{recipe}.yaml", str(overlay)]
    command = ["snakemake", "--quiet", "all", "--cores", "all", "--configfile", *files]
    subprocess.run(command, check=True, stdout=sys.stderr)
    metrics, leaks = (json.loads((Path("results") / name).read_text()) for name in ("metrics.json", "leaks.json"))
    return metrics, leaks


def main() -> None:
    print("| recipe | split by | test clips | speakers that cross | balanced accuracy (95 %) |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for recipe, splits in STUDIES.items():
            for split in splits:
                metrics, leaks = run(recipe, split, Path(folder))
                test, crossing = metrics["test"], leaks["crossing"]["speaker"]["count"]
                low, high = test["ci95"]["balanced_accuracy"]
                score = f"{test['balanced_accuracy']:.3f} ({low:.3f}–{high:.3f})"
                print(f"| `{recipe}` | {split['by']} | {test['n']} | {crossing} | {score} |", flush=True)


if __name__ == "__main__":
    main()
