"""Prediction: what serves a model is what judged it, and its front end is the one that made the training features.

A clip that is cut into windows gets the mean of its windows' probabilities, here and in every evaluation.

Needs onnxruntime and no Keras: a model answers half a second after it is asked for the first time.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from earmark import config
from earmark.audio.frontend import Frontend
from earmark.config import Params
from earmark.errors import EarmarkError
from earmark.models import engine
from earmark.models.engine import Engine
from earmark.models.inputs import Images, network_input

Floats = NDArray[np.float32]
FILES = ("params.yaml", "labels.json", "backbone.onnx", "head.onnx")
"""What prediction reads of a model folder."""


@dataclass(frozen=True)
class Prediction:
    """The most probable class, its probability, and every class's probability in the order of the model's labels."""

    label: str
    confidence: float
    probabilities: dict[str, float]


class Seen(Protocol):
    """A window as the front end makes it, or as a shard's row holds it."""

    @property
    def images(self) -> Images:
        """Images (height, frames) by kind."""
        ...


class Predictor:
    """A trained model: audio, images of windows or features to class probabilities."""

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

    def features(self, windows: Sequence[Images]) -> Floats:
        """Bottleneck features (n, *shape) of the images of ``windows``, one or more, of any lengths."""
        inputs = (network_input(images, self.params.backbone, self.params.features) for images in windows)
        return np.concatenate([self._backbone.features(one[None]) for one in inputs])

    def probabilities(self, features: NDArray[Any]) -> Floats:
        """Class probabilities (n, k) of ``features`` (n, *shape), columns in the order of ``labels``."""
        return self._head.features(features.astype(np.float32, copy=False))

    def predict_windows(self, windows: Sequence[Seen]) -> Prediction:
        """Answer for one clip, of its ``windows`` (one or more) by the front end of ``params.features``."""
        parts = [self.probabilities(self.features([window.images])) for window in windows]
        row = mean_over_windows(np.concatenate(parts))
        best = int(row.argmax())
        return Prediction(self.labels[best], float(row[best]), dict(zip(self.labels, row.tolist(), strict=True)))

    def predict_files(self, paths: Iterable[Path]) -> list[Prediction]:
        """Answers for audio files; raises DecodeError naming the first that cannot be used."""
        return [self.predict_windows(self.frontend.windows_of(Path(path))) for path in paths]


def mean_over_windows(probabilities: NDArray[Any]) -> NDArray[np.float64]:
    """Class probabilities (k,) of a clip from those of its windows (n, k): their mean; of one window, what it has.

    Every window counts the same, so that the answer is a probability again and no single window decides it.
    """
    mean: NDArray[np.float64] = probabilities.mean(axis=0, dtype=np.float64)
    return mean
