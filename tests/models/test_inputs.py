"""What a backbone reads of a mel image."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.config import BackboneParams, FeatureParams
from earmark.models.inputs import IMAGENET_BGR, SHORTEST, decibels, fitted, network_input

TOP_DB = 80.0
FEATURES = FeatureParams(top_db=TOP_DB)


def image_backbone(name, size=(64, 48)):
    return BackboneParams(
        name=name, weights="none", normalise="none", image_size=list(size), fit="squeeze", pooling="avg"
    )


@pytest.fixture
def grey():
    return np.random.default_rng(0).integers(0, 256, (40, 70), dtype=np.uint8)


def test_grey_levels_are_decibels_below_the_maximum():
    assert decibels(np.array([[0, 255]], np.uint8), TOP_DB).tolist() == [[-80.0, 0.0]]
    assert decibels(np.array([[-80, -0.5]], np.float16), TOP_DB).tolist() == [[-80.0, -0.5]]


def test_speech_backbone_reads_decibels_without_band_means(grey):
    x = network_input({"mel": grey}, BackboneParams(), FEATURES)
    assert x.shape == (40, 70, 1)
    assert x.dtype == np.float32
    np.testing.assert_allclose(x.mean(axis=1), 0, atol=1e-4)
    np.testing.assert_allclose(np.diff(x[..., 0]), np.diff(grey.astype(float)) * TOP_DB / 255, atol=1e-4)


@pytest.mark.parametrize("frames", [1, 5, SHORTEST - 1])
def test_short_clips_are_continued_at_their_mean(frames):
    image = np.arange(40 * frames, dtype=np.uint8).reshape(40, frames)
    x = network_input({"mel": image}, BackboneParams(), FEATURES)
    assert x.shape == (40, SHORTEST, 1)
    assert (x[:, 0] == 0).all() or frames == SHORTEST - 1
    assert (x[:, -1] == 0).all()


def test_images_are_squeezed_and_grey(grey):
    x = network_input({"mel": grey}, image_backbone("mobilenet_v2"), FEATURES)
    assert x.shape == (64, 48, 3)
    assert x.dtype == np.float32
    assert (x[..., 0] == x[..., 1]).all()
    assert (x[..., 0] == x[..., 2]).all()
    assert -1 <= x.min() < x.max() <= 1


@pytest.mark.parametrize(
    ("name", "dark", "bright"),
    [
        ("mobilenet_v2", [-1, -1, -1], [1, 1, 1]),
        ("resnet50", -IMAGENET_BGR, 255 - IMAGENET_BGR),
        ("efficientnet_v2_b0", [-2.1179, -2.0357, -1.8044], [2.2489, 2.4286, 2.64]),
        ("efficientnet_v2_s", [-1, -1, -1], [127 / 128] * 3),
        ("light_cnn", [0], [1]),
    ],
)
def test_pixels_have_the_range_of_the_training(name, dark, bright):
    for level, expected in ((0, dark), (255, bright)):
        x = network_input({"mel": np.full((40, 30), level, np.uint8)}, image_backbone(name), FEATURES)
        np.testing.assert_allclose(x[0, 0], expected, atol=1e-3)


def test_half_floats_make_the_same_picture_as_grey_levels(grey):
    halves = decibels(grey, TOP_DB).astype(np.float16)
    backbone = image_backbone("vgg16")
    np.testing.assert_allclose(
        network_input({"mel": halves}, backbone, FEATURES), network_input({"mel": grey}, backbone, FEATURES), atol=0.2
    )


def test_frequency_keeps_rising_with_the_row():
    rising = np.repeat(np.arange(0, 240, 6, dtype=np.uint8)[:, None], 30, axis=1)
    x = network_input({"mel": rising}, image_backbone("mobilenet_v2"), FEATURES)
    assert (np.diff(x[:, 0, 0]) >= 0).all()


def noise(height, seed):
    return np.random.default_rng(seed).integers(0, 256, (height, 70), dtype=np.uint8)


@pytest.mark.parametrize("name", ["mobilenet_v2", "resnet50", "efficientnet_v2_b0"])
def test_each_of_three_images_is_a_channel(name):
    images, backbone = {"stft": noise(257, 0), "mel": noise(40, 1), "chroma": noise(12, 2)}, image_backbone(name)
    found = network_input(images, backbone, FEATURES)
    assert (found.shape, found.dtype) == ((64, 48, 3), np.float32)
    for channel, (kind, image) in enumerate(images.items()):
        alone = network_input({kind: image}, backbone, FEATURES)
        np.testing.assert_array_equal(found[..., channel], alone[..., channel])


def test_the_third_of_two_images_is_their_mean():
    first, second, backbone = noise(40, 0), noise(20, 1), image_backbone("mobilenet_v2")
    found = network_input({"mel": first, "mel_delta": second}, backbone, FEATURES)
    np.testing.assert_array_equal(found[..., 0], network_input({"mel": first}, backbone, FEATURES)[..., 0])
    np.testing.assert_array_equal(found[..., 1], network_input({"mel": second}, backbone, FEATURES)[..., 0])
    np.testing.assert_allclose(found[..., 2], (found[..., 0] + found[..., 1]) / 2, atol=1e-6)


def test_half_floats_of_chroma_are_shares():
    image = np.array([[0, 0.5, 1]] * 12, np.float16)
    grey = np.array([[0, 127.5, 255]] * 12)
    x = network_input({"chroma": image}, image_backbone("mobilenet_v2", (12, 3)), FEATURES)
    np.testing.assert_allclose(x[..., 0], grey / 127.5 - 1, atol=1e-6)


def test_networks_to_train_have_a_channel_for_each_image():
    images = {f"kind{i}": noise(40, i) for i in range(5)}
    as_they_are = BackboneParams(name="light_cnn", weights="none", normalise="none")
    found = network_input(images, as_they_are, FEATURES)
    assert (found.shape, found.dtype) == ((40, 70, 5), np.float32)
    np.testing.assert_array_equal(found[..., 3], images["kind3"] / np.float32(255))
    assert network_input(images, image_backbone("light_cnn"), FEATURES).shape == (64, 48, 5)


SIDES = st.integers(1, 90)


@given(st.integers(1, 60), SIDES, st.integers(1, 60), SIDES, st.sampled_from(["squeeze", "pad", "crop"]))
def test_every_image_gets_the_size(rows, frames, height, width, fit):
    greys = [np.full((rows, frames), 200, np.float32), np.full((7, frames), 100, np.float32)]
    first, second = fitted(greys, height, width, fit)
    assert first.shape == second.shape == (height, width)
    sounding = first.any(axis=0)
    np.testing.assert_array_equal(sounding, second.any(axis=0), "images of one clip stay side by side")
    assert sounding.sum() == (width if fit == "squeeze" else min(width, max(1, round(frames * height / rows))))
    left, right = np.flatnonzero(sounding)[[0, -1]]
    assert left - (width - 1 - right) in (0, -1), "in the middle"


def ramp(frames):
    """Each frame a little brighter, 20 rows."""
    return np.tile(np.arange(frames, dtype=np.float32), (20, 1))


def test_short_clips_are_not_stretched_and_stand_between_black():
    for fit in ("pad", "crop"):
        (found,) = fitted([ramp(30) + 1], 40, 100, fit)
        assert not found[:, :20].any() and not found[:, 80:].any()
        np.testing.assert_array_equal(found[:, 20:80], fitted([ramp(30) + 1], 40, 60, "squeeze")[0])


def test_long_clips_are_squeezed_or_cropped():
    long = ramp(100)
    (padded,), (cropped,) = (fitted([long], 20, 50, fit) for fit in ("pad", "crop"))
    np.testing.assert_array_equal(padded, fitted([long], 20, 50, "squeeze")[0])
    np.testing.assert_array_equal(cropped, long[:, 25:75])


@pytest.mark.parametrize(("fit", "brightest"), [("squeeze", 1), ("pad", -1), ("crop", -1)])
def test_the_fit_is_that_of_the_params(fit, brightest):
    backbone = image_backbone("mobilenet_v2", (40, 100)).model_copy(update={"fit": fit})
    x = network_input({"mel": np.full((40, 50), 255, np.uint8)}, backbone, FEATURES)
    assert (x[:, 50] == 1).all()
    assert (x[:, 0] == brightest).all()


def to_train(name="light_cnn", **changes):
    settings = {"name": name, "weights": "none", "image_size": [64, 48], "fit": "squeeze"}
    return BackboneParams(**{**settings, **changes})


@pytest.mark.parametrize("name", ["light_cnn", "mobilenet_v2", "earmark_base"])
def test_networks_to_train_are_normalised_as_asked(name, grey):
    images = {"mel": grey, "chroma": noise(12, 3), "mfcc": noise(20, 4)}
    found = {how: network_input(images, to_train(name, normalise=how), FEATURES)
             for how in ("none", "global", "band_mean", "clip")}  # fmt: skip
    assert all(x.shape == (64, 48, 3) and x.dtype == np.float32 for x in found.values())
    np.testing.assert_allclose(found["band_mean"].mean(axis=1), 0, atol=1e-4)
    np.testing.assert_allclose(found["clip"].mean(axis=(0, 1)), 0, atol=1e-4)
    np.testing.assert_allclose(found["clip"].std(axis=(0, 1)), 1, atol=1e-4)
    np.testing.assert_array_equal(found["none"], found["global"])
    assert found["none"].std() > 3 * np.abs(found["none"].mean(axis=1) - found["none"].mean()).std()
    unit = TOP_DB if name == "earmark_base" else 1
    assert 0.1 * unit < found["band_mean"].std() < 0.3 * unit


@pytest.mark.parametrize(("how", "silence"), [("none", -TOP_DB), ("band_mean", 0), ("clip", 0)])
@pytest.mark.parametrize("name", ["light_cnn", "earmark_base"])
def test_beside_a_short_clip_is_silence_or_the_mean(name, how, silence, grey):
    found = network_input({"mel": grey[:, :20]}, to_train(name, normalise=how, fit="pad"), FEATURES)[..., 0]
    silence = 0 if name == "light_cnn" else silence
    sounding = found[:, 8:40]
    assert (found[:, :8] == silence).all() and (found[:, 40:] == silence).all()
    if how == "clip":
        assert (sounding.mean(), sounding.std()) == pytest.approx((0, 1), abs=1e-4)


def test_the_speech_backbone_from_scratch_reads_any_stack():
    images = {"stft": noise(40, 0), "chroma": noise(40, 1)}
    backbone = BackboneParams(weights="none")
    found = network_input(images, backbone, FEATURES)
    assert found.shape == (40, 70, 2)
    for channel, image in enumerate(images.values()):
        np.testing.assert_array_equal(found[..., channel], network_input({"mel": image}, backbone, FEATURES)[..., 0])
    shares = np.array([[0, 0.5, 1]] * 12, np.float16)
    found = network_input({"chroma": shares}, backbone.model_copy(update={"normalise": "none"}), FEATURES)
    np.testing.assert_allclose(found[0, 6:9, 0], [-80, -40, 0], atol=0.1)
    np.testing.assert_allclose(found[0, :6, 0], -40, atol=0.1, err_msg="a short clip is continued at its band means")


def test_pixels_may_go_from_0_to_1_whatever_the_network_was_trained_with(grey):
    backbone = image_backbone("vgg16").model_copy(update={"pixels": "unit"})
    x, native = (network_input({"mel": grey}, b, FEATURES) for b in (backbone, image_backbone("vgg16")))
    np.testing.assert_allclose(x * 255, native + IMAGENET_BGR, atol=1e-3)
    assert 0 <= x.min() < 0.2 < x.max() <= 1
