"""A small study for the training tests: a manifest and feature shards of drawn vectors, and an exported network."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from earmark.config import Params
from earmark.models.train import compute_on_one_thread
from earmark.provenance import Provenance
from earmark.shards.write import write_feature_shard

compute_on_one_thread()


@dataclass
class Study:
    """Clips of ``labels``, features ``gap`` deviations apart, in ``shards`` files; clip i has 1 + i % ``windows``."""

    folder: Path
    labels: tuple[str, ...] = ("de", "en", "zh")
    shape: tuple[int, ...] = (16,)
    gap: float = 4.0
    clips: int = 90
    windows: int = 1
    shards: int = 2
    dtype: str = "float32"
    train: dict = field(default_factory=dict)

    @property
    def params(self) -> Params:
        defaults = {"epochs": 12, "learning_rate": 0.01, "batch_size": 16}
        return Params.model_validate({"task": "tiny", "train": {**defaults, **self.train}})

    @property
    def manifest(self) -> Path:
        return self.folder / "manifest.parquet"

    def rows(self):
        splits = ["train", "train", "train", "val", "test"]
        return [
            {
                "clip_id": f"c{i:03}",
                "label": self.labels[i % len(self.labels)],
                "split": splits[i // len(self.labels) % 5],
            }
            for i in range(self.clips)
        ]

    def vectors(self):
        rng = np.random.default_rng(0)
        centres = rng.normal(0, self.gap / np.sqrt(2 * self.shape[-1]), (len(self.labels), self.shape[-1]))
        noise = rng.normal(size=(self.windows, self.clips, *self.shape))
        return [
            (row["clip_id"], "key", 8 * n, (centres[i % len(self.labels)] + noise[n, i]).astype(self.dtype))
            for i, row in enumerate(self.rows())
            for n in range(1 + i % self.windows)
        ]

    def write(self):
        """The paths that ``train`` takes: manifest, feature shards, exported backbone."""
        self.folder.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.Table.from_pylist(self.rows()), self.manifest)
        paths = [self.folder / f"features-{i}.parquet" for i in range(self.shards)]
        for i, path in enumerate(paths):
            ids = {row["clip_id"] for row in self.rows()[i :: self.shards]}
            rows = [row for row in self.vectors() if row[0] in ids]
            write_feature_shard(rows, Provenance("embed", 2, "0" * 20), path)
        return self.manifest, paths, self.backbone()

    def backbone(self) -> Path:
        """An exported network with 6 parameters."""
        import onnx

        weight = onnx.numpy_helper.from_array(np.ones((2, 3), np.float32), "weight")
        shape = onnx.numpy_helper.from_array(np.array([1, 2]), "shape")
        graph = onnx.helper.make_graph([], "backbone", [], [], [weight, shape])
        path = self.folder / "backbone.onnx"
        onnx.save(onnx.helper.make_model(graph), path)
        return path


SMALL_NETWORK = {"name": "simple_chroma_cnn", "weights": "none", "normalise": "none", "pooling": "none"}
"""One convolution, which is compiled in a second or two."""


@pytest.fixture(scope="session")
def pictures(tmp_path_factory, image_shard):
    """Manifest and a shard of 100 noisy images (40, 40), of which the upper or the lower half is a little lighter."""
    folder, rng, rows, table = tmp_path_factory.mktemp("pictures"), np.random.default_rng(0), [], []
    splits = ["train", "train", "train", "val", "test"]
    for number in range(100):
        image = rng.integers(0, 200, (40, 40)) + 20 * (np.arange(40)[:, None] // 20 == number % 2)
        rows.append((f"c{number:02}", 0, {"mel": image.astype(np.uint8)}))
        label = "up" if number % 2 else "down"
        table.append({"clip_id": f"c{number:02}", "label": label, "split": splits[number // 2 % 5]})
    pq.write_table(pa.Table.from_pylist(table), folder / "manifest.parquet")
    return folder / "manifest.parquet", [image_shard(folder / "all.parquet", rows)]


@pytest.fixture(scope="session")
def scratch_params():
    """Makes params of a small network that learns ``pictures`` in some epochs."""

    def make(network=SMALL_NETWORK, **train):
        defaults = {"mode": "scratch", "head": "linear", "epochs": 3, "batch_size": 16, "learning_rate": 3e-3}
        sections = {"backbone": network, "features": {"window": {"frames": 40}}, "train": defaults | train}
        return Params.model_validate({"task": "tiny", **sections})

    return make


@pytest.fixture
def study(tmp_path):
    """Makes a ``Study`` with the settings a test cares for."""
    return lambda **settings: Study(tmp_path / "study", **settings)
