"""The times of a study's stages from the records of its jobs."""

import os

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from earmark.plan import Plan
from earmark.shards.assign import batches
from earmark.stage_times import stage_times

HEADER = "s\th:m:s\tmax_rss\tmax_vms\tmax_uss\tmax_pss\tio_in\tio_out\tmean_load\tcpu_time\n"


@pytest.fixture
def plan(tmp_path, monkeypatch):
    """A plan over a manifest of eight clips in several shards; nothing else is there."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("EARMARK_STORE", raising=False)
    plan = Plan.of(
        {"data": {"adapter": "folder", "root": "clips"}, "features": {"shard_size": 2}}, tmp_path / ("a" * 20)
    )
    plan.prepared.mkdir(parents=True)
    names = ("clip_id", "path", "audio_digest")
    rows = [
        {**dict.fromkeys(names, f"{i}.wav"), "start": None, "end": None, "label": "ab"[i % 2], "split": "train"}
        for i in range(8)
    ]
    schema = pa.schema(
        [("start", pa.float64()), ("end", pa.float64()), *((n, pa.string()) for n in (*names, "label", "split"))]
    )
    pq.write_table(pa.Table.from_pylist(rows, schema), plan.manifest)
    return plan


@pytest.fixture
def record(plan):
    """Write the record of a job of ``rule`` that took so many seconds."""

    def record(rule, name, seconds, when=1_000_000):
        path = plan.store.root / "benchmarks" / rule / f"{name}.tsv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{HEADER}{seconds}\t0:00:01\t1\t1\t1\t1\t1\t1\t1\t1\n")
        os.utime(path, (when, when))

    return record


def test_stages_have_the_time_of_the_jobs_that_made_their_products(plan, record):
    assert stage_times(plan) == {}
    record("manifest", plan.prepare_key, 2)
    record("network", plan.model_key, 9)
    record("network", "f" * 20, 99)
    (job,) = plan.extraction_jobs
    record("feature_shards", job, 3)
    assert stage_times(plan) == {"prepare": 2, "train": 9, "embed": 3}


def test_images_that_other_jobs_made_before_count_once(plan, record):
    one, two = batches(plan.shards, 1), batches(plan.shards, 2)
    assert len(two) == 2
    record("mel_shards", two[0].name, 4)
    assert "mel" not in stage_times(plan), "half of the time would be a wrong time"
    record("mel_shards", two[1].name, 5)
    record("mel_shards", f"{'f' * 20}.{plan.shards[0].name}..{plan.shards[-1].name}", 99)
    assert stage_times(plan)["mel"] == 9
    record("mel_shards", one[0].name, 7, when=2_000_000)
    assert stage_times(plan)["mel"] == 7, "the latest are those that made what is there"


def test_a_damaged_record_gives_no_time(plan, record):
    record("network", plan.model_key, "nonsense")
    assert stage_times(plan) == {}
