"""A sweep that is killed without a word, and the runs that it leaves."""

import os
import signal
import subprocess
import sys
import time

import pytest

from earmark.tracking.process import REASON, claim, mark
from earmark.tracking.watchdog import Watchdog

SWEEP = """
import sys, time
from pathlib import Path
from earmark.config import parse
from earmark.tracking import ParentRun, Server, Sweep
params = parse({"task": "toy"})
if __name__ == "__main__":
    with ParentRun(Sweep("grid", "5" * 20, params, "d" * 20, {}), Server.local(Path(sys.argv[1]))) as parent:
        for key in "ab":
            parent.child(params, key * 20, "d" * 20, key)
        parent.ended(parent.child(params, "a" * 20, "d" * 20, "a"), "no images")
        print("at work", flush=True)
        time.sleep(600)
"""


@pytest.fixture
def sweep(server, tmp_path):
    """A sweep at work: the parent, a member that failed, and one whose training has not begun."""
    (tmp_path / "sweep.py").write_text(SWEEP)
    command = [sys.executable, str(tmp_path / "sweep.py"), str(server.artifacts.parent)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "at work\n"
        yield process
        process.kill()


def runs(server):
    """Status and reason of the runs, by name."""
    client = server.client()
    found = client.search_runs([client.get_experiment_by_name("toy").experiment_id])
    return {run.info.run_name: (run.info.status, run.data.tags.get("earmark.reason")) for run in found}


def test_a_sweep_that_is_killed_is_told_with_the_members_that_had_not_begun(sweep, server):
    assert runs(server)["grid-555555"] == ("RUNNING", None)
    os.kill(sweep.pid, signal.SIGKILL)
    until = time.monotonic() + 60
    while "RUNNING" in (status for status, _ in runs(server).values()):
        assert time.monotonic() < until
        time.sleep(0.1)
    assert runs(server) == {"grid-555555": ("KILLED", REASON), "a": ("FAILED", "no images"), "b": ("KILLED", REASON)}


def test_one_that_has_told_its_end_is_left_alone(server):
    client = server.client()
    experiment = client.create_experiment("toy")
    run_id = client.create_run(experiment).info.run_id
    watchdog = Watchdog(server, experiment)
    assert claim(client, run_id) == mark(os.getpid())
    watchdog.close()
    assert client.get_run(run_id).info.status == "RUNNING"
