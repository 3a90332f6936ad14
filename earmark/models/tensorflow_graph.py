"""An ONNX graph computed by TensorFlow, which is what its converter to TensorFlow Lite can read.

ONNX networks have their channels first, TensorFlow Lite wants them last: tensors between convolutions stay that way,
and are turned only where an operation needs to know.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from earmark.errors import EarmarkError
from earmark.models import tensorflow_operations as operations

TO_LAST, TO_FIRST = [0, 2, 3, 1], [0, 3, 1, 2]


@dataclass(frozen=True)
class Value:
    """A tensor, or the array of a constant; ``is_last`` tells that its channels (axis 1 in ONNX) are moved last."""

    data: Any
    is_last: bool = False

    def first(self) -> Any:
        """With the axes in the order of ONNX."""
        return tf.transpose(self.data, TO_FIRST) if self.is_last else self.data

    def last(self) -> Any:
        """With the channels last; of constants that are multiplied with a map too."""
        if self.is_last or np.ndim(self.data) == 0:
            return self.data
        if isinstance(self.data, np.ndarray):
            return np.transpose(self.data.reshape((1,) * (4 - self.data.ndim) + self.data.shape), TO_LAST)
        return tf.transpose(self.data, TO_LAST)


class Translation:
    """A graph as a function; constants of products in operations named ``protected…`` are hidden from quantisation."""

    def __init__(self, model: Any, protected: str = "") -> None:
        self._graph, self._protected = model.graph, protected
        self._constants = {t.name: Value(_narrow(numpy_helper.to_array(t))) for t in self._graph.initializer}

    def __call__(self, samples: Any) -> Any:
        """The graph's output for its input; raises EarmarkError if it has an operation that is not known here."""
        one = tf.cast(tf.minimum(tf.size(samples), 1), tf.float32)
        values = {self._graph.input[0].name: Value(samples), **self._constants, "": Value(None)}
        for node in self._graph.node:
            attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
            inputs = [values[name] for name in node.input]
            if self._protected and node.name.startswith(self._protected) and node.op_type == "MatMul":
                # a number that the converter cannot know makes it no weight, which 8 bits would ruin
                inputs = [Value(v.data * one) if isinstance(v.data, np.ndarray) else v for v in inputs]
            values[node.output[0]] = _computed(node.op_type, inputs, attributes)
        return values[self._graph.output[0].name].first()


def _narrow(array: NDArray[Any]) -> NDArray[Any]:
    """Integers of 32 bits, the only ones that every operation of TensorFlow Lite takes."""
    limits = np.iinfo(np.int32)
    return np.clip(array, limits.min, limits.max).astype(np.int32) if array.dtype == np.int64 else array


def _computed(kind: str, inputs: list[Value], attributes: dict[str, Any]) -> Value:
    if kind == "Constant":
        return Value(_narrow(numpy_helper.to_array(attributes["value"])))
    if kind == "Transpose":
        return _transposed(inputs[0], list(attributes["perm"]))
    if kind == "Concat" and attributes["axis"] == 1 and all(value.is_last for value in inputs):
        return Value(tf.concat([value.data for value in inputs], 3), True)
    if kind in operations.MAPS and inputs[0].data.shape.rank == 4:
        function: Callable[..., Any] = operations.MAPS[kind]
        return Value(function(inputs[0].last(), *(value.data for value in inputs[1:]), **attributes), True)
    if kind in operations.EACH:
        is_last = any(value.is_last for value in inputs)
        return Value(operations.EACH[kind](*(v.last() if is_last else v.data for v in inputs), **attributes), is_last)
    if kind not in operations.OTHERS:
        raise EarmarkError(f"the operation {kind} has no translation to TensorFlow Lite; export with --to onnx")
    return Value(operations.OTHERS[kind](*(value.first() for value in inputs), **attributes))


def _transposed(value: Value, order: list[int]) -> Value:
    if value.is_last and order == TO_LAST:
        return Value(value.data)
    if not value.is_last and order == TO_FIRST:
        return Value(value.data, True)
    return Value(tf.transpose(value.first(), order))
