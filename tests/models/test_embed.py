"""Extraction of shards: what is computed, what is copied, and that both give the same bytes."""

from types import SimpleNamespace

import numpy as np
import pytest

from earmark import versions
from earmark.audio.frontend import Frontend
from earmark.config import BackboneParams, FeatureParams
from earmark.errors import EarmarkError
from earmark.models.backbones import weights_digest
from earmark.models.embed import EmbedJob, embed, feature_key
from earmark.models.engine import KerasEngine, export, load
from earmark.models.inputs import network_input
from earmark.provenance import Provenance
from earmark.shards.blobs import BlobWriter
from earmark.shards.read import read_features
from earmark.shards.schema import mel_schema

FEATURES, BACKBONE = FeatureParams(), BackboneParams()
PROVENANCE = Provenance("embed", 1, "0" * 20)


@pytest.fixture(scope="module")
def onnx(tmp_path_factory):
    path = tmp_path_factory.mktemp("embed") / "backbone.onnx"
    export(BACKBONE, path)
    return path


def images(count):
    rng = np.random.default_rng(0)
    return {
        f"clip{i}": Frontend(FEATURES).image(rng.normal(0, 0.1, 4000 + 999 * i).astype(np.float32))
        for i in range(count)
    }


def write_mels(path, clips, windows=1):
    """Each image whole, or cut into so many parts of equal length."""
    schema = PROVENANCE.stamp(mel_schema(["mel"]), heights={"mel": 40}, dtype="uint8")
    with BlobWriter(path, schema) as writer:
        for name, image in clips.items():
            for n, part in enumerate(parts(image, windows)):
                writer.add(name, f"key of {name}", n * part.shape[1], part.shape[1], part.tobytes())
    return path


def parts(image, windows):
    frames = image.shape[1] // windows
    return [image[:, n * frames : (n + 1) * frames] for n in range(windows)]


def run(onnx, mels, output, *previous):
    counts = embed([EmbedJob(mels, output, PROVENANCE, previous)], BACKBONE, FEATURES, onnx, 1)
    return SimpleNamespace(counts=counts, table=read_features(output), path=output)


def test_vectors_are_those_of_the_engine(onnx, tmp_path):
    clips = images(3)
    made = run(onnx, write_mels(tmp_path / "mel.parquet", clips), tmp_path / "out.parquet")
    assert made.counts == (3, 0)
    assert made.table.clip_ids == list(clips)
    assert made.table.vectors.dtype == np.float32
    for image, vector in zip(clips.values(), made.table.vectors, strict=True):
        expected = load(onnx, 1).features(network_input({"mel": image}, BACKBONE, FEATURES)[None])[0]
        assert (vector == expected).all()


def test_known_rows_are_copied_and_give_the_same_bytes(onnx, tmp_path):
    few, all_of = write_mels(tmp_path / "few.parquet", images(2)), write_mels(tmp_path / "all.parquet", images(3))
    first = run(onnx, few, tmp_path / "first.parquet")
    added = run(onnx, all_of, tmp_path / "added.parquet", tmp_path / "gone.parquet", first.path)
    anew = run(onnx, all_of, tmp_path / "anew.parquet")
    assert (added.counts, anew.counts) == ((1, 2), (3, 0))
    assert added.path.read_bytes() == anew.path.read_bytes()


def test_windows_have_a_vector_each_and_are_copied_together(onnx, tmp_path):
    few, all_of = (write_mels(tmp_path / f"{n}.parquet", images(n), windows=3) for n in (2, 3))
    first = run(onnx, few, tmp_path / "first.parquet")
    added = run(onnx, all_of, tmp_path / "added.parquet", first.path)
    anew = run(onnx, all_of, tmp_path / "anew.parquet")
    assert (first.counts, added.counts, anew.counts) == ((2, 0), (1, 2), (3, 0))
    assert added.path.read_bytes() == anew.path.read_bytes()
    cut = {name: parts(image, 3) for name, image in images(3).items()}
    assert anew.table.clip_ids == [name for name in cut for _ in range(3)]
    assert anew.table.first_frames == [n * one[0].shape[1] for one in cut.values() for n in range(3)]
    windows = [part for one in cut.values() for part in one]
    for image, vector in zip(windows, anew.table.vectors, strict=True):
        expected = load(onnx, 1).features(network_input({"mel": image}, BACKBONE, FEATURES)[None])[0]
        assert (vector == expected).all()


