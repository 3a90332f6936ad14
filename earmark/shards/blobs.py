"""Arrow columns straight from Python values: ``pyarrow.array`` would import pandas, which costs a second per job."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from earmark.errors import EarmarkError

ROWS_PER_GROUP = 128
BYTES_PER_GROUP = 1 << 20
"""A row group ends at either limit: one clip at random is cheap to read, and memory stays bounded with long clips."""

Compression = Literal["none", "zstd"]

LEVELS: dict[str, int | None] = {"none": None, "zstd": 3}
"""Of the compression; higher ones cost more and make images hardly smaller."""

Row = tuple[Any, ...]
"""Values of some columns: strings, whole numbers and blobs."""


class BlobWriter:
    """Streams rows of binary columns (and small others) into a Parquet file.

    Equal rows give equal bytes. Blobs carry no dictionary and no statistics (they would only cost), but a checksum.
    """

    def __init__(self, path: Path, schema: pa.Schema, compression: Compression = "none") -> None:
        self._schema = schema
        self._blobs = [number for number, field in enumerate(schema) if field.type == pa.binary()]
        self._rows: list[Row] = []
        self._bytes = 0
        self._writer = pq.ParquetWriter(
            path,
            schema,
            compression=compression,
            compression_level=LEVELS[compression],
            use_dictionary=False,
            write_statistics=[field.name for field in schema if field.type != pa.binary()],
            write_page_checksum=True,
        )

    def __enter__(self) -> BlobWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._flush()
        self._writer.close()

    def add(self, *row: Any) -> None:
        """Append one row, its values in the order of the schema."""
        self._rows.append(row)
        self._bytes += sum(len(row[number]) for number in self._blobs)
        if len(self._rows) >= ROWS_PER_GROUP or self._bytes >= BYTES_PER_GROUP:
            self._flush()

    def _flush(self) -> None:
        if self._rows:
            columns = [
                column(values, field.type)
                for values, field in zip(zip(*self._rows, strict=True), self._schema, strict=True)
            ]
            self._writer.write_batch(
                pa.RecordBatch.from_arrays(columns, schema=self._schema), row_group_size=len(self._rows)
            )
        self._rows, self._bytes = [], 0


def column(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    """An Arrow array of int32, or of strings or bytes."""
    if kind == pa.int32():
        return pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(np.asarray(values, np.int32))])
    parts = [value.encode() if isinstance(value, str) else value for value in values]
    ends = np.cumsum([0, *map(len, parts)], dtype=np.int32)
    return pa.Array.from_buffers(kind, len(parts), [None, pa.py_buffer(ends), pa.py_buffer(b"".join(parts))])


class BlobReader:
    """A shard opened for reading, compressed or not; raises EarmarkError where it is damaged."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._file = pq.ParquetFile(path, page_checksum_verification=True)
        except (OSError, pa.ArrowException) as error:
            raise self._damaged(error) from None

    @property
    def groups(self) -> int:
        """How many row groups the shard has."""
        return int(self._file.num_row_groups)

    @property
    def schema(self) -> pa.Schema:
        """Its columns and metadata."""
        return self._file.schema_arrow

    def group(self, index: int, names: Sequence[str]) -> Iterator[Row]:
        """Rows of one row group: the values of the columns ``names``, blobs as buffers."""
        try:
            table = self._file.read_row_group(index, columns=list(names))
            columns = [[_value(scalar) for scalar in table.column(name)] for name in names]
        except (OSError, KeyError, pa.ArrowException) as error:
            raise self._damaged(error) from None
        return zip(*columns, strict=True)

    def _damaged(self, error: Exception) -> EarmarkError:
        return EarmarkError(f"{self.path}: not a readable shard ({error}); remove the file and run again")


def _value(scalar: Any) -> Any:
    return scalar.as_buffer() if pa.types.is_binary(scalar.type) else scalar.as_py()
