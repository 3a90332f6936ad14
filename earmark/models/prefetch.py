"""Overlap: a thread makes the next items while the present one is worked on."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from queue import Empty, Full, Queue
from threading import Event, Thread
from typing import TypeVar

T = TypeVar("T")

POLL = 0.1
"""Seconds after which a thread that waits looks whether it is still wanted."""


def prefetch(items: Iterable[T], depth: int) -> Generator[T, None, None]:
    """The same ``items`` in the same order, made by a thread that is at most ``depth`` of them ahead.

    With ``depth`` 0 each is made when it is asked for. What making an item raises is raised here in its place. The
    thread ends when this iterator is closed or collected.
    """
    if not depth:
        yield from items
        return
    queue: Queue[T | _End] = Queue(depth)
    stop = Event()
    thread = Thread(target=_fill, args=(queue, items, stop), name="prefetch", daemon=True)
    thread.start()
    try:
        while not isinstance(item := queue.get(), _End):
            yield item
        if item.error is not None:
            raise item.error
    finally:
        stop.set()
        _drain(queue)
        thread.join()


class _End:
    """No more items follow, because of ``error`` if there is one."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error


def _fill(queue: Queue[T | _End], items: Iterable[T], stop: Event) -> None:
    end = _End()
    try:
        for item in items:
            if not _put(queue, item, stop):
                return
    except BaseException as error:  # whatever it is belongs to the thread that takes the items
        end = _End(error)
    _put(queue, end, stop)


def _put(queue: Queue[T | _End], item: T | _End, stop: Event) -> bool:
    """Wait for room; whether there was some before ``stop``."""
    while not stop.is_set():
        try:
            queue.put(item, timeout=POLL)
        except Full:
            continue
        return True
    return False


def _drain(queue: Queue[T | _End]) -> None:
    """Make room, so that a thread that waits for it sees at once that it may stop."""
    try:
        while True:
            queue.get_nowait()
    except Empty:
        return
