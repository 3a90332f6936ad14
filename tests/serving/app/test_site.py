"""The site over HTTP: the answers of the command line, and what gets none."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

pytestmark = pytest.mark.xdist_group("app")


def test_the_answer_is_that_of_earmark_predict(server, long_recording):
    command = [sys.executable, "-m", "earmark", "predict", "--json", str(long_recording)]
    (expected,) = json.loads(subprocess.run(command, cwd=server.study, capture_output=True, check=True).stdout)
    status, answer = server.predict(long_recording.read_bytes())
    assert (status, {"path": str(long_recording), **answer}) == (200, expected)
    assert [part["label"] for part in answer["timeline"]] == ["low", "no speech", "high"]


def test_the_second_model_the_threshold_and_the_pictures(server, long_recording):
    audio = long_recording.read_bytes()
    first, second = (server.predict(audio, f"?model={number}")[1] for number in (1, 2))
    assert first == server.predict(audio)[1] != second, "nothing is known of the second one's clips: other windows"
    assert server.predict(audio, "?unknown=1")[1]["label"] == "unknown"
    assert set(server.predict(audio, "?picture=1")[1]["picture"]) == {"wave", "windows"}


@pytest.mark.parametrize("query", ["?model=3", "?model=0", "?model=x", "?unknown=2", "?unknown=nan", "?unknown=x"])
def test_questions_that_make_no_sense(server, query):
    status, answer = server.predict(b"", query)
    assert (status, answer["reason"]) == (400, "parameter")


@pytest.mark.parametrize(
    ("audio", "status", "reason"),
    [(b"", 422, "empty"), (b"RIFF, or so it says", 415, "unreadable"), (b"\0" * 5000, 415, "unreadable")],
)
def test_what_is_no_recording(server, audio, status, reason):
    assert (server.predict(audio)[0], server.predict(audio)[1]["reason"]) == (status, reason)


def test_many_at_once_each_get_their_own_answer(server):
    clips = [server.study / "tones" / f"{label}-test.wav" for label in ("low", "high")] * 12
    with ThreadPoolExecutor(len(clips)) as threads:
        answers = list(threads.map(lambda clip: server.predict(clip.read_bytes()), clips))
    assert [(status, answer["label"]) for status, answer in answers] == [(200, c.name.split("-")[0]) for c in clips]


def test_clips_to_try_are_the_test_clips_as_they_are(server):
    about = json.loads(server.ask("GET", "/api/about")[2])
    assert about["presets"] == ["high", "low"] and about["unknown"] == 0
    assert [model["labels"] for model in about["models"]] == [["low", "high"]] * 2
    status, _, audio = server.ask("GET", "/api/presets/1")
    assert (status, audio) == (200, (server.study / "tones" / "low-test.wav").read_bytes())
    assert server.ask("GET", "/api/presets/2")[0] == server.ask("GET", "/api/presets/..%2f..%2fparams")[0] == 404


@pytest.mark.parametrize("number", ["9" * 5000, "-1", "1.0", "%C2%B2", "x"])
@pytest.mark.parametrize("address", ["/api/presets/", "/report/"])
def test_a_number_of_nothing_is_told_so(server, address, number):
    status, _, body = server.ask("GET", address + number)
    assert (status, json.loads(body)["reason"]) == (404, "unknown")


def test_the_report_may_hold_styles_but_no_script(server):
    status, headers, body = server.ask("GET", "/report/0")
    assert status == 200 and b"The report" in body
    assert (
        "script" not in headers["Content-Security-Policy"]
        and "default-src 'none'" in headers["Content-Security-Policy"]
    )
    assert server.ask("GET", "/report/1")[0] == server.ask("GET", "/report/7")[0] == 404


@pytest.mark.parametrize("path", ["/static/../site.py", "/static/%2e%2e/site.py", "/static//etc/passwd", "/results"])
def test_nothing_but_the_page_is_served(server, path):
    assert server.ask("GET", path)[0] == 404
