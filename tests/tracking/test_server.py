import os
import subprocess
import sys

import pytest

from earmark.errors import EarmarkError
from earmark.tracking import Server


def test_the_environment_names_the_server(monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://example.invalid:5000")
    assert Server.find() == Server("http://example.invalid:5000", None)


def test_the_default_is_the_main_checkout_s_own_store(tmp_path, monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    queued = tmp_path / ".dvc" / "tmp" / "exps" / "abc"
    assert Server.find(queued) == Server.find(tmp_path) == Server.local(tmp_path / "mlruns")


@pytest.mark.parametrize("named", [None, "sqlite:///somebody/else.db"])
def test_a_client_leaves_the_environment_to_the_user(server, monkeypatch, named):
    if named:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", named)
    server.client()
    assert os.environ.get("MLFLOW_TRACKING_URI") == named


def test_a_run_is_looked_for_without_mlflow(server):
    client = server.client()
    run_id = client.create_run(client.create_experiment("toy")).info.run_id
    assert not server.may_hold("toy", run_id), "without its artifacts it is not whole"
    (server.location("toy") / run_id).mkdir(parents=True)
    assert server.may_hold("toy", run_id)
    assert not server.may_hold("toy", "another")
    (server.artifacts.parent / "mlflow.db").unlink()
    assert not server.may_hold("toy", run_id)


def test_a_remote_server_is_believed():
    assert Server("http://example.invalid").may_hold("toy", "run")


def test_a_server_that_does_not_answer_is_explained(monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    server = Server("http://127.0.0.1:9")
    client = server.client()
    with pytest.raises(EarmarkError, match=r"127\.0\.0\.1:9.*Check the server"), server.explained():
        client.get_experiment_by_name("toy")


def test_importing_the_room_does_not_import_mlflow():
    code = "import sys, earmark.tracking; sys.exit('mlflow' in sys.modules or 'pandas' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
