"""A training as it happens: a listener that sends each epoch to the run and tells how the training ended."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from earmark.config import Params
from earmark.provenance import Provenance
from earmark.tracking.ending import ending, terminable
from earmark.tracking.process import claim, end_abandoned
from earmark.tracking.run import REASON_TAG, Epochs, Training, log_scalars, section
from earmark.tracking.server import Server

if TYPE_CHECKING:
    from mlflow import MlflowClient

FLUSH_SECONDS = 1.0
"""Epochs are sent about this often …"""

FLUSH_SHARE = 0.015
"""… and, where sending is slow, seldom enough to cost at most this share of the training time."""


TRAINING = "training"
"""Section of the metrics that sum up a training."""

TIMES = ("seconds", "first_epoch_seconds", "epoch_seconds")
SUMMARY = ("epochs", "best_epoch", *TIMES, "first_epoch", "parameters", "train", "val", "reference")
"""What of ``training.json`` and ``timing.json`` is in it; the clips per class are not, the data sets show them."""


class RunLogger:
    """A training listener that shows the training in MLflow while it runs; use as a context manager around it.

    Leaving the context by an error marks the run FAILED, by SIGINT or SIGTERM KILLED, with the reason as a tag. A run
    that SIGKILL left RUNNING is continued by the next training of the same key. A server that stops answering costs a
    warning, not the training: ``record`` completes the run afterwards.
    """

    def __init__(self, params: Params, provenance: Provenance, server: Server | None = None) -> None:
        """``provenance`` is the model's: its key identifies the run, its manifest is the data digest."""
        self._server = server or Server.find()
        self._training = Training(params, provenance.key, str(provenance.inputs["manifest"]))
        self._sender: _Sender | None = None
        self._signals = terminable()

    def __enter__(self) -> Self:
        self._signals.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._signals.__exit__(None, None, None)
        if error is not None and self._sender is not None:
            self._sender.abort(error)

    def on_begin(self, info: dict[str, Any]) -> None:
        """Find or create the run and mark it running; raises EarmarkError if the server cannot be reached."""
        client = self._server.client()
        with self._server.explained():
            self._sender = _Sender(client, self._server, self._training)

    def on_epoch(self, epoch: int, metrics: dict[str, float]) -> None:
        """Note an epoch's metrics and send what has gathered, about once a second."""
        assert self._sender is not None, "on_begin comes first"
        self._sender.epoch(epoch, metrics)

    def on_end(self, training: dict[str, Any]) -> None:
        """Send the rest and the summary, and mark the run finished."""
        assert self._sender is not None, "on_begin comes first"
        self._sender.finish(training)


class _Sender:
    """The open run of a training; its methods warn instead of failing when the server does not answer."""

    def __init__(self, client: MlflowClient, server: Server, training: Training) -> None:
        self._client, self._server = client, server
        self._run = training.run(client, server)
        self._run_id = self._run.info.run_id
        self._epochs = Epochs(client, self._run_id)
        self._next_flush = 0.0
        end_abandoned(client, self._run.info.experiment_id)
        claim(client, self._run_id)
        if REASON_TAG in self._run.data.tags:
            client.delete_tag(self._run_id, REASON_TAG)

    def epoch(self, epoch: int, metrics: dict[str, float]) -> None:
        self._epochs.add(epoch, metrics)
        started = time.monotonic()
        if started >= self._next_flush:
            with self._tolerated():
                self._epochs.flush()
            ended = time.monotonic()
            self._next_flush = ended + max(FLUSH_SECONDS, (ended - started) / FLUSH_SHARE)

    def finish(self, training: dict[str, Any]) -> None:
        with self._tolerated():
            self._epochs.flush()
            log_scalars(self._client, self._run, summary(training))
            self._client.set_terminated(self._run_id, "FINISHED")

    def abort(self, error: BaseException) -> None:
        status, reason = ending(error)
        with self._tolerated():
            self._epochs.flush()
            self._client.set_tag(self._run_id, REASON_TAG, reason)
            self._client.set_terminated(self._run_id, status)

    @contextmanager
    def _tolerated(self) -> Iterator[None]:
        from mlflow.exceptions import MlflowException

        try:
            yield
        except MlflowException as error:
            print(f"earmark: MLflow at {self._server.uri}: {error}; the training goes on", file=sys.stderr, flush=True)


def summary(training: dict[str, Any]) -> dict[str, float]:
    """``training/seconds``, ``training/val.accuracy``, … of the contents of ``training.json`` and ``timing.json``."""
    return section(TRAINING, {name: training[name] for name in SUMMARY if name in training})
