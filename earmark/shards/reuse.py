"""Rows of earlier shards by their content key, so that what is known is copied and not computed again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from earmark.errors import EarmarkError
from earmark.shards.blobs import BlobReader

Place = tuple[int, int, int]
"""Earlier shard, row group, row."""


class EarlierRows:
    """Blobs of the column ``blob`` in ``shards`` by ``row_key``; a shard that is damaged or gone counts as empty.

    Holds all keys but only one row group of blobs per shard: rows are asked for in the order they are stored in.
    """

    def __init__(self, shards: Sequence[Path], blob: str) -> None:
        self._blob = blob
        self._readers: list[BlobReader] = []
        self._places: dict[str, Place] = {}
        self._held: dict[int, tuple[int, list[Any]]] = {}
        for path in shards:
            self._index(path)

    def get(self, row_key: str) -> bytes | None:
        """The blob of a row with this key, if one is known and intact."""
        place = self._places.get(row_key)
        if place is None:
            return None
        shard, group, row = place
        try:
            return bytes(self._group(shard, group)[row])
        except EarmarkError:
            return None

    def _index(self, path: Path) -> None:
        try:
            reader = BlobReader(path)
            keys = [[key for (key,) in reader.group(group, ["row_key"])] for group in range(reader.groups)]
        except EarmarkError:
            return
        shard = len(self._readers)
        self._readers.append(reader)
        for group, names in enumerate(keys):
            for row, key in enumerate(names):
                self._places.setdefault(key, (shard, group, row))

    def _group(self, shard: int, group: int) -> list[Any]:
        held = self._held.get(shard)
        if held is None or held[0] != group:
            self._held.pop(shard, None)  # let go of the old group before the new one is read
            blobs = [blob for (blob,) in self._readers[shard].group(group, [self._blob])]
            held = self._held[shard] = (group, blobs)
        return held[1]
