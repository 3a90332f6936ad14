"""One run per training: how it is found, named, tagged and given its params and metrics."""

from __future__ import annotations

import getpass
import json
import os
import re
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from earmark import __version__, config
from earmark.config import Params
from earmark.errors import EarmarkError
from earmark.naming import name_of
from earmark.overlay import BASE
from earmark.recipes import recipe_of
from earmark.tracking.server import Server

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

    from earmark.tracking.data_sets import DataSet

KEY_TAG = "earmark.{}_key"
"""Tag of the content key that a run is found by: of the model, or of the range test."""

MODEL_KEY_TAG = KEY_TAG.format("model")
"""The tag of the runs of trained models."""

REASON_TAG = "earmark.reason"
"""Why a run failed or was killed."""

CHANGED_TAG = "earmark.now."
"""Prefix of tags for params that differ from those first recorded, which MLflow does not allow to change. Only params
that the model does not depend on can differ in the same run, for instance ``evaluate.bootstrap``."""

KIND_TAG = "mlflow.experimentKind"
"""Makes MLflow's pages show an experiment as model training rather than as a language-model application."""

EXPERIMENT_VARIABLE = "DVC_EXP_NAME"
"""Set by DVC in the commands of ``dvc exp run``."""

EPOCH = "epoch"
"""Section of the metrics by epoch; MLflow's pages order sections by name, and the curves should come first."""

FEW = 3
"""Params that a run may be named by; where more differ it is another study rather than a variant."""

BATCH = 1000
"""Metrics per request, MLflow's limit."""


@dataclass(frozen=True)
class Training:
    """The identity of a run: the study's params, the key of its ``product``, and the digest of its data.

    The product is the ``model``, or the learning-rate range test (``rates``).
    """

    params: Params
    key: str
    data: str
    product: str = "model"

    @property
    def tag(self) -> str:
        """The tag that holds the key."""
        return KEY_TAG.format(self.product)

    @property
    def name(self) -> str:
        """Run name: the few params that differ from those last committed, else backbone and head; and a bit of the key.

        The experiment is the task.
        """
        first = "" if self.product == "model" else f"{self.product}-"
        changed = _changes(self.params)
        if 0 < len(changed) <= FEW:
            return f"{first}{name_of(changed)} {self.key[:6]}"
        return f"{first}{self.params.backbone.name}-{self.params.train.head}-{self.key[:6]}"

    def tags(self) -> dict[str, str]:
        """What the run belongs to: code, params, data, DVC experiment."""
        commit = _git("rev-parse", "HEAD")
        found = {
            self.tag: self.key,
            "earmark.version": __version__,
            "earmark.params_digest": self.params.digest(),
            "earmark.data_digest": self.data,
            "earmark.dvc_experiment": os.environ.get(EXPERIMENT_VARIABLE),
            "earmark.commit": commit,
            "earmark.recipe": recipe_of(self.params),
            "earmark.dirty": commit and str(bool(_git("status", "--porcelain"))).lower(),
            "mlflow.source.git.commit": commit,
            "mlflow.source.name": "earmark",
            "mlflow.source.type": "LOCAL",
            "mlflow.user": _user(),
        }
        return {name: value for name, value in found.items() if value}

    def values(self) -> dict[str, str]:
        """The params as MLflow keeps them: text as it is, all else as in YAML (``null``, ``true``, ``[1, 2]``)."""
        flat = self.params.flat()
        return {name: value if isinstance(value, str) else json.dumps(value) for name, value in flat.items()}

    def run(self, client: MlflowClient, server: Server) -> Run:
        """The run of this training with its params and tags up to date: found by the model key, or created."""
        experiment = self.experiment(client, server)
        found = client.search_runs([experiment], f"tags.`{self.tag}` = '{self.key}'", max_results=1)
        run = found[0] if found else client.create_run(experiment, tags={self.tag: self.key}, run_name=self.name)
        self._describe(client, run)
        return client.get_run(run.info.run_id)

    def experiment(self, client: MlflowClient, server: Server) -> str:
        """Id of the task's experiment, which is created where there is none."""
        found = client.get_experiment_by_name(self.params.task)
        if found is not None:
            return str(found.experiment_id)
        location = server.location(self.params.task)
        address = location and location.resolve().as_uri()
        return str(client.create_experiment(self.params.task, address, {KIND_TAG: "custom_model_development"}))

    def _describe(self, client: MlflowClient, run: Run) -> None:
        from mlflow.entities import Param, RunTag

        known, values = run.data.params, self.values()
        changed = {CHANGED_TAG + name: value for name, value in values.items() if known.get(name, value) != value}
        for outdated in {tag for tag in run.data.tags if tag.startswith(CHANGED_TAG)} - changed.keys():
            client.delete_tag(run.info.run_id, outdated)
        params = [Param(name, value) for name, value in values.items() if name not in known]
        tags = [RunTag(name, value) for name, value in {**self.tags(), **changed}.items()]
        client.log_batch(run.info.run_id, params=params, tags=tags)


