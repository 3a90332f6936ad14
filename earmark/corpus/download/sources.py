"""What can be fetched: public data sets with addresses, licences and checksums, directory listings, and own lists."""

from __future__ import annotations

import difflib
import hashlib
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

from earmark.errors import EarmarkError

SPEECH_COMMANDS = "https://storage.googleapis.com/download.tensorflow.org/data/"
"""Over TLS; ``http://download.tensorflow.org/data/`` is the same bucket."""

VOXFORGE = "https://repository.voxforge1.org/downloads/{}/Trunk/Audio/Main/16kHz_16bit/"

CHECKSUMS = "CHECKSUMS.sha256"
"""File beside the data: what was fetched, in the format of ``sha256sum``."""

RESERVED = (".part", ".part.json", ".list", CHECKSUMS)
"""Endings of names that the downloader writes itself."""

LONGEST = 200
"""Bytes of a file name: file systems take 255, and ``.part.json`` is appended."""

UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "KI": 2**10, "MI": 2**20, "GI": 2**30, "TI": 2**40}


@dataclass(frozen=True)
class Remote:
    """One file to fetch. ``sha256`` (64 hexadecimal digits) and ``size`` (bytes) are None where not published."""

    url: str
    sha256: str | None = None
    size: int | None = None

    @property
    def name(self) -> str:
        """The name it is stored under, see ``file_name``."""
        return file_name(self.url)


@dataclass(frozen=True)
class Source:
    """A data set that can be fetched: either its ``files``, or the address of an HTML ``listing`` of .tgz archives.

    ``adapter`` is the value of ``data.adapter`` that reads it, None where that depends on what the list names.
    """

    name: str
    description: str
    licence: str
    adapter: str | None
    files: tuple[Remote, ...] = ()
    listing: str | None = None

    @property
    def size(self) -> int | None:
        """Bytes of all files, None where the size of one is not known before it is asked for."""
        sizes = [remote.size for remote in self.files if remote.size is not None]
        return sum(sizes) if sizes and len(sizes) == len(self.files) else None


def _speech_commands(name: str, archive: str, size: int, sha256: str, adapter: str, description: str) -> Source:
    remote = Remote(f"{SPEECH_COMMANDS}{archive}.tar.gz", sha256, size)
    return Source(name, description, "CC BY 4.0", adapter, (remote,))


def _voxforge(code: str, language: str, folder: str) -> Source:
    description = f"{language}, read by volunteers at 16 kHz; one archive per user and session, one of each user first."
    return Source(f"voxforge-{code}", description, "GPL v3 or later", "voxforge", listing=VOXFORGE.format(folder))


# Sizes and checksums: TensorFlow Datasets (v0.02, test set) and torchaudio (v0.01); v0.01's size: the server's headers.
BUILT_IN = {
    source.name: source
    for source in (
        _speech_commands(
            "speech_commands_v0.01",
            "speech_commands_v0.01",
            1_489_096_277,
            "743935421bb51cccdb6bdd152e04c5c70274e935c82119ad7faeec31780d811d",
            "speech_commands",
            "65,000 one-second clips of 30 English words (2017), the version of the Kaggle challenge.",
        ),
        _speech_commands(
            "speech_commands_v0.02",
            "speech_commands_v0.02",
            2_428_923_189,
            "af14739ee7dc311471de98f5f9d2c9191b18aedfe957f4a6ff791c709868ff58",
            "speech_commands",
            "106,000 one-second clips of 35 English words (2018).",
        ),
        _speech_commands(
            "speech_commands_test_v0.02",
            "speech_commands_test_set_v0.02",
            112_563_277,
            "cc2a00c1147c2254e9be3fa0f779d8c17421dc349b86366567a8edfa9acd51df",
            "folder",
            "The separate test set of v0.02: 10 words, _silence_ and _unknown_, 4,890 clips in 12 folders.",
        ),
        _voxforge("en", "English", "SpeechCorpus"),
        _voxforge("fr", "French", "fr"),
        _voxforge("de", "German", "de"),
        _voxforge("es", "Spanish", "es"),
        _voxforge("it", "Italian", "it"),
    )
}
"""By name."""


def find(name: str) -> Source:
    """The built-in source of that name, else the list file at that path; raises EarmarkError if it is neither."""
    if name in BUILT_IN:
        return BUILT_IN[name]
    if Path(name).is_file():
        return read_list(Path(name))
    close = difflib.get_close_matches(name, BUILT_IN, 1)
    hint = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(BUILT_IN)}"
    raise EarmarkError(f"{name}: neither a known data set nor a list file; {hint}")


