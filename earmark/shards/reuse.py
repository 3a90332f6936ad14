"""Rows of earlier shards by their content key, so that what is known is copied and not computed again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

from earmark.errors import EarmarkError
from earmark.shards.blobs import BlobReader, Row


class Place(NamedTuple):
    """A clip's rows: earlier shard, number of the first of them in it, how many."""

    shard: int
    first: int
    rows: int


@dataclass
class _Earlier:
    """An opened shard: where its row groups begin and end, and the one that is in memory."""

    reader: BlobReader
    starts: list[int]
    held: int = -1
    rows: Sequence[Row] = ()


class EarlierRows:
    """The ``columns`` of ``shards`` by ``row_key``; a shard that is damaged, gone or without them counts as empty.

    Holds all keys but only one row group per shard: rows are asked for in the order they are stored in.
    """

    def __init__(self, shards: Sequence[Path], columns: Sequence[str]) -> None:
        self._columns = columns
        self._shards: list[_Earlier] = []
        self._places: dict[str, Place] = {}
        for path in shards:
            self._index(path)

    def get(self, row_key: str) -> list[Row] | None:
        """The rows of one clip with this key, in stored order, blobs as bytes; None if none is known and intact."""
        place = self._places.get(row_key)
        if place is None:
            return None
        try:
            return [_plain(row) for row in self._rows(self._shards[place.shard], place)]
        except EarmarkError:
            return None

    def _index(self, path: Path) -> None:
        try:
            reader = BlobReader(path)
            groups = [list(reader.group(group, ["clip_id", "row_key"])) for group in range(reader.groups)]
        except EarmarkError:
            return
        starts, first = [0], 0
        for rows in groups:
            starts.append(starts[-1] + len(rows))
        for (_, key), rows_of_clip in groupby(row for rows in groups for row in rows):
            place = Place(len(self._shards), first, sum(1 for _ in rows_of_clip))
            self._places.setdefault(key, place)
            first += place.rows
        self._shards.append(_Earlier(reader, starts))

    def _rows(self, shard: _Earlier, place: Place) -> Iterator[Row]:
        """Rows of one clip, which may lie in several row groups."""
        last = place.first + place.rows
        for group, (start, end) in enumerate(zip(shard.starts[:-1], shard.starts[1:], strict=True)):
            if start < last and place.first < end:
                yield from self._group(shard, group)[max(place.first - start, 0) : last - start]

    def _group(self, shard: _Earlier, group: int) -> Sequence[Row]:
        if shard.held != group:
            shard.held, shard.rows = -1, ()  # let go of the old group before the new one is read
            shard.rows = list(shard.reader.group(group, self._columns))
            shard.held = group
        return shard.rows


def _plain(row: Iterable[Any]) -> Row:
    """Copies, because a view would keep its whole row group in memory."""
    return tuple(value if isinstance(value, int | str) else bytes(value) for value in row)
