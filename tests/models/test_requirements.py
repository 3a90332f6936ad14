"""What a backbone asks of the params is refused in words where they do not give it."""

import pytest

from earmark.config import BackboneParams, FeatureParams
from earmark.errors import EarmarkError
from earmark.models import backbones


def image_params(**changes):
    settings = {"name": "mobilenet_v2", "weights": "none", "normalise": "none", "image_size": [64, 64]}
    return BackboneParams(**{**settings, "fit": "squeeze", "pooling": "avg", **changes})


def test_default_params_fit_the_embedded_backbone():
    backbones.check(BackboneParams(), FeatureParams())
    backbones.check(image_params(), FeatureParams(n_mels=224))


@pytest.mark.parametrize(
    ("backbone", "features", "words"),
    [
        ({}, {"n_mels": 64}, "trained with features.n_mels: 40, not 64"),
        ({}, {"scale": "minmax"}, "trained with features.scale: top_db, not minmax"),
        ({"normalise": "none"}, {}, "trained with normalise: band_mean"),
        ({"image_size": [64, 64], "fit": "squeeze"}, {}, "set image_size: null"),
        ({"pooling": "none"}, {}, "use stats or avg"),
        ({"weights": "imagenet"}, {}, "not trained on ImageNet"),
        ({"weights": "nowhere.h5"}, {}, "nor a file that exists"),
        ({}, {"mel_scale": "htk"}, "trained with features.mel_scale: slaney, not htk"),
        ({}, {"power": 1}, "trained with features.power: 2, not 1"),
        ({}, {"kinds": ["stft"]}, r"reads the mel image alone, not kinds: \[stft\]; set features.kinds: \[mel\]"),
        ({}, {"kinds": ["mel", "chroma"]}, r"not kinds: \[mel, chroma\]; set"),
        ({}, {"deltas": 1, "dtype": "float16"}, r"not kinds: \[mel\] with deltas: 1; set .* and deltas: 0"),
    ],
)
def test_what_the_network_was_not_trained_for_is_refused(backbone, features, words):
    with pytest.raises(EarmarkError, match=words):
        backbones.check(BackboneParams(**backbone), FeatureParams(**features))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"image_size": None, "fit": "none"}, r"set image_size: \[224, 224\]"),
        ({"image_size": [16, 64]}, "below 32 pixels"),
        ({"normalise": "band_mean"}, "set normalise: none"),
        ({"weights": "embedded"}, "exists for earmark_base only"),
    ],
)
def test_image_backbones_want_images(changes, words):
    with pytest.raises(EarmarkError, match=words):
        backbones.check(image_params(**changes), FeatureParams())


@pytest.mark.parametrize(
    ("features", "words"),
    [
        (
            {"kinds": ["stft", "mel", "mfcc", "chroma"], "scale": "minmax"},
            "reads 3 images of a clip at most, not the 4",
        ),
        (
            {"kinds": ["mel", "mfcc"], "deltas": 1, "scale": "minmax"},
            r"not the 4 of kinds: \[mel, mfcc\] with deltas: 1",
        ),
        ({"kinds": ["mel", "mfcc"], "dtype": "float16"}, "for float16 mfcc; set dtype: uint8 and scale: minmax"),
        ({"deltas": 2, "dtype": "float16"}, "for float16 deltas; set dtype: uint8"),
        ({"reference": 1.0, "dtype": "float16"}, "float16 levels above reference 1; set dtype: uint8"),
    ],
)
def test_image_backbones_want_three_images_with_limits(features, words):
    with pytest.raises(EarmarkError, match=words):
        backbones.check(image_params(), FeatureParams(**features))


@pytest.mark.parametrize(
    "features",
    [
        {"kinds": ["stft", "mel", "chroma"], "dtype": "float16"},
        {"kinds": ["mel", "mfcc", "pcen"], "scale": "minmax"},
        {"deltas": 2, "scale": "minmax"},
        {"kinds": ["contrast"], "reference": 1.0, "scale": "minmax"},
    ],
)
def test_images_with_limits_are_accepted(features):
    backbones.check(image_params(), FeatureParams(**features))


def test_packing_and_choice_of_sound_are_free():
    backbones.check(BackboneParams(), FeatureParams(shard_size=7, trim_db=None, compression="zstd"))
    backbones.check(BackboneParams(), FeatureParams(vad="energy", window={"seconds": 1, "hop": 0.5}))


def to_train(**changes):
    settings = {"name": "light_cnn", "weights": "none", "normalise": "none"}
    return BackboneParams(**{**settings, **changes})


@pytest.mark.parametrize(
    ("backbone", "features"),
    [
        ({}, {"window": {"seconds": 1}}),
        ({"image_size": [99, 161], "fit": "pad"}, {}),
        ({}, {"kinds": ["stft", "mel", "chroma", "mfcc"], "scale": "minmax", "window": {"seconds": 1}}),
    ],
)
def test_networks_to_train_read_images_of_one_length_and_any_number(backbone, features):
    backbones.check(to_train(**backbone), FeatureParams(**features))


