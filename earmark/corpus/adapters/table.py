"""A table of clips: CSV, TSV or Parquet with at least ``path`` and the label column.

``path`` is relative to ``data.root``. Columns named as in the manifest (speaker, gender, start, end, split, …) mean
the same there; all others can be used in ``data.filter``, ``data.balance`` and ``split.by``.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from earmark.config import DataParams
from earmark.corpus.adapters.tables import Row, read_rows, to_clip
from earmark.corpus.catalogue import BadRow, Clip
from earmark.errors import EarmarkError
from earmark.recordings import Recordings


def files(data: DataParams, recordings: Recordings) -> list[Path]:
    """The table and each file (or its archive) that the table names, existing or not."""
    named = {row["path"] for row in read_rows(_table(data, recordings), ["path"]) if "path" in row}
    return [recordings.source(str(data.table)), *sorted({recordings.source(name) for name in named})]


def clips(data: DataParams, recordings: Recordings) -> Iterator[Clip | BadRow]:
    """A row per table row."""
    for number, row in enumerate(read_rows(_table(data, recordings), ["path", data.label]), start=2):
        yield _clip(row, number, data, recordings)


def _table(data: DataParams, recordings: Recordings) -> Path:
    if data.table is None:
        raise EarmarkError("data.table: adapter 'table' needs the name of a CSV, TSV or Parquet file below data.root")
    return recordings.path(data.table)


def _clip(row: Row, number: int, data: DataParams, recordings: Recordings) -> Clip | BadRow:
    path = row.get("path", "")
    if not path:
        return BadRow("", None, "bad_row", f"row {number} of {data.table} names no file")
    if path not in recordings:
        return BadRow(path, path, "missing_file", f"named by row {number} of {data.table}, not below data.root")
    return to_clip(row, path, data.label, "table")
