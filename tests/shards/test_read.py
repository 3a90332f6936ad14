import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes

from earmark.errors import EarmarkError
from earmark.provenance import Provenance
from earmark.shards.read import first_kind, read_features, read_images
from earmark.shards.write import write_feature_shard

PROVENANCE = Provenance("embed", 1, "key")


@settings(max_examples=40, deadline=None)
@given(st.sampled_from([np.float16, np.float32]), array_shapes(max_dims=3, max_side=4), st.integers(1, 300))
def test_features_round_trip(tmp_path_factory, dtype, shape, count):
    vectors = np.random.default_rng(count).standard_normal((count, *shape)).astype(dtype)
    path = tmp_path_factory.getbasetemp() / "features.parquet"
    write_feature_shard(((f"{n:03}", f"key {n}", 2 * n, vectors[n]) for n in range(count)), PROVENANCE, path)
    table = read_features(path)
    assert table.clip_ids == [f"{n:03}" for n in range(count)]
    assert table.row_keys == [f"key {n}" for n in range(count)]
    assert table.first_frames == [2 * n for n in range(count)]
    assert table.vectors.dtype == dtype and table.vectors.shape == (count, *shape)
    np.testing.assert_array_equal(table.vectors, vectors)


def test_mels_are_read_only_views(shard):
    row = next(read_images(shard))
    assert row.images["mel"].flags.c_contiguous and not row.images["mel"].flags.writeable
    assert (row.images["mel"].dtype, row.images["mel"].shape[0]) == (np.uint8, 16)


def test_a_damaged_shard_is_named(shard):
    whole = bytearray(shard.read_bytes())
    whole[len(whole) // 2] ^= 255
    shard.write_bytes(whole)
    with pytest.raises(EarmarkError, match=r"all\.parquet"):
        list(read_images(shard))
    with pytest.raises(EarmarkError, match=r"all\.parquet"):
        read_features(shard)


def test_a_foreign_file_is_refused(tmp_path):
    pq.write_table(pa.table({"clip_id": ["a"]}), tmp_path / "foreign.parquet")
    with pytest.raises(EarmarkError, match="without earmark's provenance"):
        list(read_images(tmp_path / "foreign.parquet"))


def test_only_the_asked_kinds_are_read(image_shard, tmp_path):
    images = {"mfcc": np.zeros((5, 3), np.float16), "mel": np.ones((4, 3), np.float16)}
    path = image_shard(tmp_path / "two.parquet", [("a", 0, images), ("a", 7, images)])
    assert first_kind(path) == "mfcc"
    assert [(row.first_frame, list(row.images)) for row in read_images(path)] == [
        (0, ["mfcc", "mel"]),
        (7, ["mfcc", "mel"]),
    ]
    (row, _) = read_images(path, ["mel"])
    assert list(row.images) == ["mel"] and row.images["mel"].shape == (4, 3)
    with pytest.raises(EarmarkError, match=r"two\.parquet: has mel, mfcc, not 'chroma'; see features\.kinds"):
        list(read_images(path, ["chroma"]))


def test_a_file_without_images_has_no_first_kind(tmp_path):
    pq.write_table(pa.table({"clip_id": ["a"]}), tmp_path / "foreign.parquet")
    with pytest.raises(EarmarkError, match=r"foreign\.parquet: not a readable shard of images"):
        first_kind(tmp_path / "foreign.parquet")
