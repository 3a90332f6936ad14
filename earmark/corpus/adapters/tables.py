"""What the adapters share: tables as rows of text, and rows as clips."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from earmark.corpus.catalogue import MEASURED, OWN_COLUMNS, BadRow, Clip, gender, nearest, relative
from earmark.errors import EarmarkError

Row = Mapping[str, str]

TEXTS = ("split", "speaker", "age", "accent", "language", "sentence", "recording", "session")
COUNTS = ("up_votes", "down_votes")
TIMES = ("start", "end")
USED = frozenset(["path", "gender", *TEXTS, *COUNTS, *TIMES])
"""Columns that become fields of a clip."""

TAKEN = frozenset([*OWN_COLUMNS, *MEASURED])
"""Columns that mean something of earmark's own: what a data set says under such a name is kept as ``stated_…``."""

csv.field_size_limit(1 << 27)


def read_rows(path: Path, required: Collection[str]) -> Iterator[Row]:
    """Rows of a CSV, TSV, JSON-lines or Parquet file as text, empty cells left out.

    Raises EarmarkError if the file is missing or not a table, or lacks a required column.
    """
    if not path.is_file():
        raise EarmarkError(f"{path}: no such file; see data.root and data.table in params.yaml")
    if path.suffix.lower() == ".parquet":
        yield from _parquet_rows(path, required)
    elif path.suffix.lower() in (".jsonl", ".json"):
        yield from _json_rows(path, required)
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


def _json_rows(path: Path, required: Collection[str]) -> Iterator[Row]:
    """A row per line; lines may have different keys, so the columns are known after all lines are."""
    if required:
        _check_columns(path, {name for line in _json_lines(path) for name in line}, required)
    for line in _json_lines(path):
        yield _present((name, _as_text(value)) for name, value in line.items())


def _json_lines(path: Path) -> Iterator[Mapping[str, Any]]:
    read = 0
    try:
        with path.open(encoding="utf-8-sig") as stream:
            for line in stream:
                if line.strip():
                    yield {**json.loads(line)}
                read += 1
    except (ValueError, TypeError) as error:
        raise EarmarkError(f"{path}: line {read + 1} is not a JSON object in UTF-8 ({error})") from None


def _as_text(value: Any) -> str:
    if value is None or value != value:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


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
    extra = {_free(name): row[name] for name in row if name not in USED and not name == label_column == "label"}
    return Clip(relative(path), label, source, gender=gender(row.get("gender")), extra=extra, **values)


def renamed(row: Row, names: Mapping[str, str]) -> Row:
    """The row with columns under the catalogue's ``names``; a column that is there under its name is not replaced."""
    cells = dict(row)
    for old, new in names.items():
        if old in cells and new not in cells:
            cells[new] = cells.pop(old)
    return cells


def _free(name: str) -> str:
    return f"stated_{name}" if name in TAKEN else name
