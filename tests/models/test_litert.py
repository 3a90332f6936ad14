"""TensorFlow Lite files: run by LiteRT's interpreter for any length, with 8-bit weights where that is asked for."""

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter
from onnx import helper, numpy_helper

from earmark.errors import EarmarkError
from earmark.models.litert import converted

SIZE = 64


def model():
    """Means of pieces of a sound through two dense layers, the first of them protected."""
    rng = np.random.default_rng(0)
    constants = {
        "pieces": np.int64([-1, SIZE]), "axes": np.int64([0]),
        "front": rng.normal(size=(SIZE, SIZE)).astype(np.float32),
        "dense": rng.normal(size=(SIZE, SIZE)).astype(np.float32),
    }  # fmt: skip
    nodes = [
        helper.make_node("Reshape", ["waveform", "pieces"], ["a"]),
        helper.make_node("MatMul", ["a", "front"], ["b"], name="front_1_MatMul"),
        helper.make_node("MatMul", ["b", "dense"], ["c"], name="head_2_MatMul"),
        helper.make_node("ReduceMean", ["c", "axes"], ["y"], keepdims=0),
    ]
    ends = [helper.make_tensor_value_info(name, 1, [None]) for name in ("waveform", "y")]
    tensors = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "g", ends[:1], ends[1:], tensors)
    return helper.make_model(graph, ir_version=9, opset_imports=[helper.make_opsetid("", 18)]), constants


def answer(content, samples):
    interpreter = Interpreter(model_content=content)
    entry, result = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    interpreter.resize_tensor_input(entry["index"], samples.shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(entry["index"], samples)
    interpreter.invoke()
    types = [(tuple(each["shape"]), each["dtype"]) for each in interpreter.get_tensor_details()]
    return interpreter.get_tensor(result["index"]), types.count(((SIZE, SIZE), np.int8))


@pytest.mark.parametrize("pieces", [1, 5])
def test_floats_are_exact_for_any_length(pieces):
    network, constants = model()
    samples = np.random.default_rng(1).normal(size=pieces * SIZE).astype(np.float32)
    expected = (samples.reshape(-1, SIZE) @ constants["front"] @ constants["dense"]).mean(axis=0)
    found, bytes_ = answer(converted(network), samples)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-3)
    assert bytes_ == 0


def test_only_what_is_not_protected_has_8_bits():
    network, constants = model()
    samples = np.random.default_rng(1).normal(size=5 * SIZE).astype(np.float32)
    expected = (samples.reshape(-1, SIZE) @ constants["front"] @ constants["dense"]).mean(axis=0)
    found, bytes_ = answer(converted(network, quantised=True), samples)
    assert bytes_ == 1
    assert 0 < np.abs(found - expected).max() < 0.03 * np.abs(expected).max()


def test_what_tensorflow_refuses_is_said_in_a_sentence():
    network, _ = model()
    network.graph.initializer[1].CopyFrom(numpy_helper.from_array(np.int64([3]), "axes"))
    with pytest.raises(EarmarkError, match=r"TensorFlow Lite cannot hold this model \(.+\); export it with --to onnx"):
        converted(network)


def test_an_operation_that_is_not_known_is_named():
    network, _ = model()
    network.graph.node[3].op_type = "ReduceProd"
    with pytest.raises(EarmarkError, match="the operation ReduceProd has no translation"):
        converted(network)
