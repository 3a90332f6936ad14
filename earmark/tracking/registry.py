"""The registered model of a task, ``earmark-<task>``: its versions, and which of them is the ``champion``.

A version tells what it reached, by what data and params it was made, and what it was compared with; it is
a model that a run has logged, not a copy.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from earmark.errors import EarmarkError
from earmark.tracking.description import score
from earmark.tracking.server import Server

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run
    from mlflow.entities.model_registry import ModelVersion

CHAMPION = "champion"
"""Alias of the version that is to be served: ``models:/earmark-language@champion``."""

SCORES = ("accuracy", "balanced_accuracy", "macro_f1")
DIGESTS = ("model_key", "params_digest", "data_digest", "commit", "recipe")
"""Tags of a run that its version has, too."""


@dataclass(frozen=True)
class Judged:
    """A run whose model was judged: its metrics and its predictions, fetched from the run."""

    run: Run
    metrics: Mapping[str, Any]
    predictions: Path

    @property
    def name(self) -> str:
        """Name of the run."""
        return str(self.run.info.run_name)

    @property
    def run_id(self) -> str:
        """Id of the run."""
        return str(self.run.info.run_id)

    @property
    def task(self) -> str:
        """The study that it belongs to."""
        return str(self.run.data.params["task"])

    @property
    def score(self) -> str:
        """The headline result in words."""
        return score(self.metrics)


def judged(run: Run, server: Server, folder: Path) -> Judged:
    """What a run reached, with its files in a new ``folder``; raises EarmarkError if it has no figures or no model."""
    client = server.client()
    if not _outputs(run):
        raise EarmarkError(f"run {run.info.run_name} has no model; run `snakemake train` for its params")
    if "test/balanced_accuracy" not in run.data.metrics:
        raise EarmarkError(f"run {run.info.run_name} was not judged; run `snakemake evaluate` for its params")
    folder.mkdir(parents=True)
    with server.explained():
        metrics, predictions = (
            Path(client.download_artifacts(run.info.run_id, f"tables/{name}", str(folder)))
            for name in ("metrics.json", "predictions.parquet")
        )
    return Judged(run, json.loads(metrics.read_text()), predictions)


@dataclass(frozen=True)
class Registry:
    """The registered model of a ``task`` on a server."""

    server: Server
    task: str

    @property
    def name(self) -> str:
        """``earmark-language``."""
        return f"earmark-{self.task}"

    def champion(self) -> Run | None:
        """The run of the version that is to be served, if there is one; raises EarmarkError if that has no run."""
        from mlflow.exceptions import MlflowException

        client = self.server.client()
        with self.server.explained():
            try:
                version = client.get_model_version_by_alias(self.name, CHAMPION)
            except MlflowException as error:
                if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
                    return None
                raise
            if not version.run_id:
                raise EarmarkError(f"version {version.version} of {self.name} was registered by hand, without a run")
            return client.get_run(version.run_id)

    def promote(self, chosen: Judged, comparison: str) -> str:
        """Make the model of a run the champion, and return the number of its version.

        ``comparison`` are words on what it was compared with, which the version keeps.
        """
        client = self.server.client()
        with self.server.explained():
            version = self._version(client, chosen)
            words = f"{chosen.score}.\n\nRun `{chosen.name}`, {version.run_id}. {comparison}"
            client.update_model_version(self.name, version.version, words)
            for name, value in _tags(chosen).items():
                client.set_model_version_tag(self.name, version.version, name, value)
            client.set_registered_model_alias(self.name, CHAMPION, version.version)
            client.update_registered_model(self.name, self._description(chosen, version))
        return str(version.version)

    def _version(self, client: MlflowClient, chosen: Judged) -> ModelVersion:
        """The version of the newest model that a run has logged to its end, which is made if there is none."""
        if not client.search_registered_models(f"name = '{self.name}'"):
            client.create_registered_model(self.name, tags={"task": self.task})
        logged = (client.get_logged_model(output.model_id) for output in _outputs(chosen.run))
        newest = max(logged, key=lambda each: (each.status == "READY", int(each.creation_timestamp)))
        source = f"models:/{newest.model_id}"
        known = client.search_model_versions(f"name = '{self.name}' and run_id = '{chosen.run_id}'")
        for version in known:
            if version.source == source:
                return version
        return client.create_model_version(self.name, source, chosen.run_id, model_id=newest.model_id)

    def _description(self, chosen: Judged, version: ModelVersion) -> str:
        return (
            f"Recorded speech to {self.task}: audio in, label and probabilities out.\n\n"
            f"Champion is version {version.version}: {chosen.score}.\n\n"
            f"`mlflow models serve -m models:/{self.name}@{CHAMPION} --env-manager local`"
        )


def _outputs(run: Run) -> list[Any]:
    return list(run.outputs.model_outputs) if run.outputs else []


def _tags(chosen: Judged) -> dict[str, str]:
    """The figures of a version, each with its interval, and what it was made of; to filter and compare by."""
    test = chosen.metrics["test"]
    found = {"test_clips": str(test["n"]), "splits": str(chosen.metrics["leaks"])}
    for name in SCORES:
        if name in test:
            low_high = test.get("ci95", {}).get(name)
            found[name] = f"{test[name]:.4f}" + (f" ({low_high[0]:.4f} to {low_high[1]:.4f})" if low_high else "")
    tags = chosen.run.data.tags
    return found | {name: tags[f"earmark.{name}"] for name in DIGESTS if f"earmark.{name}" in tags}
