"""Members of a sweep that are all known beforehand: made, judged and recorded one after the other or side by side."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from threading import Lock
from typing import Any

from tqdm import tqdm

from earmark import inventory
from earmark.config import vary
from earmark.digest import digest
from earmark.errors import EarmarkError
from earmark.naming import name_of
from earmark.plan import Plan
from earmark.stage_times import stage_times
from earmark.sweeps.runner import Runner
from earmark.tracking import ParentRun, Sweep, record

AT_A_TIME = 4
"""Members at most: each training of a head needs a core, 0.8 GB and ten seconds to start."""


@dataclass(frozen=True)
class Member:
    """One study: what it changes of the sweep's params by dotted name, and its plan."""

    overrides: Mapping[str, Any]
    plan: Plan

    @classmethod
    def of(cls, base: Plan, overrides: Mapping[str, Any]) -> Member:
        """The member of a sweep around ``base``; raises EarmarkError if its params are wrong or contradict."""
        varied = vary(base.params, overrides)
        return cls({name: _said(varied.plain(), name, overrides[name]) for name in overrides}, Plan.of(varied.plain()))

    @property
    def name(self) -> str:
        """What differs from the other members."""
        return name_of(self.overrides)


@dataclass(frozen=True)
class Outcome:
    """What became of a member: its run and the content of ``metrics.json``, or why it failed."""

    member: Member
    run_id: str | None = None
    metrics: dict[str, Any] | None = None
    error: str | None = None

    def figure(self, split: str, score: str) -> float | None:
        """A figure of the member; None if it has none."""
        value = (self.metrics or {}).get(split, {}).get(score)
        return None if value is None else float(value)


def prepare_all(members: Sequence[Member], runner: Runner) -> dict[int, str]:
    """Make every manifest; returns what went wrong by the member's position."""
    failed = {}
    for i, member in enumerate(tqdm(members, "prepare", unit="run", disable=None, leave=False)):
        try:
            runner.prepare(member.plan)
        except EarmarkError as error:
            failed[i] = str(error)
    return failed


def sweep_of(kind: str, base: Plan, members: Sequence[Member], failed: Mapping[int, str]) -> Sweep:
    """The identity of a sweep: every member's evaluation, with data, versions and params in its key.

    Raises EarmarkError if no member could be prepared.
    """
    plans = [member.plan for i, member in enumerate(members) if i not in failed]
    if not plans:
        raise EarmarkError(f"{kind}: no run could be prepared: {failed[0]}")
    data = sorted({plan.prepare_key for plan in plans})
    names = dict.fromkeys(name for member in members for name in member.overrides)
    varied: dict[str, list[Any]] = {name: [] for name in names}
    for member in members:
        for name, value in member.overrides.items():
            varied[name] += [] if value in varied[name] else [value]
    key = digest(kind, base.params.digest(), [plan.evaluation_key for plan in plans])
    return Sweep(kind, key, base.params, data[0] if len(data) == 1 else digest("data", data), varied)


def judge_all(
    members: Sequence[Member], failed: Mapping[int, str], parent: ParentRun, runner: Runner, at_a_time: int
) -> list[Outcome]:
    """Make, judge and record every member that is prepared; one that fails does not stop the others."""
    outcomes = {i: Outcome(members[i], error=error) for i, error in failed.items()}
    work = _Work(parent, runner, Lock())
    with ThreadPoolExecutor(at_a_time) as pool:
        futures = {pool.submit(work.make, member): i for i, member in enumerate(members) if i not in failed}
        try:
            for future in tqdm(as_completed(futures), parent.sweep.kind, len(futures), unit="run", disable=None):
                with work.tracking:
                    outcomes[futures[future]] = _recorded(future.result())
        except BaseException:
            runner.stop()
            pool.shutdown(cancel_futures=True)
            raise
    for outcome in outcomes.values():
        if outcome.error:
            print(f"earmark: {outcome.member.name} failed: {outcome.error}", file=sys.stderr, flush=True)
    return [outcomes[i] for i in range(len(members))]


def require_all(kind: str, outcomes: Sequence[Outcome]) -> None:
    """Raise EarmarkError with the first reason if a run of a sweep failed."""
    wrong = [outcome for outcome in outcomes if outcome.error]
    if wrong:
        first = f"{wrong[0].member.name}: {wrong[0].error}"
        raise EarmarkError(f"{kind}: {len(wrong)} of {len(outcomes)} runs failed; {first}")


def at_a_time(plan: Plan, members: int, workers: int) -> int:
    """Members to make at a time: a head on frozen features learns on one core, a network on all."""
    return 1 if plan.learns_from_images else max(1, min(workers, members, AT_A_TIME))


@dataclass(frozen=True)
class _Work:
    """What is done for a member in a thread of its own."""

    parent: ParentRun
    runner: Runner
    tracking: Lock

    def make(self, member: Member) -> Outcome:
        plan = member.plan
        with self.tracking:
            child = self.parent.child(plan.params, plan.model_key, plan.prepare_key, member.name)
        outcome = Outcome(member, child.run_id)
        try:
            self.runner.train(plan)
            self.runner.evaluate(plan)
        except EarmarkError as error:
            with self.tracking:
                self.parent.ended(child, str(error))
            return replace(outcome, error=str(error))
        return replace(outcome, metrics=json.loads((plan.evaluation / "metrics.json").read_text()))


def _recorded(outcome: Outcome) -> Outcome:
    """Make the member's run complete, and keep its products from garbage collection."""
    if outcome.error is None:
        plan = outcome.member.plan
        record(plan.params, plan.prepared, plan.model, plan.evaluation, times=stage_times(plan))
        inventory.note(plan.store, plan.params.digest(), plan.needed())
    return outcome


def _said(values: Mapping[str, Any], name: str, given: Any) -> Any:
    """A param as validation reads it (``1e-3`` is text in YAML); a mapping as it was given, without what it leaves."""
    if isinstance(given, Mapping):
        return given
    found: Any = values
    for part in name.split("."):
        found = found[part]
    return found
