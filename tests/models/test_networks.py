"""The heads: their sizes as published, their layers, and the part after pooling."""

import keras
import numpy as np
import pytest

from earmark.models.networks import HEADS, build_head, without_pooling
from earmark.models.standardise import Standardisation

MAP = (7, 7, 2048)
STATISTICS = Standardisation(np.linspace(-1, 1, 2048), np.linspace(0.5, 2, 2048))


def trainable(model):
    return sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)


@pytest.mark.parametrize("standardise", [None, STATISTICS])
def test_the_final_head_has_the_published_number_of_parameters(standardise):
    head = build_head("final", MAP, 3, standardise)
    assert trainable(head) == head.count_params() == 279_235


def test_the_first_head():
    head = build_head("first", MAP, 3)
    assert trainable(head) == 2048 * 512 + 512 + 512 * 3 + 3
    assert [layer.rate for layer in head.layers if isinstance(layer, keras.layers.Dropout)] == [0.5, 0.2]


def test_the_final_head_has_the_published_dropout():
    head = build_head("final", MAP, 3)
    assert [layer.rate for layer in head.layers if isinstance(layer, keras.layers.Dropout)] == [0.5, 0.5, 0.4, 0.2]


def test_the_linear_head_is_a_softmax_layer():
    assert trainable(build_head("linear", (16,), 5)) == 16 * 5 + 5


@pytest.mark.parametrize("name", HEADS)
def test_a_head_gives_probabilities_of_maps_and_of_their_averages(name):
    maps = np.random.default_rng(0).normal(size=(4, *MAP)).astype(np.float32)
    head = build_head(name, MAP, 3, STATISTICS)
    answer = keras.ops.convert_to_numpy(head(maps))
    np.testing.assert_allclose(answer.sum(axis=1), 1, atol=1e-6)
    of_means = keras.ops.convert_to_numpy(without_pooling(head)(maps.mean(axis=(1, 2))))
    np.testing.assert_allclose(of_means, answer, atol=1e-5)


def test_the_part_after_pooling_shares_the_weights():
    head = build_head("linear", MAP, 3)
    part = without_pooling(head)
    part.set_weights([np.ones((2048, 3)), np.array([1.0, 2.0, 3.0])])
    np.testing.assert_array_equal(head.get_weights()[1], [1, 2, 3])


def test_training_a_head_on_vectors_leaves_the_head_free_of_optimizer_and_loss():
    head = build_head("linear", (16,), 4)
    part = without_pooling(head)
    part.compile("adam", "mse")
    assert part.get_layer("softmax") is head.get_layer("softmax")
    assert not head.compiled


def test_standardising_is_part_of_the_head():
    head = build_head("linear", (2048,), 3, STATISTICS)
    head.set_weights([np.eye(2048, 3), np.zeros(3)])
    vectors = np.random.default_rng(0).normal(size=(4, 2048)).astype(np.float32)
    expected = keras.ops.softmax(STATISTICS.apply(vectors)[:, :3].astype(np.float32))
    np.testing.assert_allclose(head(vectors), expected, atol=1e-6)
