"""The process beside a training that writes its run, so that nothing MLflow does can hold the training up.

It imports mlflow, gathers epochs while a server is slow or away, samples the machine, and sees when the training's
process ends without a word. What it cannot send by the end, ``record`` sends after the training.
"""

from __future__ import annotations

import queue
import signal
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING

from earmark.tracking.process import PROCESS_TAG, REASON, claim, end_abandoned
from earmark.tracking.run import REASON_TAG, Epochs, Training, log_scalars
from earmark.tracking.server import Server

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run
    from mlflow.system_metrics.system_metrics_monitor import SystemMetricsMonitor

FLUSH_SECONDS = 1.0
"""Epochs are sent about this often …"""

FLUSH_SHARE = 0.015
"""… and, where sending is slow, seldom enough to cost at most this share of the time, of whichever machine."""

SAMPLE_SECONDS = 5.0
"""CPU, memory, disk, network and GPU are looked at this often, unless mlflow's own variable says otherwise."""

FIRST_SECONDS = 1.0
"""Of this time the first sample tells how busy the CPU was."""


@dataclass(frozen=True)
class Epoch:
    """Metrics of an epoch (from 0)."""

    number: int
    metrics: dict[str, float]


@dataclass(frozen=True)
class Ending:
    """How a training ended: MLflow's status, why if badly, and metrics that sum it up."""

    status: str
    reason: str | None = None
    figures: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Assignment:
    """What a scribe writes: the run of a ``training`` on a ``server``, by which process, with which more tags."""

    server: Server
    training: Training
    process: int
    tags: Mapping[str, str]


def write(connection: Connection, assignment: Assignment) -> None:
    """The process: read ``Epoch`` and ``Ending`` from ``connection``, answer it with warnings (text).

    Signals to the whole group of processes are for the training, which tells how it ends.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    _Scribe(connection, assignment).work()


class _Scribe:
    def __init__(self, connection: Connection, assignment: Assignment) -> None:
        self._connection, self._assignment = connection, assignment
        self._inbox: queue.SimpleQueue[Epoch | Ending] = queue.SimpleQueue()
        self._waiting: list[Epoch] = []
        self._run: _OpenRun | None = None
        self._next_flush = 0.0
        self._is_away = False
        threading.Thread(target=self._listen, daemon=True).start()

    def work(self) -> None:
        """Until the training has ended."""
        self._flush()
        while not isinstance(message := self._next(), Ending):
            self._waiting += [message] if message else []
            if time.monotonic() >= self._next_flush:
                self._flush()
        with self._tolerated():
            self._send()
            assert self._run is not None
            self._run.close(message)

    def _listen(self) -> None:
        """Empty the pipe at once, whatever sending does: a full one would stop the training."""
        try:
            while True:
                self._inbox.put(self._connection.recv())
        except (EOFError, OSError):
            self._inbox.put(Ending("KILLED", REASON))

    def _next(self) -> Epoch | Ending | None:
        """The next message; None when it is time to send what there is."""
        patience = max(self._next_flush - time.monotonic(), 0.0) if self._waiting else None
        try:
            return self._inbox.get(timeout=patience)
        except queue.Empty:
            return None

    def _flush(self) -> None:
        self._next_flush = time.monotonic() + FLUSH_SECONDS
        with self._tolerated():
            self._send()

    def _send(self) -> None:
        if self._run is None:
            self._run = _OpenRun(self._assignment)
        started = time.monotonic()
        self._run.epochs(self._waiting)
        self._waiting.clear()
        ended = time.monotonic()
        self._next_flush = ended + max(FLUSH_SECONDS, (ended - started) / FLUSH_SHARE)

    @contextmanager
    def _tolerated(self) -> Iterator[None]:
        """Say what goes wrong, once until it goes well again; nothing that can go wrong here is worth a training."""
        try:
            yield
        except Exception as error:
            if not self._is_away:
                self._warn(f"{error}; the training goes on")
            self._is_away = True
        else:
            if self._is_away:
                self._warn("answers again")
            self._is_away = False

    def _warn(self, text: str) -> None:
        with suppress(OSError):  # nobody is left to hear it
            self._connection.send(f"MLflow at {self._assignment.server.uri}: {text}")


class _OpenRun:
    """The run of a training that goes on."""

    def __init__(self, assignment: Assignment) -> None:
        self._client: MlflowClient = assignment.server.client()
        self._run: Run = assignment.training.run(self._client, assignment.server)
        self._id = str(self._run.info.run_id)
        end_abandoned(self._client, self._run.info.experiment_id)
        self._mark = claim(self._client, self._id, assignment.process)
        if REASON_TAG in self._run.data.tags:
            self._client.delete_tag(self._id, REASON_TAG)
        for name, value in assignment.tags.items():
            self._client.set_tag(self._id, name, value)
        self._epochs = Epochs(self._client, self._id)
        self._monitor = _monitor(self._id, assignment.server.uri)

    def epochs(self, found: list[Epoch]) -> None:
        """Send epochs; those that cannot be sent go with the next."""
        for epoch in found:
            self._epochs.add(epoch.number, epoch.metrics)
        self._epochs.flush()

    def close(self, ending: Ending) -> None:
        """Send the rest, and say how it ended, unless another training goes on with the run by now."""
        self._monitor.finish()
        if self._client.get_run(self._id).data.tags.get(PROCESS_TAG) != self._mark:
            return
        log_scalars(self._client, self._run, ending.figures)
        if ending.reason:
            self._client.set_tag(self._id, REASON_TAG, ending.reason)
        self._client.set_terminated(self._id, ending.status)


def _monitor(run_id: str, uri: str) -> SystemMetricsMonitor:
    """MLflow's own monitor at work: ``system/cpu_utilization_percentage``, …; a later training goes on after it."""
    import psutil
    from mlflow.system_metrics.system_metrics_monitor import SystemMetricsMonitor

    class Monitor(SystemMetricsMonitor):
        def monitor(self) -> None:
            psutil.cpu_percent()  # is since the same thread's call before, and 0 at first
            self._shutdown_event.wait(FIRST_SECONDS)
            super().monitor()

    monitor = Monitor(run_id, SAMPLE_SECONDS, resume_logging=True, tracking_uri=uri)
    monitor.start()
    return monitor
