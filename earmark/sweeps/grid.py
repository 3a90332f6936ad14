"""A grid: every combination of chosen values, each an ordinary study up to its report."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import yaml

from earmark import store
from earmark.errors import EarmarkError
from earmark.evaluation.style import png
from earmark.plan import Plan
from earmark.sweeps import drawings, member_report
from earmark.sweeps.members import Member, Outcome, at_a_time, judge_all, prepare_all, require_all, sweep_of
from earmark.sweeps.recipe import write_recipe
from earmark.sweeps.runner import Runner
from earmark.tracking import ParentRun

PUBLISHED = Path("results/grid")
CHOICE = "balanced_accuracy"
"""Validation figure by which the best run is named."""


def parse_axis(text: str) -> tuple[str, list[Any]]:
    """``train.head=final,linear`` → the param and its values, each read as YAML; raises EarmarkError."""
    name, equals, values = text.partition("=")
    try:
        found = yaml.safe_load(f"[{values}]")
    except yaml.YAMLError:
        found = None
    if not equals or not name or not found:
        raise EarmarkError(f"-S {text}: say PARAM=VALUE,VALUE, e.g. -S train.learning_rate=1e-4,1e-3")
    return name.strip(), found


def combinations(axes: Sequence[tuple[str, list[Any]]]) -> list[dict[str, Any]]:
    """Every combination of one value per axis, the last axis fastest; raises EarmarkError if a param comes twice."""
    names = [name for name, _ in axes]
    twice = [name for name in names if names.count(name) > 1]
    if twice or "task" in names:
        wrong = f"-S {twice[0]} comes twice; list its values after one =" if twice else "-S task: a grid is one task"
        raise EarmarkError(wrong)
    return [dict(zip(names, values, strict=True)) for values in product(*(values for _, values in axes))]


def members_of(plan: Plan, axes: Sequence[tuple[str, list[Any]]]) -> list[Member]:
    """The grid's runs; raises EarmarkError for values that the params refuse, before anything runs."""
    if not axes:
        raise EarmarkError("grid: nothing varies; say what, e.g. -S train.learning_rate=1e-4,1e-3 -S train.seed=0,1")
    return [Member.of(plan, overrides) for overrides in combinations(axes)]


def grid(plan: Plan, members: Sequence[Member], workers: int = 1) -> dict[str, Any]:
    """Run every member, what they share only once, and publish the table; returns ``results/grid/grid.json``.

    Holds the store's lock, as a workflow does. Raises EarmarkError if a run failed (the others are published, too).
    """
    runner = Runner(workers)
    with store.acquire(plan.store.root):
        failed = prepare_all(members, runner)
        with ParentRun(sweep_of("grid", plan, members, failed)) as parent:
            outcomes = judge_all(members, failed, parent, runner, at_a_time(plan, len(members), workers))
            summary = publish(plan, parent, outcomes)
            require_all("grid", outcomes)
    return summary


def best_of(outcomes: Sequence[Outcome]) -> Outcome | None:
    """The run with the best validation figure, the first of equals; test figures choose nothing."""
    judged = [outcome for outcome in outcomes if outcome.metrics]
    return max(judged, key=lambda outcome: outcome.figure("val", CHOICE) or 0.0, default=None)


def publish(plan: Plan, parent: ParentRun, outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Write ``results/grid`` and tell the parent run; returns the content of ``grid.json``."""
    best, folder = best_of(outcomes), plan.store.root / "grid" / parent.sweep.key
    summary = {
        "task": plan.params.task,
        "varied": dict(parent.sweep.varied),
        "best": best and {"name": best.member.name, "params": dict(best.member.overrides), "run_id": best.run_id},
        "runs": member_report.rows(outcomes),
        "params_digest": plan.params.digest(),
    }
    with store.replacing_folder(folder) as output:
        member_report.write_members(output / "grid.csv", outcomes)
        (output / "grid.json").write_text(json.dumps(summary, indent=2, ensure_ascii=False) + "\n")
        (output / "grid.png").write_bytes(png(partial(drawings.members, **_drawn(outcomes))))
        if best is not None:
            said = f"Best of {len(outcomes)} runs of `earmark grid` by validation balanced accuracy: {best.member.name}"
            command = f"snakemake --configfile {PUBLISHED / 'best.yaml'}"
            write_recipe(output / "best.yaml", best.member.plan.params, [said, command])
    files = {path.name: path for path in sorted(folder.iterdir())}
    store.publish(PUBLISHED, files)
    _tell(parent, outcomes, best, files)
    return summary


def _drawn(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    kinds = {"validation": "val", "test": "test"}
    values = {name: [o.figure(split, CHOICE) or math.nan for o in outcomes] for name, split in kinds.items()}
    return {"names": [o.member.name for o in outcomes], "values": values, "title": "balanced accuracy"}


def _tell(parent: ParentRun, outcomes: Sequence[Outcome], best: Outcome | None, files: Mapping[str, Path]) -> None:
    judged = sum(outcome.metrics is not None for outcome in outcomes)
    figures = {"runs/finished": float(judged), "runs/failed": float(len(outcomes) - judged)}
    words = member_report.table(outcomes, parent)
    if best is not None and best.run_id is not None:
        figures |= {f"val/{s}": v for s in member_report.SCORES if (v := best.figure("val", s)) is not None}
        words = [f"Best by validation: {parent.link(best.run_id, best.member.name)}", "", *words]
    folders = {
        "tables": [path for name, path in files.items() if name.endswith((".csv", ".json"))],
        "figures": [path for name, path in files.items() if name.endswith(".png")],
        "": [path for name, path in files.items() if name.endswith(".yaml")],
    }
    parent.conclude(figures, "\n".join(words), folders, best.run_id if best else None)
