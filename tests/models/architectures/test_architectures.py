"""Networks trained from scratch: sizes as published, and each can be run, trained and exported."""

import keras
import numpy as np
import pytest

from earmark.errors import EarmarkError
from earmark.models.architectures import ARCHITECTURES, trunk
from earmark.models.engine import load
from earmark.models.exported import save_keras, save_trunk
from earmark.models.networks import build_head

TOLERANCE = 1e-4
"""Largest difference relative to the largest feature."""

PUBLISHED = {
    "light_cnn": (12, 723_968, 723_454),
    "mnist_cnn": (12, 55_038_988, 54_929_868),
    "simple_chroma_cnn": (2, 69_858, 69_858),
    "mandel_cnn": (2, 2_987_146, 2_987_146),
    "small_mandel_cnn": (2, 1_520_146, 1_520_146),
    "lstm": (2, 72_450, 72_450),
    "voxforge_cnn": (5, 422_821, 421_861),
    "speech_cnn": (2, 115_538, 114_930),
}
"""Classes, parameters, trainable parameters: published of light_cnn, mnist_cnn and mandel_cnn, ours of the others."""

FEATURES = {"light_cnn": 128, "mnist_cnn": 1024, "mandel_cnn": 64, "small_mandel_cnn": 64, "lstm": 128,
            "simple_chroma_cnn": 11 * 99 * 32, "voxforge_cnn": 128, "speech_cnn": 5 * 64 * 2}  # fmt: skip

TRIED = {row.name: row.input_shape for row in ARCHITECTURES.values()} | {"mnist_cnn": (44, 32, 1)}
"""Shapes that are run: the published ones, but a minute of exporting 220 MB."""


def seeded(name, shape=None):
    keras.utils.set_random_seed(0)
    return trunk(name, shape or TRIED[name])


def with_head(network, classes=3):
    model = keras.Model(network.input, build_head("linear", network.output_shape[1:], classes)(network.output))
    model.compile(keras.optimizers.SGD(0.05), "sparse_categorical_crossentropy", jit_compile=False)
    return model


def images(shape, count=4):
    return np.random.default_rng(0).random((count, *shape), np.float32)


def size(weights):
    return sum(int(np.prod(weight.shape)) for weight in weights)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_parameters_with_a_softmax_layer_at_the_published_shape(name):
    classes, parameters, trainable = PUBLISHED[name]
    network = trunk(name, ARCHITECTURES[name].input_shape)
    assert network.output_shape == (None, FEATURES[name])
    parts = (network, build_head("linear", network.output_shape[1:], classes))
    assert sum(part.count_params() for part in parts) == parameters
    assert sum(size(part.trainable_weights) for part in parts) == trainable


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_a_trained_network_gives_the_same_exported(name, tmp_path):
    network, batch = seeded(name), images(TRIED[name])
    model = with_head(network)
    before = model.get_weights()
    assert np.isfinite(model.train_on_batch(batch, np.array([0, 1, 2, 0])))
    assert all((old != new).any() for old, new in zip(before, model.get_weights(), strict=True))
    save_trunk(network, tmp_path / "trunk.onnx")
    found = load(tmp_path / "trunk.onnx", 1).features(batch)
    reference = keras.ops.convert_to_numpy(network(batch, training=False))
    assert found.shape == reference.shape == (4, network.output_shape[1])
    assert np.abs(found - reference).max() <= TOLERANCE * np.abs(reference).max()


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_equal_networks_are_equal_bytes_whatever_was_built_before(name, tmp_path):
    first, second, shape = tmp_path / "first.keras", tmp_path / "second.keras", (30, 28, 2)
    save_keras(seeded(name, shape), first)
    keras.Sequential([keras.layers.Dense(3), keras.layers.Dropout(0.1)])(np.zeros((1, 2)))
    save_keras(seeded(name, shape), second)
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.parametrize("name", ["lstm", "voxforge_cnn"])
def test_training_again_gives_the_same_bits(name):
    shape, runs = (16, 20, 1), []
    for _ in range(2):
        model = with_head(seeded(name, shape))
        for _ in range(3):
            model.train_on_batch(images(shape, 8), np.arange(8) % 3)
        runs.append(model.get_weights())
    assert all((one == other).all() for one, other in zip(*runs, strict=True))


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_the_smallest_image_is_the_smallest(name):
    smallest = ARCHITECTURES[name].smallest
    shape = (smallest, smallest, 3)
    assert 0 not in trunk(name, shape)(images(shape, 1)).shape
    for side in (0, 1):
        shape = [smallest, smallest, 3]
        shape[side] -= 1
        with pytest.raises(EarmarkError, match=rf"{name}.*smallest have {smallest} rows and {smallest} frames"):
            trunk(name, tuple(shape))
        if smallest > 1:
            with pytest.raises(ValueError):
                ARCHITECTURES[name].build(tuple(shape))


def test_unknown_network():
    with pytest.raises(EarmarkError, match="no network 'light'; known: light_cnn, mnist_cnn"):
        trunk("light", (161, 99, 1))


def test_rows_name_themselves_and_their_source():
    assert all(row.name == name and row.source for name, row in ARCHITECTURES.items())
