"""One file over HTTP: continued where it broke off, and verified before it gets its name.

What has come lies in ``NAME.part``; ``NAME.part.json`` beside it says which version of the file it is a part of, so
that two versions are never glued together.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from tqdm import tqdm
from urllib3 import BaseHTTPResponse
from urllib3.exceptions import HTTPError, ProtocolError
from urllib3.util import Retry

from earmark import __version__
from earmark.corpus.download.sources import CHECKSUMS, Remote, human
from earmark.digest import file_digest
from earmark.errors import EarmarkError
from earmark.store import replacing

CHUNK = 1 << 16
"""Bytes read at a time, and the most that a killed process loses."""

BUSY = (429, 500, 502, 503, 504)
"""Answers that may be better in a while."""

LONGEST_PAUSE = 120.0
"""Seconds between attempts, at most; a server's Retry-After may ask for more."""

KEEP_FREE = 64 << 20
"""Bytes that stay free on the disk."""

USER_AGENT = f"earmark/{__version__} (downloads speech data sets for one person; {requests.utils.default_user_agent()})"


class Failed(EarmarkError):
    """This file could not be fetched; others may be."""


class NoRoom(Exception):
    """This file would exceed the limit."""


@dataclass(frozen=True)
class Manners:
    """How to treat a server that owes us nothing: seconds between files and for time-outs, and how often to insist.

    ``backoff`` seconds are waited before the second further attempt, then twice as long each time. ``timeout`` is for
    connecting and for each read.
    """

    pause: float = 1.0
    retries: int = 5
    backoff: float = 1.0
    timeout: tuple[float, float] = (15.0, 60.0)


class _Patience(Retry):
    """Says so when the server asks to wait for long, lest the silence look like a hang."""

    def sleep_for_retry(self, response: BaseHTTPResponse) -> bool:
        """Sleep as long as Retry-After says; False if the answer has none."""
        seconds = self.get_retry_after(response)
        if seconds and seconds > 5:
            tqdm.write(f"earmark: the server asks to wait {seconds:.0f} s", file=sys.stderr)
        return super().sleep_for_retry(response)


def session(manners: Manners) -> requests.Session:
    """A session that says who it is, and repeats what fails before a body comes, honouring Retry-After."""
    web = requests.Session()
    # Servers compress on the fly where they may, and then neither length nor checksum is the file's.
    web.headers.update({"User-Agent": USER_AGENT, "Accept-Encoding": "identity"})
    retry = _Patience(
        total=manners.retries,
        backoff_factor=manners.backoff,
        backoff_max=LONGEST_PAUSE,
        status_forcelist=BUSY,
        allowed_methods={"GET"},
        raise_on_status=False,
    )
    for scheme in ("http://", "https://"):
        web.mount(scheme, HTTPAdapter(max_retries=retry))
    return web


def get(web: requests.Session, url: str, manners: Manners, **headers: str) -> requests.Response:
    """Ask for ``url``, following redirects; the body is not read yet. Raises Failed if the server refuses for good."""
    try:
        response = web.get(url, headers=headers, stream=True, timeout=manners.timeout)
    except requests.RequestException as error:
        raise Failed(f"{url}: {_reason(error)}; see whether the address and the network are right") from None
    if response.ok or (response.status_code == 416 and headers):
        return response
    response.close()
    advice = "try again later" if response.status_code in BUSY else "see whether the address is right"
    raise Failed(f"{url}: the server answers {response.status_code} {response.reason}; {advice}")


def page(web: requests.Session, url: str, manners: Manners) -> tuple[str, str]:
    """The text of a web page and the address where it was found after redirects; raises Failed if it cannot be had."""
    with get(web, url, manners) as response:
        try:
            return response.text, response.url
        except requests.RequestException as error:
            raise Failed(f"{url}: breaks off ({_reason(error)}); try again later") from None


def _reason(error: requests.RequestException) -> str:
    """What went wrong below the layers that report it."""
    cause = getattr(error.args[0], "reason", None) if error.args else None
    return str(cause or error)


class Part:
    """What has come of a file so far, and what the server said about the version that it is a part of."""

    def __init__(self, target: Path, url: str, verifiable: bool) -> None:
        self.target = target
        self.verifiable = verifiable
        self.path = target.with_name(f"{target.name}.part")
        self.sidecar = target.with_name(f"{target.name}.part.json")
        self.url = url

    @property
    def size(self) -> int:
        """Bytes that have come."""
        return self.path.stat().st_size if self.path.is_file() else 0

    @cached_property
    def note(self) -> dict[str, Any]:
        """``validator`` and ``total`` bytes, None where the server did not say; empty if of another address."""
        try:
            note = json.loads(self.sidecar.read_text())
            return dict(note) if note["url"] == self.url else {}
        except (OSError, ValueError, TypeError, KeyError):
            return {}

    @property
    def resumable(self) -> bool:
        """Whether the rest may be asked for: only if something will tell that it is of the same version."""
        return self.size > 0 and bool(self.note) and bool(self.note["validator"] or self.verifiable)

    @property
    def complete(self) -> bool:
        """Whether all has come that the server announced."""
        return self.path.is_file() and self.note.get("total") == self.size

    def begin(self, response: requests.Response) -> None:
        """Start again with the version of the file that ``response`` brings."""
        note = {"url": self.url, "validator": _validator(response), "total": _total(response)}
        # The part is emptied before the note changes: killed in between, it is a part of nothing.
        self.path.write_bytes(b"")
        with replacing(self.sidecar) as part:
            part.write_text(json.dumps(note))
        self.note = note

    def discard(self) -> None:
        """Forget what has come."""
        self.path.unlink(missing_ok=True)
        self.sidecar.unlink(missing_ok=True)
        self.note = {}

    def finish(self) -> None:
        """Give the file its name."""
        self.path.replace(self.target)
        self.sidecar.unlink(missing_ok=True)


