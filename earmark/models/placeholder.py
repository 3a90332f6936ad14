"""An ONNX file that stands for a network which has no ONNX form: it says why, and how many parameters there are.

Extraction through Keras needs no exported network, but what comes after it expects the file.
"""

from __future__ import annotations

from pathlib import Path


def write_placeholder(path: Path, why: str, parameters: int) -> None:
    """Write a file without nodes: ``why`` is its text, and one tensor without values has the size ``parameters``."""
    from onnx import TensorProto, helper

    weights = TensorProto(name="weights", dims=[parameters], data_type=TensorProto.FLOAT)
    graph = helper.make_graph([], "placeholder", [], [], [weights], doc_string=why)
    path.write_bytes(helper.make_model(graph).SerializeToString(deterministic=True))


def read_placeholder(path: Path) -> str | None:
    """Why there is no network in the file; None if it is anything but a placeholder."""
    import onnx

    try:
        graph = onnx.load(path).graph
    except Exception:  # protobuf and onnx have exceptions of their own for every kind of damage
        return None
    return graph.doc_string if graph.name == "placeholder" and not graph.node else None
