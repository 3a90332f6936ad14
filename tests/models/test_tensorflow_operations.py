"""Each operation against onnxruntime's, on arguments that exported networks have."""

import numpy as np
import onnx
import onnxruntime
import pytest
import tensorflow as tf
from onnx import helper, numpy_helper

from earmark.errors import EarmarkError
from earmark.models.tensorflow_graph import Translation

RNG = np.random.default_rng(0)
MAP = RNG.normal(size=(2, 6, 9, 7)).astype(np.float32)
ROWS = RNG.normal(size=(5, 6)).astype(np.float32)


def weights(*shape):
    return RNG.normal(size=shape).astype(np.float32)


def model_of(kind, x, constants, attributes):
    names = [f"c{i}" for i in range(len(constants))]
    node = helper.make_node(kind, ["x", *names], ["y"], name="head_0", **attributes)
    taken = helper.make_tensor_value_info("x", helper.np_dtype_to_tensor_dtype(x.dtype), list(x.shape))
    given = onnx.ValueInfoProto(name="y")
    tensors = [numpy_helper.from_array(np.asarray(c), name) for c, name in zip(constants, names, strict=True)]
    graph = helper.make_graph([node], "g", [taken], [given], tensors)
    model = helper.make_model(graph, ir_version=9, opset_imports=[helper.make_opsetid("", 18)])
    return onnx.shape_inference.infer_shapes(model)


CASES = {
    "conv, same": ("Conv", MAP, [weights(4, 6, 3, 5), weights(4)], {"strides": [2, 1], "auto_pad": "SAME_UPPER"}),
    "conv, padded": ("Conv", MAP, [weights(4, 6, 3, 3)], {"pads": [1, 0, 2, 1]}),
    "conv, depthwise": ("Conv", MAP, [weights(12, 1, 3, 3), weights(12)], {"group": 6, "strides": [2, 2]}),
    "conv, dilated": ("Conv", MAP, [weights(4, 6, 2, 2)], {"dilations": [2, 2]}),
    "maximum": ("MaxPool", MAP, [], {"kernel_shape": [3, 2], "strides": [2, 2], "pads": [1, 1, 1, 0]}),
    "maximum of one": ("MaxPool", MAP, [], {"kernel_shape": [1, 1], "strides": [2, 3]}),
    "maximum of one, same": ("MaxPool", MAP, [], {"kernel_shape": [1, 1], "strides": [2, 2], "auto_pad": "SAME_UPPER"}),
    "average": ("AveragePool", MAP, [], {"kernel_shape": [3, 2], "strides": [2, 2], "auto_pad": "SAME_UPPER"}),
    "average, padded": ("AveragePool", MAP, [], {"kernel_shape": [3, 2], "pads": [1, 0, 1, 1]}),
    "global average": ("GlobalAveragePool", MAP, [], {}),
    "batch norm": ("BatchNormalization", MAP, [*weights(3, 6), np.float32([1, 2, 3, 4, 5, 6])], {"epsilon": 1e-3}),
    "gemm": ("Gemm", ROWS, [weights(4, 6), weights(4)], {"transB": 1, "alpha": 0.5, "beta": 2.0}),
    "flatten": ("Flatten", MAP, [], {"axis": 1}),
    "softmax": ("Softmax", ROWS, [], {"axis": -1}),
    "reshape": ("Reshape", MAP, [np.int64([0, 3, -1])], {}),
    "slice": ("Slice", MAP, [np.int64([1]), np.int64([np.iinfo(np.int64).max]), np.int64([-1])], {}),
    "pad": ("Pad", MAP, [np.int64([0, 0, 1, 2, 0, 0, 3, 0]), np.float32(0.5)], {}),
    "first loud": ("ArgMax", (ROWS > 0).astype(np.float32), [], {"axis": 1, "keepdims": 0}),
    "last loud": ("ArgMax", (ROWS > 0).astype(np.float32), [], {"axis": 1, "keepdims": 1, "select_last_index": 1}),
    "mean": ("ReduceMean", MAP, [np.int64([2, 3])], {"keepdims": 0}),
    "whole numbers": ("Div", np.int64([7, 8, 9]), [np.int64([4])], {}),
    "clip": ("Clip", ROWS, [np.float32(-0.5), np.float32(0.5)], {}),
    "hard sigmoid": ("HardSigmoid", ROWS, [], {"alpha": 0.2, "beta": 0.5}),
    "reciprocal": ("Reciprocal", 1 + ROWS**2, [], {}),
    "transpose": ("Transpose", MAP, [], {"perm": [0, 2, 3, 1]}),
}


@pytest.mark.parametrize("name", CASES)
def test_as_onnxruntime_computes_it(name):
    kind, x, constants, attributes = CASES[name]
    model = model_of(kind, x, constants, attributes)
    expected = onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"x": x})[0]
    found = Translation(model)(tf.constant(x if x.dtype == np.float32 else x.astype(np.int32))).numpy()
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_the_spectrum_of_frames():
    samples, window = weights(1, 700, 1), np.hanning(64).astype(np.float32)
    model = model_of("STFT", samples, [np.int64(20), window, np.int64(64)], {})
    expected = onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"x": samples})[0]
    np.testing.assert_allclose(Translation(model)(tf.constant(samples)).numpy(), expected, atol=1e-4)


@pytest.mark.parametrize(
    ("kind", "constants", "attributes", "words"),
    [
        ("Conv", [weights(4, 3, 2, 2)], {"group": 2}, "convolutions in groups"),
        ("Pad", [np.int64([0, 0, 1, 1, 0, 0, 1, 1])], {"mode": "reflect"}, "padding by reflection"),
        ("AveragePool", [], {"kernel_shape": [2, 2], "pads": [1, 1, 0, 0]}, "this padding"),
        ("Slice", [np.int64([0]), np.int64([6]), np.int64([1]), np.int64([2])], {}, "slices with steps"),
        ("Erf", [], {}, "the operation Erf"),
    ],
)
def test_what_has_no_translation_is_named(kind, constants, attributes, words):
    with pytest.raises(
        EarmarkError, match=f"{words} ha(s|ve) no translation to TensorFlow Lite; export with --to onnx"
    ):
        Translation(model_of(kind, MAP, constants, attributes))(tf.constant(MAP))
