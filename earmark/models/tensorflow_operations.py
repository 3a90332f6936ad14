"""The operations of ONNX (version 18) that exported models have, by those of TensorFlow.

Arguments are the inputs in their order, arrays where they are constant, then the attributes by name.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from earmark.errors import EarmarkError

TYPES = {1: tf.float32, 6: tf.int32, 7: tf.int32, 9: tf.bool, 10: tf.float16}
"""Numbers of ONNX's types."""


def _conv(x: Any, weights: Any, bias: Any = None, *, group: int = 1, strides: Any = (1, 1), dilations: Any = (1, 1),
          auto_pad: bytes = b"NOTSET", pads: Any = None, **_: Any) -> Any:  # fmt: skip
    x, padding = _padded(x, auto_pad, pads)
    if group == 1:
        kernel = np.transpose(weights, [2, 3, 1, 0])
        y = tf.nn.conv2d(x, kernel, list(strides), padding, dilations=list(dilations))
    elif weights.shape[1] == 1:
        each = weights.shape[0] // group
        kernel = np.transpose(weights.reshape(group, each, *weights.shape[2:]), [2, 3, 0, 1])
        y = tf.nn.depthwise_conv2d(x, kernel, [1, *strides, 1], padding, dilations=list(dilations))
    else:
        raise EarmarkError("convolutions in groups have no translation to TensorFlow Lite; export with --to onnx")
    return y if bias is None else tf.nn.bias_add(y, bias)


