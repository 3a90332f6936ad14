"""From images to a network's input: the translation against the pipeline, for each way to fit and to normalise."""

import numpy as np
import pytest

from earmark.config import BackboneParams, FeatureParams
from earmark.models import inputs
from earmark.serving.export.graph import Graph
from earmark.serving.export.input_graph import network_input

PICTURES = {"normalise": "none", "image_size": [64, 96]}
SETTINGS = {
    "dB, band means removed": {},
    "dB, as they are": {"normalise": "none"},
    "dB, of mean 0 and deviation 1": {"normalise": "clip"},
    "dB, of one size": {"image_size": [32, 50], "fit": "pad"},
    "signed": {"name": "mobilenet_v2", "fit": "squeeze", **PICTURES},
    "caffe, padded": {"name": "resnet50", "fit": "pad", **PICTURES},
    "caffe, cropped": {"name": "vgg16", "fit": "crop", **PICTURES},
    "torch": {"name": "densenet121", "fit": "squeeze", **PICTURES},
    "unit": {"name": "vgg16", "fit": "pad", "pixels": "unit", **PICTURES},
    "pictures, normalised": {"name": "vgg16", "fit": "pad", "image_size": [64, 96], "normalise": "clip"},
    "pictures, band means": {"name": "vgg16", "fit": "crop", "image_size": [64, 96], "normalise": "band_mean"},
}


@pytest.mark.parametrize("dtype", ["uint8", "float16"])
@pytest.mark.parametrize("name", SETTINGS)
def test_inputs_are_those_of_the_pipeline(computed, name, dtype):
    backbone, features = BackboneParams(**SETTINGS[name]), FeatureParams(dtype=dtype)
    rng = np.random.default_rng(0)
    for frames in (1, 7, 40, 61, 300):
        grey = rng.integers(0, 256, (40, frames)).astype(np.uint8)
        image = grey if dtype == "uint8" else (grey * (80 / 255) - 80).astype(np.float16)
        graph = Graph("g")
        output = network_input(graph, {"mel": "image"}, backbone, features)
        (found,) = computed(graph, [output], image=image[None].astype(np.float32))
        expected = inputs.network_input({"mel": image}, backbone, features)
        assert found.shape == (1, *expected.shape)
        np.testing.assert_allclose(found[0], expected, atol=2e-3 * max(1, np.abs(expected).max() / 100))


def test_two_images_are_two_channels_and_their_mean(computed):
    backbone, features = BackboneParams(name="vgg16", fit="squeeze", **PICTURES), FeatureParams(kinds=["mel", "stft"])
    image = np.random.default_rng(1).integers(0, 256, (40, 30)).astype(np.uint8)
    graph = Graph("g")
    twice = graph("Floor", graph("Mul", "image", 0.5))
    output = network_input(graph, {"mel": "image", "stft": twice}, backbone, features)
    (found,) = computed(graph, [output], image=image[None].astype(np.float32))
    expected = inputs.network_input({"mel": image, "stft": image // 2}, backbone, features)
    np.testing.assert_allclose(found[0], expected, atol=1e-3)
