"""A model as it is when the page starts: a training that publishes another one meanwhile changes no answer."""

from __future__ import annotations

import shutil
from pathlib import Path

from earmark.serving.facts import results_of

BESIDE = ("metrics.json", "predictions.parquet", "report/index.html")
"""What a study's results tell of the model, beside its folder."""

LINKED = ("data", "prepare")
"""Where the manifest of a model is, and the recordings: large, and told by their own keys."""


def snapshot(model: Path, folder: Path) -> Path:
    """Copy the ``model`` folder, with what lies beside it, into a new ``folder``; returns the model's place there.

    What is no folder is returned as it is: whoever loads it says what is wrong.
    """
    if not model.is_dir():
        return model
    results, beside = folder / "results", results_of(model)
    shutil.copytree(model, results / "model")
    for name in BESIDE:
        if (found := beside / name).is_file():
            (results / name).parent.mkdir(exist_ok=True)
            shutil.copy(found, results / name)
    for name in LINKED:
        if (beside.parent / name).is_dir():
            (folder / name).symlink_to(beside.parent / name)
    return results / "model"
