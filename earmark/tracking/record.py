"""Completing a run after the evaluation: history, data sets, figures, report, test metrics, and the served model."""

from __future__ import annotations

import csv
import json
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from earmark.config import Params
from earmark.digest import digest
from earmark.errors import EarmarkError
from earmark.provenance import read_record
from earmark.splits import EXTERNAL, in_order
from earmark.store import Store, replacing
from earmark.tracking.live import summary
from earmark.tracking.process import end_abandoned
from earmark.tracking.run import Epochs, Training, log_scalars, section
from earmark.tracking.server import Server
from earmark.tracking.twin import DESCRIPTION_TAG, TWIN_TAG

if TYPE_CHECKING:
    import pandas as pd
    from mlflow import MlflowClient
    from mlflow.entities import DatasetInput, Run


BASELINE_SCORES = ("accuracy", "balanced_accuracy")
"""Scores of the baselines that are metrics of the run; the others are in ``tables/metrics.json``."""


@dataclass(frozen=True)
class Study:
    """Params and the store folders of manifest, model and (when the model has been judged) evaluation.

    Where the ``product`` is ``rates``, the range test's folder takes the place of the model's.
    """

    params: Params
    prepared: Path
    model: Path
    evaluation: Path | None
    product: str = "model"

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
    params: Params, prepared: Path, model: Path, evaluation: Path | None = None, server: Server | None = None
) -> str:
    """Make the MLflow run of a model complete and return its id; nothing is sent that was sent before.

    ``prepared``, ``model`` and ``evaluation`` are store folders. Raises EarmarkError if one has no provenance, or if
    the server cannot be reached.
    """
    return recorded(Study(params, prepared, model, evaluation), server or Server.find(), _record)


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
    from earmark.tracking.served import log_served_model

    run = study.training.run(client, server)
    run_id = str(run.info.run_id)
    _send_history(client, run_id, study.model / "history.csv")
    client.log_inputs(run_id, _data_sets(study))
    client.log_artifact(run_id, str(study.model / "params.yaml"))
    training, timing = (json.loads((study.model / name).read_text()) for name in ("training.json", "timing.json"))
    scalars = summary(training | timing)
    if study.evaluation is not None:
        metrics = json.loads((study.evaluation / "metrics.json").read_text())
        scalars |= judged_metrics(metrics)
        client.set_tag(run_id, DESCRIPTION_TAG, description(metrics, run.data.tags.get(TWIN_TAG)))
        _send_evaluation(client, run_id, study.evaluation)
    log_scalars(client, run, scalars)
    if not _has_model(client, run):
        log_served_model(run, study.params, study.prepared, study.model)
    if run.info.status != "FINISHED":
        client.set_terminated(run_id, "FINISHED")
    end_abandoned(client, run.info.experiment_id)
    return run_id


def _has_model(client: MlflowClient, run: Run) -> bool:
    """Whether the run has a model that was logged to its end."""
    outputs = run.outputs.model_outputs if run.outputs else []
    return any(client.get_logged_model(output.model_id).status == "READY" for output in outputs)


def _send_history(client: MlflowClient, run_id: str, history: Path) -> None:
    """Send the epochs of ``history.csv`` that the live training did not."""
    epochs = Epochs(client, run_id)
    with history.open(newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            epochs.add(int(row.pop("epoch")), {name: float(value) for name, value in row.items()})
    epochs.flush()


def description(metrics: dict[str, Any], twin: str | None = None) -> str:
    """The run's description (Markdown): the headline result beside its baselines, where the report is, and ``twin``."""
    test, baselines = metrics["test"], metrics["baselines"]
    low, high = test.get("ci95", {}).get("balanced_accuracy", (None, None))
    interval = "" if low is None else f" (95 % interval {low:.1%} to {high:.1%})"
    lines = [
        f"**{test['balanced_accuracy']:.1%} balanced accuracy** on {test['n']} test clips{interval}; "
        f"logistic regression {baselines['logistic_regression']['balanced_accuracy']:.1%}, "
        f"most frequent class {baselines['majority']['balanced_accuracy']:.1%}.",
        f"Splits: {metrics['leaks']}. Quarantined recordings: {metrics['quarantined']}.",
        *([f"Learnt from {metrics['synthetic']:,} synthetic clips too."] if "synthetic" in metrics else []),
        "The whole report: *Artifacts*, `report/index.html`.",
    ]
    return "\n\n".join([*lines, twin] if twin else lines)


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


def _data_sets(study: Study) -> list[DatasetInput]:
    """One data-set input per split: its rows' digest, columns and size; the source is the manifest."""
    import pandas as pd

    manifest = pd.read_parquet(study.prepared / "manifest.parquet")
    return [_data_set(study, split, manifest[manifest["split"] == split]) for split in in_order(manifest["split"])]


def _data_set(study: Study, split: str, rows: pd.DataFrame) -> DatasetInput:
    from mlflow.data.pandas_dataset import from_pandas
    from mlflow.entities import Dataset, DatasetInput, InputTag

    content = digest("split", rows[["clip_id", "audio_digest", "start", "end", "label"]].to_csv(index=False))
    name, source = f"{study.params.task}-{split}", str(study.prepared / "manifest.parquet")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # guesses about the source, hints about integers
        data = from_pandas(rows, source, targets="label", name=name, digest=content).to_dict()
    return DatasetInput(Dataset.from_dictionary(data), [InputTag("mlflow.data.context", split)])


def key_of(folder: Path) -> str:
    """The content key that a product's folder records; raises EarmarkError if it records none."""
    record = read_record(folder)
    if record is None:
        raise EarmarkError(f"{folder}: provenance.json is missing or unreadable; remove the folder and run again")
    return str(record["key"])
