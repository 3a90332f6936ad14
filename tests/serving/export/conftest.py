"""Graphs computed by onnxruntime, sounds to compare on, and a small study with its model and recordings."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from earmark.provenance import Provenance
from earmark.serving.export import material
from earmark.serving.export.graph import OPSET

MANIFEST = "cd" * 10


@pytest.fixture(scope="session")
def computed():
    """Values of the ``outputs`` of a graph whose one input is ``waveform`` (n,), or ``image`` (windows, rows, n)."""
    import onnx
    import onnxruntime
    from onnx import helper

    def compute(graph, outputs, **inputs):
        taken = [helper.make_tensor_value_info(name, 1, [None] * np.ndim(value)) for name, value in inputs.items()]
        given = [helper.make_tensor_value_info(name, onnx.TensorProto.UNDEFINED, None) for name in outputs]
        made = helper.make_graph(graph.nodes, "test", taken, given, graph.initializers())
        model = helper.make_model(made, ir_version=9, opset_imports=[helper.make_opsetid("", OPSET)])
        model = onnx.shape_inference.infer_shapes(model)
        session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
        return session.run(outputs, inputs)

    return compute


@pytest.fixture(scope="session")
def sounds() -> list[np.ndarray]:
    """Samples at 16 kHz of all kinds, silence among them."""
    return [clip.samples for clip in material.made(16000)]


@pytest.fixture(scope="session")
def project(served, tmp_path_factory) -> Path:
    """A study's folder with recordings, manifest and model, as after a run: 12 train clips, 4 of test."""
    root = tmp_path_factory.mktemp("project")
    model, manifest = root / "results" / "model", root / "data" / "manifest"
    shutil.copytree(served.folder, model)
    Provenance("train", 1, "ab" * 10, inputs={"manifest": MANIFEST}).write(model)
    manifest.mkdir(parents=True)
    (root / "sounds").mkdir()
    rows = []
    for path in served.files:
        shutil.copyfile(path, root / "sounds" / path.name)
        label, number = path.stem.split("-")
        split = "test" if int(number) > 5 else "train"
        rows.append({"clip_id": path.name, "path": path.name, "label": label, "split": split, "duration": 1.5})
    table = pa.Table.from_pylist(rows)
    for name in ("start", "end"):
        table = table.append_column(name, pa.nulls(len(rows), pa.float64()))
    pq.write_table(table, manifest / "manifest.parquet")
    Provenance("prepare", 1, MANIFEST, {"data": {"adapter": "folder", "root": "sounds"}}).write(manifest)
    return root


@pytest.fixture(scope="session")
def exported(project, tmp_path_factory) -> Path:
    """The folder of both formats, float and int8."""
    from earmark.serving.export.bundle import export

    out = tmp_path_factory.mktemp("device") / "out"
    measured = export(project / "results" / "model", out, ["onnx", "tflite"], int8=True, unknown=0.55)
    (out.parent / "measured.json").write_text(json.dumps({name: each.plain() for name, each in measured.items()}))
    return out
