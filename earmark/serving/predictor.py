"""Prediction: what serves a model is what judged it, and its front end is the one that made the training features.

Needs onnxruntime and no Keras: a model answers half a second after it is asked for the first time.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from earmark import config
from earmark.audio.frontend import Frontend, Image
from earmark.config import Params
from earmark.errors import EarmarkError
from earmark.models import engine
from earmark.models.engine import Engine
from earmark.models.inputs import network_input

Floats = NDArray[np.float32]
FILES = ("params.yaml", "labels.json", "backbone.onnx", "head.onnx")
"""What prediction reads of a model folder."""


@dataclass(frozen=True)
class Prediction:
    """The most probable class, its probability, and every class's probability in the order of the model's labels."""

    label: str
    confidence: float
    probabilities: dict[str, float]


class Predictor:
    """A trained model: audio, mel images or features to class probabilities."""

    def __init__(self, params: Params, labels: Sequence[str], backbone: Engine, head: Engine) -> None:
        self.params = params
        self.labels = list(labels)
        self.frontend = Frontend(params.features)
        self._backbone = backbone
        self._head = head

    @classmethod
    def load(cls, folder: Path, threads: int | None = None) -> Self:
        """The model in ``folder``, on ``threads`` cores (None: all); raises EarmarkError if it is not a whole model."""
        missing = [name for name in FILES if not (folder / name).is_file()]
        if missing:
            raise EarmarkError(f"{folder}: not a model folder ({missing[0]} is missing); run `earmark train`")
        try:
            labels = json.loads((folder / "labels.json").read_text())
        except ValueError as error:
            raise EarmarkError(f"{folder}/labels.json: damaged ({error}); run `earmark train`") from None
        networks = (engine.load(folder / name, threads) for name in FILES[2:])
        return cls(config.load(folder / "params.yaml"), labels, *networks)

    def features(self, images: Sequence[Image]) -> Floats:
        """Bottleneck features (n, *shape) of mel ``images`` (n_mels, frames), one or more, of any lengths."""
        settings, top_db = self.params.backbone, self.params.features.top_db
        inputs = (network_input(image, settings, top_db) for image in images)
        return np.concatenate([self._backbone.features(one[None]) for one in inputs])

    def probabilities(self, features: NDArray[Any]) -> Floats:
        """Class probabilities (n, k) of ``features`` (n, *shape), columns in the order of ``labels``."""
        return self._head.features(features.astype(np.float32, copy=False))

    def predict_images(self, images: Sequence[Image]) -> list[Prediction]:
        """Answers for mel ``images`` made by the front end of ``params.features``."""
        return [self._answer(row) for row in self.probabilities(self.features(images))] if len(images) else []

    def predict_files(self, paths: Iterable[Path]) -> list[Prediction]:
        """Answers for audio files; raises DecodeError naming the first that cannot be used."""
        return self.predict_images([self.frontend.image_of(Path(path)) for path in paths])

    def predict_bytes(self, audio: bytes) -> Prediction:
        """Answer for the bytes of an audio file in any format that libsndfile reads; raises DecodeError."""
        return self.predict_images([self.frontend.image_of(audio)])[0]

    def _answer(self, row: Floats) -> Prediction:
        best = int(row.argmax())
        return Prediction(self.labels[best], float(row[best]), dict(zip(self.labels, row.tolist(), strict=True)))
