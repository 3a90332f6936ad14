"""The link in MLflow: the run of a model says what the store says."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from earmark import config
from earmark.config import Params
from earmark.lineage.link import Link
from earmark.lineage.products import RERUN, figures
from earmark.plan import Plan
from earmark.tracking import Server
from earmark.tracking.found import runs_of_model
from earmark.tracking.record import judged_metrics
from earmark.tracking.run import CHANGED_TAG, Training

if TYPE_CHECKING:
    from mlflow.entities import Run


def run_of(plan: Plan, server: Server) -> Link:
    """The run of the study's model, and where it and the store differ."""
    found = runs_of_model(plan.params.task, plan.model_key, server)
    if not found:
        return Link("MLflow", "–", "", [f"no run of model {plan.model_key} in experiment {plan.params.task}; {RERUN}"])
    run, *others = found
    faults = list(_faults(plan, run))
    faults += [f"run {other.info.run_id} is of the same model; delete one of them" for other in others]
    return Link("MLflow", str(run.info.run_id), str(run.info.run_name), faults)


def _faults(plan: Plan, run: Run) -> Iterator[str]:
    who, tags = f"run {run.info.run_name}", run.data.tags
    if run.info.status != "FINISHED":
        yield f"{who} is {run.info.status}; {RERUN}"
    expected = {"earmark.data_digest": plan.prepare_key, "earmark.params_digest": plan.params.digest()}
    for name, value in expected.items():
        if tags.get(name) != value:
            yield f"{who}: tag {name} is {tags.get(name)}, the store has {value}; {RERUN}"
    recorded, wanted = values_of(run), Training(plan.params, plan.model_key, plan.prepare_key).values()
    yield from _different(who, "param", recorded, wanted)
    metrics = figures(plan)
    if metrics is not None:
        yield from _different(who, "metric", run.data.metrics, judged_metrics(metrics))


def _different(who: str, what: str, recorded: Mapping[str, Any], wanted: Mapping[str, Any]) -> Iterator[str]:
    for name, value in wanted.items():
        if recorded.get(name) != value:
            yield f"{who}: {what} {name} is {recorded.get(name, 'missing')}, the store has {value}"


def values_of(run: Run) -> dict[str, str]:
    """The params of a run as text, of which some were changed after the model was trained."""
    changed = {
        name.removeprefix(CHANGED_TAG): value for name, value in run.data.tags.items() if name.startswith(CHANGED_TAG)
    }
    return {**run.data.params, **changed}


def params_of(run: Run) -> Params:
    """The params of a run; raises EarmarkError if they are not those of a study of this version."""
    nested: dict[str, Any] = {}
    for name, text in values_of(run).items():
        section, _, key = name.partition(".")
        target = nested.setdefault(section, {}) if key else nested
        target[key or section] = _value(text)
    return config.parse(nested, f"run {run.info.run_name}")


def _value(text: str) -> Any:
    """The inverse of ``Training.values``: JSON, or text as it is."""
    try:
        return json.loads(text)
    except ValueError:
        return text