def test_the_backbone_is_not_needed_when_everything_is_known(onnx, tmp_path):
    mels = write_mels(tmp_path / "mel.parquet", images(2))
    first = run(onnx, mels, tmp_path / "first.parquet")
    assert run(tmp_path / "missing.onnx", mels, tmp_path / "second.parquet", first.path).counts == (0, 2)


def test_one_call_serves_many_shards(onnx, tmp_path):
    jobs = [
        EmbedJob(write_mels(tmp_path / f"mel{i}.parquet", images(1 + i)), tmp_path / f"out{i}.parquet", PROVENANCE)
        for i in range(3)
    ]
    assert embed(jobs, BACKBONE, FEATURES, onnx, 1) == (6, 0)
    assert [len(read_features(job.output).clip_ids) for job in jobs] == [1, 2, 3]


def test_key_depends_on_what_decides_the_numbers():
    weights = weights_digest(BACKBONE)
    key = feature_key("mel", BACKBONE, weights)
    assert key == feature_key("mel", BACKBONE.model_copy(update={"engine": "keras"}), weights)
    assert key != feature_key("mel", BACKBONE.model_copy(update={"pooling": "avg"}), weights)
    assert key != feature_key("mel", BACKBONE, "random")
    assert key != feature_key("other mel", BACKBONE, weights)


def test_missing_shard_and_backbone_are_named(onnx, tmp_path):
    with pytest.raises(EarmarkError, match=r"mel\.parquet"):
        run(onnx, tmp_path / "mel.parquet", tmp_path / "out.parquet")
    with pytest.raises(EarmarkError, match=r"missing\.onnx"):
        run(tmp_path / "missing.onnx", write_mels(tmp_path / "mel.parquet", images(1)), tmp_path / "out.parquet")
    assert not (tmp_path / "out.parquet").exists()


def test_keras_engine_extracts_alike(onnx, tmp_path):
    clips = images(1)
    batch = network_input({"mel": clips["clip0"]}, BACKBONE, FEATURES)[None]
    np.testing.assert_allclose(KerasEngine(BACKBONE).features(batch), load(onnx).features(batch), atol=1e-3)


GOLDEN = {
    "version": 2,
    "weights": "cc0e4d281eaa644a8d4b15d0a12f0605aec7eb94487ce66c2cbb8e1cadf8518c",
    "norm": 16.2395,
    "values": [0.1616, 0.4557, 0.0, 0.0, 0.4173, 0.6251, 0.0032, 0.0032],
}
"""Features of ``golden_image`` by the embedded backbone: their length, and every 96th of them."""


def golden_image():
    rows, columns = np.mgrid[:40, :60]
    return ((7 * rows + 13 * columns + rows * columns) % 256).astype(np.uint8)


def test_numbers_are_those_of_the_version(onnx):
    found = load(onnx, 1).features(network_input({"mel": golden_image()}, BACKBONE, FEATURES)[None])[0]
    assert (versions.EMBED, weights_digest(BACKBONE)) == (GOLDEN["version"], GOLDEN["weights"]), "record new numbers"
    message = "the numbers of extraction changed: bump versions.EMBED"
    np.testing.assert_allclose(np.linalg.norm(found), GOLDEN["norm"], rtol=1e-3, err_msg=message)
    np.testing.assert_allclose(found[::96], GOLDEN["values"], rtol=1e-2, atol=1e-3, err_msg=message)