def _pool(kind: str) -> Callable[..., Any]:
    def pool(x: Any, *, kernel_shape: Any, strides: Any = (1, 1), auto_pad: bytes = b"NOTSET", pads: Any = None,
             **_: Any) -> Any:  # fmt: skip
        sides = [(size - 1) // 2 for size in kernel_shape] + [size // 2 for size in kernel_shape]
        if kind == "AVG" and list(pads or ()) == sides and set(strides) == {1}:
            auto_pad = b"SAME_UPPER"  # whose zeros count as little as these
        x, padding = _padded(x, auto_pad, pads, -np.inf if kind == "MAX" else None)
        if set(kernel_shape) == {1}:  # shortcuts of ResNet V2: TensorFlow refuses strides that are larger than a window
            return x[:, :: strides[0], :: strides[1]]
        return tf.nn.pool(x, list(kernel_shape), kind, list(strides), padding)

    return pool


def _padded(x: Any, auto_pad: bytes, pads: Any, value: float | None = 0.0) -> tuple[Any, str]:
    """A map between explicit zeros (or ``value``), and what TensorFlow is to add."""
    if auto_pad == b"SAME_UPPER":
        return x, "SAME"
    if not any(pads or ()):
        return x, "VALID"
    if value is None or auto_pad == b"SAME_LOWER":
        raise EarmarkError("this padding has no translation to TensorFlow Lite; export with --to onnx")
    top, left, bottom, right = pads
    return tf.pad(x, [[0, 0], [top, bottom], [left, right], [0, 0]], constant_values=value), "VALID"


def _batch_norm(x: Any, scale: Any, shift: Any, mean: Any, variance: Any, epsilon: float = 1e-5, **_: Any) -> Any:
    factor = scale / np.sqrt(variance + epsilon)
    return x * factor + (shift - mean * factor)


def _gemm(a: Any, b: Any, c: Any = None, alpha: float = 1, beta: float = 1, transA: int = 0, transB: int = 0) -> Any:
    b = np.transpose(b) if transB and isinstance(b, np.ndarray) else b
    product = tf.matmul(a, b, transpose_a=bool(transA), transpose_b=bool(transB) and not isinstance(b, np.ndarray))
    product = product if alpha == 1 else product * alpha
    return product if c is None else product + (c if beta == 1 else c * beta)


def _stft(signal: Any, step: Any, window: Any, length: Any, onesided: int = 1) -> Any:
    frames = tf.signal.frame(signal[0, :, 0], int(length), int(step)) * window
    spectrum = tf.signal.rfft(frames, [int(length)])
    return tf.stack([tf.math.real(spectrum), tf.math.imag(spectrum)], -1)[None]


def _pad(x: Any, pads: Any, value: Any = 0.0, axes: Any = None, mode: bytes = b"constant") -> Any:
    if mode != b"constant":
        raise EarmarkError("padding by reflection has no translation to TensorFlow Lite; export with --to onnx")
    rank = x.shape.rank
    named = [*range(rank)] if axes is None else [int(axis) % rank for axis in axes]
    sides = {axis: [pads[i], pads[len(named) + i]] for i, axis in enumerate(named)}
    value = 0.0 if value is None else value
    return tf.pad(x, tf.stack([tf.stack(sides.get(axis, [0, 0])) for axis in range(rank)]), constant_values=value)


def _slice(x: Any, starts: Any, ends: Any, axes: Any, steps: Any = None) -> Any:
    if steps is not None and any(np.asarray(steps) != 1):
        raise EarmarkError("slices with steps have no translation to TensorFlow Lite; export with --to onnx")
    bounds = {int(axis) % x.shape.rank: (starts[i], ends[i]) for i, axis in enumerate(axes)}
    return x[tuple(slice(*bounds.get(axis, (None, None))) for axis in range(x.shape.rank))]


def _reshape(x: Any, shape: Any, allowzero: int = 0) -> Any:
    if not isinstance(shape, np.ndarray):
        return tf.reshape(x, shape)
    sizes = [tf.shape(x)[axis] if size == 0 and not allowzero else int(size) for axis, size in enumerate(shape)]
    return tf.reshape(x, sizes)


def _flatten(x: Any, axis: int = 1) -> Any:
    return tf.reshape(x, [-1, int(np.prod(x.shape[axis:]))])


def _arg_max(x: Any, axis: int = 0, keepdims: int = 1, select_last_index: int = 0) -> Any:
    if select_last_index:
        found = tf.shape(x)[axis] - 1 - tf.argmax(tf.reverse(x, [axis]), axis, tf.int32)
    else:
        found = tf.argmax(x, axis, tf.int32)
    return tf.expand_dims(found, axis) if keepdims else found


def _reduced(function: Callable[..., Any]) -> Callable[..., Any]:
    def reduce(x: Any, axes: Any = None, keepdims: int = 1, **_: Any) -> Any:
        return function(x, None if axes is None else [int(axis) for axis in axes], keepdims=bool(keepdims))

    return reduce


def _each(function: Callable[..., Any]) -> Callable[..., Any]:
    """Of two inputs or more, one after the other."""

    def fold(first: Any, *others: Any) -> Any:
        for other in others:
            first = function(first, other)
        return first

    return fold


def _div(a: Any, b: Any) -> Any:
    return a // b if tf.convert_to_tensor(a).dtype.is_integer else a / b


def _clip(x: Any, low: Any = None, high: Any = None) -> Any:
    x = x if low is None else tf.maximum(x, low)
    return x if high is None else tf.minimum(x, high)


EACH: dict[str, Callable[..., Any]] = {
    "Abs": tf.abs, "Add": tf.add, "And": tf.logical_and, "Clip": _clip, "Div": _div, "Floor": tf.floor,
    "Greater": tf.greater, "GreaterOrEqual": tf.greater_equal, "Identity": tf.identity, "LessOrEqual": tf.less_equal,
    "Log": tf.math.log, "Max": _each(tf.maximum), "Min": _each(tf.minimum), "Mod": tf.math.floormod, "Mul": tf.multiply,
    "Reciprocal": tf.math.reciprocal, "Relu": tf.nn.relu, "Round": tf.round, "Sigmoid": tf.sigmoid, "Sqrt": tf.sqrt,
    "Sub": tf.subtract, "Sum": _each(tf.add), "Tanh": tf.tanh,
    "HardSigmoid": lambda x, alpha=0.2, beta=0.5: tf.clip_by_value(alpha * x + beta, 0.0, 1.0),
    "HardSwish": lambda x: x * tf.nn.relu6(x + 3) / 6,
    "Elu": lambda x, alpha=1.0: tf.nn.elu(x), "LeakyRelu": lambda x, alpha=0.01: tf.nn.leaky_relu(x, alpha),
}  # fmt: skip
"""Of each value by itself, whatever the order of the axes."""

MAPS: dict[str, Callable[..., Any]] = {
    "AveragePool": _pool("AVG"), "BatchNormalization": _batch_norm, "Conv": _conv, "MaxPool": _pool("MAX"),
    "GlobalAveragePool": lambda x: tf.reduce_mean(x, [1, 2], keepdims=True),
    "GlobalMaxPool": lambda x: tf.reduce_max(x, [1, 2], keepdims=True),
}  # fmt: skip
"""Of maps (batch, height, width, channels)."""

OTHERS: dict[str, Callable[..., Any]] = {
    "ArgMax": _arg_max, "BatchNormalization": _batch_norm, "Flatten": _flatten, "Gemm": _gemm, "MatMul": tf.matmul,
    "Pad": _pad, "Reshape": _reshape, "Slice": _slice, "STFT": _stft,
    "Cast": lambda x, to, **_: tf.cast(x, TYPES[to]),
    "Compress": lambda x, kept, axis=0: tf.boolean_mask(x, kept, axis=axis),
    "Concat": lambda *parts, axis: tf.concat(parts, axis),
    "Expand": tf.broadcast_to,
    "Gather": lambda x, index, axis=0: tf.gather(x, index, axis=axis),
    "Range": tf.range,
    "ReduceMax": _reduced(tf.reduce_max), "ReduceMean": _reduced(tf.reduce_mean), "ReduceMin": _reduced(tf.reduce_min),
    "ReduceSum": _reduced(tf.reduce_sum),
    "Shape": lambda x, **_: tf.shape(x),
    "Softmax": lambda x, axis=-1: tf.nn.softmax(x, axis),
    "Squeeze": lambda x, axes=None: tf.squeeze(x, None if axes is None else [int(axis) for axis in axes]),
    "Unsqueeze": lambda x, axes: _unsqueezed(x, axes),
}  # fmt: skip
"""With the axes in the order of ONNX."""


def _unsqueezed(x: Any, axes: Any) -> Any:
    for axis in sorted(int(axis) for axis in axes):
        x = tf.expand_dims(x, axis)
    return x
