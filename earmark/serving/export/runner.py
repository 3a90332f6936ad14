"""Runners of exported models, each by the library that a device has: onnxruntime, or LiteRT's interpreter."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from earmark.errors import EarmarkError

Runner = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""Mono samples (n,) to class probabilities (k,)."""


def runner(path: Path) -> Runner:
    """What runs an exported file, on one core; raises EarmarkError if the package for it is not installed."""
    return _litert(path) if path.suffix == ".tflite" else _onnx(path)


def _onnx(path: Path) -> Runner:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = 1, 3
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    entry = session.get_inputs()[0].name
    return lambda samples: np.asarray(session.run(None, {entry: samples})[0])


def _litert(path: Path) -> Runner:
    interpreter = interpreter_class()(str(path), num_threads=1)
    entry, result = (found()[0]["index"] for found in (interpreter.get_input_details, interpreter.get_output_details))
    length = None

    def run(samples: NDArray[np.float32]) -> NDArray[np.float32]:
        nonlocal length
        if len(samples) != length:
            interpreter.resize_tensor_input(entry, [length := len(samples)])
            interpreter.allocate_tensors()
        interpreter.set_tensor(entry, samples)
        interpreter.invoke()
        return np.array(interpreter.get_tensor(result))

    return run


def interpreter_class() -> Any:
    """LiteRT's interpreter; raises EarmarkError if it is not installed."""
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError:
        raise EarmarkError(
            'TensorFlow Lite files need the package ai-edge-litert to be checked; pip install "earmark[device]", '
            "or export with --to onnx"
        ) from None
    return Interpreter
