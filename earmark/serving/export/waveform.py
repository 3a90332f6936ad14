"""The whole model as one ONNX graph: ``waveform`` (samples,) to ``probabilities`` (classes,)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from earmark.serving.export import frontend_graph
from earmark.serving.export.graph import OPSET, Graph
from earmark.serving.export.input_graph import network_input
from earmark.serving.predictor import Predictor

INPUT, OUTPUT = "waveform", "probabilities"
"""Names of the one input, mono float32 samples in -1..1, and of the one output."""

IR_VERSION = 9
"""Format of the file; the one that goes with ``OPSET``, so that older runtimes read it too."""

NETWORK = ("trunk", "head")
"""Prefixes of the operations that were learned; all others are the front end."""


def whole(model: Path, predictor: Predictor, facts: dict[str, Any]) -> Any:
    """The model in a folder with its front end, as an ONNX model with ``facts`` in its metadata.

    A clip that the front end cuts into windows gets the mean of their probabilities. Raises EarmarkError if the front
    end has no such form.
    """
    params = predictor.params
    frontend_graph.refuse(params.features)
    graph = Graph("front")
    images = frontend_graph.images(graph, INPUT, params.features)
    pixels = network_input(graph, images, params.backbone, params.features)
    trunk, features = _part(model / "backbone.onnx", "trunk", pixels)
    head, answers = _part(model / "head.onnx", "head", features)
    ending = Graph("ending")
    ending("Identity", ending("Squeeze", ending.mean(answers, [0]), [0]))
    ending.nodes[-1].output[0] = OUTPUT
    nodes = [*graph.nodes, *trunk.node, *head.node, *ending.nodes]
    constants = [*graph.initializers(), *trunk.initializer, *head.initializer, *ending.initializers()]
    return _model(nodes, constants, len(predictor.labels), facts)


def _part(path: Path, prefix: str, source: str) -> tuple[Any, str]:
    """Graph of an exported network that reads the tensor ``source``, and the name of its answer."""
    import onnx
    from onnx import compose, version_converter

    model = version_converter.convert_version(onnx.load(path), OPSET)
    graph = compose.add_prefix_graph(model.graph, f"{prefix}_")
    entry = graph.input[0].name
    for number, node in enumerate(graph.node):
        node.name = f"{prefix}_{number}_{node.op_type}"
        node.input[:] = [source if name == entry else name for name in node.input]
    return graph, graph.output[0].name


def _model(nodes: list[Any], constants: list[Any], classes: int, facts: dict[str, Any]) -> Any:
    import onnx
    from onnx import helper

    taken = helper.make_tensor_value_info(INPUT, onnx.TensorProto.FLOAT, ["samples"])
    given = helper.make_tensor_value_info(OUTPUT, onnx.TensorProto.FLOAT, [classes])
    graph = helper.make_graph(nodes, "earmark", [taken], [given], constants)
    opsets = [helper.make_opsetid("", OPSET)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION, producer_name="earmark")
    helper.set_model_props(model, {name: json.dumps(value, ensure_ascii=False) for name, value in facts.items()})
    onnx.checker.check_model(model, full_check=True)
    return model
