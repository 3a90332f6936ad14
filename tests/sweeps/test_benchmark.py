"""A command's record of time and memory."""

import subprocess
import sys

import pytest

from earmark.profile import jobs
from earmark.store import Store
from earmark.sweeps.benchmark import RULES, benchmarked

WORK = "import time; room = bytearray(50_000_000); time.sleep(1)"


def test_a_command_has_the_record_of_a_job(tmp_path):
    store = Store(tmp_path)
    with subprocess.Popen([sys.executable, "-c", WORK]) as process, benchmarked(store, "train", "a" * 20, process.pid):
        process.wait()
    (job,) = jobs(store)
    assert job.rule == "network" and job.seconds >= 1 and job.memory > 50
    assert (tmp_path / "benchmarks" / "network" / f"{'a' * 20}.tsv").is_file()


def test_one_that_fails_has_none(tmp_path):
    with (
        pytest.raises(ValueError),
        subprocess.Popen([sys.executable, "-c", ""]) as process,
        benchmarked(Store(tmp_path), "train", "a" * 20, process.pid),
    ):
        raise ValueError
    assert jobs(Store(tmp_path)) == []


def test_the_rules_are_those_of_the_workflow(project_root):
    written = "".join(path.read_text() for path in (project_root / "workflow" / "rules").glob("*.smk"))
    named = {rule for rule in RULES.values() if f"benchmarks/{rule}/" in written}
    assert RULES.keys() - {"validate"} == {command for command, rule in RULES.items() if rule in named}
