"""Completing a run after the evaluation: history, data sets, figures, report, test metrics, and the served model."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import yaml

from earmark.config import Params
from earmark.digest import digest
from earmark.errors import EarmarkError
from earmark.provenance import read_record
from earmark.recipes import recipe_of
from earmark.splits import EXTERNAL
from earmark.store import Store, replacing
from earmark.tracking.data_sets import DataSet, data_sets, table
from earmark.tracking.description import DESCRIPTION_TAG, command, curves, described, model, result
from earmark.tracking.live import summary
from earmark.tracking.process import end_abandoned
from earmark.tracking.run import Epochs, Training, committed, log_scalars, section
from earmark.tracking.server import Server
from earmark.tracking.twin import TWIN_TAG

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

TIME = "time"
"""Section of the stages' wall-clock times, s."""

BASELINE_SCORES = ("accuracy", "balanced_accuracy")
"""Scores of the baselines that are metrics of the run; the others are in ``tables/metrics.json``."""


@dataclass(frozen=True)
class Study:
    """Params and the store folders of manifest, model and (when the model has been judged) evaluation.

    Where the ``product`` is ``rates``, the range test's folder takes the place of the model's. ``times`` are those of
    the stages that led here (s), as far as they are known.
    """

    params: Params
    prepared: Path
    model: Path
    evaluation: Path | None
    product: str = "model"
    times: Mapping[str, float] = field(default_factory=dict)

    @property
    def manifest(self) -> Path:
        """The manifest's file."""
        return self.prepared / "manifest.parquet"

    @property
    def judged(self) -> dict[str, Any]:
        """What ``metrics.json`` says; only of a model that has been judged."""
        assert self.evaluation is not None
        return dict(json.loads((self.evaluation / "metrics.json").read_text()))

    def facts(self, name: str) -> dict[str, Any]:
        """A JSON file of the model's folder."""
        return dict(json.loads((self.model / name).read_text()))

    @property
    def training(self) -> Training:
        """The identity of the product's run."""
        return Training(self.params, key_of(self.model), key_of(self.prepared), self.product)

    def note(self, run_id: str) -> dict[str, str | None]:
        """What a receipt says about this study; two studies with the same note would give the same run."""
        training = digest(self.params.digest(), self.training.data)
        return {
            "run_id": run_id,
            "training": training,
            "evaluation": key_of(self.evaluation) if self.evaluation else None,
        }


@dataclass(frozen=True)
class Receipt:
    """A note in the store that a study was recorded, read without mlflow, so that a no-op costs nothing."""

    path: Path

    @classmethod
    def of(cls, study: Study, server: Server) -> Self:
        """The receipt of a study's run on a server."""
        place = digest("tracking", server.uri, study.params.task)
        return cls(Store.find().path("tracking", f"{place}/{study.training.key}", ".json"))

    def run_id(self, study: Study) -> str | None:
        """The run that holds this study, whether or not an evaluation beyond it; None if there is none."""
        try:
            noted = json.loads(self.path.read_text())
        except (OSError, ValueError):
            return None
        wanted = study.note(noted["run_id"])
        if study.evaluation is None:
            wanted["evaluation"] = noted["evaluation"]
        return str(noted["run_id"]) if wanted == noted else None

    def write(self, study: Study, run_id: str) -> None:
        """Note that ``run_id`` holds ``study``."""
        with replacing(self.path) as part:
            part.write_text(json.dumps(study.note(run_id)) + "\n")


def record(
    params: Params,
    prepared: Path,
    model: Path,
    evaluation: Path | None = None,
    server: Server | None = None,
    times: Mapping[str, float] | None = None,
) -> str:
    """Make the MLflow run of a model complete and return its id; nothing is sent that was sent before.

    ``prepared``, ``model`` and ``evaluation`` are store folders, ``times`` seconds by stage. Raises EarmarkError if one
    has no provenance, or if the server cannot be reached.
    """
    return recorded(Study(params, prepared, model, evaluation, times=times or {}), server or Server.find(), _record)


def recorded(study: Study, server: Server, send: Callable[[MlflowClient, Server, Study], str]) -> str:
    """The id of the study's run, which ``send`` completes if no receipt says that it is complete."""
    receipt = Receipt.of(study, server)
    known = receipt.run_id(study)
    if known is not None and server.may_hold(study.params.task, known):
        return known
    client = server.client()
    with server.explained():
        run_id = send(client, server, study)
    receipt.write(study, run_id)
    return run_id


