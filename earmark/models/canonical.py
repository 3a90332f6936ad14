"""ONNX files with the same bytes for the same network.

tf2onnx names tensors by counters that run on within a process, and in the order of Python sets, which differs from
process to process.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any


def canonicalise(path: Path, input_name: str = "input", output_name: str = "output") -> None:
    """Rewrite the ONNX file of a network with one input and one output: everything is named by its order of use."""
    import onnx

    model = onnx.load(path)
    graph = model.graph
    names = _names(graph, input_name, output_name)
    for number, node in enumerate(graph.node):
        node.name, node.doc_string = f"{node.op_type}_{number}", ""
        node.input[:] = [names[name] for name in node.input]
        node.output[:] = [names[name] for name in node.output]
    for value in (*graph.input, *graph.output, *graph.initializer):
        value.name = names[value.name]
    _sort_by_name(graph.initializer)
    _name_dimensions(graph)
    graph.name, graph.doc_string = "network", ""
    del graph.value_info[:]
    path.write_bytes(model.SerializeToString(deterministic=True))


def _names(graph: Any, input_name: str, output_name: str) -> dict[str, str]:
    """New name of every tensor; the empty name stands for an input that is left out."""
    names = {"": "", graph.input[0].name: input_name, graph.output[0].name: output_name}
    for node in graph.node:
        for name in (*node.input, *node.output):
            names.setdefault(name, f"tensor_{len(names):05d}")
    for tensor in graph.initializer:
        names.setdefault(tensor.name, f"unused_{len(names):05d}")
    return names


def _sort_by_name(tensors: Any) -> None:
    ordered = sorted((tensor.name, tensor.SerializeToString(deterministic=True)) for tensor in tensors)
    del tensors[:]
    for _, content in ordered:
        tensors.add().ParseFromString(content)


def _name_dimensions(graph: Any) -> None:
    """Lengths that are free: the clips, and in an input of any length the frames."""
    for value in (*graph.input, *graph.output):
        free = [length for length in value.type.tensor_type.shape.dim if length.dim_param]
        for number, length in enumerate(free):
            length.dim_param = "clips" if number == 0 else "frames"
