"""Changed networks compute what they did."""

import keras
import numpy as np
import pytest
from keras import layers

from earmark.models.engine import load
from earmark.models.exported import save_trunk
from earmark.models.surgery import from_layer, gelu, in_plain_operators


def difference(first, second, values):
    return float(np.abs(keras.ops.convert_to_numpy(first(values)) - keras.ops.convert_to_numpy(second(values))).max())


def network(groups=1):
    image = keras.Input((8, 8, 4))
    x = layers.Rescaling(2.0, name="doubled")(image)
    x = layers.Conv2D(4, 3, groups=4, bias_initializer="uniform", name="grouped")(x)
    x = layers.Conv2D(6, 3, groups=groups, name="ungrouped")(x)
    x = keras.Sequential([layers.LayerNormalization(), layers.Dense(5)], name="nested")(x)
    return keras.Model(image, layers.Activation("gelu", name="activated")(x), name="whole")


def test_gelu_is_that_of_keras():
    values = np.linspace(-6, 6, 1001, dtype=np.float32)
    np.testing.assert_allclose(gelu(values), keras.activations.gelu(values), atol=1e-6)


@pytest.mark.parametrize("groups", [1, 2])
def test_plain_operators_give_the_same_maps(groups):
    before = network(groups)
    after = in_plain_operators(before)
    kinds = {layer.name: type(layer) for layer in after.layers}
    assert kinds["grouped"] is layers.DepthwiseConv2D
    assert kinds["ungrouped"] is layers.Conv2D
    assert after.get_layer("activated").activation is gelu
    assert (after.name, after.count_params()) == (before.name, before.count_params())
    assert difference(before, after, np.random.default_rng(0).normal(size=(2, 8, 8, 4)).astype(np.float32)) < 1e-5


def test_what_is_cut_off_is_the_beginning():
    before = network()
    after = from_layer(before, "grouped")
    assert [layer.name for layer in after.layers][1:] == [layer.name for layer in before.layers][2:]
    values = np.random.default_rng(0).normal(size=(2, 8, 8, 4)).astype(np.float32)
    assert difference(lambda x: before(x / 2), after, values) < 1e-5
    assert after.get_layer("grouped") is before.get_layer("grouped")


def test_plain_operators_can_be_exported(tmp_path):
    before, path = network(), tmp_path / "network.onnx"
    save_trunk(in_plain_operators(before), path)
    values = np.random.default_rng(0).normal(size=(1, 8, 8, 4)).astype(np.float32)
    assert difference(before, load(path, 1).features, values) < 1e-5
