"""The process beside a training, here in this one: what it makes of what it is told."""

import multiprocessing
import os
import signal

import pytest

from earmark.tracking.process import PROCESS_TAG, mark
from earmark.tracking.run import Training
from earmark.tracking.scribe import Assignment, Ending, Epoch, _OpenRun, write
from earmark.tracking.server import Server


@pytest.fixture
def told(params, provenance, server, monkeypatch):
    """Have a run written from messages, after which the training is gone; the run, and what was warned of."""
    monkeypatch.setattr(signal, "signal", lambda *_: None)  # this process still wants to be interrupted

    def told(*messages, server=server):
        training = Training(params, provenance.key, "d" * 20)
        own, its = multiprocessing.Pipe()
        for message in messages:
            own.send(message)
        own.close() if not messages else None
        write(its, Assignment(server, training, os.getpid(), {"earmark.host": "here"}))
        warned = []
        while messages and own.poll():
            warned.append(own.recv())
        return warned

    return told


def only_run(server):
    client = server.client()
    (run,) = client.search_runs([client.get_experiment_by_name("toy").experiment_id])
    return run


def test_a_run_is_written_from_what_is_told(told, server):
    end = Ending("FINISHED", figures={"training/epochs": 2.0})
    assert told(Epoch(0, {"loss": 1.0}), Epoch(1, {"loss": 0.5}), end) == []
    run = only_run(server)
    assert (run.info.status, run.data.metrics["epoch/loss"], run.data.metrics["training/epochs"]) == (
        "FINISHED",
        0.5,
        2,
    )
    assert (run.data.tags["earmark.host"], run.data.tags[PROCESS_TAG]) == ("here", mark(os.getpid()))


def test_a_bad_end_is_told_with_its_reason(told, server):
    told(Ending("FAILED", "ValueError: no clips"))
    run = only_run(server)
    assert (run.info.status, run.data.tags["earmark.reason"]) == ("FAILED", "ValueError: no clips")


def test_a_training_that_is_gone_without_a_word_was_killed(told, server):
    told()
    assert only_run(server).info.status == "KILLED"


def test_a_run_that_another_training_goes_on_with_is_left_to_it(params, provenance, server):
    run = _OpenRun(Assignment(server, Training(params, provenance.key, "d" * 20), os.getpid(), {}))
    server.client().set_tag(only_run(server).info.run_id, PROCESS_TAG, "elsewhere 1 2")
    run.close(Ending("KILLED", "too late"))
    found = only_run(server)
    assert found.info.status == "RUNNING" and "earmark.reason" not in found.data.tags


def test_a_server_that_cannot_be_reached_is_said_once(told, monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    (warning,) = told(Epoch(0, {"loss": 1.0}), Ending("FINISHED"), server=Server("http://127.0.0.1:9"))
    assert warning.startswith("MLflow at http://127.0.0.1:9: ") and warning.endswith("the training goes on")
