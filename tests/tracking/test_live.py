import itertools
import os
import pickle
import signal
import subprocess
import sys
import time

import pytest

from earmark.tracking import RunLogger
from earmark.tracking.ending import Terminated
from earmark.tracking.live import images_per_second
from earmark.tracking.process import REASON

TRAINING = {
    "epochs": 3,
    "best_epoch": 1,
    "seconds": 0.5,
    "stopped": "early",
    "val": {"accuracy": 0.75},
    "clips": {"train": {"a": 9}},
}


@pytest.fixture
def logger(params, provenance, server):
    return RunLogger(params, provenance, server)


def only_run(server):
    client = server.client()
    (run,) = client.search_runs([client.get_experiment_by_name("toy").experiment_id])
    return client, run


def steps(server, name="epoch/loss"):
    client, run = only_run(server)
    return sorted(point.step for point in client.get_metric_history(run.info.run_id, name))


def train(logger, epochs=3):
    with logger:
        logger.on_begin({})
        for epoch in range(epochs):
            logger.on_epoch(epoch, {"loss": 1.0 / (epoch + 1), "val_accuracy": 0.5})
        logger.on_end(TRAINING)


def test_a_training_leaves_a_finished_run(logger, server):
    train(logger)
    _, run = only_run(server)
    assert (run.info.status, steps(server)) == ("FINISHED", [0, 1, 2])
    assert run.data.metrics["training/best_epoch"] == 1
    assert run.data.metrics["training/val.accuracy"] == 0.75
    assert not any("clips" in name for name in run.data.metrics)


def eventually(question):
    """Wait until ``question`` is answered by something that is true, which is returned."""
    until = time.monotonic() + 60
    while not (answer := question()):
        assert time.monotonic() < until
        time.sleep(0.05)
    return answer


def is_recorded(server):
    experiment = server.client().get_experiment_by_name("toy")
    return experiment is not None and bool(server.client().search_runs([experiment.experiment_id])) and steps(server)


def test_an_epoch_is_seen_while_the_training_goes_on(logger, server):
    with logger:
        logger.on_begin({"engine": "keras on a machine"})
        logger.on_epoch(0, {"loss": 1.0})
        eventually(lambda: is_recorded(server))
        _, run = only_run(server)
        assert (run.info.status, run.data.metrics["epoch/loss"]) == ("RUNNING", 1.0)
        assert run.data.tags["earmark.engine"] == "keras on a machine"
        assert run.data.tags["earmark.host"]


def test_the_machine_is_watched(logger, server):
    with logger:
        logger.on_begin({})
        logger.on_epoch(0, {"loss": 1.0})
        eventually(lambda: is_recorded(server))
        eventually(lambda: any(name.startswith("system/") for name in only_run(server)[1].data.metrics))
    client, run = only_run(server)
    assert run.data.metrics["system/system_memory_usage_megabytes"] > 0
    first, *_ = client.get_metric_history(run.info.run_id, "system/cpu_utilization_percentage")
    assert first.value > 0, "not what psutil says when it is asked for the first time"


def test_the_examples_of_an_epoch_give_the_images_per_second():
    training = {"clips": {"train": {"a": 10, "b": 20}, "val": {"a": 99}}, "epoch_seconds": 0.5}
    assert images_per_second(training) == 60
    assert images_per_second(training | {"windows": {"train": {"a": 100}}}) == 200
    assert images_per_second({"epochs": 3}) is None


def test_repeating_a_training_updates_its_run(params, provenance, server):
    for _ in range(2):
        train(RunLogger(params, provenance, server))
    assert steps(server) == [0, 1, 2]


@pytest.mark.parametrize(
    ("error", "status", "reason"),
    [
        (ValueError("no clips"), "FAILED", "ValueError: no clips"),
        (KeyboardInterrupt(), "KILLED", "KeyboardInterrupt"),
        (Terminated(), "KILLED", "SIGTERM"),
    ],
    ids=["failure", "interrupt", "termination"],
)
def test_an_error_is_told_and_a_retry_clears_it(params, provenance, server, error, status, reason):
    with pytest.raises(type(error)), RunLogger(params, provenance, server) as logger:
        logger.on_begin({})
        logger.on_epoch(0, {"loss": 1.0})
        raise error
    _, run = only_run(server)
    assert (run.info.status, run.data.tags["earmark.reason"], steps(server)) == (status, reason, [0])
    train(RunLogger(params, provenance, server))
    _, run = only_run(server)
    assert (run.info.status, steps(server)) == ("FINISHED", [0, 1, 2])
    assert "earmark.reason" not in run.data.tags


def test_an_error_before_the_training_leaves_no_run(logger, server):
    with pytest.raises(ValueError), logger:
        raise ValueError
    assert server.client().get_experiment_by_name("toy") is None


def test_sigterm_is_an_exception_inside_and_itself_outside(logger):
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(Terminated) as caught, logger:
        os.kill(os.getpid(), signal.SIGTERM)
    assert caught.value.code == 143
    assert signal.getsignal(signal.SIGTERM) is before


BEGIN_AND_DIE = """
import os, pickle, signal, sys, time
from earmark.tracking import RunLogger
with RunLogger(*pickle.load(sys.stdin.buffer)) as logger:
    logger.on_begin({})
    logger.on_epoch(0, {"loss": 1.0})
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_training_is_told_and_continued_by_the_next(params, provenance, server):
    told = pickle.dumps((params, provenance, server))
    done = subprocess.run([sys.executable, "-c", BEGIN_AND_DIE], input=told)
    assert done.returncode == -signal.SIGKILL
    eventually(lambda: is_recorded(server) and only_run(server)[1].info.status != "RUNNING")
    _, run = only_run(server)
    assert (run.info.status, run.data.tags["earmark.reason"]) == ("KILLED", REASON)
    assert steps(server) == [0]
    train(RunLogger(params, provenance, server))
    assert (only_run(server)[1].info.status, steps(server)) == ("FINISHED", [0, 1, 2])


def test_a_server_that_goes_away_does_not_stop_the_training(logger, server, tmp_path, capsys):
    database, gone = tmp_path / "mlruns" / "mlflow.db", tmp_path / "gone.db"
    said = ""
    with logger:
        logger.on_begin({})
        logger.on_epoch(0, {"loss": 1.0})
        eventually(lambda: is_recorded(server))
        database.rename(gone)
        for epoch in itertools.count(1):
            logger.on_epoch(epoch, {"loss": 1.0})
            time.sleep(0.05)
            said += capsys.readouterr().err
            if "the training goes on" in said:
                break
        gone.rename(database)
        logger.on_end(TRAINING)
    said += capsys.readouterr().err
    assert (said.count("the training goes on"), said.count("answers again")) == (1, 1)
    assert steps(server) == list(range(epoch + 1))
