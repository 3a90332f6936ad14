"""Clips to try the page with: a test clip of each class, where the study's recordings are at hand."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from earmark.audio.decode import decode
from earmark.audio.encode import encoded
from earmark.audio.limits import UPLOAD
from earmark.provenance import read_record
from earmark.serving.facts import manifest_of, results_of

MOST = 8
COLUMNS = ["clip_id", "path", "start", "end", "label", "split", "bytes"]


@dataclass(frozen=True)
class Preset:
    """A test clip: its true ``label``, the recording, and the part of it (s) if it is not the whole."""

    label: str
    path: Path
    start: float | None = None
    end: float | None = None

    def audio(self) -> bytes:
        """The recording as it is, or the part of it as a WAV file; raises DecodeError."""
        if self.start is None and self.end is None:
            return self.path.read_bytes()
        samples, rate = decode(self.path, None, self.start, self.end, UPLOAD)
        return encoded(samples, rate, "WAV", "FLOAT")


def presets(model: Path) -> list[Preset]:
    """The first test clip of each class, by clip id; none if the recordings are elsewhere, or inside archives."""
    manifest = manifest_of(model)
    if manifest is None:
        return []
    named = Path((read_record(manifest) or {})["params"]["data"]["root"])
    root = next((root for root in (results_of(model).parent / named, named) if root.is_dir()), named)
    rows = pq.ParquetFile(manifest / "manifest.parquet").read(columns=COLUMNS).to_pylist()
    found: dict[str, Preset] = {}
    for row in sorted(rows, key=lambda row: str(row["clip_id"])):
        if row["split"] == "test" and row["label"] not in found and _is_there(root / row["path"], row):
            found[row["label"]] = Preset(row["label"], root / row["path"], row["start"], row["end"])
    return [found[label] for label in sorted(found)][:MOST]


def _is_there(path: Path, row: dict[str, Any]) -> bool:
    """Whether this is the recording of a clip, as far as its size tells."""
    return path.is_file() and path.stat().st_size == row["bytes"] <= UPLOAD.file_bytes
