"""Layouts of data sets. Each adapter yields a row per clip of the files that ``Recordings`` names, in any order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from earmark.config import DataParams
from earmark.corpus.adapters import (
    audiofolder,
    audiomnist,
    common_voice,
    folder,
    fsdd,
    kaggle_languages,
    nemo,
    speech_commands,
    table,
    voxforge,
)
from earmark.corpus.catalogue import BadRow, Clip
from earmark.recordings import Recordings


def _all_files(data: DataParams, recordings: Recordings) -> list[Path]:
    return recordings.files()


@dataclass(frozen=True)
class Adapter:
    """How to read one layout: its ``clips``, the real ``files`` that decide them, and what it looks like, in a line."""

    clips: Callable[[DataParams, Recordings], Iterator[Clip | BadRow]]
    files: Callable[[DataParams, Recordings], list[Path]]
    layout: str

    @classmethod
    def of(cls, module: ModuleType) -> Adapter:
        """The adapter that a module defines; all files below the root decide unless it says otherwise."""
        return cls(
            module.clips,
            getattr(module, "files", _all_files),
            (module.__doc__ or "").splitlines()[0].replace("``", "`"),
        )


ADAPTERS = {
    "demo": Adapter.of(common_voice),
    "common_voice": Adapter.of(common_voice),
    "voxforge": Adapter.of(voxforge),
    "kaggle_languages": Adapter.of(kaggle_languages),
    "speech_commands": Adapter.of(speech_commands),
    "fsdd": Adapter.of(fsdd),
    "audiomnist": Adapter.of(audiomnist),
    "audiofolder": Adapter.of(audiofolder),
    "nemo": Adapter.of(nemo),
    "table": Adapter.of(table),
    "folder": Adapter.of(folder),
}
"""By the name in ``data.adapter``; the demo corpus is written in the layout of Common Voice."""
