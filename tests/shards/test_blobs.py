import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earmark.errors import EarmarkError
from earmark.shards import blobs
from earmark.shards.blobs import BlobReader, BlobWriter, column
from earmark.shards.schema import mel_schema

SCHEMA = mel_schema(["mel", "mfcc"])
TEXT = st.text(st.characters(codec="utf-8"), max_size=9)
NUMBER, BLOB = st.integers(0, 2**31 - 1), st.binary(max_size=40)
ROWS = st.lists(st.tuples(TEXT, TEXT, NUMBER, NUMBER, BLOB, BLOB), max_size=300)


def write(path, rows, compression="none"):
    with BlobWriter(path, SCHEMA, compression) as writer:
        for row in rows:
            writer.add(*row)
    return path


def read(path):
    reader = BlobReader(path)
    return [
        (*values, bytes(mel), bytes(mfcc))
        for group in range(reader.groups)
        for *values, mel, mfcc in reader.group(group, SCHEMA.names)
    ]


@settings(max_examples=40, deadline=None)
@given(ROWS, st.sampled_from(["none", "zstd"]))
def test_round_trip_and_equal_bytes(tmp_path_factory, rows, compression):
    folder = tmp_path_factory.getbasetemp()
    first, second = (write(folder / name, rows, compression) for name in ("first.parquet", "second.parquet"))
    assert read(first) == rows
    assert first.read_bytes() == second.read_bytes()


@settings(deadline=None)
@given(st.lists(TEXT))
def test_columns_are_what_arrow_makes(values):
    assert column(values, pa.string()).equals(pa.array(values, pa.string()))
    assert column([v.encode() for v in values], pa.binary()).equals(pa.array([v.encode() for v in values], pa.binary()))
    assert column(range(len(values)), pa.int32()).equals(pa.array(range(len(values)), pa.int32()))


def test_layout_is_plain(tmp_path):
    path = write(tmp_path / "a.parquet", [(f"{n:03}", "key", 0, 1, b"x" * 10, b"y") for n in range(300)])
    metadata = pq.read_metadata(path)
    assert [metadata.row_group(n).num_rows for n in range(3)] == [128, 128, 44]
    mel = metadata.row_group(0).column(4)
    assert mel.path_in_schema == "mel" and mel.compression == "UNCOMPRESSED"
    assert mel.statistics is None and not mel.has_dictionary_page
    assert metadata.row_group(0).column(0).statistics.max == "127"


def test_long_clips_make_short_row_groups(tmp_path, monkeypatch):
    monkeypatch.setattr(blobs, "BYTES_PER_GROUP", 1000)
    path = write(tmp_path / "a.parquet", [(str(n), "key", 0, 1, b"x" * 300, b"y" * 100) for n in range(7)])
    assert [pq.read_metadata(path).row_group(n).num_rows for n in range(3)] == [3, 3, 1]


def test_zstd_is_smaller(tmp_path):
    rows = [(str(n), "key", 0, 1, bytes(1000), b"y") for n in range(300)]
    plain, zstd = (write(tmp_path / name, rows, name) for name in ("none", "zstd"))
    assert zstd.stat().st_size < plain.stat().st_size / 4
    assert read(zstd) == read(plain) == rows


def test_damage_is_named(tmp_path):
    path = write(tmp_path / "a.parquet", [(str(n), "key", 0, 1, b"x" * 400, b"y") for n in range(7)])
    whole = path.read_bytes()
    flipped = bytearray(whole)
    flipped[whole.index(b"x" * 400) + 50] ^= 1
    for damaged in (b"", b"PAR1", whole[: len(whole) // 2], bytes(flipped)):
        path.write_bytes(damaged)
        with pytest.raises(EarmarkError, match=r"a\.parquet: not a readable shard .*remove the file and run again"):
            read(path)
    with pytest.raises(EarmarkError, match="absent"):
        BlobReader(tmp_path / "absent.parquet")
