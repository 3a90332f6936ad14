"""The heads: their sizes as published, their layers, and the part after pooling."""

import re

import keras
import numpy as np
import pytest

from earmark.errors import EarmarkError
from earmark.models.engine import load
from earmark.models.exported import save_onnx
from earmark.models.networks import HEADS, averages, build_head, without_pooling
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


AVERAGING = [name for name in HEADS if averages(name)]
FLATTENING = [name for name in HEADS if not averages(name)]


@pytest.mark.parametrize("name", AVERAGING)
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


def layer_names(head):
    return [layer.name for layer in head.layers]


def test_the_flat_head_of_the_gender_classifier():
    head = build_head("flat", (4, 3, 512), 2)
    assert layer_names(head) == ["features", "flatten", "dense_1", "dropout_last", "softmax"]
    assert trainable(head) == head.count_params() == 4 * 3 * 512 * 256 + 256 + 256 * 2 + 2
    assert head.get_layer("dropout_last").rate == 0.5


def test_the_normalised_head_has_what_a_keyword_comparison_published_of_vgg16():
    head = build_head("normalised", (5, 3, 512), 12)
    assert head.count_params() == 23_676_748 - 14_714_688
    assert head.count_params() - trainable(head) == 17_408


def test_heads_that_average():
    assert AVERAGING == ["final", "first", "linear"]
    assert averages("custom", [{"dense": 3}]) and not averages("custom", ["flatten"])


@pytest.mark.parametrize("name", FLATTENING)
def test_a_head_that_flattens_tells_positions_apart(name):
    maps = np.random.default_rng(0).normal(size=(4, 3, 2, 16)).astype(np.float32)
    head = build_head(name, (3, 2, 16), 3)
    answer, mirrored = head(maps), head(maps[:, :, ::-1])
    np.testing.assert_allclose(keras.ops.sum(answer, axis=1), 1, atol=1e-6)
    assert np.abs(answer - mirrored).max() > 1e-3


@pytest.mark.parametrize("name", FLATTENING)
def test_a_head_that_flattens_maps_has_no_part_after_pooling(name):
    with pytest.raises(ValueError, match="flattens its map"):
        without_pooling(build_head(name, (3, 2, 16), 3))
    assert without_pooling(build_head(name, (16,), 3)).input_shape == (None, 16)


@pytest.mark.parametrize("name", FLATTENING)
def test_flattened_maps_are_standardised_by_channel(name):
    maps = np.random.default_rng(0).normal(3, 2, (4, 3, 2, 16)).astype(np.float32)
    statistics = Standardisation(np.linspace(-1, 1, 16), np.linspace(0.5, 2, 16))
    scaled, plain = (build_head(name, maps.shape[1:], 3, given) for given in (statistics, None))
    plain.set_weights(scaled.get_weights())
    expected = plain(((maps - statistics.mean) / statistics.deviation).astype(np.float32))
    np.testing.assert_allclose(scaled(maps), expected, atol=1e-5)


@pytest.mark.parametrize("name", HEADS)
def test_an_exported_head_agrees_with_keras(name, tmp_path):
    shape = (3, 2, 16)
    maps = np.random.default_rng(0).normal(size=(3, *shape)).astype(np.float32)
    head = build_head(name, shape, 3, Standardisation(np.linspace(-1, 1, 16), np.linspace(0.5, 2, 16)))
    head.compile("sgd", "sparse_categorical_crossentropy", jit_compile=False)
    assert np.isfinite(head.train_on_batch(maps, np.arange(3)))
    save_onnx(head, tmp_path / "head.onnx")
    np.testing.assert_allclose(load(tmp_path / "head.onnx", 1).features(maps), head(maps), rtol=1e-4, atol=1e-6)


CUSTOM = ["gap", {"dropout": 0.5}, {"dense": 512}, {"dropout": 0.2}]


def test_a_list_of_layers_builds_the_head_of_a_name():
    named, listed = build_head("first", MAP, 3), build_head("custom", MAP, 3, layers=CUSTOM)
    assert listed.get_config() == named.get_config()


def test_maps_are_averaged_unless_flattening_is_asked_for():
    assert build_head("custom", MAP, 3, layers=CUSTOM[1:]).get_config() == build_head("first", MAP, 3).get_config()
    assert layer_names(build_head("custom", (3, 2, 4), 2, layers=["flatten"])) == ["features", "flatten", "softmax"]
    assert layer_names(build_head("custom", (4,), 2, layers=[])) == ["features", "softmax"]


def test_every_kind_of_layer():
    listed = ["batch_norm", {"dense": 8, "activation": "tanh"}, {"dropout": 0.1}, {"dropout": 0.2, "dense": None},
              {"dense": 4, "dropout": None, "activation": None}]  # fmt: skip
    head = build_head("custom", (16,), 3, layers=listed)
    assert layer_names(head)[1:-1] == ["batch_norm_1", "dense_1", "dropout_1", "dropout_2", "dense_2"]
    assert [head.get_layer(f"dense_{i}").activation.__name__ for i in (1, 2)] == ["tanh", "relu"]


@pytest.mark.parametrize(
    "wrong",
    ["gap", "relu", {}, {"dense": None}, {"dense": 4, "dropout": 0.1}, {"dropout": 0.1, "activation": "tanh"}],
)
def test_a_layer_that_is_none_is_named(wrong):
    with pytest.raises(EarmarkError, match=f"head layer {re.escape(repr(wrong))}: one of batch_norm"):
        build_head("custom", (16,), 3, layers=[{"dense": 4}, wrong])


def test_layers_belong_to_the_custom_head_alone():
    for name, listed in (("final", CUSTOM), ("custom", None)):
        with pytest.raises(EarmarkError, match="a list of layers belongs to head custom"):
            build_head(name, MAP, 3, layers=listed)
    with pytest.raises(EarmarkError, match="no head 'vgg'; known: final, first, linear, flat, normalised, custom"):
        build_head("vgg", MAP, 3)
