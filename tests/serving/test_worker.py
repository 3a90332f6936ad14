"""The process's side, in this process: messages, answers, and what becomes of errors."""

import socket
import threading
from multiprocessing.connection import Connection

import pytest

from earmark.audio.decode import DecodeError
from earmark.errors import EarmarkError
from earmark.serving import worker


def fussy(**settings):
    """Handler that answers with what it was made with, or fails as it is told."""
    if settings.get("broken"):
        raise EarmarkError("no such model")
    failures = {
        "decode": DecodeError("empty", "no samples", "a.wav"),
        "memory": MemoryError(),
        "bug": KeyError("x"),
        "earmark": EarmarkError("not so"),
    }

    def handler(question, data):
        if question.get("fail"):
            raise failures[question["fail"]]
        return {**settings, **question}, data[::-1]

    return handler


@pytest.fixture
def served_by(monkeypatch):
    """Settings → a connection to ``serve`` in a thread; this process keeps its own limits."""
    monkeypatch.setattr(worker, "_made", lambda factory, settings: fussy(**settings))
    monkeypatch.setattr(worker, "_confine", lambda memory_bytes: None)
    threads = []

    def start(**settings):
        ours, theirs = socket.socketpair()
        threads.append(threading.Thread(target=worker.serve, args=(theirs.detach(), "m:f", settings, 0)))
        threads[-1].start()
        return Connection(ours.detach())

    yield start
    for thread in threads:
        thread.join(5)
        assert not thread.is_alive(), "it ends when the other side closes"


def test_questions_are_answered_in_turn(served_by):
    with served_by(a=1) as connection:
        assert worker.receive(connection) == ({}, b"")
        for number in range(3):
            worker.send(connection, {"number": number}, b"abc")
            assert worker.receive(connection) == ({"a": 1, "number": number}, b"cba")


@pytest.mark.parametrize(
    ("fail", "reason", "words"),
    [
        ("decode", "empty", "no samples"),
        ("memory", "too_large", "needs more memory than it may take"),
        ("bug", "failed", "cannot be answered (KeyError: 'x')"),
        ("earmark", "failed", "not so"),
    ],
)
def test_a_failure_is_an_answer(served_by, fail, reason, words):
    with served_by() as connection:
        worker.receive(connection)
        worker.send(connection, {"fail": fail})
        assert worker.receive(connection) == ({"error": words, "reason": reason}, b"")
        worker.send(connection, {})
        assert worker.receive(connection) == ({}, b"")


def test_what_cannot_start_says_why(served_by):
    with served_by(broken=True) as connection:
        assert worker.receive(connection)[0] == {"error": "no such model"}
