import json
from dataclasses import replace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from earmark.errors import EarmarkError
from earmark.evaluation.material import COLUMNS, Material
from earmark.provenance import Provenance


@pytest.fixture
def prepared(tmp_path, material):
    """The material as a folder, its manifest in reverse order."""
    rows = [{**row, "extra": 1} for row in reversed(material.rows)]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "manifest.parquet")
    pq.write_table(pa.Table.from_pylist(material.quarantine), tmp_path / "quarantine.parquet")
    (tmp_path / "leaks.json").write_text(json.dumps(material.leaks))
    Provenance("prepare", 1, material.digest).write(tmp_path)
    return tmp_path


def test_reading_sorts_and_takes_what_is_needed(prepared, material):
    found = Material.read(prepared)
    assert found == material
    assert list(found.rows[0]) == COLUMNS


@pytest.mark.parametrize("name", ["manifest.parquet", "quarantine.parquet", "leaks.json", "provenance.json"])
def test_a_missing_part_is_named(prepared, name):
    (prepared / name).unlink()
    with pytest.raises(EarmarkError, match=rf"{name.split('.')[0]}.*earmark prepare"):
        Material.read(prepared)


def test_quarantine_reasons_come_most_frequent_first(material):
    assert material.quarantine_reasons() == [
        ("silent", 2, "peak -71 dBFS"),
        ("unreadable", 1, "not audio: it starts with <html>"),
    ]


def test_examples_are_clips_of_median_length(material):
    assert {label: row["clip_id"] for label, row in material.examples().items()} == {
        label: f"test/{label}/06.wav" for label in ("de", "en", "es", "zh")
    }


def test_composition_counts_clips_hours_and_speakers(material):
    *classes, total = material.composition()
    assert [row["label"] for row in classes] == ["de", "en", "es", "zh"]
    assert classes[0]["splits"]["test"] == {"clips": 12, "hours": pytest.approx(18.6 / 3600), "speakers": 3}
    assert {split: size["clips"] for split, size in total["splits"].items()} == {"train": 36, "val": 24, "test": 48}


def test_synthetic_clips_are_learnt_from_and_not_counted(material):
    row = {**material.rows[-1], "clip_id": "~", "split": "train", "source": "synthetic", "speaker": "synthetic-cmn-000"}
    found = replace(material, rows=[*material.rows, row])
    assert found.composition() == material.composition()
    assert len(found.of("train")) == len(material.of("train")) + 1
