"""Exported backbones: the same numbers as Keras, and the same bits whatever the company."""

import os
import subprocess
import sys

import keras
import numpy as np
import pytest

from earmark.config import BackboneParams
from earmark.errors import EarmarkError
from earmark.models import backbones, engine, registry
from earmark.models.exported import count_parameters

TOLERANCE = 1e-4
"""Largest difference relative to the largest feature."""

PARITY = (backbones.OWN, "mobilenet_025", "mobilenet_v3_small", "vgg16", "efficientnet_b0")
"""For each range of pixels a small one: `python benchmarks/extraction.py --parity` has them all."""


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


def assert_parity(params, path):
    """OpenVINO and onnxruntime give what Keras gives."""
    runner = engine.KerasEngine(params)
    runner.export(path)
    batch = batch_of(params, 1)
    reference = runner.features(batch)
    for found in (made.features(batch) for made in (engine.load(path, 1), engine.OpenVinoEngine(path, 1))):
        assert found.shape == reference.shape
        assert found.dtype == np.float32
        assert found.shape[1] == backbones.get(params.name).width * (2 if params.pooling == "stats" else 1)
        assert np.abs(found - reference).max() <= TOLERANCE * np.abs(reference).max()


@pytest.mark.parametrize("name", PARITY)
def test_engines_agree_with_keras(name, tmp_path):
    assert_parity(small(name), tmp_path / "backbone.onnx")


@pytest.mark.real
def test_engines_agree_with_keras_on_real_weights(shared_data, tmp_path):
    weights = shared_data / "weights/mobilenet_v1_0.25_128_imagenet_bncal_no_top.weights.h5"
    changes = {"weights": str(weights), "image_size": [128, 128], "pooling": "stats"}
    assert_parity(small("mobilenet_025").model_copy(update=changes), tmp_path / "backbone.onnx")


@pytest.mark.parametrize("kind", [engine.OnnxEngine, engine.OpenVinoEngine])
def test_features_do_not_depend_on_the_batch(own, kind):
    batch, runner = batch_of(BackboneParams(), 5), kind(own, 1)
    together = runner.features(batch)
    assert all((runner.features(batch[i : i + 1])[0] == together[i]).all() for i in range(5))
    assert (runner.features([batch[0], batch[1][:, :40], batch[2]])[[0, 2]] == together[[0, 2]]).all()


def test_features_do_not_depend_on_the_threads(own):
    batch = batch_of(BackboneParams(), 2)
    assert (engine.load(own, 1).features(batch) == engine.load(own, 2).features(batch)).all()


@pytest.mark.parametrize("frames", [16, 17, 33, 400])
def test_clips_of_any_length(own, frames):
    batch = np.random.default_rng(0).normal(0, 10, (1, 40, frames, 1)).astype(np.float32)
    reference = engine.KerasEngine(BackboneParams()).features(batch)
    for found in (made.features(batch) for made in (engine.load(own), engine.OpenVinoEngine(own))):
        assert np.abs(found - reference).max() <= TOLERANCE * np.abs(reference).max()


@pytest.mark.parametrize(
    ("name", "kind"),
    [("keras", engine.KerasEngine), ("onnx", engine.OnnxEngine), ("openvino", engine.OpenVinoEngine)],
)
def test_chosen_engine(own, name, kind):
    assert isinstance(engine.choose(BackboneParams(engine=name), own), kind)


def test_images_computed_together_are_those_computed_alone():
    params = small("mobilenet_025")
    batch, together = batch_of(params, 7), engine.KerasEngine(params, at_once=4)
    reference = engine.KerasEngine(params).features(batch)
    np.testing.assert_allclose(together.features(batch), reference, atol=TOLERANCE * np.abs(reference).max())
    assert (together.features(batch)[:2] == together.features(list(batch[:2]))).all()


def test_an_engine_that_is_not_installed_is_explained(own):
    code = (
        "import sys; sys.modules['openvino'] = None\n"  # what Python does for a package that is not there
        "from pathlib import Path; from earmark.config import BackboneParams as B; "
        "from earmark.models.engine import choose\n"
        f"choose(B(engine='openvino'), Path({str(own)!r}))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "EarmarkError: backbone.engine: openvino needs the package openvino" in found.stderr
    assert 'pip install "earmark[openvino]", or set engine: auto' in found.stderr


@pytest.fixture
def unexportable(monkeypatch):
    """A registered network that has no ONNX form."""

    def builder(shape):
        image = keras.Input(shape)  # TensorFlow's gelu has an operator that ONNX does not have
        return keras.Model(image, keras.layers.Conv2D(4, 3, activation="gelu")(image), name="gelu")

    row = registry.Backbone("gelu_net", builder, 4, 40, 0, "unit", channels=1)
    monkeypatch.setitem(registry._REGISTRY, "gelu_net", row)
    settings = {"normalise": "none", "image_size": [32, 32], "fit": "squeeze", "pooling": "avg"}
    return BackboneParams(name="gelu_net", weights="none", **settings)


def test_keras_extracts_what_cannot_be_exported(unexportable, tmp_path, capsys):
    path, batch = tmp_path / "backbone.onnx", np.ones((2, 32, 32, 1), np.float32)
    engine.export(unexportable, path)
    assert "earmark: gelu_net cannot be exported to ONNX" in capsys.readouterr().err
    assert count_parameters(path) == 40
    found = engine.choose(unexportable, path)
    assert isinstance(found, engine.KerasEngine)
    assert found.features(batch).shape == (2, 4)
    assert "gelu_net cannot be exported to ONNX" in capsys.readouterr().err
    for name in ("onnx", "openvino"):
        with pytest.raises(EarmarkError, match=r"gelu_net cannot be exported .* set backbone.engine: keras or auto"):
            engine.choose(unexportable.model_copy(update={"engine": name}), path)


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


@pytest.mark.parametrize("kind", [engine.OnnxEngine, engine.OpenVinoEngine])
def test_damaged_export_is_named(tmp_path, kind):
    path = tmp_path / "backbone.onnx"
    for content in (None, b"half a file"):
        if content:
            path.write_bytes(content)
        with pytest.raises(EarmarkError, match=r"backbone\.onnx.*remove it"):
            kind(path)
