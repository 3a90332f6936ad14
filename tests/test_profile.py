"""The workflow's records by rule, as Snakemake writes them."""

import csv
import os

import pytest

from earmark.errors import EarmarkError
from earmark.profile import Cost, costs, jobs, profile, table
from earmark.store import Store

HEADER = "s\th:m:s\tmax_rss\tmax_vms\tmax_uss\tmax_pss\tio_in\tio_out\tmean_load\tcpu_time\n"


@pytest.fixture
def store(tmp_path):
    """A store that has seen two shards, one model, and a job that was over before it was looked at."""
    records = {
        "network/a.tsv": "30.5\t0:00:30\t800.5\t1\t1\t1\t10\t20\t95\t28.0\n",
        "mel_shards/a.0.tsv": "4.0\t0:00:04\t150.0\t1\t1\t1\t5\t6\t99\t3.9\n",
        "mel_shards/a.1.tsv": "6.0\t0:00:06\t170.0\t1\t1\t1\t5\t6\t99\t5.9\n",
        "of_a_later_version/b.tsv": "0.2\t0:00:00\t-\t-\t-\tNA\t-\t-\t0\t\n",
    }
    for name, text in records.items():
        path = tmp_path / "store" / "benchmarks" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(HEADER + text)
    return Store(tmp_path / "store")


def test_jobs_are_summed_by_rule_in_the_order_of_the_flow(store):
    assert costs(jobs(store)) == [
        Cost("mel_shards", 2, 10.0, 6.0, 9.8, 170.0, 10.0, 12.0),
        Cost("network", 1, 30.5, 30.5, 28.0, 800.5, 10.0, 20.0),
        Cost("of_a_later_version", 1, 0.2, 0.2, 0.0, 0.0, 0.0, 0.0),
    ]


def test_a_damaged_record_and_old_ones_are_left_out(store):
    (store.root / "benchmarks/network/b.tsv").write_text("")
    (store.root / "benchmarks/network/c.tsv").write_text("nonsense\n1\n")
    assert len(jobs(store)) == 4
    os.utime(store.root / "benchmarks/network/a.tsv", (0, 0))
    assert {job.rule for job in jobs(store, hours=1)} == {"mel_shards", "of_a_later_version"}


def test_table_file_and_picture_say_the_same(store, tmp_path):
    text = profile(store, output=tmp_path / "profile")
    assert text == table(costs(jobs(store))) == (tmp_path / "profile/profile.md").read_text().strip()
    assert "| mel_shards | 2 | 10.0 | 25% | 6.0 | 9.8 | 170 | 10 | 12 |" in text
    assert "| **all** | 4 | 40.7 | 100% | | 37.8 | 800 | | |" in text
    with (tmp_path / "profile/profile.csv").open() as stream:
        assert [row["rule"] for row in csv.DictReader(stream)] == ["mel_shards", "network", "of_a_later_version"]
    assert (tmp_path / "profile/profile.png").read_bytes().startswith(b"\x89PNG")


def test_nothing_recorded_is_said(tmp_path):
    with pytest.raises(EarmarkError, match="no job was recorded in the last 2 h"):
        profile(Store(tmp_path), 2, tmp_path / "out")
