"""Mixed precision: what it is here, that it leaves nothing behind, and a training in it, served in float32."""

import json
from pathlib import Path

import keras
import numpy as np
import onnx
import pyarrow.parquet as pq
import pytest

from earmark.models import precision
from earmark.models.images import TrainingImages
from earmark.models.networks import build_head
from earmark.models.precision import computing_in, in_float32, policy
from earmark.models.standardise import Standardisation
from earmark.models.tune import Tuning, augmenter_of, tune
from earmark.provenance import Provenance
from earmark.serving.predictor import Predictor
from earmark.shards.read import read_images


@pytest.fixture(params=["mixed_bfloat16", "mixed_float16"])
def kind(request, monkeypatch):
    """Both kinds of mixed precision, wherever the test runs: a CPU computes in float16 too, if slowly."""
    monkeypatch.setattr(precision, "GPU", Path("/dev/null" if request.param == "mixed_float16" else "/dev/none"))
    return request.param


def test_the_policy_is_that_of_the_machine_and_ends_with_the_building(kind):
    assert (policy("float32"), policy("mixed")) == ("float32", kind)
    with pytest.raises(KeyError), computing_in("mixed"):
        assert keras.config.dtype_policy().name == kind
        raise KeyError
    assert keras.config.dtype_policy().name == "float32"


def test_a_copy_in_float32_has_the_same_weights(kind):
    statistics = Standardisation(np.zeros(8), np.full(8, 1e-6))
    with computing_in("mixed"):
        head = build_head("normalised", (8,), 3, statistics)
    copy, features = in_float32(head), np.random.default_rng(0).normal(size=(4, 8)).astype(np.float32) * 1e-6
    assert head.get_layer("dense_1").compute_dtype == kind.removeprefix("mixed_")
    assert {layer.compute_dtype for layer in copy.layers} == {"float32"}
    for one, same in zip(head.get_weights(), copy.get_weights(), strict=True):
        np.testing.assert_array_equal(one, same)
    mixed, plain = (np.asarray(model(features)) for model in (head, copy))
    assert mixed.dtype == np.float32, "softmax is"
    np.testing.assert_allclose(mixed, plain, atol=0.02)
    assert in_float32(copy) is copy


def test_a_training_in_it_is_served_in_float32(kind, pictures, scratch_params, tmp_path):
    params = scratch_params(precision="mixed", epochs=12)
    tune(params, *pictures, tmp_path / "model", Provenance("train", 2, "0" * 20), tmp_path / "state")
    assert keras.config.dtype_policy().name == "float32"
    training = json.loads((tmp_path / "model" / "training.json").read_text())
    assert training["val"]["accuracy"] > 0.8
    for name in ("head", "backbone"):
        tensors = onnx.load(tmp_path / "model" / f"{name}.onnx").graph.initializer
        assert not {onnx.TensorProto.FLOAT16, onnx.TensorProto.BFLOAT16} & {tensor.data_type for tensor in tensors}
    predictor = Predictor.load(tmp_path / "model")
    images = {row.clip_id: row.images for row in read_images(pictures[1][0])}
    val = [row for row in pq.read_table(pictures[0]).to_pylist() if row["split"] == "val"]
    features = np.concatenate([predictor.features([images[row["clip_id"]]]) for row in val])
    answers = predictor.probabilities(features)
    head = keras.models.load_model(tmp_path / "model" / "head.keras")
    np.testing.assert_allclose(answers, np.asarray(head(features.astype(np.float32))), atol=1e-5)
    right = np.mean([predictor.labels[i] == row["label"] for i, row in zip(answers.argmax(1), val, strict=True)])
    assert right == pytest.approx(training["val"]["accuracy"])


def test_a_loss_in_float16_is_scaled(kind, pictures, scratch_params, tmp_path):
    images = TrainingImages.load(*pictures, tmp_path)
    params = scratch_params(precision="mixed", layer_rates=[0.1, 1])
    tuning = Tuning(params, images, None, augmenter_of(params, tmp_path))
    tuning.at_stage(1)
    assert hasattr(tuning.model.optimizer, "inner_optimizer") == (kind == "mixed_float16")
    assert {weight.dtype for weight in tuning.model.weights} == {"float32"}
