"""From ONNX to TensorFlow Lite (LiteRT): the same graph, operation by operation, in a file for its interpreter."""

from __future__ import annotations

import logging
import os
from typing import Any

from earmark.errors import EarmarkError


def converted(model: Any, quantised: bool = False, protected: str = "front_") -> bytes:
    """The TensorFlow Lite file of an ONNX ``model`` with one float32 input of any length (n,) and one output.

    ``quantised`` keeps the weights as 8-bit integers and multiplies with them (dynamic range quantisation), but for
    operations whose names begin with ``protected``. Raises EarmarkError if an operation has no form there.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    import tensorflow as tf

    from earmark.models.tensorflow_graph import Translation

    translation = Translation(model, protected if quantised else "")
    entry, result = model.graph.input[0].name, model.graph.output[0].name
    signature = [tf.TensorSpec([None], tf.float32, name=entry)]

    class Whole(tf.Module):
        @tf.function(input_signature=signature, autograph=False)
        def __call__(self, samples: Any) -> dict[str, Any]:
            return {result: translation(samples)}

    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    whole = Whole()
    try:
        function = whole.__call__.get_concrete_function()
        converter = tf.lite.TFLiteConverter.from_concrete_functions([function], whole)
        if quantised:
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
        return bytes(converter.convert())
    except EarmarkError:
        raise
    except Exception as error:  # TensorFlow has exception classes of its own for every kind of failure
        reason = str(error).strip().splitlines()
        raise EarmarkError(
            f"TensorFlow Lite cannot hold this model ({reason[0] if reason else type(error).__name__}); "
            "export it with --to onnx"
        ) from error
