"""The search for better params: trial after trial, each an ordinary study up to its model, judged by validation clips.

A killed search goes on where it was; a finished one goes on when it is given more trials.
"""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from earmark import inventory, versions
from earmark.config import vary
from earmark.digest import digest
from earmark.errors import EarmarkError
from earmark.evaluation.tables import read_history
from earmark.naming import name_of
from earmark.plan import Plan
from earmark.space import Range
from earmark.stage_times import stage_times
from earmark.store import acquire
from earmark.sweeps import validation
from earmark.sweeps.runner import Runner
from earmark.tracking import Child, ParentRun, Sweep, record
from earmark.tracking.record import TIME
from earmark.tracking.run import section

if TYPE_CHECKING:
    from earmark.sweeps.trials import Proposal, Trials

FRUITLESS = 100
"""Proposals in a row that repeat an earlier trial or contradict themselves: the space holds no more."""

LOOK = 5.0
"""Seconds between looks at the epochs of running trainings, where hopeless ones are stopped."""

EXAMPLE = "  search:\n    space:\n      train.learning_rate: {low: 1.0e-5, high: 1.0e-2, log: true}"


@dataclass
class Attempt:
    """A trial that is being run."""

    proposal: Proposal
    plan: Plan
    child: Child
    had_model: bool
    started: float = field(default_factory=time.monotonic)
    pruned_at: int | None = None


class Search:
    """One search of a prepared study."""

    def __init__(self, plan: Plan, runner: Runner, parent: ParentRun, trials: Trials) -> None:
        self._plan, self._runner, self._parent, self._trials = plan, runner, parent, trials
        self._settings = plan.params.search
        self._began = time.monotonic()
        self._seen = {r.facts["params_digest"] for r in trials.records() if r.state in ("finished", "pruned")}
        self._waiting = deque(trials.unfinished())
        self._retried = trials.retry_failed()
        self._running: dict[Future[None], Attempt] = {}

    def run(self) -> None:
        """Run trials until the budget is spent or the space is exhausted; trials that fail do not stop the others."""
        done, settings = self._count() - len(self._waiting), self._settings
        look = LOOK if settings.pruning != "none" else None
        with (
            ThreadPoolExecutor(settings.jobs) as pool,
            tqdm(desc="search", unit="trial", total=settings.trials, initial=done, disable=None) as progress,
        ):
            try:
                while self._fill(pool):
                    ended, _ = wait(self._running, look, FIRST_COMPLETED)
                    for future in ended:
                        self._conclude(future, self._running.pop(future))
                        progress.update()
                        progress.set_postfix(self._standing())
                    self._prune()
            except BaseException:
                self._runner.stop()
                raise

    def _fill(self, pool: ThreadPoolExecutor) -> bool:
        """Start trials as long as there are workers and budget; returns whether any is running."""
        while len(self._running) < self._settings.jobs and (attempt := self._next()):
            self._running[pool.submit(self._make, attempt.plan)] = attempt
        return bool(self._running)

    def _make(self, plan: Plan) -> None:
        self._runner.train(plan)
        self._runner.validate(plan)

    def _next(self) -> Attempt | None:
        """The next trial that is worth running: one that was interrupted, or a new one."""
        while self._waiting:
            if attempt := self._attempt(self._waiting.popleft()):
                return attempt
        for _ in range(FRUITLESS):
            if self._count() >= self._settings.trials or self._is_late():
                return None
            if attempt := self._attempt(self._trials.propose()):
                return attempt
        print("earmark: search: every combination in the space was tried", file=sys.stderr, flush=True)
        return None

    def _count(self) -> int:
        """Trials that count towards the budget: not what the params refused, nor failures that are tried again."""
        found = [record for record in self._trials.records() if record.number not in self._retried]
        return sum(record.state != "refused" for record in found)

    def _is_late(self) -> bool:
        hours = self._settings.hours
        return hours is not None and time.monotonic() - self._began > hours * 3600

    def _attempt(self, proposal: Proposal) -> Attempt | None:
        """The trial of a proposal, unless its params contradict each other or were tried."""
        try:
            varied = vary(self._plan.params, proposal.overrides)
            plan = Plan.of(varied.plain(), self._plan.prepared)
        except EarmarkError as error:
            self._trials.give_up(proposal, "refused", str(error))
            return None
        if varied.digest() in self._seen:
            self._trials.give_up(proposal, "repeated", "an earlier trial had the same params")
            return None
        self._seen.add(varied.digest())
        had_model = plan.store.has("train", plan.model_key, "")
        name = name_of(proposal.overrides, self._settings.tried)
        child = self._parent.child(varied, plan.model_key, plan.prepare_key, name)
        facts = {"params_digest": varied.digest(), "model_key": plan.model_key, "run_id": child.run_id, "name": name}
        self._trials.note(proposal, facts)
        return Attempt(proposal, plan, child, had_model)

    def _conclude(self, future: Future[None], attempt: Attempt) -> None:
        """Tell what came of a trial."""
        try:
            future.result()
            value = self._judge(attempt)
        except EarmarkError as error:
            self._give_up(attempt, str(error))
            return
        self._trials.finish(attempt.proposal, value)
        best = self._trials.best()
        assert best is not None and best.value is not None, "one has just been told"
        points = {f"search/{self._settings.metric}": value, "search/best": best.value}
        self._parent.point(attempt.proposal.number, points)

    def _judge(self, attempt: Attempt) -> float:
        """The searched figure of a model; its curve and all validation figures are noted."""
        plan, figures = attempt.plan, validation.figures(attempt.plan)
        if attempt.had_model:  # its run may be of another server, or know only that a kill ended it
            record(plan.params, plan.prepared, plan.model)
        self._parent.metrics_of(attempt.child, section("val", figures) | section(TIME, stage_times(plan)))
        history = read_history(plan.model / "history.csv")
        self._trials.report(attempt.proposal, dict(enumerate(history[self._curve])))
        self._trials.note(attempt.proposal, {"val": figures, "epochs": len(history["epoch"])})
        return float(figures[self._settings.metric])

    def _give_up(self, attempt: Attempt, reason: str) -> None:
        if attempt.pruned_at is not None:
            reason = f"worse than half of the earlier trials at epoch {attempt.pruned_at}"
            self._trials.give_up(attempt.proposal, "pruned", reason)
            self._parent.ended(attempt.child, f"pruned: {reason}", "KILLED")
            return
        self._trials.give_up(attempt.proposal, "failed", reason)
        self._parent.ended(attempt.child, reason)
        print(f"earmark: search: trial {attempt.proposal.number} failed: {reason}", file=sys.stderr, flush=True)

    @property
    def _curve(self) -> str:
        """The column of a history that comes nearest to the searched figure."""
        return "val_loss" if self._settings.metric == "loss" else "val_accuracy"

    def _prune(self) -> None:
        """Stop the trainings that are worse than half of the earlier ones at their epoch."""
        for attempt in self._running.values() if self._settings.pruning != "none" else ():
            curve = dict(self._parent.epochs(attempt.child, self._curve)) if attempt.pruned_at is None else {}
            self._trials.report(attempt.proposal, curve)
            if curve and self._trials.is_hopeless(attempt.proposal):
                attempt.pruned_at = max(curve)
                self._runner.stop(attempt.plan.model_key)

    def _standing(self) -> Mapping[str, str]:
        best = self._trials.best()
        return {} if best is None else {"best": f"{best.value:.3f}", "trial": str(best.number)}