class Epochs:
    """The metrics of a run by epoch, or step: only those that the run has not are sent, so that none is doubled."""

    def __init__(self, client: MlflowClient, run_id: str, section: str = EPOCH) -> None:
        self._client, self._run_id, self._section = client, run_id, section
        self._known = {point.step for point in client.get_metric_history(run_id, f"{section}/loss")}
        self._buffer: list[Any] = []

    def add(self, epoch: int, metrics: Mapping[str, float]) -> None:
        """Note the metrics of an epoch (from 0), to be sent by ``flush``."""
        from mlflow.entities import Metric

        if epoch not in self._known:
            now = _now()
            self._buffer.extend(Metric(f"{self._section}/{name}", value, now, epoch) for name, value in metrics.items())
            self._known.add(epoch)

    def flush(self) -> None:
        """Send what was added; what cannot be sent stays for the next time."""
        while self._buffer:
            self._client.log_batch(self._run_id, metrics=self._buffer[:BATCH])
            del self._buffer[:BATCH]


def log_scalars(
    client: MlflowClient,
    run: Run,
    values: Mapping[str, float],
    data: Mapping[str, DataSet] | None = None,
    model_id: str | None = None,
) -> None:
    """Log metrics that have one value per run, leaving out those whose value the run has already.

    They are metrics of a logged model, too, where it is named; one of a section in ``data`` is one on that data set.
    """
    from mlflow.entities import Metric

    now, known, changed = _now(), run.data.metrics, []
    for name, value in values.items():
        if known.get(name) != value:
            own = (data or {}).get(name.rpartition("/")[0])
            of = {"dataset_name": own.name, "dataset_digest": own.digest} if own else {}
            changed.append(Metric(name, value, now, 0, model_id=model_id, **of))
    client.log_batch(run.info.run_id, metrics=changed)


def flat_numbers(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, float]]:
    """``(dotted.name, number)`` of nested ``values``; text and lists are left out.

    Intervals ``{"ci95": {score: [low, high]}}`` become ``score.low`` and ``score.high``.
    """
    for name, value in values.items():
        if name == "ci95":
            bounds = {score: {"low": low, "high": high} for score, (low, high) in value.items()}
            yield from flat_numbers(bounds, prefix)
        elif isinstance(value, Mapping):
            yield from flat_numbers(value, f"{prefix}{name}.")
        elif isinstance(value, (int, float)):
            yield metric_name(prefix + name), float(value)


def section(name: str, values: Mapping[str, Any]) -> dict[str, float]:
    """Metrics ``name/dotted.name`` of nested ``values``; MLflow's pages show what has one path as one section."""
    return {f"{name}/{path}": number for path, number in flat_numbers(values)}


def metric_name(text: str) -> str:
    """``text`` with what MLflow refuses in a metric's name replaced by an underscore."""
    return re.sub(r"[^\w\-. /]", "_", text, flags=re.ASCII)


def _changes(params: Params) -> dict[str, Any]:
    """What of ``params`` is not as in the commit that is checked out, from which DVC's experiments start too.

    Nothing outside git, for another task, and of sections that do not decide a model.
    """
    known = committed()
    if known is None or known.task != params.task:
        return {}
    before, now = known.flat(), params.flat()
    return {
        name: value
        for name, value in now.items()
        if before.get(name) != value and not name.startswith(("search.", "evaluate."))
    }


def committed() -> Params | None:
    """The params of the commit that is checked out; None outside git, or if they are of another version."""
    text = _git("show", f"HEAD:./{BASE}")
    try:
        return config.parse(yaml.safe_load(text)) if text else None
    except (EarmarkError, yaml.YAMLError, TypeError, ValueError):
        return None


def _now() -> int:
    return time.time_ns() // 1_000_000


def _user() -> str:
    """Who runs this; by number in a container that knows no names."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


def _git(*arguments: str) -> str | None:
    """Output of a git command; None where there is no git or no repository."""
    try:
        done = subprocess.run(["git", *arguments], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()
