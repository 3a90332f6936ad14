"""The run of a search, of folds or of a grid: parent of its members' runs, with what they have in common and reach.

A model has one run, whoever asks for it. A run that has no parent becomes a child of the sweep that first uses it; of
later ones it is a member by tag and by the table of members that every parent holds. None is copied, none is deleted.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from earmark.config import Params
from earmark.tracking.description import DESCRIPTION_TAG
from earmark.tracking.ending import ending, terminable
from earmark.tracking.process import claim, end_abandoned, end_badly, end_runs_of, mark
from earmark.tracking.run import MODEL_KEY_TAG, REASON_TAG, Training, log_scalars
from earmark.tracking.server import Server
from earmark.tracking.watchdog import Watchdog

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

PARENT_TAG = "mlflow.parentRunId"
SWEEP_TAG = "earmark.sweep_key"
KIND_TAG = "earmark.sweep"
"""On the parent: search, folds or grid."""

BEST_TAG = "earmark.best_run"
MEMBER_TAG = "earmark.in."
"""Prefix of a tag on every member, ``earmark.in.search-1a2b3c``: its name there, to filter by."""


@dataclass(frozen=True)
class Sweep:
    """The identity of a parent: what kind, under which key, of which study, and what is varied over which values."""

    kind: str
    key: str
    params: Params
    data: str
    varied: Mapping[str, Any]

    @property
    def name(self) -> str:
        """``search-1a2b3c``."""
        return f"{self.kind}-{self.key[:6]}"

    def values(self) -> dict[str, str]:
        """The study's params but those that are varied, and ``varied.NAME`` with what those may be."""
        common = Training(self.params, self.key, self.data).values()
        fixed = {name: value for name, value in common.items() if not self._is_varied(name)}
        return fixed | {f"varied.{name}": json.dumps(values) for name, values in self.varied.items()}

    def _is_varied(self, name: str) -> bool:
        return any(name == varied or name.startswith(f"{varied}.") for varied in self.varied)


@dataclass(frozen=True)
class Child:
    """A member's run: its id, whether it was made just now, and whether it hangs below this parent in the pages."""

    run_id: str
    is_new: bool
    is_below: bool


