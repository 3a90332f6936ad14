"""Networks as files: they load, they agree, and equal weights give equal bytes."""

import keras
import numpy as np
import pytest

from earmark.models.earmark_base import earmark_base
from earmark.models.engine import load
from earmark.models.exported import count_parameters, save_keras, save_onnx, save_trunk
from earmark.models.networks import build_head
from earmark.models.standardise import Standardisation


def head(shape=(16,), name="final"):
    keras.utils.set_random_seed(3)
    statistics = Standardisation(np.linspace(-3, 3, shape[-1]), np.linspace(0.1, 4, shape[-1]))
    return build_head(name, shape, 4, statistics)


@pytest.mark.parametrize("save", [save_keras, save_onnx])
def test_equal_heads_are_equal_bytes_whatever_was_built_before(tmp_path, save):
    first, second = tmp_path / "first.keras", tmp_path / "second.keras"
    save(head(), first)
    keras.Sequential([keras.layers.Dense(3)])(np.zeros((1, 2)))
    save(head(), second)
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.parametrize("shape", [(16,), (3, 2, 8)])
def test_keras_and_onnx_heads_agree(tmp_path, shape):
    model = head(shape)
    save_keras(model, tmp_path / "head.keras")
    save_onnx(model, tmp_path / "head.onnx")
    features = np.random.default_rng(0).normal(size=(5, *shape)).astype(np.float32)
    expected = keras.ops.convert_to_numpy(model(features))
    again = keras.saving.load_model(tmp_path / "head.keras")
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(again(features)), expected)
    np.testing.assert_allclose(load(tmp_path / "head.onnx").features(features), expected, atol=1e-6)


def test_parameters_of_an_exported_network(tmp_path):
    keras.utils.set_random_seed(0)
    save_onnx(build_head("first", (16,), 4), tmp_path / "head.onnx")
    # zero biases are folded away by the converter, so a trained head counts more than a new one
    assert count_parameters(tmp_path / "head.onnx") == 16 * 512 + 512 * 4


def test_a_network_that_was_trained_on_standardised_images_is_exported_with_the_scaling(tmp_path):
    keras.utils.set_random_seed(0)
    rng, trunk = np.random.default_rng(0), earmark_base(12, channels=2)
    scaling = Standardisation(rng.normal(-40, 9, (12, 1, 2)), rng.uniform(3, 20, (12, 1, 2)))
    save_trunk(trunk, tmp_path / "trunk.onnx", scaling)
    image = rng.uniform(-80, 0, (1, 12, 30, 2)).astype(np.float32)
    expected = keras.ops.convert_to_numpy(trunk(scaling.apply(image).astype(np.float32)))
    np.testing.assert_allclose(
        load(tmp_path / "trunk.onnx").features(image), expected, atol=1e-4 * np.abs(expected).max()
    )
    save_trunk(trunk, tmp_path / "again.onnx", scaling)
    assert (tmp_path / "again.onnx").read_bytes() == (tmp_path / "trunk.onnx").read_bytes()
