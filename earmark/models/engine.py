"""Engines that run a backbone: onnxruntime on a CPU, Keras as the reference and on a GPU, OpenVINO for who wants it.

On a CPU all run one clip at a time. That is as fast as a batch, and a clip's features are the same bits whatever is
extracted beside it, which copied rows and serving rely on. The engine is not part of a content key: all give the same
features to within 1e-4 of the largest.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from earmark.config import BackboneParams
from earmark.errors import EarmarkError
from earmark.models.backbones import build
from earmark.models.placeholder import read_placeholder, write_placeholder
from earmark.store import replacing

Floats = NDArray[np.float32]
Batch = Floats | Sequence[Floats]
"""Clips (height, width, channels) of ``inputs.network_input``: an array (n, …), or a list that may differ in width."""

GPU = Path("/dev/nvidia0")
"""Exists where Linux has an NVIDIA GPU."""

GPU_BATCH = 64
"""Images that a GPU computes at once."""


class Engine(Protocol):
    """Bottleneck features of prepared inputs."""

    def features(self, batch: Batch) -> Floats:
        """Features (n, *shape) of a ``batch`` of n clips, one or more."""
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
            self._input = self._session.get_inputs()[0].name
        except Exception as error:  # onnxruntime has an exception class of its own for every kind of damage
            raise _unusable(onnx, "onnxruntime", error) from error

    def features(self, batch: Batch) -> Floats:
        """Features (n, *shape) of a ``batch`` of clips."""
        return np.concatenate([self._session.run(None, {self._input: clip[None]})[0] for clip in batch])


class OpenVinoEngine:
    """OpenVINO over an exported backbone, in full precision: its own choice is bfloat16, a percent off."""

    def __init__(self, onnx: Path, threads: int | None = None) -> None:
        """``threads`` None uses every core. Raises EarmarkError if the package or the file is missing or damaged."""
        try:
            import openvino
        except ImportError:
            raise EarmarkError(
                "backbone.engine: openvino needs the package openvino, which is not installed; "
                'pip install "earmark[openvino]", or set engine: auto'
            ) from None
        settings: dict[str, Any] = {"INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY"}
        settings |= {"INFERENCE_NUM_THREADS": threads} if threads else {}
        core = openvino.Core()
        try:
            model = core.read_model(onnx)
            model.reshape([1, *list(model.inputs[0].partial_shape)[1:]])
            self._model = core.compile_model(model, "CPU", settings)
        except Exception as error:  # OpenVINO has an exception class of its own for every kind of damage
            raise _unusable(onnx, "OpenVINO", error) from error

    def features(self, batch: Batch) -> Floats:
        """Features (n, *shape) of a ``batch`` of clips."""
        return np.concatenate([self._model(clip[None])[0] for clip in batch])


class KerasEngine:
    """Keras over a backbone built in this process, ``at_once`` images of one size together."""

    def __init__(self, backbone: BackboneParams, at_once: int = 1) -> None:
        """Raises EarmarkError if the weights cannot be had."""
        # a GPU would round inputs of products to ten bits, which is not the float32 that the content key stands for
        os.environ.setdefault("NVIDIA_TF32_OVERRIDE", "0")
        self._model, self._at_once = build(backbone), at_once

    def features(self, batch: Batch) -> Floats:
        """Features (n, *shape) of a ``batch`` of clips."""
        import keras

        if self._at_once > 1:
            return self._together(np.stack(list(batch)))
        outputs = [self._model(clip[None], training=False) for clip in batch]
        return np.concatenate([keras.ops.convert_to_numpy(output) for output in outputs])

    def _together(self, batch: Floats) -> Floats:
        """In batches of one size, the last one filled up, so that the number of clips decides no bits."""
        size, starts = self._at_once, range(0, len(batch), self._at_once)
        full = np.pad(batch, ((0, -len(batch) % size), *3 * [(0, 0)]))
        return np.concatenate([self._model.predict_on_batch(full[i : i + size]) for i in starts])[: len(batch)]

    def export(self, output: Path) -> None:
        """Write the network as ONNX: float32 (batch, height, width, channels) → features, reproducibly.

        Raises whatever the converter raises, or EarmarkError if onnxruntime cannot run what it made.
        """
        from earmark.models.exported import save_trunk

        logging.getLogger("tf2onnx").setLevel(logging.CRITICAL)  # by the page, of what the next line but one finds
        with replacing(output) as part:
            save_trunk(self._model, part)
            OnnxEngine(part)

    @property
    def parameters(self) -> int:
        """Of the network."""
        return int(self._model.count_params())


def load(onnx: Path, threads: int | None = None) -> Engine:
    """Engine of an exported backbone; raises EarmarkError if the file is missing, damaged or a placeholder."""
    return OnnxEngine(onnx, threads)


def choose(backbone: BackboneParams, onnx: Path, threads: int | None = None) -> Engine:
    """The engine that ``backbone.engine`` names; ``auto`` is onnxruntime, and Keras where there is a GPU.

    ``auto`` is Keras also where the exported file is the placeholder of a network that has no ONNX form, which stderr
    says. Raises EarmarkError if the file or the weights cannot be had.
    """
    if backbone.engine == "openvino":
        return OpenVinoEngine(onnx, threads)
    if backbone.engine == "keras" or (backbone.engine == "auto" and GPU.exists()):
        return KerasEngine(backbone, images_at_once(backbone))
    try:
        return OnnxEngine(onnx, threads)
    except EarmarkError:
        why = read_placeholder(onnx)
        if why is None or backbone.engine == "onnx":
            raise
        _say(f"{why}; Keras extracts the features")
        return KerasEngine(backbone, images_at_once(backbone))


def images_at_once(backbone: BackboneParams) -> int:
    """Images that the engine should be given together, if not more: many on a GPU where all have one size."""
    return GPU_BATCH if GPU.exists() and backbone.image_size and backbone.engine in ("auto", "keras") else 1


def export(backbone: BackboneParams, output: Path) -> None:
    """Write the frozen ``backbone`` with its pooling as ONNX; raises EarmarkError if the weights cannot be had.

    If the network has no ONNX form, a placeholder is written and stderr says why.
    """
    keras_engine = KerasEngine(backbone)
    try:
        keras_engine.export(output)
    except (OSError, MemoryError):
        raise
    except Exception as error:  # every converter fails in a way of its own
        why = f"{backbone.name} cannot be exported to ONNX ({_words(error.__cause__ or error)})"
        _say(f"{why}; Keras will extract its features")
        with replacing(output) as part:
            write_placeholder(part, why, keras_engine.parameters)


def _unusable(onnx: Path, runner: str, error: Exception) -> EarmarkError:
    why = read_placeholder(onnx)
    if why is not None:
        return EarmarkError(f"{onnx}: {why}, so that {runner} cannot run it; set backbone.engine: keras or auto")
    return EarmarkError(f"{onnx}: no backbone that {runner} can run ({_words(error)}); remove it and run again")


def _say(sentence: str) -> None:
    print(f"earmark: {sentence}", file=sys.stderr, flush=True)


def _words(error: BaseException) -> str:
    """On one line."""
    return " ".join(str(error).split()) or type(error).__name__
