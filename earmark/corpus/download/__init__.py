"""Fetch public data sets politely: one connection, pauses, resumed and verified, within a limit, nothing twice.

``download`` is the whole of it; ``sources`` says what there is, ``transfer`` fetches one file.
"""

from __future__ import annotations

import fcntl
import os
import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import requests
from tqdm import tqdm

from earmark.corpus.download.sources import CHECKSUMS, Remote, Source, archives, human, read_list, speakers_first
from earmark.corpus.download.transfer import Failed, Manners, NoRoom, Transfer, page, session
from earmark.digest import file_digest
from earmark.errors import EarmarkError
from earmark.store import replacing

GIVE_UP = 5
"""Files in a row that fail before the rest is left alone: the server is down, or the list is wrong."""

SHOWN = 20
"""Failures that the summary prints."""


@dataclass
class Summary:
    """What became of the files of a source, by name; ``failed`` with the reason, ``bytes`` of all that lies there.

    ``skipped`` are those that the limit left no room for, ``untried`` those after too many failures in a row.
    """

    source: str
    folder: str
    fetched: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    untried: list[str] = field(default_factory=list)
    bytes: int = 0

    @property
    def ok(self) -> bool:
        """Whether everything that the limit allows is here and right."""
        return not self.failed and not self.untried

    def as_dict(self) -> dict[str, Any]:
        """As JSON-serialisable values."""
        return asdict(self)

    def explain(self) -> str:
        """In words, the failures one a line."""
        counts = [f"{len(self.fetched)} fetched", f"{len(self.kept)} kept"]
        counts += [f"{len(self.skipped)} skipped because of the limit"] if self.skipped else []
        counts += [f"{len(self.failed)} failed"] if self.failed else []
        counts += [f"{len(self.untried)} not tried after {GIVE_UP} failures in a row"] if self.untried else []
        lines = [f"{self.source} in {self.folder}: {', '.join(counts)}; {human(self.bytes)} there"]
        lines += [f"  {reason}" for reason in list(self.failed.values())[:SHOWN]]
        lines += [f"  and {len(self.failed) - SHOWN} more"] if len(self.failed) > SHOWN else []
        return "\n".join(lines + ([] if self.ok else ["run the same command again to try the rest"]))


def download(
    source: Source, folder: Path, limit_bytes: int | None = None, manners: Manners | None = None, seed: int = 0
) -> Summary:
    """Fetch the files of ``source`` into ``folder``, in order, as far as ``limit_bytes`` of its files in all allow.

    Files that are there and right are kept without asking the server; a listing is asked for once and kept as
    ``NAME.list``. ``CHECKSUMS.sha256`` notes what was fetched: where nobody publishes a checksum, the first download
    is what later ones must equal. Once a file does not fit, no further one is asked for: thousands of questions only to
    learn sizes would be rude, and taking whatever is small enough would favour short recordings.

    Killed at any moment, the same call goes on. Files that fail are in the summary and do not stop the others. Raises
    EarmarkError if the listing cannot be had, another download uses the folder, or the disk is full or refuses.
    """
    manners = manners or Manners()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _alone(folder), session(manners) as web:
            return _Errand(source, folder, limit_bytes, manners, web).run(seed)
    except OSError as error:
        where, what = error.filename or folder, error.strerror or error
        raise EarmarkError(f"{where}: {what}; mend that and run it again, it goes on from here") from None


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the folder's lock (no file of its own; gone with the process): two writers would mix their parts."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        raise EarmarkError(
            f"{folder}: another download is writing here; wait for it or choose another folder"
        ) from None
    try:
        yield
    finally:
        os.close(handle)


