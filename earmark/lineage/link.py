"""One link of the chain from recordings to figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from earmark.provenance import read_record


@dataclass(frozen=True)
class Link:
    """What it is, the key or digest that names it, a few words about it, and what is wrong with it, in sentences."""

    name: str
    key: str
    words: str = ""
    faults: Sequence[str] = ()

    @property
    def is_whole(self) -> bool:
        """Whether nothing is wrong with it."""
        return not self.faults


def recorded_key(path: Path) -> str | None:
    """The key that a product (Parquet file or folder) records about itself; None if there is none."""
    record = read_record(path) if path.exists() else None
    return None if record is None else str(record.get("key"))
