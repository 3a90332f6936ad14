"""The catalogue: one row per clip, whatever layout it came from; the schemas of manifest and quarantine list."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

import pyarrow as pa

from earmark.audio.probe import Probe
from earmark.errors import EarmarkError

GENDERS = {
    "male": "male",
    "m": "male",
    "male_masculine": "male",
    "man": "male",
    "female": "female",
    "f": "female",
    "female_feminine": "female",
    "woman": "female",
    "other": "other",
    "transgender": "other",
    "non-binary": "other",
    "intersex": "other",
}
"""Spellings of data sets to male, female, other; Common Voice changed its own in 2023. Others mean: not stated."""

MANIFEST = pa.schema(
    [
        ("clip_id", pa.string()),
        ("path", pa.string()),
        ("start", pa.float64()),
        ("end", pa.float64()),
        ("label", pa.string()),
        ("split", pa.string()),
        ("speaker", pa.string()),
        ("gender", pa.string()),
        ("age", pa.string()),
        ("accent", pa.string()),
        ("language", pa.string()),
        ("sentence", pa.string()),
        ("up_votes", pa.int64()),
        ("down_votes", pa.int64()),
        ("recording", pa.string()),
        ("session", pa.string()),
        ("source", pa.string()),
        ("near_duplicate", pa.string()),
        ("duration", pa.float64()),
        ("sample_rate", pa.int32()),
        ("channels", pa.int16()),
        ("level", pa.float32()),
        ("codec", pa.string()),
        ("bytes", pa.int64()),
        ("audio_digest", pa.string()),
    ]
)
"""One usable clip per row, sorted by clip_id. start, end and duration in s, sample_rate in Hz, level in dBFS.

``recording`` names the source that copies, fragments and parts have in common, ``near_duplicate`` a clip that sounds
the same (``earmark.corpus.duplicates``), ``source`` the adapter, ``bytes`` the size of the file.
"""

QUARANTINE = pa.schema(
    [("path", pa.string()), ("clip_id", pa.string()), ("reason", pa.string()), ("detail", pa.string())]
)
"""One unusable clip, file or table row per row, with a short reason code and a sentence."""

CATALOGUE = pa.schema(
    [
        *(
            (name, MANIFEST.field(name).type)
            for name in ("clip_id", "label", "speaker", "gender", "age", "accent", "up_votes", "down_votes")
        ),
        ("fate", pa.string()),
    ]
)
"""Every usable clip of the data set and what became of it: kept, unseen, or the selection rule that left it out."""

MEASURED = ("duration", "sample_rate", "channels", "level", "codec", "bytes", "near_duplicate", "audio_digest")
"""Columns that are known only after the file was read."""


@dataclass(frozen=True, slots=True)
class Clip:
    """One clip as the data set describes it. path relative to the data set's root; start and end in s, None = whole.

    ``extra`` holds the data set's other columns, which filters and splits may use.
    """

    path: str
    label: str
    source: str
    start: float | None = None
    end: float | None = None
    split: str | None = None
    speaker: str | None = None
    gender: str | None = None
    age: str | None = None
    accent: str | None = None
    language: str | None = None
    sentence: str | None = None
    up_votes: int | None = None
    down_votes: int | None = None
    recording: str | None = None
    session: str | None = None
    extra: Mapping[str, str] = field(default_factory=dict)

    @property
    def clip_id(self) -> str:
        """The path, with ``#start-end`` appended for a part of a file."""
        if self.start is None and self.end is None:
            return self.path
        end = "" if self.end is None else f"{self.end:.10g}"
        return f"{self.path}#{self.start or 0:.10g}-{end}"

    @property
    def columns(self) -> Iterable[str]:
        """Names of the data set's other columns that have a value here."""
        return self.extra

    def value(self, column: str) -> str | float | None:
        """The clip's value in a column, own or extra; None if it has none."""
        if column in OWN_COLUMNS:
            return getattr(self, column)
        return self.extra.get(column)


OWN_COLUMNS = ("clip_id", *(name for name in Clip.__dataclass_fields__ if name != "extra"))
"""Columns that every catalogue has, before any file is read."""


@dataclass(frozen=True)
class Measured:
    """A clip whose file has been read: digest of the file's bytes, what the probe found, group of near-duplicates."""

    clip: Clip
    audio_digest: str
    probe: Probe
    near_duplicate: str | None = None

    @property
    def clip_id(self) -> str:
        """The clip's id."""
        return self.clip.clip_id

    @property
    def columns(self) -> Iterable[str]:
        """Names of the data set's other columns that have a value here."""
        return self.clip.extra

    @property
    def duration(self) -> float:
        """Seconds that are used: of the file, or of the part of it."""
        end = self.probe.duration if self.clip.end is None else min(self.clip.end, self.probe.duration)
        return end - (self.clip.start or 0.0)

    def value(self, column: str) -> str | float | None:
        """The clip's value in a column, measured ones included."""
        if column in ("duration", "audio_digest", "near_duplicate"):
            return getattr(self, column)
        return getattr(self.probe, column) if column in MEASURED else self.clip.value(column)

    def row(self, split: str) -> dict[str, object]:
        """The manifest's row."""
        values: dict[str, object] = {name: self.value(name) for name in MANIFEST.names}
        return values | {"split": split}


def fate_row(clip: Clip | Measured, fate: str) -> dict[str, object]:
    """The catalogue's row."""
    values: dict[str, object] = {name: clip.value(name) for name in CATALOGUE.names[:-1]}
    return values | {"fate": fate}


@dataclass(frozen=True)
class BadRow:
    """A table row or file that cannot be used: short reason code and a sentence."""

    path: str
    clip_id: str | None
    reason: str
    detail: str

    def row(self) -> dict[str, object]:
        """The quarantine list's row."""
        return {"path": self.path, "clip_id": self.clip_id, "reason": self.reason, "detail": self.detail}


def gender(value: str | None) -> str | None:
    """male, female or other, however the data set spells it; None if not stated."""
    return GENDERS.get((value or "").strip().lower())


def relative(path: str) -> str:
    """A path as manifests write it: POSIX, without ``./``."""
    if "\\" in path or "//" in path or "./" in path:
        return PurePosixPath(path.replace("\\", "/")).as_posix()
    return path  # the usual case; parsing costs more than the rest of a row


def nearest(name: str, known: Iterable[str]) -> str:
    """A hint for a misspelt column: the near miss, and what there is."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    return (f"did you mean '{close[0]}'? " if close else "") + f"columns: {', '.join(names)}"


def require_columns(wanted: Iterable[str], rows: Iterable[Clip | Measured], setting: str) -> None:
    """Raise EarmarkError, naming the setting, if there is no such column to filter, rank, balance or split by."""
    missing = set(wanted) - {*OWN_COLUMNS, *MEASURED}
    if not missing:
        return
    extras = {name for row in rows for name in row.columns}
    for name in sorted(missing - extras):
        raise EarmarkError(f"{setting}: no column '{name}'; {nearest(name, {*OWN_COLUMNS, *MEASURED, *extras})}")
