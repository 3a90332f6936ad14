from earmark.shards.blobs import BlobWriter
from earmark.shards.reuse import EarlierRows
from earmark.shards.schema import FEATURE_SCHEMA


def write(path, keys):
    with BlobWriter(path, FEATURE_SCHEMA) as writer:
        for key in keys:
            writer.add(f"clip {key}", key, key.encode() * 3)
    return path


def test_rows_of_all_shards_are_found_in_any_order(tmp_path):
    first = write(tmp_path / "a.parquet", [f"{n:03}" for n in range(0, 400, 2)])
    second = write(tmp_path / "b.parquet", [f"{n:03}" for n in range(1, 400, 2)])
    earlier = EarlierRows([first, second], "vector")
    for n in (0, 399, 128, 3, 256, 0):
        assert earlier.get(f"{n:03}") == f"{n:03}".encode() * 3
    assert earlier.get("400") is None


def test_damaged_and_vanished_shards_count_as_empty(tmp_path):
    good = write(tmp_path / "good.parquet", ["a"])
    cut = write(tmp_path / "cut.parquet", ["b"])
    cut.write_bytes(cut.read_bytes()[:100])
    flipped = write(tmp_path / "flipped.parquet", ["c"])
    flipped.write_bytes(flipped.read_bytes().replace(b"ccc", b"ccd"))
    earlier = EarlierRows([cut, flipped, tmp_path / "absent.parquet", good], "vector")
    assert [earlier.get(key) for key in "abc"] == [b"aaa", None, None]


def test_a_shard_of_another_kind_has_no_rows(tmp_path):
    assert EarlierRows([write(tmp_path / "a.parquet", ["a"])], "mel").get("a") is None
