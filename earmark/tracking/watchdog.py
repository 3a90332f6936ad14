"""The process beside a sweep that outlives it: a sweep that dies without a word (SIGKILL) is KILLED in MLflow at once.

A training has its scribe for that. Should both die, the next run of the experiment marks them (``end_abandoned``).
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from contextlib import suppress
from multiprocessing.connection import Connection

from earmark.tracking.process import end_runs_of, mark
from earmark.tracking.server import Server, prepare_environment


class Watchdog:
    """Watches this process, until it is closed, for the runs of an experiment that this process has claimed."""

    def __init__(self, server: Server, experiment: str) -> None:
        prepare_environment()
        context = multiprocessing.get_context("spawn")
        self._connection, its = context.Pipe()
        self._process = context.Process(
            target=watch, args=(its, server, experiment, mark(os.getpid())), daemon=True, name="watchdog"
        )
        try:
            self._process.start()
        except OSError as error:
            print(f"earmark: no process to watch this one ({error}); a kill is told later", file=sys.stderr, flush=True)
        its.close()  # else its end stays open here, and it would not see this process end

    def close(self) -> None:
        """Let it go: this process has told how its runs ended."""
        with suppress(OSError):  # it is gone
            self._connection.send("told")
        if self._process.pid is not None:
            self._process.join()
        self._connection.close()


def watch(connection: Connection, server: Server, experiment: str, marked: str) -> None:
    """The process: wait for a word from the one that is ``marked``, and end its runs if none comes.

    Signals to the whole group of processes are for the sweep, which tells how it ends.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    try:
        connection.recv()
    except (EOFError, OSError):
        end_runs_of(server.client(), experiment, marked)
