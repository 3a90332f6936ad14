"""A real server over HTTP, with SQLite behind it and artifacts through it: what several jobs record, and an outage."""

import os
import pickle
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from shutil import copyfile

import pytest

from earmark.tracking import RunLogger, Server, record
from tests.tracking.conftest import MODEL_KEY

TRAINING = {"epochs": 3, "best_epoch": 2, "seconds": 0.5, "val": {"accuracy": 0.75}}

RECORD = """
import pickle, sys
from earmark.tracking import record
params, folders, server = pickle.load(sys.stdin.buffer)
print(record(params, *folders, server))
"""
"""A whole study, as two jobs at once record theirs."""


class Process:
    """``mlflow server`` on a port of its own, which can be taken away and come again."""

    def __init__(self, folder):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.folder, self._process = folder, None

    @property
    def address(self):
        return f"http://127.0.0.1:{self.port}"

    def start(self):
        where = {
            "--backend-store-uri": f"sqlite:///{self.folder / 'mlflow.db'}",
            "--artifacts-destination": str(self.folder / "artifacts"),
            "--host": "127.0.0.1",
            "--port": str(self.port),
            "--workers": "1",
        }
        words = [word for pair in where.items() for word in pair]
        command = [sys.executable, "-m", "mlflow", "server", "--serve-artifacts", *words]
        with (self.folder / "server.log").open("ab") as log:
            bare = os.environ | {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}  # of no use here, and seconds of start
            self._process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True, env=bare)
        until = time.monotonic() + 120
        while not self.answers():
            assert self._process.poll() is None and time.monotonic() < until, (self.folder / "server.log").read_text()
            time.sleep(0.2)

    def answers(self):
        try:
            return urllib.request.urlopen(f"{self.address}/health", timeout=5).status == 200
        except OSError:
            return False

    def stop(self):
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()


@pytest.fixture(scope="module")
def process(tmp_path_factory, empty_database):
    folder = tmp_path_factory.mktemp("server")
    copyfile(empty_database, folder / "mlflow.db")
    process = Process(folder)
    process.start()
    yield process
    process.stop()


@pytest.fixture
def remote(process, server, monkeypatch):
    """The server as the environment names it."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", process.address)
    return Server.find()


def test_two_jobs_at_once_leave_two_whole_runs(params, prepared, model, evaluation, remote, tmp_path):
    folders, jobs = (prepared, model, evaluation), []
    for task in ("one", "another"):
        told = (params.model_copy(update={"task": task}), folders, remote)
        job = subprocess.Popen([sys.executable, "-c", RECORD], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        job.stdin.write(pickle.dumps(told))
        job.stdin.close()
        jobs.append(job)
    run_ids = [job.stdout.read().decode().strip() for job in jobs]
    assert [job.wait() for job in jobs] == [0, 0]
    client = remote.client()
    for run_id in run_ids:
        run = client.get_run(run_id)
        assert run.info.status == "FINISHED" and run.info.artifact_uri.startswith("mlflow-artifacts:")
        assert run.data.metrics["test/balanced_accuracy"] == 0.75
        assert sorted(point.step for point in client.get_metric_history(run_id, "epoch/loss")) == [0, 1, 2]
        page = client.download_artifacts(run_id, "report/index.html", str(tmp_path))
        assert Path(page).read_text() == "report/index.html"
        assert client.get_logged_model(run.outputs.model_outputs[0].model_id).status == "READY"


def test_a_server_that_is_away_in_a_training_gets_the_whole_run_later(
    params, prepared, model, evaluation, provenance, remote, process, capsys, monkeypatch
):
    monkeypatch.setattr("earmark.tracking.live.PATIENCE", 5.0)
    with RunLogger(params, provenance, remote) as logger:
        logger.on_begin({})
        logger.on_epoch(0, {"loss": 1.0, "val_accuracy": 0.5})
        while not (found := _run(remote)) or "epoch/loss" not in found.data.metrics:
            time.sleep(0.1)
        process.stop()
        for epoch in (1, 2):
            logger.on_epoch(epoch, {"loss": 1.0 / 2**epoch, "val_accuracy": 0.5})
        logger.on_end(TRAINING)
    assert "MLflow at http://127.0.0.1" in capsys.readouterr().err
    process.start()
    assert _run(remote).info.status == "RUNNING"
    run = remote.client().get_run(record(params, prepared, model, evaluation, remote))
    assert (run.info.run_id, run.info.status) == (_run(remote).info.run_id, "FINISHED")
    history = remote.client().get_metric_history(run.info.run_id, "epoch/loss")
    assert sorted((point.step, point.value) for point in history) == [(0, 1.0), (1, 0.5), (2, 0.25)]


def _run(server):
    """The run of the model, if it has begun."""
    client = server.client()
    experiment = client.get_experiment_by_name("toy")
    wanted = f"tags.`earmark.model_key` = '{MODEL_KEY}'"
    return next(iter(client.search_runs([experiment.experiment_id], wanted) if experiment else []), None)
