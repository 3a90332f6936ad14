"""Networks as they are built: shapes, pooling, weights."""

import subprocess
import sys

import numpy as np
import pytest

from earmark.config import BackboneParams, FeatureParams
from earmark.errors import EarmarkError
from earmark.models import backbones
from earmark.models.inputs import network_input

SHARED = {
    "mobilenet_v2": "weights/mobilenet_v2_1.0_224_imagenet_bncal_no_top.weights.h5",
    "mobilenet_025": "weights/mobilenet_v1_0.25_128_imagenet_bncal_no_top.weights.h5",
}


def image_params(**changes):
    settings = {"name": "mobilenet_v2", "weights": "none", "normalise": "none", "image_size": [64, 64]}
    return BackboneParams(**{**settings, "fit": "squeeze", "pooling": "avg", **changes})


def test_checks_and_digests_need_no_keras():
    code = (
        "import sys; from earmark.config import BackboneParams, FeatureParams; from earmark.models import backbones\n"
        "backbones.check(BackboneParams(), FeatureParams()); backbones.weights_digest(BackboneParams())\n"
        "sys.exit('keras' in sys.modules or 'onnxruntime' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_foreign_weights_are_refused(tmp_path):
    file = tmp_path / "foreign.weights.h5"
    file.write_bytes(b"no weights")
    with pytest.raises(EarmarkError, match="not weights of"):
        backbones.build(image_params(name="mobilenet_025", weights=str(file)))


@pytest.mark.parametrize(("pooling", "shape"), [("avg", (2, 256)), ("stats", (2, 512)), ("none", (2, 2, 2, 256))])
def test_pooling_is_part_of_the_network(pooling, shape):
    model = backbones.build(image_params(name="mobilenet_025", pooling=pooling))
    assert model(np.zeros((2, 64, 64, 3), np.float32)).shape == shape
    assert not model.trainable_variables


def test_random_weights_are_always_the_same():
    first, second = (backbones.build(image_params(name="mobilenet_025")).get_weights() for _ in range(2))
    assert all((a == b).all() for a, b in zip(first, second, strict=True))


@pytest.mark.real
@pytest.mark.parametrize("name", SHARED)
def test_real_weights_are_loaded(name, shared_data):
    known, random = (
        backbones.build(image_params(name=name, weights=w)) for w in (str(shared_data / SHARED[name]), "none")
    )
    assert all(np.isfinite(weight).all() for weight in known.get_weights())
    assert not np.array_equal(known.get_weights()[0], random.get_weights()[0])
    picture = np.random.default_rng(0).uniform(-1, 1, (1, 64, 64, 3)).astype(np.float32)
    assert np.asarray(known(picture)).std() > 0.01


SECOND = {"window": {"frames": 99}, "n_fft": 320, "win_length": 320, "hop_length": 160}


@pytest.mark.parametrize(
    ("backbone", "features", "shape"),
    [
        ({}, {**SECOND, "kinds": ["stft"]}, (161, 99, 1)),
        ({}, {**SECOND, "deltas": 2, "scale": "minmax"}, (40, 99, 3)),
        ({"image_size": [50, 60], "fit": "crop"}, {"kinds": ["mel", "chroma"]}, (50, 60, 2)),
        ({}, {"window": {"seconds": 2}}, (40, 160, 1)),
    ],
)
def test_networks_to_train_are_built_for_the_images_there_are(backbone, features, shape):
    params = image_params(name="light_cnn", **{"image_size": None, "fit": "none", **backbone})
    features = FeatureParams(**features)
    assert backbones.image_shape(params, features) == shape
    network = backbones.build(params, features)
    assert network.input_shape == (None, *shape)
    assert network.output_shape == (None, 128), "vectors need no pooling"
    images = {kind: np.zeros((shape[0], shape[1]), np.uint8) for kind in map(str, range(shape[2]))}
    assert network_input(images, params, features).shape == shape


def test_a_shape_that_cannot_be_is_explained():
    params = image_params(name="light_cnn", image_size=None, fit="none")
    with pytest.raises(EarmarkError, match=r"different heights \(mel 40, chroma 12\) do not stack"):
        backbones.image_shape(params, FeatureParams(kinds=["mel", "chroma"], window={"seconds": 1}))
    with pytest.raises(EarmarkError, match="light_cnn: it is built for the images it learns from"):
        backbones.build(params)
