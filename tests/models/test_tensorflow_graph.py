"""Graphs with maps: channels stay last between convolutions and come first where an operation needs it."""

import numpy as np
import onnx
import onnxruntime
import pytest
import tensorflow as tf
from onnx import helper, numpy_helper

from earmark.models.exported import save_onnx
from earmark.models.networks import HEADS, build_head
from earmark.models.tensorflow_graph import Translation, Value

RNG = np.random.default_rng(0)


def chain():
    """Convolutions, a bias per channel, two branches joined, a mean over all that is kept, a dense layer."""
    constants = {
        "w1": RNG.normal(size=(4, 3, 3, 3)), "bias": RNG.normal(size=(1, 4, 1, 1)), "scale": RNG.normal(size=(4, 1, 1)),
        "w2": RNG.normal(size=(4, 4, 1, 1)), "dense": RNG.normal(size=(8, 2)),
    }  # fmt: skip
    nodes = [
        helper.make_node("Transpose", ["x"], ["first"], perm=[0, 3, 1, 2]),
        helper.make_node("Conv", ["first", "w1"], ["a"], auto_pad="SAME_UPPER"),
        helper.make_node("Add", ["a", "bias"], ["b"]),
        helper.make_node("Mul", ["b", "scale"], ["c"]),
        helper.make_node("Relu", ["c"], ["d"]),
        helper.make_node("Conv", ["d", "w2"], ["e"]),
        helper.make_node("Concat", ["d", "e"], ["f"], axis=1),
        helper.make_node("GlobalAveragePool", ["f"], ["g"]),
        helper.make_node("Constant", [], ["axes"], value=numpy_helper.from_array(np.int64([2, 3]))),
        helper.make_node("Squeeze", ["g", "axes"], ["h"]),
        helper.make_node("MatMul", ["h", "dense"], ["y"], name="head_9_MatMul"),
    ]
    tensors = [numpy_helper.from_array(value.astype(np.float32), name) for name, value in constants.items()]
    ends = [helper.make_tensor_value_info(name, 1, shape) for name, shape in (("x", [None] * 4), ("y", [None] * 2))]
    graph = helper.make_graph(nodes, "g", ends[:1], ends[1:], tensors)
    return helper.make_model(graph, ir_version=9, opset_imports=[helper.make_opsetid("", 18)])


def test_a_network_is_computed_as_onnxruntime_does():
    model, x = chain(), RNG.normal(size=(2, 8, 9, 3)).astype(np.float32)
    (expected,) = onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"x": x})
    np.testing.assert_allclose(Translation(model)(tf.constant(x)).numpy(), expected, rtol=1e-4)
    np.testing.assert_allclose(Translation(model, "head_")(tf.constant(x)).numpy(), expected, rtol=1e-4)


def test_no_map_is_turned_between_convolutions():
    model = chain()
    function = tf.function(Translation(model), input_signature=[tf.TensorSpec([1, 8, 9, 3], tf.float32)])
    kinds = [operation.type for operation in function.get_concrete_function().graph.get_operations()]
    assert kinds.count("Conv2D") == 2
    assert kinds.count("Transpose") == 1, "of the mean, which is small"


def test_a_value_in_both_orders():
    first = RNG.normal(size=(2, 3, 4, 5)).astype(np.float32)
    last = np.transpose(first, [0, 2, 3, 1])
    np.testing.assert_array_equal(Value(tf.constant(last), True).first(), first)
    np.testing.assert_array_equal(Value(tf.constant(first)).last(), last)
    assert Value(np.ones((3, 1, 1))).last().shape == (1, 1, 1, 3)
    assert Value(np.float32(2)).last() == 2


@pytest.mark.parametrize("name", sorted(HEADS))
def test_a_head_is_computed_as_onnxruntime_does(name, tmp_path):
    save_onnx(build_head(name, (2, 3, 4), 5), path := tmp_path / "head.onnx")
    maps = RNG.normal(size=(6, 2, 3, 4)).astype(np.float32)
    (expected,) = onnxruntime.InferenceSession(path).run(None, {"features": maps})
    found = Translation(onnx.load(path))(tf.constant(maps)).numpy()
    np.testing.assert_allclose(found, expected, atol=1e-6)
