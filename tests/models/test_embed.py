"""Extraction of shards: what is computed, what is copied, and that both give the same bytes."""

import threading
from types import SimpleNamespace

import numpy as np
import onnx as onnx_format
import pytest
from onnx import helper, numpy_helper

from earmark import versions
from earmark.audio.frontend import Frontend
from earmark.config import BackboneParams, FeatureParams
from earmark.digest import digest
from earmark.errors import EarmarkError
from earmark.models.backbones import weights_digest
from earmark.models.embed import CHUNK, EmbedJob, embed, feature_key
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


def run(onnx, mels, output, *previous, backbone=BACKBONE):
    counts = embed([EmbedJob(mels, output, PROVENANCE, previous)], backbone, FEATURES, onnx, 1)
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


def test_shards_before_a_missing_one_are_whole(onnx, tmp_path):
    there = EmbedJob(write_mels(tmp_path / "mel.parquet", images(2)), tmp_path / "there.parquet", PROVENANCE)
    gone = EmbedJob(tmp_path / "gone.parquet", tmp_path / "never.parquet", PROVENANCE)
    threads = threading.active_count()
    with pytest.raises(EarmarkError, match=r"gone\.parquet"):
        embed([there, gone, there], BACKBONE, FEATURES, onnx, 1)
    assert len(read_features(there.output).clip_ids) == 2
    assert not gone.output.exists()
    assert threading.active_count() == threads


def test_clips_that_are_not_decoded_together_give_the_same_bytes(onnx, tmp_path):
    clips = images(2 * CHUNK + 3)
    alone = {name: run(onnx, write_mels(tmp_path / f"{name}.parquet", {name: clips[name]}), tmp_path / "one.parquet")
             for name in (sorted(clips)[0], sorted(clips)[-1])}  # fmt: skip
    together = run(onnx, write_mels(tmp_path / "mel.parquet", dict(sorted(clips.items()))), tmp_path / "out.parquet")
    for name, made in alone.items():
        vector = together.table.vectors[together.table.clip_ids.index(name)]
        assert (vector == made.table.vectors[0]).all()


@pytest.mark.parametrize("pooling", ["avg", "none"])
def test_half_floats_are_the_nearest(pooling, tmp_path):
    settings = {"normalise": "none", "image_size": [32, 64], "fit": "pad", "pooling": pooling}
    full = BackboneParams(name="mobilenet_025", weights="none", **settings)
    half = full.model_copy(update={"dtype": "float16"})
    path, mels = tmp_path / "backbone.onnx", write_mels(tmp_path / "mel.parquet", images(3))
    export(full, path)
    floats, halves = (run(path, mels, tmp_path / f"{b.dtype}.parquet", backbone=b) for b in (full, half))
    assert halves.table.vectors.dtype == np.float16
    assert floats.table.vectors.shape == halves.table.vectors.shape == (3, *((1, 2) if pooling == "none" else ()), 256)
    assert (floats.table.vectors.astype(np.float16) == halves.table.vectors).all()
    assert halves.path.stat().st_size < floats.path.stat().st_size
    again = run(path, mels, tmp_path / "again.parquet", floats.path, halves.path, backbone=half)
    assert again.counts == (0, 3)
    assert again.path.read_bytes() == halves.path.read_bytes()


def loud(path):
    """A network whose one feature is 1e5 times the largest of its inputs."""
    shape = ["clips", 40, "frames", 1]
    ends = [helper.make_tensor_value_info(*end) for end in (("x", 1, shape), ("y", 1, ["clips", 1]))]
    weights = [numpy_helper.from_array(np.array([1, 2]), "axes"), numpy_helper.from_array(np.float32(1e5), "scale")]
    nodes = [
        helper.make_node("Mul", ["x", "scale"], ["loud"]),
        helper.make_node("ReduceMax", ["loud", "axes"], ["max"]),
    ]
    nodes += [helper.make_node("Flatten", ["max"], ["y"])]
    nodes[1].attribute.append(helper.make_attribute("keepdims", 0))
    graph = helper.make_graph(nodes, "loud", ends[:1], ends[1:], weights)
    onnx_format.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8), path)
    return path


def test_features_that_half_floats_cannot_hold_are_refused(tmp_path):
    path, mels = loud(tmp_path / "loud.onnx"), write_mels(tmp_path / "mel.parquet", images(2))
    with pytest.raises(EarmarkError, match=r"clip0: features up to .* do not fit into float16, which ends at 65504"):
        run(path, mels, tmp_path / "half.parquet", backbone=BackboneParams(dtype="float16"))
    assert not (tmp_path / "half.parquet").exists()
    assert run(path, mels, tmp_path / "full.parquet").table.vectors.max() > 65504


def test_key_depends_on_what_decides_the_numbers():
    weights = weights_digest(BACKBONE)
    key = feature_key("mel", BACKBONE, weights)
    assert key == feature_key("mel", BACKBONE.model_copy(update={"engine": "keras"}), weights)
    assert key != feature_key("mel", BACKBONE.model_copy(update={"pooling": "avg"}), weights)
    assert key != feature_key("mel", BACKBONE.model_copy(update={"dtype": "float16"}), weights)
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


def test_keys_are_those_of_before_there_was_a_choice_of_type():
    """What the store and published folders hold stays known."""
    assert feature_key("mel", BACKBONE, "weights") == digest("embed", versions.EMBED, SECTION, "weights", "mel")


SECTION = {"name": "earmark_base", "normalise": "band_mean", "image_size": None, "fit": "none", "pooling": "stats"}

GOLDEN = {
    "version": 3,
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
