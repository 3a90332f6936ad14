"""The rows: every network is what its row says, and reads what Keras's own preprocessing would give it."""

import inspect
import sys

import h5py
import keras
import numpy as np
import pytest
from keras.src.legacy.saving.legacy_h5_format import save_weights_to_hdf5_group

from earmark.config import BackboneParams, FeatureParams
from earmark.errors import EarmarkError
from earmark.models import backbones
from earmark.models.inputs import IMAGENET_DEVIATION, IMAGENET_MEAN, network_input
from earmark.models.registry import get, names, rows

PICTURES = [row.name for row in rows() if isinstance(row.builder, str)]
PREPARES_ITSELF = {"mobilenet_v3_small", "efficientnet_b0", "efficientnet_v2_b0", "efficientnet_v2_s", "convnext_tiny"}
"""One of each family whose network, as Keras builds it, begins with layers that prepare the pixels."""


def params_of(row, **changes):
    """Random weights and the smallest images."""
    settings = {"name": row.name, "weights": "none", "normalise": "none", "fit": "squeeze", "pooling": "none"}
    return BackboneParams(**{**settings, "image_size": [row.smallest, row.smallest], **changes})


def keras_module(row):
    """The module of ``keras.applications`` with the row's builder."""
    return sys.modules[getattr(keras.applications, row.builder).__module__]


def grey_of(row):
    return np.random.default_rng(0).integers(0, 256, (row.smallest, row.smallest), dtype=np.uint8)


def picture_of(row):
    """The grey image as a batch of one colour picture."""
    return np.repeat(grey_of(row)[None, ..., None], 3, axis=-1).astype(np.float32)


def test_names_are_unique_and_every_row_is_had_by_its_name():
    assert len(set(names())) == len(rows()) > 30
    assert all(get(row.name) is row for row in rows())


def test_an_unknown_name_is_answered_with_the_nearest_and_all():
    with pytest.raises(EarmarkError, match=r"no backbone 'resnet51'; did you mean resnet50\? known: earmark_base, mob"):
        get("resnet51")


@pytest.mark.parametrize("name", PICTURES)
def test_the_network_is_what_the_row_says(name):
    row = get(name)
    network = backbones.build(params_of(row))
    assert network.input_shape == (None, row.smallest, row.smallest, 3)
    assert network.output_shape[-1] == row.width
    assert min(network.output_shape[1:3]) >= 1
    assert network.count_params() == row.parameters
    layers = {type(layer).__name__ for layer in network.layers}
    assert not layers & {"Rescaling", "Normalization"}, "pixels are prepared by earmark"


def test_earmark_base_is_what_its_row_says():
    network, row = backbones.build(BackboneParams(pooling="none")), get("earmark_base")
    assert (network.output_shape[-1], network.count_params()) == (row.width, row.parameters)


@pytest.mark.parametrize("name", [name for name in PICTURES if get(name).pixels != "signed_128"])
def test_pixels_are_those_of_keras(name):
    row = get(name)
    found = network_input({"mel": grey_of(row)}, params_of(row), FeatureParams())
    prepared = keras_module(row).preprocess_input(picture_of(row))[0]
    if np.array_equal(prepared, picture_of(row)[0]):  # Keras leaves it to layers, which the next test compares
        assert name.startswith(("mobilenet_v3", "efficientnet", "convnext"))
    else:
        np.testing.assert_allclose(found, prepared, atol=1e-4)


@pytest.mark.filterwarnings("ignore:__array__:DeprecationWarning")  # Keras's old writer and numpy 2
@pytest.mark.parametrize("name", sorted(PREPARES_ITSELF))
def test_features_are_those_of_the_network_that_prepares_pixels_itself(name, tmp_path):
    row, path = get(name), tmp_path / "weights.h5"
    shape = (row.smallest, row.smallest, 3)
    theirs = getattr(keras.applications, row.builder)(weights=None, include_top=False, input_shape=shape)
    with h5py.File(path, "w") as file:  # as the ImageNet files are
        save_weights_to_hdf5_group(file, theirs)
    if name == "efficientnet_b0":
        _prepare_as_imagenet_weights_do(theirs)
    ours = backbones.build(params_of(row, weights=str(path)))
    expected = theirs(keras_module(row).preprocess_input(picture_of(row)))
    found = ours(network_input({"mel": grey_of(row)}, params_of(row), FeatureParams())[None])
    difference = np.abs(keras.ops.convert_to_numpy(found - expected)).max()
    assert difference <= 1e-4 * np.abs(keras.ops.convert_to_numpy(expected)).max()


def _prepare_as_imagenet_weights_do(network):
    """Give EfficientNet's normalisation the numbers that are in its ImageNet weights and nowhere else.

    They say the deviation where the variance belongs, and with them Keras adds a layer that divides by the root of the
    deviation once more: in all by the deviation (``keras.src.applications.efficientnet``).
    """
    layer = next(layer for layer in network.layers if isinstance(layer, keras.layers.Normalization))
    layer.adapt_mean.assign(IMAGENET_MEAN)
    layer.adapt_variance.assign(IMAGENET_DEVIATION**2)
    layer.finalize_state()


@pytest.mark.parametrize("name", PICTURES)
def test_weights_are_those_that_keras_names(name):
    row = get(name)
    module = keras.src.applications.resnet if name.startswith("resnet") else keras_module(row)
    source = inspect.getsource(module)
    folder = row.url.rpartition("/")[0].rsplit("/", 1)[-1]
    assert f"{folder}/" in source
    assert row.file.endswith(".h5")
    assert row.checksum in source
    assert bool(row.checksum) == (not name.startswith("mobilenet") or "v3" in name), "Keras records none of these"
