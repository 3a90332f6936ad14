"""Reading the files: digest and probe of each, once per content."""

from __future__ import annotations

import gc
import json
import sqlite3
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

from tqdm import tqdm

from earmark import versions
from earmark.audio.probe import Probe, probe
from earmark.digest import FileDigests
from earmark.errors import EarmarkError
from earmark.recordings import Recordings

CHUNK = 16
"""Files handed to a process at a time."""


class Meter:
    """Digest and probe of a data set's files, remembered by content in the store.

    A file that was seen before under any name, in any project that shares the store, is not decoded again.
    """

    def __init__(self, recordings: Recordings, workers: int = 1) -> None:
        self.recordings = recordings
        self.store = recordings.store
        self.workers = workers
        self._known: dict[str, tuple[str, Probe]] = {}

    def measure(self, paths: Iterable[str]) -> dict[str, tuple[str, Probe]]:
        """Path (relative to the root) → SHA-256 of the file and its probe; raises EarmarkError if decoding crashes."""
        wanted = sorted(set(paths))
        self._read([path for path in wanted if path not in self._known])
        return {path: self._known[path] for path in wanted}

    def _read(self, paths: list[str]) -> None:
        digests = self._digests(paths)
        with closing(_open(self.store.root / "probes.sqlite")) as database, database:
            probes = {name: found for name in _names(digests) if (found := _recall(database, name))}
            todo = {_name(path, sha256): path for path, sha256 in digests.items()}
            todo = {name: path for name, path in sorted(todo.items()) if name not in probes}
            for name, found in zip(
                todo, self._probe([self.recordings.path(path) for path in todo.values()]), strict=True
            ):
                probes[name] = found
                database.execute("insert or replace into probes values(?, ?)", (name, json.dumps(asdict(found))))
        for path, sha256 in digests.items():
            self._known[path] = (sha256, probes[_name(path, sha256)])

    def _digests(self, paths: list[str]) -> dict[str, str]:
        """SHA-256 of each file; files that cannot be read are noted as such at once."""
        found: dict[str, str] = {}
        with FileDigests(self.store.file_digests) as digests:
            for path in tqdm(paths, desc="files", unit="file", disable=None):
                try:
                    found[path] = digests.of(self.recordings.path(path))
                except OSError as error:
                    self._known[path] = ("", Probe(reason="unreadable", detail=f"cannot be read ({error.strerror})"))
        return found

    def _probe(self, files: list[Path]) -> Iterator[Probe]:
        progress = tqdm(total=len(files), desc="probe", unit="file", disable=None)
        # a fork must not collect what it inherited: an onnxruntime session would wait for threads that are not there
        with progress, ProcessPoolExecutor(max(1, min(self.workers, len(files))), initializer=gc.freeze) as pool:
            try:
                for found in pool.map(probe, files, chunksize=CHUNK):
                    progress.update()
                    yield found
            except BrokenProcessPool:
                raise EarmarkError(
                    f"{self.recordings.root}: a process that decodes audio was killed (out of memory, or a file that "
                    "crashes the decoder); run it again with one core to see how far it gets, and move that file away"
                ) from None


def _name(path: str, sha256: str) -> str:
    """Content, name suffix (it may decide how a file is read) and version of the step."""
    return f"{versions.PREPARE}:{sha256}{Path(path).suffix.lower()}"


def _names(digests: dict[str, str]) -> set[str]:
    return {_name(path, sha256) for path, sha256 in digests.items()}


def _open(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    database = sqlite3.connect(path, timeout=60)
    database.execute("create table if not exists probes(name text primary key, probe text)")
    return database


def _recall(database: sqlite3.Connection, name: str) -> Probe | None:
    row = database.execute("select probe from probes where name = ?", (name,)).fetchone()
    return Probe(**json.loads(row[0])) if row else None
