"""The figures that may choose between models: those of the validation clips, answered as when the model is served."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from earmark.errors import EarmarkError
from earmark.evaluation import metrics
from earmark.evaluation.material import Material
from earmark.evaluation.predictions import predict
from earmark.provenance import Provenance
from earmark.serving.predictor import Predictor
from earmark.store import replacing_folder

FILE = "figures.json"


def validate(prepared: Path, mels: Sequence[Path], model: Path, output: Path, provenance: Provenance) -> dict[str, Any]:
    """Judge ``model`` on the val clips of ``prepared`` only and write ``figures.json`` into the folder ``output``.

    Returns what is in it: n, accuracy, balanced_accuracy, macro_f1, loss (nats), ece, roc_auc. No test clip is looked
    at. Raises EarmarkError if there is no val clip or an image is missing.
    """
    rows = Material.read(prepared).of("val")
    if not rows:
        raise EarmarkError(f"{prepared}: no clip is in the val split; nothing to choose by")
    predictor = Predictor.load(model)
    found = predict(rows, mels, predictor, lambda features: predictor.probabilities(features).astype(float)).head
    figures = metrics.summary(found.truth, found.probabilities)
    with replacing_folder(output) as folder:
        (folder / FILE).write_text(json.dumps(figures, indent=2) + "\n")
        provenance.write(folder)
    return figures


def read_figures(folder: Path) -> dict[str, Any]:
    """The figures that ``validate`` wrote; raises EarmarkError if it did not."""
    try:
        return dict(json.loads((folder / FILE).read_text()))
    except (OSError, ValueError) as error:
        raise EarmarkError(f"{folder}: no validation figures ({error}); run `earmark validate`") from None
