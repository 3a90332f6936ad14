"""Layouts of data sets. Each adapter lists the files that decide the manifest and yields a row per clip."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from earmark.config import DataParams
from earmark.corpus.adapters import common_voice, folder, table
from earmark.corpus.catalogue import BadRow, Clip


@dataclass(frozen=True)
class Adapter:
    """How to read one layout: ``files`` (tables and recordings, existing or not) and ``clips``."""

    files: Callable[[DataParams], list[Path]]
    clips: Callable[[DataParams], Iterator[Clip | BadRow]]


ADAPTERS = {
    "demo": Adapter(common_voice.files, common_voice.clips),
    "common_voice": Adapter(common_voice.files, common_voice.clips),
    "table": Adapter(table.files, table.clips),
    "folder": Adapter(folder.files, folder.clips),
}
"""By the name in ``data.adapter``; the demo corpus is written in the layout of Common Voice."""
