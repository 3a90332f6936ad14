"""What is stored, in words: families, one shard's contents, names, and what is damaged."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.config import BackboneParams, FeatureParams
from earmark.errors import EarmarkError
from earmark.provenance import Provenance
from earmark.shards import describe
from earmark.shards.write import write_feature_shard


def rows(count, kinds=None, frames=10, dtype="uint8"):
    kinds = kinds or {"mel": 40}
    return [(f"c{i:03}", 0, {k: np.zeros((h, frames + i % 2), dtype) for k, h in kinds.items()}) for i in range(count)]


@pytest.fixture
def places(image_shard, tmp_path):
    """A published folder of two mel shards and one of features; a store with another front end's shard too."""
    mel, features, store = tmp_path / "data" / "mel", tmp_path / "data" / "features", tmp_path / ".store"
    for folder in (mel, features, store / "mel"):
        folder.mkdir(parents=True)
    usual = FeatureParams().front_end()
    for name, count in (("0", 20), ("1", 12)):
        image_shard(mel / f"{name}.parquet", rows(count), params=usual)
    other = FeatureParams(
        kinds=["mel", "mfcc"], deltas=1, dtype="float16", window={"seconds": 2, "hop": 0.5}, vad="energy", trim_db=40
    )
    kinds = {"mel": 40, "mfcc": 20, "mel_delta": 40, "mfcc_delta": 20}
    image_shard(
        store / "mel" / "abc123.parquet", rows(3, kinds, dtype="float16"), params=other.front_end(), compression="zstd"
    )
    vectors = ((f"c{i}", "key", 0, np.zeros(7, np.float32)) for i in range(5))
    provenance = Provenance("embed", 1, "def456", BackboneParams().plain())
    write_feature_shard(vectors, provenance, features / "all.parquet")
    return describe.folders(store, tmp_path)


def test_families_add_up(places):
    found = describe.overview(places)
    mel, features, store = found.families
    assert (mel.shards, mel.rows, mel.kinds, mel.dtype, mel.compression) == (2, 32, {"mel": 40}, "uint8", "none")
    assert mel.bytes == sum(path.stat().st_size for path in places[0].iterdir())
    assert (features.step, features.rows, features.kinds) == ("embed", 5, {"vector": [7]})
    assert (store.shards, store.rows, store.dtype, store.compression) == (1, 3, "float16", "zstd")
    assert list(store.kinds) == ["mel", "mfcc", "mel_delta", "mfcc_delta"] and found.damaged == {}
    assert json.loads(json.dumps(found.as_dict()))["families"][0]["params"]["hop_length"] == 200


def test_params_are_put_into_words(places):
    mel, features, store = describe.overview(places).families
    front_end = "16 kHz, window 25 ms of 512, hop 12.5 ms, 40 mels 60–7600 Hz, top 80 dB, trimmed at 30 dB, whole clips"
    assert mel.words() == f"mel 40 · {front_end}"
    assert "trimmed at 40 dB, pauses cut by energy, windows of 2 s every 0.5" in store.words()
    assert features.words() == "vector 7 · earmark_base, weights embedded, pooling stats, normalise band_mean"
    lines = str(describe.overview(places)).splitlines()
    assert len(lines) == 4 and lines[1].split()[1:4] == ["2", "32", describe.size(mel.bytes).split()[0]]


def test_families_of_different_params_are_told_apart(places, image_shard):
    params = FeatureParams(fmin=100).front_end()
    image_shard(places[0] / "2.parquet", rows(2), params=params)
    assert [family.rows for family in describe.overview(places).families[:2]] == [32, 2]


def test_what_is_damaged_is_listed(places):
    (places[0] / "0.parquet").write_bytes(b"PAR1 no")
    pq.write_table(pa.table({"x": [1]}), places[0] / "foreign.parquet")
    (places[0] / ".0.parquet.part.parquet").write_bytes(b"unfinished")
    found = describe.overview(places)
    assert found.families[0].rows == 12
    assert {path.rpartition("/")[2]: why.partition(" (")[0] for path, why in found.damaged.items()} == {
        "0.parquet": "not a readable shard",
        "foreign.parquet": "no shard of earmark's",
    }
    assert str(found).count("damaged: ") == 2


def test_damage_inside_is_found_by_its_checksum(places):
    path = places[0] / "0.parquet"
    whole = bytearray(path.read_bytes())
    whole[whole.index(bytes(400)) + 200] ^= 1  # in an image
    path.write_bytes(whole)
    assert describe.overview(places).damaged == {}
    assert list(describe.overview(places, verify=True).damaged) == [str(path)]


def test_one_shard(places):
    shard = describe.contents(places[0] / "0.parquet", first=9)
    assert (shard.family.rows, [group.rows for group in shard.groups]) == (20, [8, 8, 4])
    assert (shard.groups[1].first, shard.groups[1].last) == ("c008", "c015")
    assert [row.clip_id for row in shard.rows] == [f"c{i:03}" for i in range(9)]
    assert [(row.first_frame, row.frames, row.bytes) for row in shard.rows[:2]] == [(0, 10, 400), (0, 11, 440)]
    text = describe.describe(shard)
    assert "row group" in text and "c008 … c015" in text and "first 9 of 20 rows" in text


def test_one_feature_shard(places):
    shard = describe.contents(places[1] / "all.parquet")
    assert shard.key == "def456" and [row.bytes for row in shard.rows] == [28] * 5
    assert shard.rows[0].frames is None and "–" in describe.describe(shard)


def test_sizes_of_halves_and_kinds(places):
    shard = describe.contents(places[2] / "abc123.parquet")
    assert shard.rows[0].bytes == 2 * 10 * (40 + 20 + 40 + 20)


def test_a_damaged_or_foreign_shard_is_refused(places, tmp_path):
    (tmp_path / "bad.parquet").write_bytes(b"no")
    with pytest.raises(EarmarkError, match=r"bad\.parquet: not a readable shard"):
        describe.contents(tmp_path / "bad.parquet")


def test_shards_are_found_by_name_key_or_path(places):
    assert describe.find_shard("1", places) == places[0] / "1.parquet"
    assert describe.find_shard("abc", places) == places[2] / "abc123.parquet"
    assert describe.find_shard(str(places[0] / "0.parquet"), places) == places[0] / "0.parquet"
    assert describe.find_shard("all", places) == places[1] / "all.parquet"
    with pytest.raises(EarmarkError, match="no shard 'xyz' in "):
        describe.find_shard("xyz", places)


def test_an_ambiguous_name_is_refused(places):
    (places[1] / "1.parquet").write_bytes(b"")
    with pytest.raises(EarmarkError, match=r"'1' may be .*mel/1\.parquet or .*features/1\.parquet"):
        describe.find_shard("1", places)


def test_nothing_stored(tmp_path):
    assert str(describe.overview(describe.folders(tmp_path / ".store", tmp_path))) == "no shards"


@given(st.integers(0, 10**16))
def test_sizes_are_short_and_right(count):
    number, unit = describe.size(count).split()
    assert len(number) <= 5
    assert float(number) * 1000 ** describe.UNITS.index(unit) == pytest.approx(count, rel=0.051, abs=0.5)
