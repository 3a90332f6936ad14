"""How a run ends that does not finish: killed or failed, and the reason as a tag."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Terminated(SystemExit):
    """SIGTERM as an exception, so that the run is marked before the process ends with its conventional code."""

    def __init__(self) -> None:
        super().__init__(128 + signal.SIGTERM)


@contextmanager
def terminable() -> Iterator[None]:
    """Inside, SIGTERM raises ``Terminated`` (in the main thread; elsewhere nothing changes)."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, _terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def ending(error: BaseException) -> tuple[str, str]:
    """MLflow's status of a run that ``error`` ended, KILLED or FAILED, and the reason in words."""
    killed = isinstance(error, (KeyboardInterrupt, SystemExit))
    reason = "SIGTERM" if isinstance(error, Terminated) else f"{type(error).__name__}: {error}".rstrip(": ")
    return "KILLED" if killed else "FAILED", reason


def _terminate(number: int, frame: FrameType | None) -> None:
    raise Terminated
