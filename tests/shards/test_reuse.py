import pytest

from earmark.shards import blobs
from earmark.shards.blobs import BlobWriter
from earmark.shards.reuse import EarlierRows
from earmark.shards.schema import FEATURE_SCHEMA

COLUMNS = ["first_frame", "vector"]


def write(path, keys, windows=1):
    with BlobWriter(path, FEATURE_SCHEMA) as writer:
        for key in keys:
            for window in range(windows):
                writer.add(f"clip {key}", key, 10 * window, key.encode() * 3)
    return path


def test_rows_of_all_shards_are_found_in_any_order(tmp_path):
    first = write(tmp_path / "a.parquet", [f"{n:03}" for n in range(0, 400, 2)])
    second = write(tmp_path / "b.parquet", [f"{n:03}" for n in range(1, 400, 2)])
    earlier = EarlierRows([first, second], COLUMNS)
    for n in (0, 399, 128, 3, 256, 0):
        assert earlier.get(f"{n:03}") == [(0, f"{n:03}".encode() * 3)]
    assert earlier.get("400") is None


@pytest.mark.parametrize("size", [1, 2, 7, 128])
def test_all_windows_of_a_clip_are_found_in_any_row_groups(tmp_path, monkeypatch, size):
    monkeypatch.setattr(blobs, "ROWS_PER_GROUP", size)
    earlier = EarlierRows([write(tmp_path / "a.parquet", "abcde", windows=5)], COLUMNS)
    for key in "abecd":
        assert earlier.get(key) == [(10 * n, key.encode() * 3) for n in range(5)]


def test_of_clips_of_equal_sound_one_is_given(tmp_path):
    path = tmp_path / "twins.parquet"
    with BlobWriter(path, FEATURE_SCHEMA) as writer:
        for clip in ("a", "b"):
            for first_frame in (0, 5):
                writer.add(clip, "key", first_frame, b"blob")
    assert EarlierRows([path, path], COLUMNS).get("key") == [(0, b"blob"), (5, b"blob")]


def test_damaged_and_vanished_shards_count_as_empty(tmp_path):
    good = write(tmp_path / "good.parquet", ["a"])
    cut = write(tmp_path / "cut.parquet", ["b"])
    cut.write_bytes(cut.read_bytes()[:100])
    flipped = write(tmp_path / "flipped.parquet", ["c"])
    flipped.write_bytes(flipped.read_bytes().replace(b"ccc", b"ccd"))
    earlier = EarlierRows([cut, flipped, tmp_path / "absent.parquet", good], COLUMNS)
    assert [earlier.get(key) for key in "abc"] == [[(0, b"aaa")], None, None]


def test_half_a_clip_is_none(tmp_path, monkeypatch):
    monkeypatch.setattr(blobs, "ROWS_PER_GROUP", 2)
    path = write(tmp_path / "a.parquet", ["abc"], windows=4)
    whole = path.read_bytes()
    last = whole.rindex(b"abcabcabc")
    path.write_bytes(whole[:last] + b"X" + whole[last + 1 :])
    assert EarlierRows([path], COLUMNS).get("abc") is None


def test_a_shard_of_another_kind_has_no_rows(tmp_path):
    assert EarlierRows([write(tmp_path / "a.parquet", ["a"])], ["first_frame", "mel"]).get("a") is None
