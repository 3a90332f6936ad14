"""The model as MLflow serves it: a column of audio files' bytes in, label, confidence and probabilities out.

``mlflow models serve`` answers ``{"dataframe_records": [{"audio": "<base64 of a WAV, FLAC, MP3, OGG … file>"}]}``, with
``"params": {"unknown": 0.6}`` beside it too. Answers are those of ``earmark predict``: the artifact ``facts`` has the
temperature of the confidences and how long clips are, which lie beside ``results/model`` in the study.

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
from mlflow.types import ColSpec, ParamSchema, ParamSpec, Schema

from earmark.audio.decode import DecodeError, FloatArray
from earmark.serving.decoders import Decoders
from earmark.serving.facts import Facts
from earmark.serving.predictor import Predictor
from earmark.serving.recogniser import Answer, Recogniser
from earmark.serving.timeline import UNKNOWN

COLUMN = "audio"

THRESHOLD = "unknown"
"""Param of a request: the confidence below which the label is ``unknown``."""

MODEL, FACTS = "model", "facts"
"""Artifacts: the model folder, and the ``Facts`` about it as JSON."""


class SpeechClassifier(mlflow.pyfunc.PythonModel):
    """Audio files' bytes to classes, through ``earmark.serving.recogniser``; decoded under the limits of ``UPLOAD``."""

    def load_context(self, context: Any) -> None:
        """Load what was logged as the artifacts ``model`` and ``facts``; without the latter nothing is calibrated."""
        facts = json.loads(Path(context.artifacts[FACTS]).read_text()) if FACTS in context.artifacts else {}
        self._recogniser = Recogniser(Predictor.load(Path(context.artifacts[MODEL])), Facts(**facts))
        self._decoders = Decoders(self._recogniser.rate)

    def predict(self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:
        """One row per row of ``model_input``, whose column ``audio`` holds bytes or base64 text: ``columns(labels)``.

        ``params`` may hold ``unknown``. A recording without speech is ``no speech``, and its probabilities are None.
        Raises MlflowException (400) naming the row that is not base64 or not audio, or if ``unknown`` is not 0..1.
        """
        if COLUMN not in model_input:
            found = ", ".join(map(str, model_input.columns)) or "none"
            raise _refused(f"column '{COLUMN}' is missing (found: {found}); it holds the bytes of audio files")
        clips = (self._samples(row, value) for row, value in enumerate(model_input[COLUMN]))
        least, labels = float((params or {}).get(THRESHOLD, 0.0)), self._recogniser.predictor.labels
        if not 0 <= least <= 1:
            raise _refused(f"params: '{THRESHOLD}' is {least}; it is a confidence, 0 to 1")
        rows = [_row(self._recogniser.of_samples(samples), labels, least) for samples in clips]
        answers = pd.DataFrame(rows, columns=columns(labels))
        if answers.isna().any(axis=None):
            return answers.astype(object).where(answers.notna(), None)  # JSON has null, and no NaN
        return answers

    def _samples(self, row: int, value: Any) -> FloatArray:
        try:
            return self._decoders.samples(_bytes(value))
        except DecodeError as error:
            raise _refused(f"row {row}, column '{COLUMN}': {error.detail}") from None
        except (binascii.Error, TypeError, ValueError):
            raise _refused(f"row {row}, column '{COLUMN}': neither bytes nor base64 text of an audio file") from None


def _row(answer: Answer, labels: list[str], least: float) -> tuple[Any, ...]:
    label = UNKNOWN if answer.probabilities and answer.confidence < least else answer.label
    return (label, answer.confidence, *(answer.probabilities.get(name) for name in labels))


def columns(labels: list[str]) -> list[str]:
    """Columns of the answer: ``label``, ``confidence`` and ``p_<class>`` for each of ``labels``."""
    return ["label", "confidence", *(f"p_{label}" for label in labels)]


def signature(model: Path) -> ModelSignature:
    """What goes in (``audio``, binary) and what comes out of the model in the folder ``model``."""
    names = columns(json.loads((model / "labels.json").read_text()))
    answer = [ColSpec("string" if name == "label" else "double", name) for name in names]
    threshold = ParamSchema([ParamSpec(THRESHOLD, "double", 0.0)])
    return ModelSignature(Schema([ColSpec("binary", COLUMN)]), Schema(answer), threshold)


def _bytes(value: Any) -> bytes:
    return base64.b64decode(value, validate=True) if isinstance(value, str) else bytes(memoryview(value))


def _refused(message: str) -> MlflowException:
    return MlflowException.invalid_parameter_value(message)


mlflow.models.set_model(SpeechClassifier())
