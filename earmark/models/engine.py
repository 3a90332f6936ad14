"""Engines that run a backbone: onnxruntime on a CPU, Keras as the reference and on a GPU.

Both run one clip at a time. On a CPU that is as fast as a batch, and a clip's features are the same bits whatever
is extracted beside it, which copied rows and serving rely on.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from earmark.config import BackboneParams
from earmark.errors import EarmarkError
from earmark.models.backbones import build
from earmark.models.canonical import canonicalise
from earmark.store import replacing

Floats = NDArray[np.float32]

GPU = Path("/dev/nvidia0")
"""Exists where Linux has an NVIDIA GPU."""

EXAMPLE_FRAMES = 64
"""Any length that every layer can read."""


class Engine(Protocol):
    """Bottleneck features of prepared inputs."""

    def features(self, batch: Floats) -> Floats:
        """Features (n, *shape) of a ``batch`` (n, height, width, channels) of ``inputs.network_input``."""
        ...


class OnnxEngine:
    """onnxruntime over an exported backbone."""

    def __init__(self, onnx: Path, threads: int | None = None) -> None:
        """``threads`` None uses every core. Raises EarmarkError if the file is missing or damaged."""
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads or 0
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(onnx, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime has an exception class of its own for every kind of damage
            raise EarmarkError(
                f"{onnx}: no backbone that onnxruntime can run ({error}); remove it and run again"
            ) from error
        self._input = self._session.get_inputs()[0].name

    def features(self, batch: Floats) -> Floats:
        """Features (n, *shape) of a ``batch`` (n, height, width, channels)."""
        return np.concatenate([self._session.run(None, {self._input: clip[None]})[0] for clip in batch])


class KerasEngine:
    """Keras over a backbone built in this process."""

    def __init__(self, backbone: BackboneParams) -> None:
        """Raises EarmarkError if the weights cannot be had."""
        self._model = build(backbone)

    def features(self, batch: Floats) -> Floats:
        """Features (n, *shape) of a ``batch`` (n, height, width, channels)."""
        import keras

        outputs = [self._model(clip[None], training=False) for clip in batch]
        return np.concatenate([keras.ops.convert_to_numpy(output) for output in outputs])

    def export(self, output: Path) -> None:
        """Write the network as ONNX: float32 (batch, height, width, channels) → features, reproducibly."""
        example = [1, *(length or EXAMPLE_FRAMES for length in self._model.input_shape[1:])]
        self._model(np.zeros(example, np.float32))  # Keras exports a network only after its first call
        with replacing(output) as part, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # tf2onnx touches deprecated names of numpy
            self._model.export(part, format="onnx", verbose=False)
            canonicalise(part)


def load(onnx: Path, threads: int | None = None) -> Engine:
    """Engine of an exported backbone; raises EarmarkError if the file is missing or damaged."""
    return OnnxEngine(onnx, threads)


def choose(backbone: BackboneParams, onnx: Path, threads: int | None = None) -> Engine:
    """The engine that ``backbone.engine`` names; ``auto`` is Keras where there is a GPU, else onnxruntime."""
    keras_runs = backbone.engine == "keras" or (backbone.engine == "auto" and GPU.exists())
    return KerasEngine(backbone) if keras_runs else OnnxEngine(onnx, threads)


def export(backbone: BackboneParams, output: Path) -> None:
    """Write the frozen ``backbone`` with its pooling as ONNX; raises EarmarkError if the weights cannot be had."""
    KerasEngine(backbone).export(output)
