"""The content-keyed store: a product's path is the digest of all that decides it, so an existing file is right.

``.store/<step>/<key>.parquet`` (or a folder ``.store/<step>/<key>/``) holds the products; the folders that people and
DVC see (``data/mel`` …) are *published* from it by hard link. Snakemake judges by time stamps and DVC by content;
with the truth in the path both are right whatever the history was.
"""

from __future__ import annotations

import fcntl
import filecmp
import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO
from uuid import uuid4

from earmark.digest import file_digest
from earmark.provenance import FOLDER_FILE, read_record

ENVIRONMENT = "EARMARK_STORE"
DVC_EXPERIMENTS = "/.dvc/tmp/exps/"


def main_checkout(folder: Path) -> Path:
    """The checkout that owns ``folder``: DVC runs queued experiments in copies below ``.dvc/tmp/exps`` of it."""
    path = str(folder.resolve())
    cut = path.find(DVC_EXPERIMENTS)
    return Path(path[:cut]) if cut >= 0 else Path(path)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary name beside ``path`` to write to; renamed to ``path`` on success, removed on failure."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{uuid4().hex[:8]}.part")
    try:
        yield part
        part.replace(path)
    finally:
        _remove(part)


@contextmanager
def replacing_folder(path: Path) -> Iterator[Path]:
    """Like ``replacing`` for a product that is a folder: a new empty folder, renamed to ``path`` on success."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{uuid4().hex[:8]}.part")
    part.mkdir()
    try:
        yield part
        _remove(path)
        part.replace(path)
    finally:
        _remove(part)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


@dataclass(frozen=True)
class Store:
    """Products by step and content key below ``root``."""

    root: Path

    @classmethod
    def find(cls, project: Path = Path()) -> Store:
        """The store of a project: ``$EARMARK_STORE``, else ``.store`` of the main checkout."""
        named = os.environ.get(ENVIRONMENT)
        return cls(Path(named)) if named else cls(_relative(main_checkout(project) / ".store"))

    def path(self, step: str, key: str, suffix: str = ".parquet") -> Path:
        """Where the product of ``step`` with ``key`` lives; ``suffix=""`` for a product that is a folder."""
        return self.root / step / f"{key}{suffix}"

    def has(self, step: str, key: str, suffix: str = ".parquet") -> bool:
        """Whether the product exists; if it does, it is right by construction."""
        path = self.path(step, key, suffix)
        return (path / FOLDER_FILE).is_file() if suffix == "" else path.is_file()

    @property
    def file_digests(self) -> Path:
        """Database of ``earmark.digest.FileDigests``."""
        return self.root / "files.sqlite"

    def remember(self, step: str, family: str, key: str) -> None:
        """Note ``key`` as the latest product of a ``family`` (same place and settings), for reuse of its rows."""
        with replacing(self.root / step / "latest" / family) as part:
            part.write_text(key)

    def latest(self, step: str, family: str) -> Path | None:
        """The latest product of a family, if it still exists."""
        note = self.root / step / "latest" / family
        path = self.path(step, note.read_text()) if note.is_file() else None
        return path if path is not None and path.is_file() else None

    def adopt(self, step: str, published: Path) -> bool:
        """Take a published file or folder into the store under its recorded key; True if it was new and intact.

        A folder is intact when the files its provenance lists have the digests it records. This is how a fresh clone
        with ``dvc pull`` starts from what was pulled.
        """
        record = read_record(published)
        if record is None or record.get("step") != step:
            return False
        suffix = "" if published.is_dir() else published.suffix
        if self.has(step, record["key"], suffix):
            return False
        target = self.path(step, record["key"], suffix)
        if not published.is_dir():
            with replacing(target) as part:
                link(published, part)
            return True
        files = record.get("outputs", {})
        if not all((published / n).is_file() and file_digest(published / n) == sha for n, sha in files.items()):
            return False
        with replacing_folder(target) as folder:
            for name in (*files, FOLDER_FILE):
                link(published / name, folder / name)
        return True


def acquire(root: Path) -> TextIO:
    """Take the store's lock, waiting (and saying so) while another run holds it; closing the file releases it.

    The kernel releases it too when the process dies, so that nothing stale is left after SIGKILL.
    """
    root.mkdir(parents=True, exist_ok=True)
    handle = (root / "lock").open("w")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print("earmark: another run uses this store; waiting for it to end", file=sys.stderr, flush=True)
        fcntl.flock(handle, fcntl.LOCK_EX)
    return handle


def publish(folder: Path, wanted: Mapping[str, Path]) -> int:
    """Make ``folder`` hold exactly the files ``wanted`` (name → store file); returns how many were changed.

    Files that are right (same inode, same recorded key, or same bytes) are not touched; others are replaced by
    rename, never written in place, because DVC's cache may share their inode. Folders inside are left alone: each is
    published by its own call.
    """
    folder.mkdir(parents=True, exist_ok=True)
    stale = [path for path in folder.iterdir() if not path.is_dir() and path.name not in wanted]
    wrong = [name for name, source in wanted.items() if not _same(source, folder / name)]
    for path in stale:
        path.unlink()
    for name in wrong:
        with replacing(folder / name) as part:
            link(wanted[name], part)
    return len(stale) + len(wrong)


def _same(source: Path, published: Path) -> bool:
    if not published.is_file():
        return False
    if published.samefile(source):
        return True
    if source.suffix == ".parquet":
        record = read_record(source)
        return record is not None and record == read_record(published)
    return filecmp.cmp(source, published, shallow=False)


def link(source: Path, target: Path) -> None:
    """Hard link, or copy where the file system has none or refuses."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _relative(path: Path) -> Path:
    """``path`` relative to the working directory where it lies below it: short names in logs, same place."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
