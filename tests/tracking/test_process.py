"""Runs whose process is gone: seen on this machine, and left alone where nothing is known."""

import os
import subprocess
import sys

import pytest

from earmark.tracking.process import PROCESS_TAG, REASON, claim, end_abandoned, is_gone, mark


@pytest.fixture
def client(server):
    return server.client()


@pytest.fixture
def runs(client):
    """Makes a running run of an experiment that a process, by its mark, works on."""
    experiment = client.create_experiment("toy")

    def make(marked):
        run = client.create_run(experiment, tags={PROCESS_TAG: marked} if marked else {})
        return run.info.run_id

    make.experiment = experiment
    return make


def dead() -> int:
    """The number of a process that was killed."""
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    process.kill()
    process.wait()
    return process.pid


def test_a_process_is_gone_once_it_was_killed_or_its_number_is_anothers():
    host = mark(1).split()[0]
    assert not is_gone(mark(os.getpid())) and not is_gone(mark(os.getppid()))
    assert is_gone(f"{host} {dead()} 12345")
    assert is_gone(f"{host} {os.getpid()} 1"), "started at another time: another process"
    assert not is_gone(f"elsewhere {dead()} 1") and not is_gone("") and not is_gone(f"{host} nonsense")


def test_what_was_abandoned_is_killed_with_the_reason_and_nothing_else_is_touched(client, runs):
    host = mark(1).split()[0]
    abandoned, alive, elsewhere = runs(f"{host} {dead()} 1"), runs(None), runs("elsewhere 7 7")
    claim(client, alive)
    end_abandoned(client, runs.experiment)
    run = client.get_run(abandoned)
    assert (run.info.status, run.data.tags["earmark.reason"]) == ("KILLED", REASON)
    assert [client.get_run(other).info.status for other in (alive, elsewhere)] == ["RUNNING", "RUNNING"]


def test_a_claim_names_this_process(client, runs):
    run_id = runs(None)
    client.set_terminated(run_id, "KILLED")
    claim(client, run_id)
    run = client.get_run(run_id)
    assert run.info.status == "RUNNING" and run.data.tags[PROCESS_TAG] == mark(os.getpid())
