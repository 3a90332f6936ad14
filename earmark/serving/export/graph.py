"""A small writer of ONNX graphs: each call adds one operation and gives the name of what it computes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

OPSET = 18
"""Version of the ONNX operators; the first in which all reductions take their axes in the same way."""

Tensor = str
"""The name of a tensor in the graph."""

Value = Tensor | NDArray[Any] | float | int | Sequence[int]
"""A tensor, or a constant: floats become float32, integers int64."""


class Graph:
    """Operations in the order in which they are added, all named ``prefix_NUMBER``."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self.nodes: list[Any] = []
        self.constants: dict[str, NDArray[Any]] = {}

    def __call__(self, kind: str, *inputs: Value, **attributes: Any) -> Tensor:
        """Add an operation ``kind`` of ONNX; gives its one output."""
        from onnx import helper

        name = f"{self.prefix}_{len(self.nodes)}_{kind}"
        names = [value if isinstance(value, str) else self._constant(value) for value in inputs]
        self.nodes.append(helper.make_node(kind, names, [name], name=name, **attributes))
        return name

    def initializers(self) -> list[Any]:
        """The constants as ONNX tensors."""
        from onnx import numpy_helper

        return [numpy_helper.from_array(array, name) for name, array in self.constants.items()]

    def maximum(self, tensor: Tensor, axes: Sequence[int] | None = None) -> Tensor:
        """Over ``axes`` (None: all), which stay as axes of length 1."""
        return self._reduced("ReduceMax", tensor, axes)

    def minimum(self, tensor: Tensor, axes: Sequence[int]) -> Tensor:
        """As ``maximum``."""
        return self._reduced("ReduceMin", tensor, axes)

    def mean(self, tensor: Tensor, axes: Sequence[int]) -> Tensor:
        """As ``maximum``."""
        return self._reduced("ReduceMean", tensor, axes)

    def length(self, tensor: Tensor, axis: int) -> Tensor:
        """Length of one axis, shape (1,), int64."""
        return self("Gather", self("Shape", tensor), [axis], axis=0)

    def count(self, number: Tensor) -> Tensor:
        """0, 1, … below ``number`` (1,): int64 of shape (number,)."""
        return self("Range", 0, self("Squeeze", number, [0]), 1)

    def floats(self, tensor: Tensor) -> Tensor:
        """As float32."""
        return self("Cast", tensor, to=1)

    def part(self, tensor: Tensor, start: Value, end: Value, axis: int) -> Tensor:
        """From ``start`` to ``end`` (1,) along one axis."""
        return self("Slice", tensor, start, end, [axis])

    def padded(self, tensor: Tensor, before: Value, after: Value, rank: int, value: float = 0.0) -> Tensor:
        """``value`` before and after the last axis of ``tensor``, which has ``rank``, so often as the numbers (1,) say.

        All axes are named: onnxruntime 1.31 miscounts those of a padding of some when it moves a transposition past it.
        """
        others: list[Value] = [[0] * (rank - 1)] if rank > 1 else []
        return self("Pad", tensor, self("Concat", *others, before, *others, after, axis=0), value)

    def _reduced(self, kind: str, tensor: Tensor, axes: Sequence[int] | None) -> Tensor:
        return self(kind, tensor, keepdims=1) if axes is None else self(kind, tensor, list(axes), keepdims=1)

    def _constant(self, value: Any) -> Tensor:
        array = np.asarray(value)
        array = array.astype(np.int64 if array.dtype.kind in "iu" else np.float32) if array.dtype != bool else array
        name = f"{self.prefix}_constant_{len(self.constants)}"
        self.constants[name] = array
        return name
