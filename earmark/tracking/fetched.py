"""A model that MLflow keeps, as a model folder: its networks and texts are read, none of the code that it brings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from earmark.errors import EarmarkError
from earmark.store import Store
from earmark.tracking.server import Server

if TYPE_CHECKING:
    from mlflow import MlflowClient

ADDRESS = "models:/"
"""Begins the addresses of models in MLflow: ``models:/NAME@ALIAS``, ``models:/NAME/VERSION``, ``models:/MODEL_ID``."""

FIGURES = {
    "tables/metrics.json": "metrics.json",
    "tables/predictions.parquet": "predictions.parquet",
    "report/index.html": "report/index.html",
}
"""What the run of a judged model has of what it reached, and where that is in ``results``."""


def model_folder(address: str, folder: Path, server: Server | None = None) -> Path:
    """The model at ``address``, fetched into a new ``folder`` with its figures beside it, as in ``results``.

    Its manifest is found if the store here has it.

    Raises EarmarkError if there is no such model, or if it is not one of earmark's.
    """
    server = server or Server.find()
    client = server.client()
    import mlflow

    folder.mkdir(parents=True)
    with server.explained():
        fetched = Path(mlflow.artifacts.download_artifacts(address, dst_path=str(folder)))
        kept = mlflow.models.Model.load(str(fetched))
    artifact = kept.flavors.get("python_function", {}).get("artifacts", {}).get("model", {}).get("path", "")
    found = (fetched / artifact).resolve()
    if not artifact or not found.is_relative_to(fetched.resolve()) or not found.is_dir():
        raise EarmarkError(f"{address}: not a model of earmark; name one that `earmark train` logged")
    results = folder / "results"
    results.mkdir()
    found.rename(results / "model")
    for name in FIGURES if kept.run_id else ():
        _figures(client, str(kept.run_id), name, results)
    (folder / "prepare").symlink_to((Store.find().root / "prepare").resolve())
    return results / "model"


def _figures(client: MlflowClient, run_id: str, name: str, folder: Path) -> None:
    """Fetch a file of a run into ``folder``; a model that was not judged has none."""
    from mlflow.exceptions import MlflowException

    target = folder / FIGURES[name]
    try:
        fetched = Path(client.download_artifacts(run_id, name, str(folder)))
        target.parent.mkdir(exist_ok=True)
        fetched.rename(target)
    except (MlflowException, OSError):
        return
