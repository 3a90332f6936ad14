"""NVIDIA NeMo manifests: a JSON object per line with ``audio_filepath``, ``duration``, ``label``, ``text`` and others.

https://docs.nvidia.com/nemo-framework/user-guide/latest/nemotoolkit/asr/datasets.html. ``data.table`` names the
manifests, separated by commas; without it every ``*manifest*.json`` or ``.jsonl`` is read. ``audio_filepath`` is
relative to the manifest or to the root; an absolute one must lie below the root. ``offset`` and ``duration`` (s) cut a
part; without an offset the whole file is meant, and ``duration`` only says how long it is. The split is the field
``split``, or a word of the manifest's name (``train_manifest.json``).
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from earmark.config import DataParams
from earmark.corpus.adapters.layout import split_of, stem, wrong_layout
from earmark.corpus.adapters.tables import Row, read_rows, renamed, to_clip
from earmark.corpus.catalogue import BadRow, Clip
from earmark.errors import EarmarkError
from earmark.recordings import Recordings

RENAMED = {"command": "label", "text": "sentence", "lang": "language", "speaker_id": "speaker"}
"""Field of a manifest to column of the catalogue."""

FILE = "audio_filepath"


def files(data: DataParams, recordings: Recordings) -> list[Path]:
    """The manifests and each file (or its archive) that they name, existing or not."""
    found: set[Path] = set()
    for manifest in _manifests(data, recordings):
        found.add(recordings.source(manifest))
        for row in read_rows(recordings.path(manifest), [FILE]):
            if path := _resolved(row.get(FILE, ""), manifest, recordings):
                found.add(recordings.source(path))
    return sorted(found)


def clips(data: DataParams, recordings: Recordings) -> Iterator[Clip | BadRow]:
    """A row per line of every manifest; raises EarmarkError if there is no manifest or no such label in one."""
    label = RENAMED.get(data.label, data.label)
    required = [FILE] + ([] if label in RENAMED.values() else [data.label])
    for manifest in _manifests(data, recordings):
        split = split_of(re.split(r"[\W_]+", stem(manifest)))
        for number, row in enumerate(read_rows(recordings.path(manifest), required), start=1):
            yield _clip(row, manifest, number, {"split": split} if split else {}, label, recordings)


def _manifests(data: DataParams, recordings: Recordings) -> list[str]:
    if data.table is not None:
        return _named(data.table, recordings)
    names = [(name, name.rpartition("/")[2].lower()) for name in recordings.names]
    found = [name for name, base in names if "manifest" in base and base.endswith((".json", ".jsonl"))]
    if not found:
        raise wrong_layout(recordings, "*manifest*.json or .jsonl", "name the manifests in data.table")
    return found


def _named(table: str, recordings: Recordings) -> list[str]:
    named = [name.strip() for name in table.split(",") if name.strip()]
    for name in named:
        if name not in recordings:
            raise EarmarkError(f"data.table: no manifest '{name}' below {recordings.root}")
    return named


def _resolved(path: str, manifest: str, recordings: Recordings) -> str | None:
    """The name of an ``audio_filepath``: beside the manifest or below the root; None if it lies outside."""
    if path.startswith("/"):
        given, root = PurePosixPath(path), recordings.root.absolute()
        return given.relative_to(root).as_posix() if given.is_relative_to(root) else None
    beside = posixpath.join(posixpath.dirname(manifest), path)
    if beside in recordings:
        return beside
    names = [posixpath.normpath(beside), posixpath.normpath(path)]
    return next((name for name in names if name in recordings), names[0])


def _clip(
    row: Row, manifest: str, number: int, known: dict[str, str], label: str, recordings: Recordings
) -> Clip | BadRow:
    where = f"line {number} of {manifest}"
    if FILE not in row:
        return BadRow("", None, "bad_row", f"{where} names no file")
    path = _resolved(row[FILE], manifest, recordings)
    if path is None or path not in recordings:
        return BadRow(path or row[FILE], path, "missing_file", f"named by {where}, not below data.root")
    columns = {**known, **renamed(row, RENAMED)}
    del columns[FILE]
    try:
        columns |= _part(columns.pop("offset", None), columns.get("duration"))
    except ValueError as error:
        return BadRow(path, None, "bad_row", f"{where}: not a number: {error}")
    return to_clip(columns, path, label, "nemo")


def _part(offset: str | None, duration: str | None) -> dict[str, str]:
    """Start and end in s, where the line means a part of the file."""
    if offset is None:
        return {}
    start = float(offset)
    end = {} if duration is None else {"end": f"{start + float(duration):.10g}"}
    return {"start": f"{start:.10g}", **end}
