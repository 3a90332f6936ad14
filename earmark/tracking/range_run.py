"""The run of a learning-rate range test: beside the model's in the experiment, with its curve, plot and suggestion."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import TYPE_CHECKING

from earmark.config import Params
from earmark.tracking.record import Study, recorded
from earmark.tracking.run import Epochs, log_scalars, section
from earmark.tracking.server import Server

if TYPE_CHECKING:
    from mlflow import MlflowClient

RATES = "rates"
"""Product, and section of the metrics."""


def record_rates(params: Params, prepared: Path, rates: Path, server: Server | None = None) -> str:
    """Make the MLflow run of a range test complete and return its id; nothing is sent that was sent before.

    ``prepared`` and ``rates`` are store folders. Raises EarmarkError as ``record`` does.
    """
    return recorded(Study(params, prepared, rates, None, RATES), server or Server.find(), _send)


def _send(client: MlflowClient, server: Server, study: Study) -> str:
    run = study.training.run(client, server)
    run_id, folder = str(run.info.run_id), study.model
    steps = Epochs(client, run_id, RATES)
    with (folder / "rates.csv").open(newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            steps.add(int(row.pop("step")), {name: float(value) for name, value in row.items()})
    steps.flush()
    found = json.loads((folder / "rates.json").read_text())
    log_scalars(client, run, section(RATES, found))
    client.log_artifact(run_id, str(folder / "rates.png"), "figures")
    for name in ("rates.csv", "rates.json"):
        client.log_artifact(run_id, str(folder / name), "tables")
    if run.info.status != "FINISHED":
        client.set_terminated(run_id, "FINISHED")
    return run_id
