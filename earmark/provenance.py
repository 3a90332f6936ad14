"""Provenance: where a product comes from, kept inside the product itself (Parquet metadata, or a JSON in a folder)."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from earmark import __version__
from earmark.digest import file_digest

METADATA_KEY = b"earmark"
FOLDER_FILE = "provenance.json"


@dataclass(frozen=True)
class Provenance:
    """Step name and version, content key, the step's slice of the params, and the keys of its inputs."""

    step: str
    version: int
    key: str
    params: dict[str, Any] = field(default_factory=dict)
    inputs: dict[str, Any] = field(default_factory=dict)
    earmark: str = __version__

    def stamp(self, schema: pa.Schema, **extra: Any) -> pa.Schema:
        """``schema`` with this provenance (and ``extra`` JSON-serialisable facts) in its metadata."""
        record = {**asdict(self), **extra}
        metadata = {**(schema.metadata or {}), METADATA_KEY: json.dumps(record, sort_keys=True).encode()}
        return schema.with_metadata(metadata)

    def write(self, folder: Path) -> None:
        """Write ``provenance.json`` into a finished folder, with the SHA-256 of every file that is in it by now."""
        files = sorted(p for p in folder.rglob("*") if p.is_file() and p.name != FOLDER_FILE)
        record = {**asdict(self), "outputs": {p.relative_to(folder).as_posix(): file_digest(p) for p in files}}
        (folder / FOLDER_FILE).write_text(json.dumps(record, indent=2, sort_keys=True) + "\n")


def read_record(path: Path) -> dict[str, Any] | None:
    """The provenance record of a Parquet file or of a folder; None if it has none or cannot be read."""
    try:
        if path.is_dir():
            return dict(json.loads((path / FOLDER_FILE).read_text()))
        metadata = pq.read_schema(path).metadata or {}
        return dict(json.loads(metadata[METADATA_KEY]))
    except (OSError, KeyError, ValueError, pa.ArrowException):
        return None