@pytest.mark.parametrize(
    ("backbone", "features", "words"),
    [
        ({}, {}, "set features.window, or backbone.image_size and fit"),
        ({"image_size": [20, 99], "fit": "crop"}, {}, "is below 26 pixels"),
        ({"normalise": "band_mean", "image_size": [99, 99], "fit": "pad"}, {}, "set normalise: none"),
        ({"weights": "embedded"}, {"window": {"seconds": 1}}, "light_cnn takes none or a file"),
        ({"weights": "imagenet"}, {"window": {"seconds": 1}}, "was not trained on ImageNet; use 'none' or a file"),
        ({}, {"kinds": ["mfcc"], "dtype": "float16", "window": {"seconds": 1}}, "no limits .* float16 mfcc"),
    ],
)
def test_networks_to_train_have_needs_too(backbone, features, words):
    with pytest.raises(EarmarkError, match=words):
        backbones.check(to_train(**backbone), FeatureParams(**features))


@pytest.mark.parametrize(("name", "smallest"), [("inception_v3", 75), ("xception", 71)])
def test_some_networks_need_larger_images(name, smallest):
    backbones.check(image_params(name=name, image_size=[smallest, smallest]), FeatureParams())
    with pytest.raises(EarmarkError, match=f"below {smallest} pixels"):
        backbones.check(image_params(name=name, image_size=[smallest, smallest - 1]), FeatureParams())


BASE = {"weights": "none"}


@pytest.mark.parametrize("normalise", ["band_mean", "clip", "global", "none"])
@pytest.mark.parametrize(
    ("backbone", "features"),
    [
        (BASE, {}),
        (BASE, {"n_mels": 64, "fmax": 4000, "n_fft": 1024, "scale": "minmax", "window": {"seconds": 1}}),
        (BASE, {"kinds": ["stft"], "deltas": 2, "scale": "minmax"}),
        ({**BASE, "image_size": [48, 96], "fit": "pad", "pooling": "none"}, {"kinds": ["mel", "chroma"]}),
        ({"name": "light_cnn", **BASE}, {"kinds": ["mel"], "window": {"seconds": 1}}),
        ({"name": "light_cnn", **BASE, "image_size": [40, 99], "fit": "crop"}, {"kinds": ["mel", "stft"]}),
        ({"name": "vgg16", **BASE, "image_size": [64, 64], "fit": "squeeze"}, {"kinds": ["mel", "stft"]}),
    ],
)
def test_from_scratch_any_stack_of_images_is_read_and_normalised_in_any_way(backbone, features, normalise):
    backbones.check(BackboneParams(**backbone, normalise=normalise), FeatureParams(**features), "scratch")


@pytest.mark.parametrize(
    ("backbone", "features", "words"),
    [
        ({}, {}, "scratch begins with random weights, not with embedded; set backbone.weights: none"),
        ({"name": "vgg16", "weights": "imagenet", "image_size": [64, 64], "fit": "pad"}, {}, "not with imagenet"),
        (BASE, {"kinds": ["mel", "chroma"]}, r"different heights \(mel 40, chroma 12\) do not stack; set image_size"),
        ({**BASE, "pooling": "none"}, {}, "maps of different lengths; use stats or avg, or set image_size"),
        (BASE, {"n_mels": 4, "fmax": 1000}, "its images have 5 rows at least, not mel 4"),
        ({**BASE, "image_size": [4, 64], "fit": "pad"}, {}, "is below 5 pixels"),
        ({"name": "light_cnn", **BASE}, {}, "set features.window, or backbone.image_size"),
        ({"name": "light_cnn", **BASE}, {"kinds": ["mel", "chroma"], "window": {"seconds": 1}}, "do not stack"),
        ({"name": "light_cnn", **BASE}, {"n_mels": 20, "window": {"seconds": 1}}, "26 rows at least, not mel 20"),
        ({**BASE, "pixels": "unit"}, {}, "reads decibels, no pixels"),
        (BASE, {"kinds": ["mfcc"], "dtype": "float16"}, "no limits .* float16 mfcc"),
    ],
)
def test_what_cannot_be_trained_from_scratch_is_explained(backbone, features, words):
    with pytest.raises(EarmarkError, match=words):
        backbones.check(BackboneParams(**backbone), FeatureParams(**features), "scratch")


@pytest.mark.parametrize(
    ("backbone", "mode", "words"),
    [
        (BackboneParams(normalise="global"), "frozen", "frozen features are made before there are any"),
        (BackboneParams(normalise="global", weights="none"), "frozen", "train.mode tune or scratch"),
        (BackboneParams(normalise="clip"), "tune", "it was trained with normalise: band_mean"),
        (image_params(normalise="global"), "tune", "reads pictures; set normalise: none, or train it from scratch"),
    ],
)
def test_pretrained_networks_want_what_they_know(backbone, mode, words):
    with pytest.raises(EarmarkError, match=words):
        backbones.check(backbone, FeatureParams(), mode)


def test_ones_own_weights_may_have_been_trained_on_anything(tmp_path):
    (tmp_path / "own.weights.h5").touch()
    network = to_train(weights=str(tmp_path / "own.weights.h5"), normalise="global", image_size=[40, 99], fit="pad")
    backbones.check(network, FeatureParams(), "tune")
