"""A worker process: loads once, then answers one question at a time under limits that the kernel enforces.

Questions and answers are JSON and bytes, never pickles: a decoder that a file has taken over can only answer nonsense.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from earmark.errors import EarmarkError

Values = dict[str, Any]
Handler = Callable[[Values, bytes], tuple[Values, bytes]]
"""Question and its bytes to answer and its bytes; raises EarmarkError."""


def serve(descriptor: int, factory: str, settings: Values, memory_bytes: int) -> None:
    """Answer what comes over the socket ``descriptor`` until it closes.

    ``factory`` (``package.module:function``) makes the handler from ``settings``. Says ``{}`` once it is ready; a
    question that fails is answered with ``{"error": sentence, "reason": code}``.
    """
    with Connection(descriptor) as connection:
        try:
            handler = _made(factory, settings)
        except EarmarkError as error:
            send(connection, {"error": str(error)})
            return
        _confine(memory_bytes)
        send(connection, {})
        while (question := _next(connection)) is not None:
            send(connection, *_answer(handler, *question))


def send(connection: Connection, values: Values, data: bytes = b"") -> None:
    """One message: values as JSON, then bytes."""
    connection.send_bytes(json.dumps(values).encode())
    connection.send_bytes(data)


def receive(connection: Connection, most: int | None = None) -> tuple[Values, bytes]:
    """The next message, each part of at most ``most`` bytes.

    Raises EOFError when the other side has gone, OSError or ValueError if it is no message.
    """
    return dict(json.loads(connection.recv_bytes(most))), connection.recv_bytes(most)


def _next(connection: Connection) -> tuple[Values, bytes] | None:
    try:
        return receive(connection)
    except (EOFError, ConnectionError):
        return None


def _answer(handler: Handler, values: Values, data: bytes) -> tuple[Values, bytes]:
    try:
        return handler(values, data)
    except EarmarkError as error:
        return {"error": getattr(error, "detail", str(error)), "reason": getattr(error, "reason", "failed")}, b""
    except MemoryError:
        return {"error": "needs more memory than it may take", "reason": "too_large"}, b""
    except Exception as error:  # one file must not end the work on the others
        return {"error": f"cannot be answered ({type(error).__name__}: {error})", "reason": "failed"}, b""


def _made(factory: str, settings: Values) -> Handler:
    module, _, name = factory.partition(":")
    handler: Handler = getattr(importlib.import_module(module), name)(**settings)
    return handler


def _confine(memory_bytes: int) -> None:
    """From now on: so much more memory at most, no core dump, and silence (decoders write warnings to stderr)."""
    statm = Path("/proc/self/statm")
    if statm.is_file():  # elsewhere than on Linux the kernel does not enforce RLIMIT_AS anyway
        most = int(statm.read_text().split()[0]) * resource.getpagesize() + memory_bytes
        _lower(resource.RLIMIT_AS, most)
    _lower(resource.RLIMIT_CORE, 0)
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 2)
    os.close(null)


def _lower(kind: int, value: int) -> None:
    hard = resource.getrlimit(kind)[1]
    resource.setrlimit(kind, (value if hard == resource.RLIM_INFINITY else min(value, hard),) * 2)
