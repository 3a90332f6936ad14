"""Processes that work, and what they cost: kept warm and asked for passes, or started afresh and waited for.

This process itself imports only the standard library: the kernel counts the memory of a process that starts another
towards the peak of the other.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from front_end.settings import CONTENDERS

BENCHMARKS = Path(__file__).resolve().parents[1]

ONE_THREAD = {f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL", "NUMBA", "NUMEXPR", "VECLIB")}
"""Set before anything is imported, in every process."""

QUIET = {
    "HF_HUB_OFFLINE": "1",
    "HF_DATASETS_DISABLE_PROGRESS_BARS": "1",
    "TRANSFORMERS_VERBOSITY": "error",
    "PYTHONWARNINGS": "ignore",
    "MLFLOW_DISABLE_TELEMETRY": "true",
}


class WorkFailed(Exception):
    """A process of the benchmark ended early; the message ends with what it said."""


@dataclass(frozen=True)
class Request:
    """One pass: which clips, with which settings."""

    folder: Path
    suffix: str
    settings: str
    count: int
    first: int = 0


@dataclass(frozen=True)
class Cost:
    """Seconds of CPU (all processes and threads), seconds by the clock, and the peak of memory in MB."""

    cpu: float
    wall: float
    peak: float


class Bench:
    """Where the benchmark works: a temporary folder, the interpreters, and the processes that are warm."""

    def __init__(self, scratch: Path, peers: Path | None) -> None:
        self.scratch, self.log = scratch, scratch / "log.txt"
        self._peers, self._passes = peers, 0
        self._warm: list[Worker] = []

    def __enter__(self) -> Bench:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._warm:
            worker.close()

    def command(self, module: str, is_peer: bool = False) -> list[str]:
        """How a module of this package is started, in earmark's environment or in the peers'."""
        python = self._peers / "bin" / "python" if is_peer and self._peers else Path(sys.executable)
        return [str(python), "-m", f"front_end.{module}"]

    def environment(self) -> dict[str, str]:
        """One thread for everyone, nothing from the network, this checkout's code."""
        paths = f"{BENCHMARKS}{os.pathsep}{BENCHMARKS.parent}"
        cache = {"HF_HOME": str(self.scratch / "hf")}
        programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        return {**os.environ, **ONE_THREAD, **QUIET, **cache, "PYTHONPATH": paths, "PATH": programs}

    def worker(self, name: str) -> Worker:
        """A contender's process that stays warm; call it inside ``with`` of this bench."""
        self._warm.append(Worker(self, name))
        return self._warm[-1]

    @contextmanager
    def output(self) -> Iterator[str]:
        """A new folder for one pass to write to, removed afterwards."""
        self._passes += 1
        with TemporaryDirectory(prefix=f"pass-{self._passes}-", dir=self.scratch) as folder:
            yield folder

    def fresh(self, name: str, request: Request) -> Cost:
        """The whole cost of a contender's process that does one pass and ends, start-up included."""
        with self.output() as folder:
            arguments = [name, _line(request, folder)]
            return self.run([*self.command("worker", CONTENDERS[name].is_peer), *arguments])

    def run(self, command: Sequence[str], cwd: Path | None = None) -> Cost:
        """The cost of a command and of every process it waits for; raises WorkFailed unless it succeeds."""
        with self.log.open("a") as log:
            began = time.perf_counter()
            child = subprocess.Popen(command, env=self.environment(), cwd=cwd, stdout=log, stderr=log)
            _, status, used = os.wait4(child.pid, 0)
            wall = time.perf_counter() - began
            child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            raise self.failed(command)
        return Cost(used.ru_utime + used.ru_stime, wall, used.ru_maxrss * _maxrss_unit() / 1e6)

    def failed(self, command: Sequence[str]) -> WorkFailed:
        """What to raise when ``command`` failed: its last words."""
        said = self.log.read_text(errors="replace").strip().splitlines()[-20:] if self.log.is_file() else []
        return WorkFailed("\n".join([" ".join(command), *said]))


class Worker:
    """A contender's process, warm from its first pass on."""

    def __init__(self, bench: Bench, name: str) -> None:
        self.name, self._bench = name, bench
        self._command = [*bench.command("worker", CONTENDERS[name].is_peer), name]
        with bench.log.open("a") as log:
            self._process = subprocess.Popen(
                self._command, env=bench.environment(), text=True, bufsize=1,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
            )  # fmt: skip

    def ask(self, request: Request) -> dict[str, float]:
        """CPU and wall seconds of one pass."""
        with self._bench.output() as folder:
            self.begin(request, folder)
            return self.finish()

    def begin(self, request: Request, folder: str) -> None:
        """Send a request; ``finish`` waits for its reply."""
        assert self._process.stdin
        try:
            self._process.stdin.write(_line(request, folder) + "\n")
        except OSError:
            raise self._bench.failed(self._command) from None

    def finish(self) -> dict[str, float]:
        """The reply to the last request; raises WorkFailed if the process ended instead."""
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            raise self._bench.failed(self._command)
        return dict(json.loads(line))

    def close(self) -> None:
        """End the process, if it has not ended."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.communicate()


def links(source: Path, target: Path, count: int) -> None:
    """``count`` hard links in ``target`` to the files of ``source``, under as many names as it takes."""
    target.mkdir(parents=True)
    files = sorted(source.iterdir())
    for number in range(count):
        path, copy = files[number % len(files)], number // len(files)
        _link(path, target / f"{path.stem}-{copy:03d}{path.suffix}")


def _link(path: Path, target: Path) -> None:
    try:
        os.link(path, target)
    except OSError:  # a file system without hard links, or with a limit to their number
        shutil.copyfile(path, target)


def _line(request: Request, output: str) -> str:
    values: dict[str, Any] = {**vars(request), "folder": str(request.folder), "output": output}
    return json.dumps(values)


def _maxrss_unit() -> int:
    """Bytes in one of ``ru_maxrss``: Linux counts in KiB, macOS in bytes."""
    return 1 if sys.platform == "darwin" else 1024
