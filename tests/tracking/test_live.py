import multiprocessing
import os
import signal

import pytest

from earmark.tracking import RunLogger
from earmark.tracking.ending import Terminated

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


def test_the_first_epoch_is_seen_at_once(logger, server):
    with logger:
        logger.on_begin({})
        logger.on_epoch(0, {"loss": 1.0})
        _, run = only_run(server)
        assert (run.info.status, run.data.metrics["epoch/loss"]) == ("RUNNING", 1.0)


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


def test_a_killed_process_is_continued_by_the_next(params, provenance, server):
    def begin_and_die():
        with RunLogger(params, provenance, server) as logger:
            logger.on_begin({})
            logger.on_epoch(0, {"loss": 1.0})
            os.kill(os.getpid(), signal.SIGKILL)

    process = multiprocessing.get_context("fork").Process(target=begin_and_die)
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert (only_run(server)[1].info.status, steps(server)) == ("RUNNING", [0])
    train(RunLogger(params, provenance, server))
    assert (only_run(server)[1].info.status, steps(server)) == ("FINISHED", [0, 1, 2])


def test_a_server_that_goes_away_does_not_stop_the_training(logger, server, tmp_path, capsys):
    with logger:
        logger.on_begin({})
        database = tmp_path / "mlruns" / "mlflow.db"
        database.rename(tmp_path / "gone.db")
        logger.on_epoch(0, {"loss": 1.0})
        (tmp_path / "gone.db").rename(database)
        logger.on_end(TRAINING)
    assert "the training goes on" in capsys.readouterr().err
    assert steps(server) == [0]