def _record(client: MlflowClient, server: Server, study: Study) -> str:
    run = study.training.run(client, server)
    run_id = str(run.info.run_id)
    found = data_sets(study.params.task, study.manifest)
    _send_history(client, run_id, study.model / "history.csv")
    client.log_inputs(run_id, [each.as_input(study.manifest) for each in found])
    client.log_text(run_id, yaml.safe_dump(study.params.plain(), sort_keys=False, allow_unicode=True), "params.yaml")
    if study.evaluation is not None:
        _send_evaluation(client, run_id, study.evaluation)
    client.set_tag(run_id, DESCRIPTION_TAG, _description(study, found, run))
    _send_figures(client, run, study, found)
    if run.info.status != "FINISHED":
        client.set_terminated(run_id, "FINISHED")
    end_abandoned(client, run.info.experiment_id)
    return run_id


def _send_figures(client: MlflowClient, run: Run, study: Study, found: Sequence[DataSet]) -> None:
    """Send the metrics that have one value: those of the judged clips belong to the model and its data sets, too."""
    training, timing = (study.facts(name) for name in ("training.json", "timing.json"))
    log_scalars(client, run, summary(training | timing) | section(TIME, study.times))
    model_id = _model_of(client, run, study)
    if study.evaluation is not None:
        log_scalars(client, run, judged_metrics(study.judged), {each.context: each for each in found}, model_id)


def _model_of(client: MlflowClient, run: Run, study: Study) -> str:
    """Id of the run's served model, which is logged unless there is one that was logged to its end.

    One that was logged before the model was judged is not calibrated, so that another takes its place.
    """
    from earmark.serving.facts import facts_of
    from earmark.tracking.served import has_facts, log_served_model

    predictions = (study.evaluation or study.model) / "predictions.parquet"
    facts = facts_of(study.model, predictions, study.prepared)
    for output in run.outputs.model_outputs if run.outputs else []:
        logged = client.get_logged_model(output.model_id)
        if has_facts(logged, facts) or (study.evaluation is None and logged.status == "READY"):
            return str(output.model_id)
    return log_served_model(run, study.params, study.prepared, study.model, facts)


def _description(study: Study, found: Sequence[DataSet], run: Run) -> str:
    params = study.params
    return described(
        [
            result(study.judged) if study.evaluation else "Not judged yet: `snakemake evaluate`.",
            model(params, study.facts("training.json")),
            curves(run.info.experiment_id, run.info.run_id),
            table(found),
            command(params, committed(), recipe_of(params), run.data.tags),
            run.data.tags.get(TWIN_TAG),
        ]
    )


def _send_history(client: MlflowClient, run_id: str, history: Path) -> None:
    """Send the epochs of ``history.csv`` that the live training did not."""
    epochs = Epochs(client, run_id)
    with history.open(newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            epochs.add(int(row.pop("epoch")), {name: float(value) for name, value in row.items()})
    epochs.flush()


def judged_metrics(metrics: dict[str, Any]) -> dict[str, float]:
    """Metrics by section: ``test/accuracy``, ``test/accuracy.low``, ``test/baseline.majority.accuracy``, ``val/…``."""
    found = section("totals", {"quarantined": metrics["quarantined"], "classes": metrics["n_classes"]})
    for split in ("test", "unseen", "val"):
        found |= section(split, metrics.get(split, {}))
    for name, scores in metrics.get("external", {}).items():
        found |= section(EXTERNAL + name, scores)
    for name, scores in metrics["baselines"].items():
        found |= section("test", {f"baseline.{name}": {score: scores[score] for score in BASELINE_SCORES}})
    return found


def _send_evaluation(client: MlflowClient, run_id: str, evaluation: Path) -> None:
    """Send ``figures/``, ``report/`` and ``tables/``; files of an earlier evaluation are replaced."""
    for path in sorted((evaluation / "plots").iterdir()):
        client.log_artifact(run_id, str(path), "figures" if path.suffix == ".png" else "tables")
    client.log_artifact(run_id, str(evaluation / "report" / "index.html"), "report")
    for name in ("metrics.json", "predictions.parquet"):
        client.log_artifact(run_id, str(evaluation / name), "tables")


def key_of(folder: Path) -> str:
    """The content key that a product's folder records; raises EarmarkError if it records none."""
    record = read_record(folder)
    if record is None:
        raise EarmarkError(f"{folder}: provenance.json is missing or unreadable; remove the folder and run again")
    return str(record["key"])
