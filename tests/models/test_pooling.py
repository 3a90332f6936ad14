"""Pooling over maps of any size."""

import keras
import numpy as np
import pytest

from earmark.models.pooling import Statistics, pooled


def test_mean_then_deviation():
    maps = np.random.default_rng(0).normal(3, 2, (2, 5, 7, 4)).astype(np.float32)
    vector = keras.ops.convert_to_numpy(Statistics()(maps))
    np.testing.assert_allclose(vector[:, :4], maps.mean(axis=(1, 2)), rtol=1e-4)
    np.testing.assert_allclose(vector[:, 4:], maps.std(axis=(1, 2)), rtol=1e-4)


def test_constant_maps_have_a_finite_deviation():
    vector = keras.ops.convert_to_numpy(Statistics()(np.ones((1, 1, 1, 3), np.float32)))
    assert np.isfinite(vector).all()


@pytest.mark.parametrize(("pooling", "width"), [("avg", 4), ("stats", 8), ("none", 4)])
def test_pooled_width(pooling, width):
    image = keras.Input((None, None, 4))
    model = pooled(keras.Model(image, keras.layers.ReLU()(image)), pooling)
    assert model.output_shape[-1] == width


@pytest.mark.parametrize("pooling", ["avg", "stats", "none"])
def test_vectors_have_nothing_to_pool(pooling):
    vector = keras.Input((4,))
    model = keras.Model(vector, keras.layers.ReLU()(vector))
    assert pooled(model, pooling) is model
