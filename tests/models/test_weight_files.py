"""Where weights come from, and what is said where they are not."""

import hashlib
from pathlib import Path

import pytest

from earmark.config import BackboneParams
from earmark.digest import file_digest
from earmark.errors import EarmarkError
from earmark.models import backbones
from earmark.models.registry import get, rows
from earmark.models.weight_files import imagenet_path, weights_file

PICTURES = [row.name for row in rows() if row.url]


def image_params(**changes):
    settings = {"name": "mobilenet_v2", "weights": "none", "normalise": "none", "image_size": [64, 64]}
    return BackboneParams(**{**settings, "fit": "squeeze", "pooling": "avg", **changes})


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


@pytest.fixture
def offline(tmp_path, monkeypatch):
    """An empty Keras folder, and no network: nobody listens on the discard port."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    for name in ("https_proxy", "HTTPS_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "models"


@pytest.mark.parametrize("name", PICTURES)
def test_missing_imagenet_weights_are_explained(name, offline):
    row = get(name)
    with pytest.raises(EarmarkError) as raised:
        weights_file(image_params(name=name, weights="imagenet"))
    kind = {0: "MD5 not recorded by Keras", 32: "MD5 ", 64: "SHA-256 "}[len(row.checksum)]
    for part in (f"Put {row.file}", kind + row.checksum, f"at {offline / row.file}", "backbone.weights"):
        assert part in str(raised.value)


def test_a_network_is_not_built_for_weights_that_cannot_be_had(offline):
    with pytest.raises(EarmarkError, match="backbone resnet152: no ImageNet weights here"):
        backbones.build(image_params(name="resnet152", weights="imagenet"))


@pytest.mark.parametrize(("name", "kind"), [("vgg16", "MD5"), ("convnext_tiny", "SHA-256")])
def test_damaged_imagenet_weights_are_refused(name, kind, offline):
    file = offline / get(name).file
    file.parent.mkdir()
    file.write_bytes(b"half a download")
    with pytest.raises(EarmarkError, match=f"damaged .its {kind} is not"):
        weights_file(image_params(name=name, weights="imagenet"))


def test_cached_imagenet_weights_are_used_as_they_are(offline):
    row = get("mobilenet_v2")
    assert imagenet_path(row) == offline / row.file
    imagenet_path(row).parent.mkdir()
    imagenet_path(row).write_bytes(b"Keras records no hash of this file")
    assert weights_file(image_params(weights="imagenet")) == imagenet_path(row)


def test_other_weights_are_files_or_none(tmp_path):
    file = tmp_path / "mine.weights.h5"
    file.write_bytes(b"weights")
    assert weights_file(image_params(weights=str(file))) == file
    assert weights_file(image_params()) is None
    embedded = weights_file(BackboneParams())
    assert hashlib.sha256(Path(embedded).read_bytes()).hexdigest() == backbones.weights_digest(BackboneParams())


def test_a_backbone_without_its_record_is_explained(tmp_path):
    with pytest.raises(EarmarkError, match=r"earmark_base\.json: missing; .* `snakemake backbone` makes both"):
        backbones.record(str(tmp_path / "earmark_base.weights.h5"))
