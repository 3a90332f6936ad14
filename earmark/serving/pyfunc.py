"""The model as MLflow serves it: a column of audio files' bytes in, label, confidence and probabilities out.

``mlflow models serve`` answers ``{"dataframe_records": [{"audio": "<base64 of a WAV, FLAC, MP3, OGG … file>"}]}``.

This file is logged as *model code* (``python_model=pyfunc.__file__``): MLflow runs it when it loads the model, so that
no pickle has to fit the Python it is opened with. It is a thin shell around the ``earmark`` package, which must come
along as ``code_paths=[folder of the package]``; then the model is served by exactly the code that judged it, and
nothing but the pinned distributions has to be installed. The model folder comes as the artifact ``model``.
"""

from __future__ import annotations

import base64
import binascii
import json
from pathlib import Path
from typing import Any

import mlflow.models
import mlflow.pyfunc
import pandas as pd
from mlflow.exceptions import MlflowException
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, Schema

from earmark.audio.decode import DecodeError
from earmark.audio.frontend import Window
from earmark.serving.decoders import Decoders
from earmark.serving.predictor import Predictor

COLUMN = "audio"


class SpeechClassifier(mlflow.pyfunc.PythonModel):
    """Audio files' bytes to classes, through ``earmark.serving.predictor``; decoded under the limits of ``UPLOAD``."""

    def load_context(self, context: Any) -> None:
        """Load the model folder that was logged as the artifact ``model``."""
        self._predictor = Predictor.load(Path(context.artifacts["model"]))
        self._decoders = Decoders(self._predictor.params.features.sample_rate)

    def predict(self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:
        """One row per row of ``model_input``, whose column ``audio`` holds bytes or base64 text: ``columns(labels)``.

        Raises MlflowException (400) naming the row that is not base64 or not audio.
        """
        if COLUMN not in model_input:
            found = ", ".join(map(str, model_input.columns)) or "none"
            raise _refused(f"column '{COLUMN}' is missing (found: {found}); it holds the bytes of audio files")
        clips = (self._windows(row, value) for row, value in enumerate(model_input[COLUMN]))
        answers = [self._predictor.predict_windows(windows) for windows in clips]
        rows = [(answer.label, answer.confidence, *answer.probabilities.values()) for answer in answers]
        return pd.DataFrame(rows, columns=columns(self._predictor.labels))

    def _windows(self, row: int, value: Any) -> list[Window]:
        try:
            samples = self._decoders.samples(_bytes(value))
        except DecodeError as error:
            raise _refused(f"row {row}, column '{COLUMN}': {error.detail}") from None
        except (binascii.Error, TypeError, ValueError):
            raise _refused(f"row {row}, column '{COLUMN}': neither bytes nor base64 text of an audio file") from None
        return self._predictor.frontend.windows(samples)


def columns(labels: list[str]) -> list[str]:
    """Columns of the answer: ``label``, ``confidence`` and ``p_<class>`` for each of ``labels``."""
    return ["label", "confidence", *(f"p_{label}" for label in labels)]


def signature(model: Path) -> ModelSignature:
    """What goes in (``audio``, binary) and what comes out of the model in the folder ``model``."""
    names = columns(json.loads((model / "labels.json").read_text()))
    answer = [ColSpec("string" if name == "label" else "double", name) for name in names]
    return ModelSignature(Schema([ColSpec("binary", COLUMN)]), Schema(answer))


def _bytes(value: Any) -> bytes:
    return base64.b64decode(value, validate=True) if isinstance(value, str) else bytes(memoryview(value))


def _refused(message: str) -> MlflowException:
    return MlflowException.invalid_parameter_value(message)


mlflow.models.set_model(SpeechClassifier())
