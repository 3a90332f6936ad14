"""Every recipe from its data set's own layout to its figures, on a few recordings: what runs, and how long it takes.

    python benchmarks/all_recipes.py FOLDER [NAME …] [--set backbone.weights=PATH]

copies the workflow to FOLDER, writes the small data sets there (``small_data.py``) and runs ``snakemake`` for each
recipe over them: one epoch of every stage, random weights where ImageNet's are asked for, few clips. Recipes that need
the recordings beside the project are left out. A recipe that ran is not run again. The figures mean nothing; that
there are figures does.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import yaml
from small_data import LAYOUTS, make

from earmark import overlay, recipes

PROJECT = Path(__file__).resolve().parents[1]
CODE = ("Snakefile", "params.yaml", "workflow", "profiles", "recipes", "envs")
DATA = "data/raw"
TOP, UNSEEN = 14, 4
"""Clips per class that a recipe with thousands keeps here."""


def checkout(folder: Path, shared: Path, names: list[str], speakers: int) -> None:
    """The workflow in ``folder``, and the small data sets of the recipes ``names`` unless they are there."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in CODE:
        source, target = PROJECT / name, folder / name
        if source.is_dir():
            shutil.copytree(source, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
    wanted = set().union(*(sets_of(values_of(name)) for name in names))
    make(folder / DATA, shared, speakers, sorted(name for name in wanted if not (folder / DATA / name).is_dir()))


def sets_of(values: dict[str, Any]) -> set[str]:
    """The data sets that a recipe reads: the one it learns from, and those from elsewhere that it is judged on."""
    data = values["data"]
    return {Path(root).name for root in (data["root"], *(one["root"] for one in data.get("external", {}).values()))}


def values_of(name: str) -> dict[str, Any]:
    """The values of a recipe of the project."""
    return overlay.recipe(recipes.find(name, PROJECT / recipes.FOLDER))


def published() -> list[str]:
    """Recipes whose data set ``small_data`` writes."""
    roots = {f"{DATA}/{name}" for name in LAYOUTS}
    found = {name: values_of(name) for name in recipes.available(PROJECT / recipes.FOLDER)}
    return [name for name, values in found.items() if "task" in values and values["data"]["root"] in roots]


def reduced(values: dict[str, Any]) -> dict[str, Any]:
    """What makes a recipe small: few clips, one epoch, random weights."""
    data, train, backbone = (values[section] for section in ("data", "train", "backbone"))
    few: dict[str, Any] = {"evaluate": {"bootstrap": 100}, "train": {"epochs": 1, "batch_size": 8}}
    if data.get("top"):
        few["data"] = {"top": TOP} | ({"unseen": UNSEEN} if data.get("unseen") else {})
    if train.get("stages"):
        few["train"]["stages"] = [{**stage, "epochs": 1} for stage in train["stages"]]
    if backbone.get("weights") == "imagenet":
        few["backbone"] = {"weights": "none"}
    return few


def run(name: str, folder: Path, settings: dict[str, Any]) -> tuple[float, str]:
    """Seconds and what came of a recipe: its test accuracy, or the last line of its error."""
    file = folder / "recipes" / f"{name}.yaml"
    small = folder / "small" / f"{name}.yaml"
    small.parent.mkdir(exist_ok=True)
    small.write_text(yaml.safe_dump(overlay.merge(reduced(overlay.recipe(file)), settings)))
    command = ["snakemake", "all", "--cores", "2", "--configfile", f"recipes/{name}.yaml", f"small/{name}.yaml"]
    environment = {**os.environ, "PYTHONPATH": str(PROJECT), "TF_CPP_MIN_LOG_LEVEL": "3"}
    start = time.monotonic()
    done = subprocess.run(command, cwd=folder, env=environment, text=True, capture_output=True, check=False)
    seconds = time.monotonic() - start
    (folder / "small" / f"{name}.log").write_text(done.stdout + done.stderr)
    if done.returncode:
        errors = [line for line in (done.stdout + done.stderr).splitlines() if "earmark:" in line or "Error" in line]
        return seconds, f"failed: {errors[-1].strip() if errors else 'see the log'}"
    metrics = json.loads((folder / "results" / "metrics.json").read_text())
    return seconds, f"{metrics['test']['accuracy']:.3f} of {metrics['test']['n']} ({metrics['leaks']})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="*", help="recipes; all if none is given")
    parser.add_argument("--set", action="append", default=[], metavar="SECTION.KEY=VALUE", dest="settings")
    parser.add_argument("--shared", type=Path, default=PROJECT.parent / "shared" / "data")
    parser.add_argument("--speakers", type=int, default=10, help="of each class, five or more")
    arguments = parser.parse_args()
    names = arguments.names or published()
    checkout(arguments.folder, arguments.shared, names, arguments.speakers)
    failed = 0
    print("| recipe | s | test accuracy |\n|---|---:|---|")
    for name in names:
        seconds, outcome = run(name, arguments.folder, overlay.settings(arguments.settings))
        failed += outcome.startswith("failed")
        print(f"| `{name}` | {seconds:.0f} | {outcome} |", flush=True)
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
