"""Predictions as a table of plain values, for the command line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from earmark.serving.predictor import Predictor


def predict_table(model: Path, audio: Sequence[Path]) -> list[dict[str, Any]]:
    """``{"path", "label", "confidence", "probabilities": {class: p}}`` per file, in the order of ``audio``.

    Raises EarmarkError if the model is incomplete or a file cannot be used, naming it.
    """
    predictions = Predictor.load(model).predict_files(audio)
    return [{"path": str(path), **asdict(answer)} for path, answer in zip(audio, predictions, strict=True)]
