"""Which process works on a run, so that one that died without a word (SIGKILL, a power cut) is not RUNNING for ever.

What dies so cannot say it. A process beside it does (``scribe``, ``watchdog``); where that died too, the next training,
sweep or publication of the same experiment on that machine.
"""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING

from earmark.tracking.run import REASON_TAG

if TYPE_CHECKING:
    from mlflow import MlflowClient

PROCESS_TAG = "earmark.process"
"""Host, number and start (clock ticks since boot, where the system tells) of the process that works on a run."""

REASON = "its process ended without a word"


def claim(client: MlflowClient, run_id: str, process: int | None = None) -> str:
    """Mark a run as one that a process, if not named this one, works on; returns the mark."""
    marked = mark(process or os.getpid())
    client.set_tag(run_id, PROCESS_TAG, marked)
    client.update_run(run_id, status="RUNNING")
    return marked


def mark(number: int) -> str:
    """What ``PROCESS_TAG`` says of a process of this machine."""
    return f"{socket.gethostname()} {number} {_start(number)}".rstrip()


def end_abandoned(client: MlflowClient, experiment: str) -> None:
    """Mark the runs of an experiment KILLED that are RUNNING although their process, on this machine, is gone."""
    for run in client.search_runs([experiment], "attributes.status = 'RUNNING'"):
        if is_gone(run.data.tags.get(PROCESS_TAG, "")):
            end_badly(client, run.info.run_id)


def end_runs_of(
    client: MlflowClient, experiment: str, marked: str, status: str = "KILLED", reason: str = REASON
) -> None:
    """End the runs of an experiment that are RUNNING by a process, by its mark, of which the end was seen."""
    for run in client.search_runs([experiment], "attributes.status = 'RUNNING'"):
        if run.data.tags.get(PROCESS_TAG) == marked:
            end_badly(client, run.info.run_id, status, reason)


def end_badly(client: MlflowClient, run_id: str, status: str = "KILLED", reason: str = REASON) -> None:
    """Mark a run that came to no end, FAILED or KILLED, with the reason."""
    client.set_tag(run_id, REASON_TAG, reason[:5000])
    client.set_terminated(run_id, status)


def is_gone(marked: str) -> bool:
    """Whether a marked process was of this machine and is no more; of others nothing is known."""
    host, _, rest = marked.partition(" ")
    number = rest.partition(" ")[0]
    if host != socket.gethostname() or not number.isdecimal():
        return False
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except PermissionError:  # another user's, so it lives
        pass
    return mark(int(number)) != marked  # the number was given to another process


def _start(number: int) -> str:
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""
