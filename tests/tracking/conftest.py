"""A local tracking server and a training's params and provenance."""

import itertools
import json
from pathlib import Path
from shutil import copyfile

import numpy as np
import onnx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import soundfile
import yaml

from earmark.config import Params, parse
from earmark.provenance import Provenance
from earmark.tracking import Server

MODEL_KEY = "ab" * 10


@pytest.fixture
def server(tmp_path, monkeypatch, empty_database) -> Server:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.setenv("EARMARK_STORE", str(tmp_path / "store"))
    (tmp_path / "mlruns").mkdir()
    copyfile(empty_database, tmp_path / "mlruns" / "mlflow.db")
    return Server.local(tmp_path / "mlruns")


@pytest.fixture
def params(tmp_path) -> Params:
    return parse({"task": "toy", "data": {"root": str(tmp_path)}, "evaluate": {"bootstrap": 50}})


@pytest.fixture
def provenance() -> Provenance:
    return Provenance("train", 1, MODEL_KEY, inputs={"manifest": "d" * 20})


def tiny_network(path: Path, weights: np.ndarray | None = None) -> None:
    """A network as ONNX: the mean over an image's bands and frames, or softmax of features (n, c) @ ``weights``."""
    feature = onnx.helper.make_tensor_value_info
    if weights is None:
        nodes = [onnx.helper.make_node("ReduceMean", ["x"], ["y"], axes=[1, 2], keepdims=0)]
        inputs, outputs, constants = [None, None, None, 1], [None, 1], []
    else:
        nodes = [onnx.helper.make_node("MatMul", ["x", "w"], ["z"]), onnx.helper.make_node("Softmax", ["z"], ["y"])]
        inputs, outputs = [None, len(weights)], [None, weights.shape[1]]
        constants = [onnx.numpy_helper.from_array(weights.astype(np.float32), "w")]
    ends = [feature(name, onnx.TensorProto.FLOAT, shape) for name, shape in (("x", inputs), ("y", outputs))]
    graph = onnx.helper.make_graph(nodes, "tiny", ends[:1], ends[1:], constants)
    opset = [onnx.helper.make_opsetid("", 13)]
    onnx.save(onnx.helper.make_model(graph, opset_imports=opset, ir_version=8), path)


@pytest.fixture
def prepared(tmp_path) -> Path:
    """A manifest folder with two recordings per split, and the recordings."""
    folder, rows = tmp_path / "prepared", []
    folder.mkdir()
    for split, seconds in itertools.product(("train", "val", "test"), (0.5, 1.5)):
        path = f"{split}-{seconds}.wav"
        soundfile.write(tmp_path / path, 0.1 * np.sin(np.arange(int(16000 * seconds)) / 9), 16000)
        columns = {"label": "a" if seconds < 1 else "b", "split": split, "duration": seconds, "audio_digest": path}
        columns |= {"speaker": f"{split}er", "source": "table"}
        rows.append({"clip_id": path, "path": path, "start": None, "end": None, **columns})
    pq.write_table(pa.Table.from_pylist(rows), folder / "manifest.parquet")
    Provenance("prepare", 1, "d" * 20).write(folder)
    return folder


@pytest.fixture
def model(tmp_path, params, provenance) -> Path:
    """A model folder of two classes; its history is what a training of three epochs leaves."""
    folder = tmp_path / "model"
    folder.mkdir()
    tiny_network(folder / "backbone.onnx")
    tiny_network(folder / "head.onnx", np.array([[1.0, -1.0]]))
    sections = ("features", "backbone", "train")
    (folder / "params.yaml").write_text(yaml.safe_dump({name: params.plain()[name] for name in sections}))
    (folder / "labels.json").write_text('["a", "b"]')
    (folder / "history.csv").write_text("epoch,loss,val_accuracy\n0,1.0,0.5\n1,0.5,0.5\n2,0.25,0.75\n")
    clips = {"train": {"a": 1, "b": 1}, "val": {"a": 1, "b": 1}}
    training = {
        "clips": clips,
        "epochs": 3,
        "best_epoch": 2,
        "stopped": "epochs",
        "val": {"accuracy": 0.75},
        "warnings": [],
    }
    (folder / "training.json").write_text(json.dumps(training))
    (folder / "timing.json").write_text('{"seconds": 0.5, "epoch_seconds": 0.1}')
    provenance.write(folder)
    return folder


@pytest.fixture
def evaluation(tmp_path, params) -> Path:
    """An evaluation folder as ``earmark evaluate`` writes it; only ``metrics.json`` has contents that matter."""
    folder = tmp_path / "evaluation"
    for name in ("plots/confusion.png", "plots/roc.csv", "report/index.html", "predictions.parquet"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    test = {"n": 2, "balanced_accuracy": 0.75, "ci95": {"balanced_accuracy": [0.5, 1.0]}, "per_class": []}
    baselines = {name: {"accuracy": 0.5, "balanced_accuracy": 0.5} for name in ("majority", "logistic_regression")}
    about = {
        "params_digest": params.digest(),
        "data_digest": "d" * 20,
        "leaks": "clean",
        "quarantined": 3,
        "n_classes": 2,
    }
    (folder / "metrics.json").write_text(json.dumps({"test": test, "baselines": baselines, **about}))
    Provenance("evaluate", 1, "e" * 20).write(folder)
    return folder
