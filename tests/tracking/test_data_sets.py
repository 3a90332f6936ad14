import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from earmark.tracking.data_sets import data_sets, table


@pytest.fixture
def manifest(tmp_path):
    """Clips of one second: 2 to learn from, 3 that a program spoke, 1 to judge by and 1 from elsewhere."""
    kinds = [*["train"] * 5, "test", "external/other"]
    rows = [
        {"clip_id": str(i), "audio_digest": str(i), "start": None, "end": None, "label": "ab"[i % 2], "split": split,
         "speaker": None if split == "test" else "somebody", "duration": 1.0,
         "source": "synthetic" if 2 <= i <= 4 else "table"}
        for i, split in enumerate(kinds)
    ]  # fmt: skip
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "manifest.parquet")
    return tmp_path / "manifest.parquet"


def test_every_use_of_clips_is_apart_with_its_profile(manifest):
    found = data_sets("toy", manifest)
    assert [each.name for each in found] == ["toy-train", "toy-train/synthetic", "toy-test", "toy-external/other"]
    assert found[0].profile() == {"clips": 2, "speakers": 1, "seconds": 2.0, "classes": {"a": 1, "b": 1}}
    assert found[2].profile()["speakers"] == 0
    assert found[1].profile()["clips"] == 3


def test_an_input_tells_what_the_pages_show(manifest):
    given = data_sets("toy", manifest)[0].as_input(manifest)
    profile = json.loads(given.dataset.profile)
    assert profile == {"clips": 2, "speakers": 1, "seconds": 2.0, "classes": {"a": 1, "b": 1}}, "nothing twice"
    assert {tag.key: tag.value for tag in given.tags} == {
        "mlflow.data.context": "train", "clips": "2", "speakers": "1", "seconds": "2.0", "classes": "a 1, b 1",
    }  # fmt: skip


def test_the_digest_is_of_what_was_heard_as_what(manifest):
    before = [each.digest for each in data_sets("toy", manifest)]
    rows = pq.read_table(manifest).to_pylist()
    rows[0]["label"], rows[5]["speaker"] = "b", "somebody"
    pq.write_table(pa.Table.from_pylist(rows), manifest)
    after = [each.digest for each in data_sets("toy", manifest)]
    assert [old == new for old, new in zip(before, after, strict=True)] == [False, True, True, True]


def test_a_table_of_many_classes_counts_them(manifest):
    assert "| train | 2 | 1 | 0.0 | a 1, b 1 | `" in table(data_sets("toy", manifest))
    rows = [{**row, "label": f"word {number}"} for number, row in enumerate(pq.read_table(manifest).to_pylist() * 5)]
    pq.write_table(pa.Table.from_pylist(rows), manifest)
    assert "15 of 1 to 1 clips" in table(data_sets("toy", manifest))
