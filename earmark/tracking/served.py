"""The model in its run as it is served: audio in, label and probabilities out, with signature and a clip to try."""

from __future__ import annotations

import json
import platform
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq

from earmark.audio.decode import DecodeError, decode
from earmark.audio.encode import encoded
from earmark.config import Params
from earmark.digest import digest
from earmark.recordings import Recordings
from earmark.serving.facts import Facts
from earmark.store import Store

if TYPE_CHECKING:
    import pandas as pd
    from mlflow.entities import LoggedModel, Run

FACTS_TAG = "earmark.facts"
"""Tag of a logged model: the digest of the facts that went with it."""

REQUIREMENTS = (
    *("mlflow", "numpy", "pandas", "pyarrow", "pydantic", "pyyaml", "scipy", "tqdm"),
    *("soundfile", "soxr", "onnxruntime", "pillow"),
)
"""Distributions that prediction needs; the model records the versions it was judged with."""

EXAMPLE_SECONDS = 1.0
"""The example is the shortest test clip that lasts this long: MLflow stores it as text in the model's folder."""


def log_served_model(run: Run, params: Params, prepared: Path, model: Path, facts: Facts) -> str:
    """Log the model folder ``model`` to a run as a pyfunc, with this package's code so that it serves anywhere.

    With it go the ``facts`` about it, so that its confidences are those of ``earmark predict``. Returns the id of the
    logged model.
    """
    import mlflow
    from mlflow.models import Model

    from earmark.serving import pyfunc

    mlflow.set_experiment(experiment_id=run.info.experiment_id)  # else the model is filed under "Default"
    with TemporaryDirectory() as folder:
        (written := Path(folder) / "facts.json").write_text(json.dumps(asdict(facts)) + "\n")
        logged = Model.log(
            artifact_path=None,
            name="model",
            flavor=mlflow.pyfunc,
            run_id=run.info.run_id,
            python_model=pyfunc.__file__,
            artifacts={pyfunc.MODEL: str(model), pyfunc.FACTS: str(written)},
            code_paths=[str(Path(__file__).parents[1])],
            signature=pyfunc.signature(model),
            input_example=example(params, prepared),
            conda_env=environment(),
        )
    mlflow.MlflowClient().set_logged_model_tags(logged.model_id, {FACTS_TAG: digest(asdict(facts))})
    return str(logged.model_id)


def has_facts(logged: LoggedModel, facts: Facts) -> bool:
    """Whether a model was logged to its end, with these ``facts``."""
    return bool(logged.status == "READY" and logged.tags.get(FACTS_TAG) == digest(asdict(facts)))


def environment() -> dict[str, Any]:
    """The packages that prediction needs, as a conda environment; MLflow derives ``requirements.txt`` from it."""
    pinned = [f"{name}=={version(name)}" for name in REQUIREMENTS]
    dependencies = [f"python={platform.python_version()}", "pip", {"pip": pinned}]
    return {"name": "earmark", "channels": ["conda-forge"], "dependencies": dependencies}


def example(params: Params, prepared: Path) -> pd.DataFrame | None:
    """One row, column ``audio``: a short test clip as the bytes of a WAV file; None if no recording is at hand."""
    import pandas as pd

    names = ["clip_id", "path", "start", "end", "duration"]
    rows = pq.read_table(prepared / "manifest.parquet", columns=names, filters=[("split", "==", "test")]).to_pylist()
    rows.sort(key=lambda row: (row["duration"] < EXAMPLE_SECONDS, row["duration"], row["clip_id"]))
    recordings = Recordings.of(params.data, Store.find())
    for row in rows:
        try:
            place = recordings.path(row["path"])
            samples, rate = decode(place, params.features.sample_rate, row["start"], row["end"])
        except (OSError, DecodeError):
            continue  # pulled results come without their recordings
        return pd.DataFrame({"audio": [encoded(samples, rate, "WAV", "PCM_16")]})
    return None
