"""Common Voice releases: ``<root>/<locale>/validated.tsv`` with ``clips/*.mp3`` beside it, or one locale as the root.

Old and new releases differ in column names (``accent``, ``accents``) and in the values of ``gender``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

from earmark.config import DataParams
from earmark.corpus.adapters.tables import Row, read_rows, to_clip, visible
from earmark.corpus.catalogue import BadRow, Clip
from earmark.errors import EarmarkError

TABLE = "validated.tsv"
RENAMED = {"client_id": "speaker", "accents": "accent", "locale": "language"}
"""Column of a release to column of the catalogue."""


def files(data: DataParams) -> list[Path]:
    """The tables and every file in the ``clips`` folders."""
    found: list[Path] = []
    for folder in _locales(data):
        found += [folder / TABLE, *(folder / "clips" / name for name in visible(folder / "clips"))]
    return found


def clips(data: DataParams) -> Iterator[Clip | BadRow]:
    """A row per table row; files that no row names are reported as ``unlisted``."""
    for folder in _locales(data):
        prefix = "" if folder == Path(data.root) else f"{folder.name}/"
        unlisted = there = frozenset(visible(folder / "clips"))
        for row in read_rows(folder / TABLE, _required(data.label)):
            name = _file_name(row.get("path", ""), there)
            unlisted -= {name}
            yield _clip(row, name, f"{prefix}clips/{name}", name in there, data.label, folder.name)
        for name in sorted(unlisted):
            path = f"{prefix}clips/{name}"
            yield BadRow(path, path, "unlisted", f"no row of {prefix}{TABLE} names it")


def _locales(data: DataParams) -> list[Path]:
    """Folders that hold a table: the root, or its sub-folders; raises EarmarkError if there is none."""
    root = Path(data.root)
    found = [path.parent for path in [root / TABLE, *sorted(root.glob(f"[!.]*/{TABLE}"))] if path.is_file()]
    if not found:
        hint = "earmark demo" if data.adapter == "demo" else "set data.root to a Common Voice release"
        raise EarmarkError(f"{root}: neither {TABLE} nor <locale>/{TABLE}; {hint}")
    return found[:1] if found[0] == root else found


def _required(label: str) -> list[str]:
    """The label must be a column, by the catalogue's name or the release's; the locale may be the folder's name."""
    own = {new: old for old, new in RENAMED.items() if old != "accents"}
    return ["path", "client_id"] + ([] if label in ("language", "accent") else [own.get(label, label)])


def _file_name(path: str, there: Collection[str]) -> str:
    """The first releases leave out the suffix."""
    return f"{path}.mp3" if path not in there and f"{path}.mp3" in there else path


def _clip(row: Row, name: str, path: str, there: bool, label: str, locale: str) -> Clip | BadRow:
    if not name:
        return BadRow(path, None, "bad_row", f"a row of {locale}/{TABLE} names no file")
    if not there:
        return BadRow(path, path, "missing_file", f"named by {locale}/{TABLE}, not in the folder clips")
    renamed = {RENAMED.get(column, column): value for column, value in row.items()}
    return to_clip({"language": locale, **renamed}, path, RENAMED.get(label, label), "common_voice")
