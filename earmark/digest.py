"""Content digests: of values (canonical JSON) and of files (SHA-256, cached by path, size and modification time)."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import time
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

KEY_LENGTH = 20
"""Hexadecimal digits of a content key: 80 bits, a collision among 10^9 products has a chance below 10^-6."""

RACY_NS = 50_000_000
"""A file younger than this (ns) may change again within its time stamp's granularity, so its digest is not cached."""


def canonical(value: Any) -> str:
    """One string per value: JSON with sorted keys and no spaces, so that equal values have equal digests."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def digest(*parts: Any) -> str:
    """Content key of JSON-serialisable ``parts``: the first 20 hexadecimal digits of their SHA-256."""
    return hashlib.sha256(canonical(parts).encode()).hexdigest()[:KEY_LENGTH]


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes, 64 hexadecimal digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


class FileDigests:
    """SHA-256 of files, read again only when path, size or modification time differ from the last time.

    A no-op run over 20,000 clips costs 20,000 ``stat`` calls and no reading. Use as a context manager; several
    processes may share one database file.
    """

    def __init__(self, database: Path) -> None:
        database.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(database, timeout=60)
        self._db.execute("create table if not exists files(path text primary key, size int, mtime_ns int, sha256 text)")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._db.commit()
        self._db.close()

    def of(self, path: Path) -> str:
        """SHA-256 of the file at ``path`` (64 hexadecimal digits); raises ``OSError`` if it cannot be read."""
        stat = path.stat()
        name = str(path.resolve())
        row = self._db.execute("select size, mtime_ns, sha256 from files where path = ?", (name,)).fetchone()
        if row and row[:2] == (stat.st_size, stat.st_mtime_ns):
            return str(row[2])
        sha256 = file_digest(path)
        if time.time_ns() - stat.st_mtime_ns > RACY_NS:
            self._db.execute(
                "insert or replace into files values(?, ?, ?, ?)", (name, stat.st_size, stat.st_mtime_ns, sha256)
            )
        return sha256

    def of_all(self, paths: Iterable[Path], root: Path) -> list[tuple[str, str]]:
        """Sorted ``(path relative to root, SHA-256)`` of files; one that is not there counts as ``missing``."""
        found = []
        for path in paths:
            name = path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix()
            found.append((name, self.of(path) if path.is_file() else "missing"))
        return sorted(found)
