"""Exported backbones: the same numbers as Keras, and the same bits whatever the company."""

import os
import subprocess
import sys

import numpy as np
import pytest

from earmark.config import BackboneParams
from earmark.errors import EarmarkError
from earmark.models import backbones, engine

TOLERANCE = 1e-4
"""Largest difference relative to the largest feature."""

QUICK = (backbones.OWN, "mobilenet_025")
NAMES = [
    name if name in QUICK else pytest.param(name, marks=pytest.mark.workflow)  # exporting a large network is slow
    for name in backbones.names()
]


def small(name):
    """The backbone with small images, and weights that need no download."""
    if name == backbones.OWN:
        return BackboneParams()
    return BackboneParams(
        name=name, weights="none", normalise="none", image_size=[32, 48], fit="squeeze", pooling="avg"
    )


def batch_of(params, count=3):
    height, width = params.image_size or (40, 50)
    scale, channels = (10, 1) if params.name == backbones.OWN else (1, 3)
    return np.random.default_rng(0).normal(0, scale, (count, height, width, channels)).astype(np.float32)


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """The embedded backbone, exported."""
    path = tmp_path_factory.mktemp("engine") / "own.onnx"
    engine.export(BackboneParams(), path)
    return path


@pytest.mark.parametrize("name", NAMES)
def test_onnx_agrees_with_keras(name, tmp_path):
    params, path = small(name), tmp_path / "backbone.onnx"
    runner = engine.KerasEngine(params)
    runner.export(path)
    batch = batch_of(params, 1)
    found, reference = engine.load(path, 1).features(batch), runner.features(batch)
    assert found.shape == reference.shape
    assert found.shape[1] == backbones.get(name).width * (2 if params.pooling == "stats" else 1)
    assert np.abs(found - reference).max() <= TOLERANCE * np.abs(reference).max()


def test_features_do_not_depend_on_the_batch(own):
    batch, runner = batch_of(BackboneParams(), 5), engine.load(own, 1)
    together = runner.features(batch)
    assert all((runner.features(batch[i : i + 1])[0] == together[i]).all() for i in range(5))


def test_features_do_not_depend_on_the_threads(own):
    batch = batch_of(BackboneParams(), 2)
    assert (engine.load(own, 1).features(batch) == engine.load(own, 2).features(batch)).all()


@pytest.mark.parametrize("frames", [16, 17, 33, 400])
def test_clips_of_any_length(own, frames):
    batch = np.random.default_rng(0).normal(0, 10, (1, 40, frames, 1)).astype(np.float32)
    found, reference = engine.load(own).features(batch), engine.KerasEngine(BackboneParams()).features(batch)
    assert np.abs(found - reference).max() <= TOLERANCE * np.abs(reference).max()


def test_chosen_engine(own):
    assert isinstance(engine.choose(BackboneParams(engine="keras"), own), engine.KerasEngine)
    assert isinstance(engine.choose(BackboneParams(engine="onnx"), own), engine.OnnxEngine)


def test_nothing_is_left_beside_an_export(own):
    assert [path.name for path in own.parent.iterdir()] == [own.name]


def test_another_process_exports_the_same_bytes(own, tmp_path):
    path = tmp_path / "again.onnx"
    code = (
        "from earmark.config import BackboneParams; from earmark.models.engine import export; from pathlib import Path;"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "1"}
    subprocess.run(
        [sys.executable, "-c", f"{code} export(BackboneParams(), Path({str(path)!r}))"], check=True, env=environment
    )
    assert path.read_bytes() == own.read_bytes()


def test_damaged_export_is_named(tmp_path):
    path = tmp_path / "backbone.onnx"
    path.write_bytes(b"half a file")
    with pytest.raises(EarmarkError, match=r"backbone\.onnx.*remove it"):
        engine.load(path)
