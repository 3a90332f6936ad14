"""What lies beside a model is used if it belongs to it."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from earmark.provenance import Provenance
from earmark.serving.facts import Facts, manifest_of, read_facts


@pytest.fixture
def results(tmp_path):
    """Writes ``results/model``, predictions beside it and the manifest under the keys given; returns the model."""

    def write(model="m", judged="m", manifest="p", clips=40, place="data/manifest"):
        folder = tmp_path / "results" / "model"
        folder.mkdir(parents=True)
        Provenance("train", 1, model, {}, {"manifest": "p"}).write(folder)
        rows = [
            {"split": "val" if n % 2 else "test", "label": "ab"[n % 4 // 2], "p_a": p, "p_b": 1 - p}
            for n in range(clips)
            for p in [0.7 if n % 4 < 2 else 0.3]
        ]
        table = pa.Table.from_pylist(rows)
        stamp = Provenance("evaluate", 1, "e", {}, {"model": judged}).stamp(table.schema)
        pq.write_table(table.cast(stamp), folder.parent / "predictions.parquet")
        prepared = tmp_path / place
        prepared.mkdir(parents=True)
        durations = [("train", 1.0), ("train", 2.0), ("train", 6.0), ("test", 7.5), ("external/far", 90.0)]
        clips = [{"split": split, "duration": seconds} for split, seconds in durations]
        pq.write_table(pa.Table.from_pylist(clips), prepared / "manifest.parquet")
        (prepared / "provenance.json").write_text(json.dumps({"key": manifest}))
        return folder

    return write


def test_what_belongs_to_the_model_is_read(results):
    facts = read_facts(results())
    assert (facts.typical_seconds, facts.longest_seconds) == (2.0, 7.5)
    assert facts.temperature is not None and facts.temperature < 1, "it was always right, and only 70 % sure"


@pytest.mark.parametrize(
    ("place", "name"), [("..", "model"), (".", "."), (".", "../model"), ("../..", "results/model")]
)
def test_a_relative_path_finds_as_much(results, monkeypatch, place, name):
    folder = results()
    monkeypatch.chdir(folder / place)
    assert read_facts(Path(name)) == read_facts(folder)
    assert manifest_of(Path(name)) == folder.parent.parent / "data" / "manifest"


def test_a_link_to_a_model_elsewhere_lies_in_its_own_study(results, tmp_path):
    folder = results()
    folder.rename(tmp_path / "elsewhere")
    folder.symlink_to(tmp_path / "elsewhere")
    assert read_facts(folder).longest_seconds == 7.5


def test_what_is_of_another_model_or_manifest_is_not(results):
    assert read_facts(results(judged="other", manifest="other")) == Facts()


def test_few_validation_clips_tell_no_temperature(results):
    assert read_facts(results(clips=10)).temperature is None


def test_a_model_alone_has_no_facts(tmp_path):
    assert read_facts(tmp_path / "nowhere") == Facts()


def test_a_model_in_the_store_finds_its_manifest(results, tmp_path):
    folder = results(place="prepare/p")
    assert read_facts(folder).longest_seconds == 7.5
