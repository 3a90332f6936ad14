"""A folder per class: ``<root>/<class>/**/*.wav`` (or another audio format). Speakers are not known."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from earmark.config import DataParams
from earmark.corpus.catalogue import BadRow, Clip
from earmark.errors import EarmarkError

AUDIO = frozenset([".wav", ".flac", ".mp3", ".ogg", ".oga", ".opus", ".aiff", ".aif", ".aifc", ".au", ".caf", ".w64"])
"""Suffixes of the formats that libsndfile reads."""


def files(data: DataParams) -> list[Path]:
    """Every file below the class folders that is not hidden, sorted."""
    root = Path(data.root)
    if not root.is_dir():
        raise EarmarkError(f"{root}: no such folder; set data.root to a folder with a sub-folder per class")
    found: list[Path] = []
    for name in sorted(p.name for p in root.iterdir() if p.is_dir() and not p.name.startswith(".")):
        found += _below(root / name)
    return found


def clips(data: DataParams) -> Iterator[Clip | BadRow]:
    """A clip per file, its class the name of the folder; raises EarmarkError if another label is asked for."""
    if data.label not in ("label", "language"):
        raise EarmarkError(
            f"data.label: adapter 'folder' has no column '{data.label}'; use 'label', the name of the folder"
        )
    for file in files(data):
        path = file.relative_to(data.root).as_posix()
        label = path.split("/")[0]
        if file.suffix.lower() not in AUDIO:
            yield BadRow(path, path, "wrong_extension", f"'{file.suffix}' is no audio format that earmark reads")
        else:
            yield Clip(path, label, "folder", language=label if data.label == "language" else None)


def _below(folder: Path) -> list[Path]:
    found: list[Path] = []
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        found += [Path(place) / name for name in names if not name.startswith(".")]
    return sorted(found)
