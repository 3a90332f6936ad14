"""Starting and ending the server."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from earmark.errors import EarmarkError
from earmark.serving.app.model import Served
from earmark.serving.app.server import listening, site
from earmark.serving.options import STANDARD, Options


def test_an_address_that_is_taken_or_not_ours():
    with listening("127.0.0.1", 0) as sock:
        assert sock.getsockname()[0] == "127.0.0.1"
        with pytest.raises(EarmarkError, match="choose --host or --port"):
            listening("127.0.0.1", sock.getsockname()[1])
    with pytest.raises(EarmarkError, match="cannot be listened at"):
        listening("no.such.host.invalid", 0)


def test_workers_are_warm_before_the_first_request(pitch_study):
    made = site([Served(pitch_study / "results" / "model", "pitch")], Options(unknown=0.5), 1)
    assert len(made.workers.processes()) == 1 and made.unknown == 0.5
    assert [preset.label for preset in made.presets] == ["high", "low"]
    made.workers.close()


def test_a_study_may_be_kept_to_oneself(pitch_study):
    made = site([Served(pitch_study / "results" / "model", "pitch", open=False)], STANDARD, 1)
    assert made.presets == [] and not made.models[0].about()["report"]
    made.workers.close()


def test_a_model_of_no_use_stops_the_start(tmp_path):
    with pytest.raises(EarmarkError, match="not a model folder"):
        site([Served(tmp_path, "nothing")], STANDARD, 1)


def test_the_end_of_the_server_is_the_end_of_its_workers(pitch_study, tmp_path):
    command = [sys.executable, "-m", "earmark", "app", "--port", "0", "--workers", "1"]
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    with subprocess.Popen(command, cwd=pitch_study, env=environment, stdout=subprocess.PIPE, text=True) as process:
        port = int(process.stdout.readline().split("/")[2].split(":")[1])
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        process.kill()
    assert children
    end = time.monotonic() + 20
    while any(_lives(child) for child in children):
        assert time.monotonic() < end
        time.sleep(0.05)
    with socket.socket() as sock:
        assert sock.connect_ex(("127.0.0.1", port))


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_in_peace_and_leaves_nothing(pitch_study, tmp_path, how):
    command = [sys.executable, "-m", "earmark", "app", "--port", "0", "--workers", "1"]
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    with subprocess.Popen(command, cwd=pitch_study, env=environment, stdout=subprocess.PIPE, text=True) as process:
        address = process.stdout.readline().split()[1]
        urllib.request.urlopen(f"{address}api/about").close()
        process.send_signal(how)
        assert process.wait(30) == 0
    assert list(tmp_path.glob("earmark-*")) == []


def _lives(process: str) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False
