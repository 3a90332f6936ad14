"""What a study knows about its model beside the model folder: how sure to be, and how long its clips are.

Both are read from what lies beside ``results/model``: the recorded predictions of the validation clips
(``results/predictions.parquet``) and the manifest (``data/manifest``). A file of another model or manifest is not used:
each records the keys of what it was made from.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from earmark.provenance import read_record
from earmark.serving.calibration import fit_temperature
from earmark.splits import EXTERNAL

FEWEST = 10
"""Validation clips from which a temperature is fitted; of fewer it would be chance."""


@dataclass(frozen=True)
class Facts:
    """``temperature`` of the confidences (None: not known); median and longest clip of the study, s (None likewise)."""

    temperature: float | None = None
    typical_seconds: float | None = None
    longest_seconds: float | None = None


def read_facts(model: Path) -> Facts:
    """The facts about the model in a folder; what is not beside it stays unknown."""
    return facts_of(model, results_of(model) / "predictions.parquet", manifest_of(model))


def facts_of(model: Path, predictions: Path, manifest: Path | None) -> Facts:
    """The facts about a model by its recorded ``predictions`` and its ``manifest`` (a folder), as far as there are."""
    typical, longest = _durations(manifest / "manifest.parquet") if manifest else (None, None)
    key = (read_record(model) or {}).get("key")
    return Facts(_temperature(predictions, key), typical, longest)


def results_of(model: Path) -> Path:
    """The folder that a model lies in, which names like ``model`` and ``.`` do not tell by themselves."""
    return Path(os.path.abspath(model)).parent  # noqa: PTH100 - resolve() would leave the study where model is a link


def manifest_of(model: Path) -> Path | None:
    """Folder of the manifest that a model was made from: as published, or in the store that the model is in."""
    key = (read_record(model) or {}).get("inputs", {}).get("manifest")
    root = results_of(model).parent
    found = [folder for folder in (root / "data" / "manifest", root / "prepare" / str(key)) if folder.is_dir()]
    return next((folder for folder in found if key and (read_record(folder) or {}).get("key") == key), None)


def _temperature(predictions: Path, model_key: str | None) -> float | None:
    record = read_record(predictions) if predictions.is_file() else None
    if not record or not model_key or record.get("inputs", {}).get("model") != model_key:
        return None
    rows = [row for row in _rows(predictions) if row["split"] == "val"]
    if len(rows) < FEWEST:
        return None
    labels = [name.removeprefix("p_") for name in rows[0] if name.startswith("p_")]
    classes = np.array([labels.index(row["label"]) for row in rows])
    return fit_temperature(np.array([[row[f"p_{label}"] for label in labels] for row in rows]), classes)


def _durations(manifest: Path) -> tuple[float, float] | tuple[None, None]:
    """Median of the training clips and longest of all the study's own clips, s."""
    own = [row for row in _rows(manifest, ["split", "duration"]) if not row["split"].startswith(EXTERNAL)]
    learnt = [row["duration"] for row in own if row["split"] == "train"]
    return (float(np.median(learnt)), float(max(row["duration"] for row in own))) if learnt else (None, None)


def _rows(path: Path, columns: list[str] | None = None) -> list[dict[str, Any]]:
    """Rows of a Parquet file; ``read_table`` would import a second of what is not needed."""
    return list(pq.ParquetFile(path).read(columns=columns).to_pylist())
