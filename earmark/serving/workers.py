"""A pool of worker processes: one dies of a bad file, the others go on, and another takes its place."""

from __future__ import annotations

import json
import os
import queue
import signal
import socket
import subprocess
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Self

from earmark.audio.decode import DecodeError
from earmark.errors import EarmarkError
from earmark.serving.worker import Values, receive, send

START = "import json, sys; a = json.loads(sys.argv[1]); sys.path[:] = a.pop('path'); " \
        "from earmark.serving.worker import serve; serve(**a)"  # fmt: skip
"""Run by a new Python, which inherits nothing: no lock of a thread, no open file, no ``__main__`` to import again."""

MOST_FAILURES = 500
"""Questions that a worker may fail at before another takes its place: libsndfile keeps 3 kB of each damaged Ogg."""

Question = tuple[Values, bytes]
Answer = tuple[Values, bytes]


@dataclass(frozen=True)
class Job:
    """What workers do: the ``factory`` of their handler, its ``settings`` (JSON), and the memory they may take.

    ``seconds`` is the wall-clock time that a question may take, None for any.
    """

    factory: str
    settings: Values = field(default_factory=dict)
    memory_bytes: int = 2 << 30
    seconds: float | None = None


class Workers:
    """``count`` processes at most, started when they are needed; any number of threads may ask."""

    def __init__(self, job: Job, count: int = 1) -> None:
        self._job, self.count = job, count
        self._free: queue.LifoQueue[_Worker | None] = queue.LifoQueue()
        self._working: set[_Worker] = set()
        self._is_over = False
        for _ in range(count):
            self._free.put(None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def ask(self, values: Values, data: bytes = b"") -> Answer:
        """The answer to one question, waiting for a free worker.

        Raises EarmarkError if no worker can be started, DecodeError (crashed, too_slow) if one dies of it or is
        stopped, and DecodeError with the reason that it gives.
        """
        worker = self._free.get()
        try:
            worker = worker or _Worker(self._job)
            self._working.add(worker)
            if self._is_over:  # since it was started
                raise DecodeError("stopped", "nobody waits for the answer any more")
            answer, payload = worker.ask(values, data)
            self._working.discard(worker)
            worker = self._renewed(worker)
        except BaseException:
            if worker:
                self._working.discard(worker)
                worker.stop()
            worker = None
            raise
        finally:
            self._free.put(worker)
        if "error" in answer:
            raise DecodeError(str(answer.get("reason", "failed")), str(answer["error"]))
        return answer, payload

    def each(self, questions: Iterable[Question]) -> Iterator[Answer | DecodeError]:
        """Answers, or why there is none, in the order of the questions; as many at a time as there are workers."""
        with ThreadPoolExecutor(self.count) as threads:
            try:
                yield from threads.map(self._caught, questions)
            except BaseException:  # Ctrl-C, or nobody wants the rest
                threads.shutdown(wait=False, cancel_futures=True)
                self._break_off()
                raise

    def processes(self) -> list[int]:
        """Ids of the processes that wait for a question."""
        with self._free.mutex:
            return [worker.process_id for worker in self._free.queue if worker]

    def close(self) -> None:
        """End all processes; a question that one is at gets no answer."""
        self._break_off()
        for _ in range(self.count):
            try:
                worker = self._free.get_nowait()
            except queue.Empty:
                return
            if worker:
                worker.stop()

    def _break_off(self) -> None:
        """End the processes that are at work, for good; those who asked hear that it crashed."""
        self._is_over = True
        for worker in list(self._working):
            worker.kill()

    def _renewed(self, worker: _Worker) -> _Worker | None:
        """None in place of a worker that has seen enough."""
        if worker.failures < MOST_FAILURES:
            return worker
        worker.stop()
        return None

    def _caught(self, question: Question) -> Answer | DecodeError:
        try:
            return self.ask(*question)
        except DecodeError as error:
            return error


class _Worker:
    """One process, and the socket to it."""

    def __init__(self, job: Job) -> None:
        self._job, self.failures = job, 0
        ours, theirs = socket.socketpair()
        with theirs:
            arguments = {"descriptor": theirs.fileno(), "factory": job.factory, "settings": job.settings}
            values = json.dumps({**arguments, "memory_bytes": job.memory_bytes, "path": sys.path})
            # its own session: Ctrl-C is for the parent, which then closes the socket
            self._process = subprocess.Popen(
                [sys.executable, "-c", START, values],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, pass_fds=[theirs.fileno()],
                start_new_session=True, env=os.environ | SINGLE,
            )  # fmt: skip
        self._connection = Connection(ours.detach())
        try:
            ready, _ = receive(self._connection, job.memory_bytes)
        except (EOFError, OSError):
            why = self._ending()
            self.stop()
            raise EarmarkError(f"a worker process {why} at its start") from None
        if "error" in ready:
            self.stop()
            raise EarmarkError(ready["error"])

    @property
    def process_id(self) -> int:
        """Of the process."""
        return self._process.pid

    def ask(self, values: Values, data: bytes) -> Answer:
        """The answer; raises DecodeError if there is none."""
        try:
            send(self._connection, values, data)
            if not self._connection.poll(self._job.seconds):
                raise DecodeError("too_slow", f"not read within {self._job.seconds:g} s")
            answer = receive(self._connection, self._job.memory_bytes)  # it cannot be larger than what it was made in
        except (EOFError, OSError, ValueError):
            raise DecodeError("crashed", f"what decodes it {self._ending()}; the file is damaged or hostile") from None
        self.failures += "error" in answer[0]
        return answer

    def kill(self) -> None:
        """End the process while another thread waits for its answer, and stops it then."""
        self._process.kill()

    def stop(self) -> None:
        """End the process."""
        self._connection.close()
        self._process.kill()
        self._process.wait()

    def _ending(self) -> str:
        """How the process ended, in words."""
        try:
            code = self._process.wait(10)
        except subprocess.TimeoutExpired:
            return "answers nonsense"
        if code == -signal.SIGXCPU:
            return "took too much processor time"
        return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"


SINGLE = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
"""Workers share the cores; each computes on one."""


def cores() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
