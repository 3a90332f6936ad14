"""Exports of one network have one sequence of bytes, whatever names the converter gave."""

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from earmark.models.canonical import canonicalise


def network(path, prefix, reverse=False):
    """y = relu(x * scale) + shift, with arbitrary names and order of the weights."""
    weights = [
        numpy_helper.from_array(np.array([value], np.float32), f"{prefix}{name}")
        for name, value in (("scale", 2.0), ("shift", 0.5))
    ]
    nodes = [
        helper.make_node("Mul", [f"{prefix}x", f"{prefix}scale"], [f"{prefix}a"], name=f"{prefix}1"),
        helper.make_node("Relu", [f"{prefix}a"], [f"{prefix}b"], name=f"{prefix}2"),
        helper.make_node("Add", [f"{prefix}b", f"{prefix}shift"], [f"{prefix}y"], name=f"{prefix}3"),
    ]
    ends = [helper.make_tensor_value_info(f"{prefix}{name}", TensorProto.FLOAT, [f"{prefix}n", 1]) for name in "xy"]
    graph = helper.make_graph(nodes, prefix, ends[:1], ends[1:], weights[::-1] if reverse else weights)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 15)], ir_version=8), path)
    return path


def test_names_and_order_do_not_matter(tmp_path):
    first, second = network(tmp_path / "a.onnx", "foo"), network(tmp_path / "b.onnx", "bar", reverse=True)
    for path in (first, second):
        canonicalise(path)
    assert first.read_bytes() == second.read_bytes()


def test_the_network_stays_what_it_was(tmp_path):
    path = network(tmp_path / "a.onnx", "foo")
    canonicalise(path, "features", "probabilities")
    onnx.checker.check_model(path)
    (result,) = onnxruntime.InferenceSession(path).run(["probabilities"], {"features": np.array([[-1.0], [3.0]], "f4")})
    assert result.tolist() == [[0.5], [6.5]]
