"""Real processes: limits that the kernel enforces, deaths that are survived, many threads that ask."""

import signal
from concurrent.futures import ThreadPoolExecutor

import pytest

from earmark.audio.decode import DecodeError
from earmark.errors import EarmarkError
from earmark.serving import workers
from earmark.serving.workers import Job, Workers, cores

HANDLERS = """
import os, time
from earmark.errors import EarmarkError
from earmark.serving.decoding import limited_cpu

def making(broken=False):
    if broken:
        raise EarmarkError("results/model: not a model folder")
    return handler

def handler(question, data):
    kept = bytearray(question.get("memory", 0))
    if "signal" in question:
        os.kill(os.getpid(), question["signal"])
    if "exit" in question:
        os._exit(question["exit"])
    with limited_cpu(question.get("cpu", 100)):
        while question.get("cpu"):
            pass
    time.sleep(question.get("sleep", 0))
    os.write(2, b"a decoder's warning")
    return {"process": os.getpid(), "number": question.get("number"), "length": len(data)}, data

def dying():
    os._exit(3)
"""


@pytest.fixture
def job(tmp_path, monkeypatch):
    (tmp_path / "handlers.py").write_text(HANDLERS)
    monkeypatch.syspath_prepend(tmp_path)
    return lambda name="making", **options: Job(f"handlers:{name}", **options)


def test_bad_questions_kill_one_worker_each_and_nothing_else(job, capfd):
    with Workers(job(memory_bytes=200 << 20)) as pool:
        first, _ = pool.ask({}, b"x" * 5_000_000)
        assert first["length"] == 5_000_000
        assert pool.ask({"number": 2})[0]["process"] == first["process"] == pool.processes()[0]
        for question, reason, words in (
            ({"memory": 1 << 30}, "too_large", "more memory than it may take"),
            ({"signal": signal.SIGSEGV}, "crashed", "was killed by SIGSEGV; the file is damaged or hostile"),
            ({"exit": 7}, "crashed", "ended with exit code 7"),
            ({"cpu": 1}, "crashed", "took too much processor time"),
        ):
            with pytest.raises(DecodeError, match=words) as failure:
                pool.ask(question)
            assert failure.value.reason == reason
        assert pool.ask({"number": 3})[0]["number"] == 3
    assert pool.processes() == []
    assert capfd.readouterr() == ("", "")


def test_a_worker_that_hangs_is_stopped(job):
    with Workers(job(seconds=0.5)) as pool, pytest.raises(DecodeError, match=r"not read within 0\.5 s"):
        pool.ask({"sleep": 60})


def test_answers_come_in_order_whoever_gives_them(job):
    questions = [({"number": n, **({"exit": 1} if n == 5 else {})}, b"") for n in range(12)]
    with Workers(job(), 2) as pool:
        answers = list(pool.each(questions))
        assert len(pool.processes()) in (1, 2), "the one that died comes back when it is needed"
    assert [a if isinstance(a, DecodeError) else a[0]["number"] for a in answers if a is not answers[5]] == [
        n for n in range(12) if n != 5
    ]
    assert answers[5].reason == "crashed"


def test_many_threads_may_ask(job):
    with Workers(job(), 2) as pool, ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda n: pool.ask({"number": n}, bytes([n]))[1], range(64)))
    assert answers == [bytes([n]) for n in range(64)]


def test_a_worker_that_met_many_bad_files_is_replaced(job, monkeypatch):
    monkeypatch.setattr(workers, "MOST_FAILURES", 2)
    with Workers(job(memory_bytes=200 << 20)) as pool:
        pool.ask({})
        before = pool.processes()
        for left in (before, []):
            with pytest.raises(DecodeError):
                pool.ask({"memory": 1 << 30})
            assert pool.processes() == left
        assert pool.ask({})[0]["process"] not in before


def test_workers_that_cannot_start_say_why(job):
    with Workers(job(settings={"broken": True})) as pool, pytest.raises(EarmarkError, match="not a model folder"):
        pool.ask({})
    with Workers(job("dying")) as pool, pytest.raises(EarmarkError, match="exit code 3 at its start"):
        pool.ask({})


def test_cores():
    assert cores() >= 1


def test_who_wants_no_more_answers_does_not_wait_for_those_in_work(job):
    """The second question takes longer than any test may."""
    with Workers(job(), count=2) as pool:
        answers = pool.each(({"sleep": seconds}, b"") for seconds in (0, 100_000, 100_000))
        assert next(answers)[0]["process"]
        answers.close()
    assert pool.processes() == []
