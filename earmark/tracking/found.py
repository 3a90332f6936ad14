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


def find_model(key: str, server: Server) -> Run:
    """The run of the model with this content key; raises EarmarkError if none was recorded."""
    client = server.client()
    with server.explained():
        found = client.search_runs(_experiments(client), f"tags.`{MODEL_KEY_TAG}` = '{key}'", max_results=1)
    if not found:
        raise EarmarkError(f"no run of the model {key} at {server.uri}; `snakemake` records it")
    return found[0]


def _found(client: MlflowClient, name: str) -> list[Run]:
    experiments, quoted = _experiments(client), name.replace("'", "")
    by_name = client.search_runs(experiments, f"attributes.run_name = '{quoted}'")
    return list(by_name or client.search_runs(experiments, f"attributes.run_id = '{quoted}'"))


def _experiments(client: MlflowClient) -> list[str]:
    return [experiment.experiment_id for experiment in client.search_experiments()]
