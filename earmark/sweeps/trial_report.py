"""What a search found, as files and in its MLflow run: trials.csv, search.json, search.png and best.yaml."""

from __future__ import annotations

import json
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

from earmark import config, store
from earmark.config import Params
from earmark.evaluation.style import png
from earmark.evaluation.tables import write_csv
from earmark.naming import short_names, text_of
from earmark.plan import Plan
from earmark.sweeps.drawings import History, history
from earmark.sweeps.recipe import write_recipe
from earmark.sweeps.trials import Record, Trials
from earmark.tracking import ParentRun

PUBLISHED = Path("results/search")
RECIPE = "best.yaml"
FIGURES = ("balanced_accuracy", "accuracy", "macro_f1", "loss")
"""Validation figures of the table."""

SHOWN = 12
"""Best trials in the run's description."""


def publish(plan: Plan, parent: ParentRun, trials: Trials, folder: Path) -> Path:
    """Write the results of a search, finished or not, and tell its run; returns ``results/search``."""
    found, best = trials.records(), trials.best()
    summary = summarise(plan.params, trials)
    with store.replacing_folder(folder / "results") as output:
        write_trials(output / "trials.csv", found, plan.params)
        (output / "search.json").write_text(json.dumps(summary, indent=2, ensure_ascii=False) + "\n")
        drawn = partial(history, told=_history(plan.params, found), importance=summary["importance"])
        (output / "search.png").write_bytes(png(drawn))
        if best is not None:
            write_recipe(output / RECIPE, config.vary(plan.params, best.overrides), _headline(plan.params, best, found))
    files = {path.name: path for path in sorted((folder / "results").iterdir())}
    store.publish(PUBLISHED, files)
    figures = {f"trials/{state}": float(count) for state, count in summary["trials"].items()}
    if best is not None:
        figures |= {f"val/{name}": value for name, value in best.facts["val"].items()}
    kinds = {"figures": (".png",), "tables": (".csv", ".json"), "": (".yaml",)}
    by_folder = {name: [p for p in files.values() if p.suffix in ends] for name, ends in kinds.items()}
    words = describe(plan.params, found, best, parent)
    parent.conclude(figures, words, by_folder, best.facts["run_id"] if best else None)
    return PUBLISHED


def summarise(params: Params, trials: Trials) -> dict[str, Any]:
    """The content of ``search.json``."""
    found, best, settings = trials.records(), trials.best(), params.search
    as_is = next((r for r in found if r.facts.get("params_digest") == config.vary(params, {}).digest()), None)
    return {
        "task": params.task,
        "metric": f"val {settings.metric}",
        "trials": dict(sorted(Counter(record.state for record in found).items())),
        "best": best and {"trial": best.number, "value": best.value, "params": best.overrides, **best.facts},
        "params_as_they_are": as_is and {"trial": as_is.number, "value": as_is.value},
        "importance": trials.importance(),
        "space": settings.plain()["space"],
        "params_digest": params.digest(),
    }


def write_trials(path: Path, found: list[Record], params: Params) -> None:
    """One line per trial: number, state, the searched figure, the params, other figures, time, run, and what failed."""
    names = list(params.search.tried)
    header = ["trial", "state", params.search.metric, *names, *(f"val_{name}" for name in FIGURES)]
    header += ["epochs", "seconds", "run_id", "model_key", "reason"]
    write_csv(path, header, (_line(record, names) for record in found))


def _line(record: Record, names: list[str]) -> list[Any]:
    facts, val = record.facts, record.facts.get("val", {})
    tried = [text_of(record.overrides[name]) if name in record.overrides else "" for name in names]
    seconds = None if record.seconds is None else round(record.seconds, 1)
    figures = [val.get(name) for name in FIGURES]
    known = [facts.get(name) for name in ("run_id", "model_key", "reason")]
    return [record.number, record.state, record.value, *tried, *figures, facts.get("epochs"), seconds, *known]


def _history(params: Params, found: list[Record]) -> History:
    values = {record.number: record.value for record in found if record.value is not None}
    lost = [record.number for record in found if record.state in ("failed", "pruned", "refused")]
    return History(values, lost, params.search.metric, params.search.metric == "loss")


def _headline(params: Params, best: Record, found: list[Record]) -> list[str]:
    figure = f"{params.search.metric.replace('_', ' ')} {best.value:.3f}"
    count = sum(record.state == "finished" for record in found)
    return [
        f"Best of {count} trials of `snakemake search` by validation {figure} (trial {best.number})",
        f"snakemake --configfile {PUBLISHED / RECIPE}",
    ]


def describe(params: Params, found: list[Record], best: Record | None, parent: ParentRun) -> str:
    """The run's description (Markdown): the best trial, the command that runs it, and a table of the best ones."""
    if best is None:
        return "No trial has come to an end yet."
    sign = 1 if params.search.metric == "loss" else -1
    ranked = sorted((r for r in found if r.value is not None), key=lambda r: (sign * (r.value or 0.0), r.number))
    names = short_names(params.search.tried)
    rows = [f"| trial | {params.search.metric} | {' | '.join(names.values())} |", f"|{' --- |' * (len(names) + 2)}"]
    for record in ranked[:SHOWN]:
        tried = " | ".join(text_of(record.overrides[name]) for name in names)
        rows.append(f"| {parent.link(record.facts['run_id'], str(record.number))} | {record.value:.4f} | {tried} |")
    told, link = _headline(params, best, found), parent.link(best.facts["run_id"], best.facts["name"])
    return "\n".join([f"**{told[0]}**: {link}", "", f"`{told[1]}` runs it.", "", *rows])
