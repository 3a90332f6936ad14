"""A run by what a person calls it, its name or its id, or by the model that it is of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from earmark.errors import EarmarkError
from earmark.tracking.run import MODEL_KEY_TAG
from earmark.tracking.server import Server

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run


def find(name: str, server: Server) -> Run:
    """The run with this id or name; raises EarmarkError if there is none or several have the name."""
    client = server.client()
    with server.explained():
        found = _found(client, name)
    if not found:
        raise EarmarkError(f"no run {name} at {server.uri}; the MLflow UI lists them")
    if len(found) > 1:
        ids = ", ".join(run.info.run_id for run in found)
        raise EarmarkError(f"{len(found)} runs are called {name}; name one by its id: {ids}")
    if MODEL_KEY_TAG not in found[0].data.tags:
        raise EarmarkError(f"run {name} is of no model (a parent, or a range test); name one of its children")
    return found[0]


def run_of_model(task: str, key: str, server: Server) -> Run:
    """The run of a task's model with this content key; raises EarmarkError if it was not recorded."""
    found = runs_of_model(task, key, server)
    if not found:
        raise EarmarkError(f"no run of the model {key} in experiment {task} at {server.uri}; `snakemake` records it")
    return found[0]


def runs_of_model(task: str, key: str, server: Server) -> list[Run]:
    """The runs of a task's model with this content key: one, unless a person copied it."""
    client = server.client()
    with server.explained():
        experiment = client.get_experiment_by_name(task)
        if experiment is None:
            return []
        return list(client.search_runs([experiment.experiment_id], f"tags.`{MODEL_KEY_TAG}` = '{key}'"))


def _found(client: MlflowClient, name: str) -> list[Run]:
    experiments = [experiment.experiment_id for experiment in client.search_experiments()]
    quoted = name.replace("'", "")
    by_name = client.search_runs(experiments, f"attributes.run_name = '{quoted}'")
    return list(by_name or client.search_runs(experiments, f"attributes.run_id = '{quoted}'"))
