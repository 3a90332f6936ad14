"""A training as it happens: a listener that hands each epoch to the scribe and tells how the training ended."""

from __future__ import annotations

import multiprocessing
import os
import socket
import sys
import time
from contextlib import suppress
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from types import TracebackType
from typing import Any, Self

from earmark.config import Params
from earmark.provenance import Provenance
from earmark.tracking.ending import ending, terminable
from earmark.tracking.run import Training, section
from earmark.tracking.scribe import Assignment, Ending, Epoch, write
from earmark.tracking.server import Server, prepare_environment

PATIENCE = 60.0
"""Seconds that a training which has ended waits for its run to be written."""

PRELOADED = [
    "mlflow.store.tracking.sqlalchemy_store",
    "mlflow.system_metrics.system_metrics_monitor",
    "earmark.tracking.scribe",
]
"""Imported before the first scribe is forked, beside the training; later ones are there at once."""

TRAINING = "training"
"""Section of the metrics that sum up a training."""

HOST_TAG, ENGINE_TAG = "earmark.host", "earmark.engine"
"""Where a model was trained, and by what: ``keras 3.15 tensorflow 2.21 on cpu``."""

TIMES = ("seconds", "first_epoch_seconds", "epoch_seconds")
SUMMARY = ("epochs", "best_epoch", *TIMES, "parameters", "train", "val", "reference")
"""What of ``training.json`` and ``timing.json`` is in it; the clips per class are not, the data sets show them."""


class RunLogger:
    """A training listener that shows the training in MLflow while it runs; use as a context manager around it.

    The run is written by a process of its own. Leaving the context by an error marks the run FAILED, by SIGINT or
    SIGTERM KILLED, with the reason as a tag; the process sees SIGKILL, too. A server that does not answer costs a
    warning, not the training: ``record`` completes the run afterwards.
    """

    def __init__(self, params: Params, provenance: Provenance, server: Server | None = None) -> None:
        """``provenance`` is the model's: its key identifies the run, its manifest is the data digest."""
        self._server = server or Server.find()
        self._training = Training(params, provenance.key, str(provenance.inputs["manifest"]))
        self._scribe: _Hand | None = None
        self._signals = terminable()

    def __enter__(self) -> Self:
        self._signals.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._signals.__exit__(None, None, None)
        if error is not None and self._scribe is not None:
            self._scribe.end(Ending(*ending(error)))

    def on_begin(self, info: dict[str, Any]) -> None:
        """Have the run found or created, and marked running."""
        tags = {HOST_TAG: socket.gethostname()} | ({ENGINE_TAG: info["engine"]} if "engine" in info else {})
        self._scribe = _Hand(Assignment(self._server, self._training, os.getpid(), tags))

    def on_epoch(self, epoch: int, metrics: dict[str, float]) -> None:
        """Hand over an epoch's metrics."""
        assert self._scribe is not None, "on_begin comes first"
        self._scribe.tell(Epoch(epoch, metrics))

    def on_end(self, training: dict[str, Any]) -> None:
        """Have the rest sent with the summary, and the run marked finished."""
        assert self._scribe is not None, "on_begin comes first"
        self._scribe.end(Ending("FINISHED", figures=summary(training)))


class _Hand:
    """The scribe at work, as the training sees it: what it is told never waits for MLflow."""

    def __init__(self, assignment: Assignment) -> None:
        prepare_environment()
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(PRELOADED)
        own, its = context.Pipe()
        self._connection: Connection = own
        self._uri = assignment.server.uri
        self._process: BaseProcess | None = context.Process(target=write, args=(its, assignment), daemon=True)
        try:
            self._process.start()
        except OSError as error:  # no process to be had, or a path of TMPDIR that is too long for its socket
            self._process = None
            _warn(f"no process to write to MLflow ({error}); the run is written when it is published")
        its.close()  # else its end stays open here, and it would not see this process end

    def tell(self, message: Epoch | Ending) -> None:
        """Hand over a message, and print what the scribe warns of."""
        with suppress(OSError):  # it has ended, and said why
            self._connection.send(message)
        self._listen()

    def end(self, message: Ending) -> None:
        """Tell how it ended, and wait until that is written, or until ``PATIENCE`` is over."""
        self.tell(message)
        if self._process is not None:
            self._wait(self._process)
        self._connection.close()

    def _wait(self, process: BaseProcess) -> None:
        until = time.monotonic() + PATIENCE
        while process.is_alive() and time.monotonic() < until:
            process.join(0.2)
            self._listen()
        if process.is_alive():
            _warn(f"MLflow at {self._uri} takes more than {PATIENCE:g} s; the run is completed when it is published")
            process.kill()

    def _listen(self) -> None:
        with suppress(EOFError, OSError):  # it has ended
            while self._connection.poll():
                _warn(self._connection.recv())


def _warn(text: str) -> None:
    print(f"earmark: {text}", file=sys.stderr, flush=True)


def summary(training: dict[str, Any]) -> dict[str, float]:
    """``training/seconds``, ``training/val.accuracy``, … of the contents of ``training.json`` and ``timing.json``."""
    found = section(TRAINING, {name: training[name] for name in SUMMARY if name in training})
    rate = images_per_second(training)
    return found | ({} if rate is None else {f"{TRAINING}/images_per_second": rate})


def images_per_second(training: dict[str, Any]) -> float | None:
    """Training examples (images, or their features) in an epoch over its time, in which validation is too."""
    counted, seconds = training.get("windows", training.get("clips")), training.get("epoch_seconds")
    return sum(counted["train"].values()) / seconds if counted and seconds else None