@dataclass
class ParentRun:
    """The open parent run; a context manager around the sweep that marks how it ended, with the reason if badly."""

    sweep: Sweep
    server: Server = field(default_factory=Server.find)

    def __post_init__(self) -> None:
        self._client: MlflowClient = self.server.client()
        self._signals = terminable()
        self._children: set[str] = set()
        with self.server.explained():
            self._run = self._find_or_create()

    @property
    def run_id(self) -> str:
        """Id of the parent."""
        return str(self._run.info.run_id)

    def __enter__(self) -> Self:
        self._signals.__enter__()
        with self.server.explained():
            end_abandoned(self._client, self._run.info.experiment_id)
            claim(self._client, self.run_id)
            if REASON_TAG in self._run.data.tags:
                self._client.delete_tag(self.run_id, REASON_TAG)
        self._watchdog = Watchdog(self.server, self._run.info.experiment_id)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._signals.__exit__(None, None, None)
        with closing(self._watchdog), self.server.explained():
            if error is None:
                self._client.set_terminated(self.run_id, "FINISHED", self._end_time())
            else:
                # the members that wait have the same mark: a training that begins claims its run
                end_runs_of(self._client, self._run.info.experiment_id, mark(os.getpid()), *ending(error))

    def child(self, params: Params, model_key: str, data: str, name: str) -> Child:
        """The run of a member's model, found or created, tagged as a member and, if it has no parent, made a child.

        A run that is made a child gets the member's ``name``, unless a person gave it another than the usual one.
        """
        training = Training(params, model_key, data)
        with self.server.explained():
            found = self._with_tag(MODEL_KEY_TAG, model_key)
            run = found or training.run(self._client, self.server)
            run_id = str(run.info.run_id)
            if found is None:
                claim(self._client, run_id)  # until its training does, which may never begin
            self._client.set_tag(run_id, MEMBER_TAG + self.sweep.name, name)
            below = self._adopt(run, name, usual=training.name)
            self._children.add(run_id)
        return Child(run_id, found is None, below)

    def metrics_of(self, child: Child, values: Mapping[str, float]) -> None:
        """Log figures of a member that its training does not know."""
        with self.server.explained():
            log_scalars(self._client, self._client.get_run(child.run_id), values)

    def epochs(self, child: Child, name: str) -> list[tuple[int, float]]:
        """``(epoch, value)`` of what the member's training has logged so far of its metric ``epoch/NAME``."""
        with self.server.explained():
            points = self._client.get_metric_history(child.run_id, f"epoch/{name}")
        return sorted({point.step: point.value for point in points}.items())

    def ended(self, child: Child, reason: str, status: str = "FAILED") -> None:
        """Mark a member that came to no end: its own training may have, with a reason of its own, or not have begun."""
        with self.server.explained():
            run = self._client.get_run(child.run_id)
            if run.info.status == "RUNNING" or status == "KILLED":
                end_badly(self._client, child.run_id, status, reason)

    def point(self, step: int, values: Mapping[str, float]) -> None:
        """Log metrics of the parent at a step (the number of the member), once."""
        with self.server.explained():
            for name, value in values.items():
                history = self._client.get_metric_history(self.run_id, name)
                if step not in {point.step for point in history}:
                    self._client.log_metric(self.run_id, name, value, step=step)

    def conclude(
        self,
        figures: Mapping[str, float],
        description: str,
        folders: Mapping[str, Sequence[Path]],
        best: str | None = None,
    ) -> None:
        """Log what the sweep came to: metrics, a description (Markdown), files by folder, and the best member's run."""
        with self.server.explained():
            log_scalars(self._client, self._client.get_run(self.run_id), figures)
            self._client.set_tag(self.run_id, DESCRIPTION_TAG, description)
            if best is not None:
                self._client.set_tag(self.run_id, BEST_TAG, best)
            for folder, files in folders.items():
                for path in files:
                    self._client.log_artifact(self.run_id, str(path), folder)

    def link(self, run_id: str, text: str) -> str:
        """A Markdown link to a run in MLflow's pages."""
        return f"[{text}](#/experiments/{self._run.info.experiment_id}/runs/{run_id})"

    def _find_or_create(self) -> Run:
        from mlflow.entities import Param, RunTag

        sweep = self.sweep
        described = Training(sweep.params, sweep.key, sweep.data).tags()
        tags = {**described, SWEEP_TAG: sweep.key, KIND_TAG: sweep.kind}
        del tags[MODEL_KEY_TAG]
        run = self._with_tag(SWEEP_TAG, sweep.key)
        if run is None:
            run = self._client.create_run(self._experiment, tags={SWEEP_TAG: sweep.key}, run_name=sweep.name)
        params = [Param(n, value) for n, value in sweep.values().items() if n not in run.data.params]
        self._client.log_batch(run.info.run_id, params=params, tags=[RunTag(n, value) for n, value in tags.items()])
        return self._client.get_run(run.info.run_id)

    @property
    def _experiment(self) -> str:
        return Training(self.sweep.params, self.sweep.key, self.sweep.data).experiment(self._client, self.server)

    def _with_tag(self, tag: str, value: str) -> Run | None:
        found = self._client.search_runs([self._experiment], f"tags.`{tag}` = '{value}'", max_results=1)
        return found[0] if found else None

    def _adopt(self, run: Run, name: str, usual: str) -> bool:
        """Make ``run`` a child unless it has a parent; returns whether it is one."""
        parent = run.data.tags.get(PARENT_TAG)
        if parent is not None and parent != self.run_id and self._exists(parent):
            return False
        if run.info.run_name == usual:
            self._client.update_run(run.info.run_id, name=name)
        if parent != self.run_id:
            self._client.set_tag(run.info.run_id, PARENT_TAG, self.run_id)
        return True

    def _exists(self, run_id: str) -> bool:
        from mlflow.exceptions import MlflowException

        try:
            return str(self._client.get_run(run_id).info.lifecycle_stage) == "active"
        except MlflowException:
            return False

    def _end_time(self) -> int | None:
        """When the sweep ended, in ms; None: now. One that had finished keeps its end, unless a member ended later."""
        if self._run.info.status != "FINISHED":
            return None
        members = (self._client.get_run(run_id).info.end_time for run_id in self._children)
        return max([self._run.info.end_time, *(end or 0 for end in members)])
