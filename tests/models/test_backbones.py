"""The registry: what is refused, what decides the weights, what is built."""

import subprocess
import sys

import numpy as np
import pytest

from earmark.config import BackboneParams, FeatureParams
from earmark.digest import file_digest
from earmark.errors import EarmarkError
from earmark.models import backbones


def image_params(**changes):
    settings = {"name": "mobilenet_v2", "weights": "none", "normalise": "none", "image_size": [64, 64]}
    return BackboneParams(**{**settings, "fit": "squeeze", "pooling": "avg", **changes})


def test_unknown_name_lists_the_known():
    with pytest.raises(EarmarkError, match="no backbone 'resnet51'; known: earmark_base, mobilenet_v2"):
        backbones.get("resnet51")


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


def test_digest_says_what_decides_the_weights(tmp_path):
    file = tmp_path / "mine.weights.h5"
    file.write_bytes(b"weights")
    assert backbones.weights_digest(image_params(weights=str(file))) == file_digest(file)
    assert backbones.weights_digest(image_params()) == "random"
    assert backbones.weights_digest(image_params(name="resnet50", weights="imagenet")).endswith("f6626")


def test_recorded_digest_is_that_of_the_embedded_file():
    assert backbones.weights_digest(BackboneParams()) == file_digest(backbones.WEIGHTS / "earmark_base.weights.h5")


def test_embedded_weights_are_small():
    assert sum(file.stat().st_size for file in backbones.WEIGHTS.iterdir()) < 3_000_000


def test_checks_and_digests_need_no_keras():
    code = (
        "import sys; from earmark.config import BackboneParams, FeatureParams; from earmark.models import backbones\n"
        "backbones.check(BackboneParams(), FeatureParams()); backbones.weights_digest(BackboneParams())\n"
        "sys.exit('keras' in sys.modules or 'onnxruntime' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_missing_imagenet_weights_are_explained(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")  # nobody listens on the discard port: offline
    monkeypatch.delenv("no_proxy", raising=False)
    with pytest.raises(EarmarkError) as raised:
        backbones.build(image_params(name="resnet50", weights="imagenet"))
    for part in ("resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5", "f6626", str(tmp_path / "models")):
        assert part in str(raised.value)


def test_damaged_imagenet_weights_are_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    file = tmp_path / "models" / backbones.get("vgg16").file
    file.parent.mkdir()
    file.write_bytes(b"half a download")
    with pytest.raises(EarmarkError, match="damaged"):
        backbones.build(image_params(name="vgg16", weights="imagenet"))


def test_foreign_weights_are_refused(tmp_path):
    file = tmp_path / "foreign.weights.h5"
    file.write_bytes(b"no weights")
    with pytest.raises(EarmarkError, match="not weights of"):
        backbones.build(image_params(name="mobilenet_025", weights=str(file)))


def test_hashes_and_files_are_those_of_keras():
    from keras.src.applications import efficientnet_v2, resnet

    assert backbones.get("resnet50").md5 == resnet.WEIGHTS_HASHES["resnet50"][1]
    assert backbones.get("efficientnet_v2_b0").md5 == efficientnet_v2.WEIGHTS_HASHES["b0"][1]


@pytest.mark.parametrize(("pooling", "shape"), [("avg", (2, 256)), ("stats", (2, 512)), ("none", (2, 2, 2, 256))])
def test_pooling_is_part_of_the_network(pooling, shape):
    model = backbones.build(image_params(name="mobilenet_025", pooling=pooling))
    assert model(np.zeros((2, 64, 64, 3), np.float32)).shape == shape
    assert not model.trainable_variables


def test_random_weights_are_always_the_same():
    first, second = (backbones.build(image_params(name="mobilenet_025")).get_weights() for _ in range(2))
    assert all((a == b).all() for a, b in zip(first, second, strict=True))