@dataclass(frozen=True)
class Transfer:
    """One file to fetch: to ``target``, of the SHA-256 ``expected`` if that is known, of ``allowed`` bytes at most."""

    remote: Remote
    target: Path
    expected: str | None = None
    allowed: int | None = None
    manners: Manners = Manners()

    def run(self, web: requests.Session) -> str:
        """Fetch the file, continuing what an earlier attempt left, and return its SHA-256.

        Raises Failed if it cannot be had or is not the expected one (then nothing of it is kept), NoRoom if it would
        exceed ``allowed``, EarmarkError if the disk has no room for it, and OSError if it cannot be written.
        """
        part = Part(self.target, self.remote.url, self.expected is not None)
        if not part.complete:
            self._check_room(part)
            self._insist(web, part)
        return self._verified(part)

    def _check_room(self, part: Part) -> None:
        total = part.note.get("total") or self.remote.size or part.size + 1
        if self.allowed is not None and total > self.allowed:
            raise NoRoom

    def _insist(self, web: requests.Session, part: Part) -> None:
        """Receive until all is here; attempts count against the manners only while nothing new comes."""
        furthest, failures = part.size, 0
        while True:
            try:
                return self._receive(web, part)
            except HTTPError as error:
                failures = 1 if part.size > furthest else failures + 1
                furthest = max(furthest, part.size)
                if failures > self.manners.retries:
                    raise Failed(f"{self.remote.url}: breaks off again and again ({error}); try again later") from None
                time.sleep(min(self.manners.backoff * 2 ** (failures - 1), LONGEST_PAUSE))

    def _receive(self, web: requests.Session, part: Part) -> None:
        with get(web, self.remote.url, self.manners, **_range(part)) as response:
            if response.status_code == 416 and _total(response) == part.size:
                return  # It was all here; the server had not told the length before.
            self._check_kind(response)
            if response.status_code != 200 and not _continues(response, part):
                part.discard()
                raise ProtocolError("the answer does not continue what came before")
            if response.status_code == 200:
                part.begin(response)
            self._check_room(part)
            self._check_disk(part)
            self._stream(response, part)

    def _check_kind(self, response: requests.Response) -> None:
        """A login page instead of the file costs nothing of what has come."""
        kind = response.headers.get("Content-Type", "")
        if kind.startswith("text/html") and self.target.suffix not in (".html", ".htm"):
            raise Failed(f"{self.remote.url}: the answer is a web page, not a file; open the address in a browser")

    def _check_disk(self, part: Part) -> None:
        free = shutil.disk_usage(self.target.parent).free - KEEP_FREE
        needed = (part.note.get("total") or 0) - part.size
        if needed > free:
            raise EarmarkError(
                f"{self.target.parent}: {self.target.name} needs {human(needed)} and {human(max(free, 0))} are free; "
                "free some or choose another folder"
            )

    def _stream(self, response: requests.Response, part: Part) -> None:
        total, size = part.note.get("total"), part.size
        name = self.target.name
        bar = tqdm(total=total, initial=size, desc=name, unit="B", unit_scale=True, leave=False, disable=None)
        with bar, part.path.open("ab") as stream:
            # As it comes: some servers call a .tgz "Content-Encoding: gzip", and unpacking it would change the file.
            for chunk in response.raw.stream(CHUNK, decode_content=False):
                taken = chunk if self.allowed is None else chunk[: self.allowed - size]
                stream.write(taken)
                size += len(taken)
                bar.update(len(taken))
                if len(taken) < len(chunk):
                    raise NoRoom
        if total is not None and size < total:
            raise ProtocolError(f"{size} of {total} bytes came")

    def _verified(self, part: Part) -> str:
        found = file_digest(part.path)
        if self.expected not in (None, found) or self.remote.size not in (None, part.size):
            size = part.size
            part.discard()
            raise Failed(
                f"{self.remote.url}: what came is another file, nothing of it was kept. Expected sha256 {self.expected}"
                f" ({human(self.remote.size)}), found {found} ({human(size)}). Fetch it again; if it stays so, the "
                f"server's file has changed: correct the list, or remove the line in {CHECKSUMS}"
            )
        part.finish()
        return found


def _range(part: Part) -> dict[str, str]:
    """Headers that ask for the rest of a part."""
    if not part.resumable:
        return {}
    validator = part.note["validator"]
    return {"Range": f"bytes={part.size}-"} | ({"If-Range": validator} if validator else {})


def _continues(response: requests.Response, part: Part) -> bool:
    """Whether the answer is the rest of the same version, whatever the server makes of If-Range."""
    start = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
    same = part.note.get("validator") in (None, _validator(response)) or _validator(response) is None
    return response.status_code == 206 and start is not None and int(start[1]) == part.size and same


def _validator(response: requests.Response) -> str | None:
    """What identifies a version: a strong ETag (a weak one allows other bytes), else the time of change."""
    etag = response.headers.get("ETag", "")
    return etag if etag.startswith('"') else response.headers.get("Last-Modified")


def _total(response: requests.Response) -> int | None:
    """Bytes of the whole file, where the answer tells."""
    spans = re.search(r"/(\d+)$", response.headers.get("Content-Range", ""))
    length = response.headers.get("Content-Length", "")
    if spans or response.status_code != 200:
        return int(spans[1]) if spans else None
    return int(length) if length.isdigit() and "Transfer-Encoding" not in response.headers else None
