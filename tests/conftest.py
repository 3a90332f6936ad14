"""Fixtures for every test: where the real recordings are, no telemetry or progress noise, and who runs what."""

import os
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import soundfile
from xdist.scheduler import LoadGroupScheduling

from earmark.provenance import Provenance
from earmark.shards.schema import mel_schema
from earmark.tracking import Server

ROOT = Path(__file__).resolve().parents[1]

os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault(
    "TF_NUM_INTRAOP_THREADS", "1"
)  # as `earmark train` sets it: the same bytes on any number of cores


class FilesAndGroups(LoadGroupScheduling):
    """One worker runs all of a group, as marked, and all of a file: what a module's fixture made is made once."""

    def _split_scope(self, nodeid: str) -> str:
        return super()._split_scope(nodeid).partition("::")[0]


def pytest_xdist_make_scheduler(config, log):
    return FilesAndGroups(config, log)


def pytest_collection_modifyitems(items):
    """The long tests begin first: short ones are left for the end, which workers share evenly."""
    items.sort(key=lambda item: item.get_closest_marker("workflow") is None)


@pytest.fixture(scope="session")
def project_root() -> Path:
    """The checkout under test."""
    return ROOT


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real recordings; the test is skipped, with the reason, where it is absent."""
    folder = Path(os.environ.get("EARMARK_SHARED", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real recordings at {folder} (set EARMARK_SHARED)")
    return folder


@pytest.fixture(scope="session")
def write_tones():
    """Writes twelve tones of two classes and as many speakers into ``root/tones``, with their table clips.csv."""

    def write(root):
        (root / "tones").mkdir()
        rows = ["path,label,speaker"]
        for number in range(12):
            wave = np.sin(np.arange(8000 + 500 * number) * (0.05 + 0.01 * number)) * 0.3
            soundfile.write(root / "tones" / f"{number}.wav", wave, 16000)
            rows.append(f"{number}.wav,{'low' if number % 2 else 'high'},speaker {number}")
        (root / "tones" / "clips.csv").write_text("\n".join(rows))

    return write


@pytest.fixture(scope="session")
def image_shard():
    """Writes rows of (clip_id, first_frame, images by kind) as a shard of ``per_group`` rows per row group."""

    def write(path, rows, per_group=8, compression="none", params=None, **facts):
        images = rows[0][2]
        heights = {kind: len(image) for kind, image in images.items()}
        dtype = next(iter(images.values())).dtype.name
        record = {"heights": heights, "dtype": dtype, "top_db": 80.0, **facts}
        schema = Provenance("mel", 2, path.stem, params or {}).stamp(mel_schema(images), **record)
        values = [
            {"clip_id": clip, "row_key": f"key {clip}", "first_frame": first, "frames": image[kind].shape[1]}
            | {kind: image[kind].tobytes() for kind in image}
            for clip, first, image in rows
            for kind in [next(iter(image))]
        ]
        options = {"use_dictionary": False, "write_statistics": ["clip_id"], "write_page_checksum": True}
        with pq.ParquetWriter(path, schema, compression=compression, **options) as writer:
            for start in range(0, len(values), per_group):
                writer.write_table(pa.Table.from_pylist(values[start : start + per_group], schema=schema))
        return path

    return write


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory) -> Path:
    """A database with mlflow's tables: making them takes seconds, copying the file nothing."""
    server = Server.local(tmp_path_factory.mktemp("mlruns"))
    server.client().search_experiments()
    return server.artifacts.parent / "mlflow.db"


@pytest.fixture(scope="session")
def pitch_model(tmp_path_factory) -> Path:
    """Folder of a model that tells ``low`` tones from ``high`` ones wherever they are cut; nobody had to train it."""
    import onnx
    from onnx import helper, numpy_helper

    folder = tmp_path_factory.mktemp("pitch") / "model"
    folder.mkdir()
    weights = np.repeat([[0.01, -0.01], [-0.01, 0.01]], 20, axis=0).astype(np.float32)
    nodes = {
        "backbone": [helper.make_node("ReduceMean", ["in", "axes"], ["out"], keepdims=0)],
        "head": [helper.make_node("MatMul", ["in", "w"], ["x"]), helper.make_node("Softmax", ["x"], ["out"], axis=-1)],
    }
    shapes = {"backbone": (["n", 40, "t", 1], ["n", 40]), "head": (["n", 40], ["n", 2])}
    constants = {"backbone": [("axes", np.array([2, 3]))], "head": [("w", weights)]}
    for name, (taken, given) in shapes.items():
        ends = [[helper.make_tensor_value_info(end, 1, shape)] for end, shape in (("in", taken), ("out", given))]
        values = [numpy_helper.from_array(array, key) for key, array in constants[name]]
        graph = helper.make_graph(nodes[name], name, *ends, values)
        model = helper.make_model(graph, ir_version=9, opset_imports=[helper.make_opsetid("", 18)])
        onnx.save(model, folder / f"{name}.onnx")
    (folder / "params.yaml").write_text("backbone: {normalise: none, engine: onnx}")
    (folder / "labels.json").write_text('["low", "high"]')
    return folder
