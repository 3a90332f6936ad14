"""All folds of a cross-validation, or one study over several seeds: how far a figure depends on luck."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from earmark import store
from earmark.errors import EarmarkError
from earmark.evaluation.style import png
from earmark.plan import Plan
from earmark.sweeps import drawings, member_report
from earmark.sweeps.members import Member, Outcome, at_a_time, judge_all, prepare_all, require_all, sweep_of
from earmark.sweeps.pooled import pooled
from earmark.sweeps.runner import Runner
from earmark.tracking import ParentRun
from earmark.tracking.run import section

PUBLISHED = Path("results/folds")
DRAWN = ("balanced_accuracy", "accuracy", "macro_f1")


def folds(plan: Plan, seeds: int = 1, workers: int = 1) -> dict[str, Any]:
    """Run every fold of ``plan.params.split``, each with ``seeds`` seeds of the training, and publish the spread.

    Returns what is in ``results/folds/folds.json``. Raises EarmarkError if there is one run only, or if one failed
    (the others are published then, too).
    """
    runner = Runner(workers)
    members = [Member.of(plan, overrides) for overrides in overrides_of(plan, seeds, runner)]
    failed = prepare_all(members, runner)
    sweep = sweep_of("folds", plan, members, failed)
    with ParentRun(sweep) as parent:
        outcomes = judge_all(members, failed, parent, runner, at_a_time(plan, len(members), workers))
        summary = publish(plan, parent, outcomes)
        require_all("folds", outcomes)
    return summary


def overrides_of(plan: Plan, seeds: int, runner: Runner) -> list[dict[str, Any]]:
    """What each run changes: its fold, and its seed if there are several; raises EarmarkError if there is but one."""
    split, first = plan.params.split, plan.params.train.seed
    count = {"fractions": 1, "kfold": split.folds}.get(split.scheme) or _groups(plan, runner)
    if count == 1 and seeds == 1:
        raise EarmarkError(
            "folds: one run tells nothing of its luck; set split.scheme: kfold, or repeat the study: earmark folds "
            "--seeds 5"
        )
    numbers: list[dict[str, Any]] = [{"split.fold": fold} for fold in range(count)] if count > 1 else [{}]
    if seeds == 1:
        return numbers
    return [{**fold, "train.seed": seed} for fold in numbers for seed in range(first, first + seeds)]


def _groups(plan: Plan, runner: Runner) -> int:
    """How many groups there are to leave out."""
    by = plan.params.split.by
    if not isinstance(by, str):
        raise EarmarkError("folds: scheme leave_one_group_out over several columns; name one in split.by")
    runner.prepare(plan)
    table = pq.ParquetFile(plan.manifest)
    if by not in table.schema_arrow.names:
        raise EarmarkError(f"folds: the manifest has no column {by} to leave groups out by; use scheme kfold")
    return len({value for value in table.read(columns=[by]).column(0).to_pylist() if value is not None})


def publish(plan: Plan, parent: ParentRun, outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Write ``results/folds`` and tell the parent run; returns the content of ``folds.json``."""
    summary = summarise(plan, outcomes)
    folder, judged = plan.store.root / "folds" / parent.sweep.key, [o for o in outcomes if o.metrics]
    with store.replacing_folder(folder) as output:
        member_report.write_members(output / "folds.csv", outcomes)
        (output / "folds.json").write_text(json.dumps(summary, indent=2, ensure_ascii=False) + "\n")
        if judged:
            scores = {score: member_report.values_of(judged, "test", score) for score in DRAWN}
            drawn = partial(drawings.spread, scores=scores)
            (output / "folds.png").write_bytes(png(drawn))
    files = {path.name: path for path in sorted(folder.iterdir())}
    store.publish(PUBLISHED, files)
    figures = member_report.as_metrics(summary["spread"]) | section("pooled", summary["pooled"])
    figures |= {"runs/finished": float(len(judged)), "runs/failed": float(len(outcomes) - len(judged))}
    artifacts = {
        "tables": [path for name, path in files.items() if not name.endswith(".png")],
        "figures": [path for name, path in files.items() if name.endswith(".png")],
    }
    words = [f"**{headline(summary)}**", "", *member_report.table(outcomes, parent)]
    parent.conclude(figures, "\n".join(words), artifacts)
    return summary


def summarise(plan: Plan, outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """The content of ``folds.json``."""
    judged = [outcome.member.plan for outcome in outcomes if outcome.metrics]
    return {
        "task": plan.params.task,
        "scheme": plan.params.split.scheme,
        "by": plan.params.split.by,
        "spread": member_report.spread(outcomes),
        "pooled": pooled(judged, plan.params.evaluate.bootstrap) if judged else {},
        "runs": member_report.rows(outcomes),
        "params_digest": plan.params.digest(),
    }


def headline(summary: dict[str, Any]) -> str:
    """One line: mean and deviation of the test figure, and the pooled one with its interval."""
    found = summary["spread"].get("test", {}).get("balanced_accuracy")
    if found is None:
        return "no run could be judged"
    together = summary["pooled"]
    low, high = together.get("ci95", {}).get("balanced_accuracy", (None, None))
    interval = "" if low is None else f" ({low:.3f} … {high:.3f})"
    return (
        f"test balanced accuracy {found['mean']:.3f} ± {found['sd']:.3f} over {found['n']:.0f} runs, "
        f"all answers together {together['balanced_accuracy']:.3f}{interval}"
    )