def read_list(path: Path) -> Source:
    """The source that a list file describes: lines ``URL [sha256]``, ``#`` starts a comment.

    Raises EarmarkError, naming the line, for anything else, and where two addresses would get the same file name.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise EarmarkError(f"{path}: cannot be read as a list of addresses ({error})") from None
    words = [(number, re.sub(r"(^|\s)#.*", "", line).split()) for number, line in enumerate(lines, 1)]
    remotes = distinct((_entry(f"{path}:{number}", entry) for number, entry in words if entry), str(path))
    if not remotes:
        raise EarmarkError(f"{path}: names no file; write one address per line")
    return Source(path.stem, f"{len(remotes)} files named in {path}", "see where the list comes from", None, remotes)


def _entry(where: str, words: list[str]) -> Remote:
    if len(words) > 2 or (len(words) == 2 and not re.fullmatch(r"[0-9a-fA-F]{64}", words[1])):
        raise EarmarkError(f"{where}: expected an address and at most a sha256 of 64 hexadecimal digits")
    try:
        file_name(words[0])
    except EarmarkError as error:
        raise EarmarkError(f"{where}: {error}") from None
    return Remote(words[0], words[1].lower() if len(words) == 2 else None)


def distinct(remotes: Iterable[Remote], where: str) -> tuple[Remote, ...]:
    """``remotes`` without repetitions; raises EarmarkError if two different ones would be the same file."""
    found: dict[str, Remote] = {}
    for remote in remotes:
        other = found.setdefault(remote.name, remote)
        if other != remote:
            raise EarmarkError(
                f"{where}: {other.url} and {remote.url} would both be {remote.name}; make two lists of it"
            )
    return tuple(found.values())


def file_name(url: str) -> str:
    """The last segment of a URL's path as a file name that cannot leave its folder.

    Raises EarmarkError if the URL is not http(s), names no file, or names one that the downloader itself writes.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise EarmarkError(f"{url}: not an http or https address")
    segment = re.split(r"[/\\]", unquote(parts.path))[-1]
    name = re.sub(r"[^\w.+@=-]", "_", segment).lstrip(".")
    if not name or len(name.encode()) > LONGEST or name.endswith(RESERVED):
        raise EarmarkError(f"{url}: {name!r} cannot be a file's name here")
    return name


class _Links(HTMLParser):
    """Collects where the links of a page lead."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep the address of an ``<a href=…>``."""
        if tag == "a":
            self.found.extend(value for key, value in attrs if key == "href" and value)


def archives(page: str, address: str) -> tuple[Remote, ...]:
    """The .tgz archives that the HTML ``page`` at ``address`` links to, sorted; raises EarmarkError if there is none.

    Only links that stay below ``address`` count: a listing is no reason to fetch from another site.
    """
    links = _Links()
    links.feed(page)
    base = urljoin(address, ".")
    urls = sorted({urljoin(address, link) for link in links.found})
    found = [url for url in urls if url.startswith(base) and urlsplit(url).path.endswith(".tgz")]
    if not found:
        raise EarmarkError(
            f"{address}: lists no .tgz archive; the site may have moved, see whether a browser shows any"
        )
    return distinct(map(Remote, found), address)


def speakers_first(remotes: Iterable[Remote], seed: int = 0) -> tuple[Remote, ...]:
    """One archive of every user, then the second of those who have two, and so on; users in an order drawn by ``seed``.

    A classifier that is to work on new people learns more from many voices than from many sentences of few, and sorted
    names put one user's hundred archives in a row: a small limit would fetch a handful of voices. The order of two
    users depends on their names and the seed only, so a larger limit or a grown listing adds to what there was.
    """
    users: dict[str, list[Remote]] = {}
    for remote in sorted(remotes, key=lambda remote: remote.url):
        users.setdefault(speaker_of(remote.name), []).append(remote)
    turns = [(turn, _lot(user, seed), remote) for user, own in users.items() for turn, remote in enumerate(own)]
    return tuple(remote for _, _, remote in sorted(turns, key=lambda item: item[:2]))


def speaker_of(name: str) -> str:
    """The user in the name of a VoxForge archive, ``USER-YYYYMMDD-abc.tgz``.

    All of ``anonymous`` count as one: nobody can tell which of them are the same person.
    """
    return re.split(r"-\d{6,8}(?!\d)", name.removesuffix(".tgz"))[0]


def _lot(user: str, seed: int) -> str:
    return hashlib.sha256(f"{seed}/{user}".encode()).hexdigest()


def parse_size(text: str) -> int:
    """Bytes in a size as people write it: ``500MB``, ``1.5 GB``, ``2GiB``, ``1000``; raises EarmarkError for others."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([KMGT]I?)?B?\s*", text.upper())
    if match is None:
        raise EarmarkError(f"{text!r} is no size; write it like 500MB, 1.5GB or 2GiB")
    return round(float(match[1]) * UNITS[match[2] or ""])


def human(size: int | None) -> str:
    """Bytes for reading: ``2.4 GB``."""
    if size is None:
        return "size unknown"
    unit = next((unit for unit in "TGMK" if size >= UNITS[unit]), "")
    return f"{size / UNITS[unit]:.1f} {unit.replace('K', 'k')}B" if unit else f"{size} B"


def as_dicts() -> list[dict[str, Any]]:
    """What is built in, as JSON-serialisable values; ``size`` in bytes or None."""
    return [{**asdict(source), "size": source.size} for source in BUILT_IN.values()]


def describe() -> str:
    """What is built in, for reading: name, size, licence, adapter and a sentence each."""
    rows = (
        f"{s.name:28}{human(s.size):14}{s.licence:17}adapter {s.adapter}\n    {s.description}"
        for s in BUILT_IN.values()
    )
    return "\n".join(rows)
