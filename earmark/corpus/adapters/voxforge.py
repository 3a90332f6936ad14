"""VoxForge: submissions ``{user}-{date}-{id}.tgz``, or unpacked, with ``etc/README``, ``etc/PROMPTS`` and ``wav/*``.

http://www.repository.voxforge1.org/downloads. A submission is any folder with a sub-folder ``wav`` or ``flac``. The
speaker is the user-name part of its name. Nobody knows who sent a submission named ``anonymous-…``, so each of those is
a speaker of its own, although one person may have sent several: the split between speakers is only as good as that.
The language is that of the README, else of the folder above (``de``, ``Russian``; ``SpeechCorpus`` is English).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from earmark.config import DataParams
from earmark.corpus.adapters.layout import folders, misplaced, require_label, sounds, stem, wrong_layout
from earmark.corpus.adapters.tables import to_clip
from earmark.corpus.adapters.voxforge_readme import LANGUAGES, describe
from earmark.corpus.catalogue import BadRow, Clip
from earmark.recordings import Recordings

NAME = re.compile(r"(?P<user>.+?)[-_](?P<date>\d{8})(?:[-_].*)?")
NOBODY = frozenset(["anonymous", "unknown"])
"""User names of submissions whose sender is not known, in lower case."""

FOLDERS = ("wav", "flac")
READMES = ("etc/README", "etc/readme", "etc/README.txt", "README", "readme")
PROMPTS = ("etc/PROMPTS", "etc/prompts", "etc/prompts-original", "PROMPTS", "prompts-original")
EXPECTED = "{user}-{date}-{id}/wav/*.wav or flac/*.flac"
COLUMNS = ("label", "language", "gender", "age", "accent", "speaker", "session", "microphone")


def clips(data: DataParams, recordings: Recordings) -> Iterator[Clip | BadRow]:
    """A clip per recording, its class the language; raises EarmarkError if there is no submission."""
    require_label(data.label, COLUMNS, "voxforge")
    label = "language" if data.label == "label" else data.label
    submissions: dict[str, list[str]] = {}
    for name in sounds(recordings):
        above = name.rpartition("/")[0]
        if above.rpartition("/")[2].lower() not in FOLDERS or "/" not in above:
            yield misplaced(name, EXPECTED)
            continue
        submissions.setdefault(above.rpartition("/")[0], []).append(name)
    if not submissions:
        raise wrong_layout(recordings, EXPECTED, "set data.root to a folder of VoxForge archives or submissions")
    for submission, names in submissions.items():
        yield from _submission(submission, names, recordings, label)


def _submission(submission: str, names: list[str], recordings: Recordings, label: str) -> Iterator[Clip | BadRow]:
    sentences = _prompts(submission, recordings)
    about = {**_names(submission), **_readme(submission, recordings)}
    for name in names:
        row = dict(about)
        if sentence := sentences.get(stem(name)):
            row["sentence"] = sentence
        yield to_clip(row, name, label, "voxforge")


def _names(submission: str) -> dict[str, str]:
    """Speaker, session and, if a folder above is named after one, language of a submission."""
    *above, session = folders(f"{submission}/")
    parts = NAME.fullmatch(session)
    known = parts is not None and parts["user"].lower() not in NOBODY
    row = {"speaker": parts["user"] if parts and known else session, "session": session}
    languages = [LANGUAGES[folder.lower()] for folder in above if folder.lower() in LANGUAGES]
    return {**row, "language": languages[-1]} if languages else row


def _readme(submission: str, recordings: Recordings) -> Mapping[str, str]:
    name = _first(submission, READMES, recordings)
    return describe(read_text(recordings.path(name))) if name else {}


def _prompts(submission: str, recordings: Recordings) -> Mapping[str, str]:
    """Sentence by the name of the recording: lines are ``*/{submission}/mfc/a0405 TEXT`` or ``a0405 text``."""
    name = _first(submission, PROMPTS, recordings)
    lines = read_text(recordings.path(name)).splitlines() if name else []
    pairs = (line.split(maxsplit=1) for line in lines)
    return {pair[0].rpartition("/")[2]: pair[1].strip() for pair in pairs if len(pair) == 2}


def _first(submission: str, names: tuple[str, ...], recordings: Recordings) -> str | None:
    return next((path for name in names if (path := f"{submission}/{name}") in recordings), None)


def read_text(path: Path) -> str:
    """The text of a file that is in UTF-8 or, if it cannot be, in Latin-1, as the older submissions are."""
    raw = path.read_bytes()
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("latin-1")
