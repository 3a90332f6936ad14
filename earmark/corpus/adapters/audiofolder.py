"""Hugging Face AudioFolder: recordings with a ``metadata.csv``, ``.jsonl`` or ``.parquet``, or in a folder per class.

https://huggingface.co/docs/datasets/audio_dataset. ``file_name`` in the metadata is relative to their own folder; they
lie at the root, in the folder of a split (``train``, ``validation``, ``test``) or beside the recordings. Where there
are no metadata at all, the innermost folder is the class (``train/dog/a.wav``), as ``datasets`` has it.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from earmark.config import DataParams
from earmark.corpus.adapters.layout import folders, require_label, sounds, split_of, wrong_layout
from earmark.corpus.adapters.tables import Row, read_rows, renamed, to_clip
from earmark.corpus.catalogue import BadRow, Clip
from earmark.recordings import Recordings

TABLES = frozenset(["metadata.csv", "metadata.jsonl", "metadata.parquet"])
RENAMED = {"transcription": "sentence", "text": "sentence", "speaker_id": "speaker"}
"""Column of such metadata to column of the catalogue."""


def clips(data: DataParams, recordings: Recordings) -> Iterator[Clip | BadRow]:
    """A row per row of the metadata and per recording that they do not name, or a clip per recording in a class."""
    tables = [name for name in recordings.names if name.rpartition("/")[2] in TABLES]
    if tables:
        yield from _listed(tables, data, recordings)
    else:
        yield from _foldered(data, recordings)


def _listed(tables: list[str], data: DataParams, recordings: Recordings) -> Iterator[Clip | BadRow]:
    unlisted = set(sounds(recordings))
    label = RENAMED.get(data.label, data.label)
    required = ["file_name"] + ([] if label in RENAMED.values() else [data.label])
    for table in tables:
        for number, row in enumerate(read_rows(recordings.path(table), required), start=1):
            path = posixpath.normpath(posixpath.join(posixpath.dirname(table), row.get("file_name", "")))
            unlisted.discard(path)
            yield _clip(row, path, f"row {number} of {table}", label, recordings)
    for path in sorted(unlisted):
        yield BadRow(path, path, "unlisted", f"named by no row of {', '.join(tables[:3])}")


def _clip(row: Row, path: str, where: str, label: str, recordings: Recordings) -> Clip | BadRow:
    if "file_name" not in row:
        return BadRow("", None, "bad_row", f"{where} names no file")
    if path not in recordings:
        return BadRow(path, path, "missing_file", f"named by {where}, not there; file_name starts at the metadata")
    columns = {name: cell for name, cell in renamed(row, RENAMED).items() if name != "file_name"}
    if split := split_of(folders(path)):
        columns.setdefault("split", split)
    return to_clip(columns, path, label, "audiofolder")


def _foldered(data: DataParams, recordings: Recordings) -> Iterator[Clip | BadRow]:
    require_label(data.label, ("label", "language"), "audiofolder (without metadata)")
    names = list(sounds(recordings))
    if not any("/" in name for name in names):
        fix = "set data.root to a folder in the layout of Hugging Face's AudioFolder"
        raise wrong_layout(recordings, "metadata.csv, metadata.jsonl or metadata.parquet, and no folder per class", fix)
    for name in names:
        *above, inner = folders(name) or [""]
        split, inner_split = split_of(above), split_of([inner])
        row = {} if inner_split and not split else {data.label: inner}  # train/test/a.wav: class test of split train
        if split or inner_split:
            row["split"] = split or str(inner_split)
        yield to_clip({column: cell for column, cell in row.items() if cell}, name, data.label, "audiofolder")
