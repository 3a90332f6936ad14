"""What the adapters share: tables as rows of text, and listings of folders."""

from __future__ import annotations

import csv
import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from earmark.corpus.catalogue import BadRow, Clip, gender, nearest, relative
from earmark.errors import EarmarkError

Row = Mapping[str, str]

TEXTS = ("split", "speaker", "age", "accent", "language", "sentence")
COUNTS = ("up_votes", "down_votes")
TIMES = ("start", "end")

csv.field_size_limit(1 << 27)


@dataclass
class Listing:
    """Which files exist, by listing each folder once instead of asking for each file."""

    folders: dict[Path, frozenset[str]] = field(default_factory=dict)

    def __contains__(self, path: Path) -> bool:
        if path.parent not in self.folders:
            self.folders[path.parent] = frozenset(visible(path.parent))
        return path.name in self.folders[path.parent]


def visible(folder: Path) -> list[str]:
    """Sorted names of the files in a folder that are not hidden; empty if there is no such folder."""
    if not folder.is_dir():
        return []
    return sorted(p.name for p in folder.iterdir() if not p.name.startswith(".") and not p.is_dir())


def read_rows(path: Path, required: Collection[str]) -> Iterator[Row]:
    """Rows of a CSV, TSV or Parquet file as text, empty cells left out.

    Raises EarmarkError if the file is missing or not a table, or lacks a required column.
    """
    if not path.is_file():
        raise EarmarkError(f"{path}: no such file; see data.root and data.table in params.yaml")
    if path.suffix.lower() == ".parquet":
        yield from _parquet_rows(path, required)
    else:
        yield from _text_rows(path, required)


def _text_rows(path: Path, required: Collection[str]) -> Iterator[Row]:
    """Common Voice writes quotation marks as they are: in a tab-separated file they mean nothing."""
    tabs = path.suffix.lower() in (".tsv", ".tab")
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            lines = csv.reader(stream, delimiter="\t", quoting=csv.QUOTE_NONE) if tabs else csv.reader(stream)
            header = [name.strip() for name in next(lines, [])]
            _check_columns(path, header, required)
            for line in lines:
                if line:
                    yield _present(zip(header, line, strict=False))
    except (UnicodeDecodeError, csv.Error) as error:
        raise EarmarkError(
            f"{path}: not a table in UTF-8 ({error}); data.table names a CSV, TSV or Parquet file"
        ) from None


def _parquet_rows(path: Path, required: Collection[str]) -> Iterator[Row]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.ParquetFile(path)
    except pa.ArrowException as error:
        raise EarmarkError(f"{path}: not a Parquet file ({error})") from None
    _check_columns(path, table.schema_arrow.names, required)
    for batch in table.iter_batches():
        for row in batch.to_pylist():
            yield _present((name, "" if value is None or value != value else str(value)) for name, value in row.items())


def _present(cells: Iterator[tuple[str, str]]) -> Row:
    stripped = ((name, value.strip()) for name, value in cells)
    return {name: value for name, value in stripped if value}


def _check_columns(path: Path, header: Collection[str], required: Collection[str]) -> None:
    for name in required:
        if name not in header:
            raise EarmarkError(f"{path}: no column '{name}'; {nearest(name, header)}")


def to_clip(row: Row, path: str, label_column: str, source: str) -> Clip | BadRow:
    """The clip of a row whose columns have the catalogue's names; a BadRow if label or numbers are no good."""
    label = gender(row.get("gender")) if label_column == "gender" else row.get(label_column)
    if label is None:
        return BadRow(path, None, "no_label", f"nothing in column '{label_column}'")
    try:
        values: dict[str, Any] = {name: float(row[name]) for name in TIMES if name in row}
        values |= {name: int(float(row[name])) for name in COUNTS if name in row}
    except (ValueError, OverflowError) as error:
        return BadRow(path, None, "bad_row", f"not a number: {error}")
    if not 0 <= values.get("start", 0.0) < values.get("end", math.inf):
        return BadRow(path, None, "bad_row", f"start {row.get('start')} s does not lie before end {row.get('end')} s")
    values |= {name: row[name] for name in TEXTS if name in row}
    known = {"path", "gender", *TEXTS, *COUNTS, *TIMES}
    extra = {name: value for name, value in row.items() if name not in known}
    return Clip(relative(path), label, source, gender=gender(row.get("gender")), extra=extra, **values)