def key_of(plan: Plan) -> str:
    """Content key of a search: all that decides which trials it makes, but not how many of them."""
    settings = plan.params.search.plain()
    decisive = {name: settings[name] for name in ("metric", "seed", "pruning", "space")}
    made_by = [versions.MEL, versions.EMBED, versions.TRAIN, versions.EVALUATE]
    return digest("search", made_by, plan.params.digest(), plan.prepare_key, decisive)


def search(plan: Plan, workers: int = 1) -> Path:
    """Search as ``plan.params.search`` says, and publish what was found; returns the folder, ``results/search``.

    Raises EarmarkError if there is nothing to search, or if every trial failed.
    """
    from earmark.sweeps.trial_report import publish
    from earmark.sweeps.trials import Trials

    settings = plan.params.search
    if not settings.tried:
        raise EarmarkError(f"search.space is empty; say in params.yaml or a recipe what may be tried, e.g.\n{EXAMPLE}")
    runner = Runner(workers)
    runner.prepare(plan)
    folder = plan.store.root / "search" / key_of(plan)
    varied: dict[str, Any] = {n: v.plain() if isinstance(v, Range) else v for n, v in settings.tried.items()}
    with acquire(folder), ParentRun(Sweep("search", folder.name, plan.params, plan.prepare_key, varied)) as parent:
        trials = Trials(folder / "trials.db", settings)
        trials.begin_with(plan.params)
        try:
            Search(plan, runner, parent, trials).run()
        finally:
            inventory.note(plan.store, f"search-{folder.name}", _products(plan, trials))
            published = publish(plan, parent, trials, folder)
        if trials.best() is None:
            failed = [r for r in trials.records() if r.state == "failed"]
            reason = failed[0].facts["reason"] if failed else "none could be finished"
            raise EarmarkError(f"search: no trial of {len(trials.records())} came to an end; the first: {reason}")
    return published


def _products(plan: Plan, trials: Trials) -> list[Path]:
    """What garbage collection must leave: the study's products and every trial's model with its figures."""
    best, finished = trials.best(), [r for r in trials.records() if r.state == "finished"]
    keys = [record.facts["model_key"] for record in finished]
    found = {plan.store.path("train", key, "") for key in keys} | {validation.folder(plan.store, key) for key in keys}
    if best is not None:
        found |= set(Plan.of(vary(plan.params, best.overrides).plain(), plan.prepared).needed())
    return [path for path in found if path.exists()]