class _Errand:
    """One call of ``download``."""

    def __init__(
        self, source: Source, folder: Path, limit: int | None, manners: Manners, web: requests.Session
    ) -> None:
        self.source, self.folder, self.limit, self.manners, self.web = source, folder, limit, manners, web
        self.checksums = read_checksums(folder)
        self.summary = Summary(source.name, str(folder))
        self.occupied: dict[str, int] = {}
        self.asked = self.full = False
        self.failures = 0

    def run(self, seed: int) -> Summary:
        remotes = self._remotes(seed)
        self.occupied = {remote.name: self._size(remote.name) for remote in remotes}
        for remote in tqdm(remotes, desc=self.source.name, unit="file", disable=None):
            if self._is_right(remote):
                self.summary.kept.append(remote.name)
            elif self.full:
                self.summary.skipped.append(remote.name)
            elif self.failures >= GIVE_UP:
                self.summary.untried.append(remote.name)
            else:
                self._fetch(remote)
        self.summary.bytes = sum(self.occupied.values())
        return self.summary

    def _remotes(self, seed: int) -> tuple[Remote, ...]:
        """The files in the order in which they are fetched."""
        if self.source.listing is None:
            return self.source.files
        known = self.folder / f"{self.source.name}.list"
        if not known.is_file():
            with replacing(known) as part:
                part.write_text(self._listing(self.source.listing, seed), encoding="utf-8")
        return speakers_first(read_list(known).files, seed)

    def _listing(self, address: str, seed: int) -> str:
        self._pause()
        found = speakers_first(archives(*page(self.web, address, self.manners)), seed)
        head = f"# {self.source.name}: what {address} listed. Delete this file to ask the server again."
        return "\n".join([head, *(remote.url for remote in found), ""])

    def _is_right(self, remote: Remote) -> bool:
        path = self.folder / remote.name
        if not path.is_file():
            return False
        found, expected = file_digest(path), self._expected(remote)
        if expected not in (None, found):
            tqdm.write(f"earmark: {path} is not what it should be (sha256 {found}); fetching it again", sys.stderr)
            return False
        self._remember(remote.name, found)
        return True

    def _expected(self, remote: Remote) -> str | None:
        return remote.sha256 or self.checksums.get(remote.name)

    def _fetch(self, remote: Remote) -> None:
        name, allowed = remote.name, self._allowed(remote.name)
        transfer = Transfer(remote, self.folder / name, self._expected(remote), allowed, self.manners)
        self._pause()
        try:
            self._remember(name, transfer.run(self.web))
            self.summary.fetched.append(name)
            self.failures = 0
        except NoRoom:
            self.full = True
            self.summary.skipped.append(name)
        except Failed as error:
            self.failures += 1
            self.summary.failed[name] = str(error)
        self.occupied[name] = self._size(name)

    def _allowed(self, name: str) -> int | None:
        """Bytes that this file may have: what the limit leaves beside the others."""
        return None if self.limit is None else self.limit - sum(self.occupied.values()) + self.occupied[name]

    def _size(self, name: str) -> int:
        """Bytes that a file takes, what has come of it included."""
        paths = (self.folder / name, self.folder / f"{name}.part")
        return sum(path.stat().st_size for path in paths if path.is_file())

    def _remember(self, name: str, sha256: str) -> None:
        if self.checksums.get(name) != sha256:
            self.checksums[name] = sha256
            with replacing(self.folder / CHECKSUMS) as part:
                part.write_text("".join(f"{sha}  {name}\n" for name, sha in sorted(self.checksums.items())))

    def _pause(self) -> None:
        """Leave the server in peace for a moment, except before the first request."""
        if self.asked:
            time.sleep(self.manners.pause)
        self.asked = True


def read_checksums(folder: Path) -> dict[str, str]:
    """Name → SHA-256 as ``CHECKSUMS.sha256`` notes them; raises EarmarkError for a line of another form."""
    path = folder / CHECKSUMS
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    found = [re.fullmatch(r"([0-9a-f]{64}) [ *](.+)", line) for line in lines]
    for number, match in enumerate(found, 1):
        if match is None:
            raise EarmarkError(f"{path}:{number}: not a line of sha256sum; remove it, its file will be noted again")
    return {match[2]: match[1] for match in found if match}
