"""Common Voice: a table per locale, ``<locale>/validated.tsv`` with ``clips/*.mp3`` beside it, or the CSVs of 2017.

https://commonvoice.mozilla.org/datasets. Releases differ in column names (``accent``, ``accents``) and in the values of
``gender``; where ``train.tsv``, ``dev.tsv`` and ``test.tsv`` lie beside the table they are its official split. The
first release, English only and still Kaggle's, has ``cv-valid-{train,dev,test}.csv``, each with a folder of its name,
and names no speakers. ``data.table`` chooses another table, e.g. ``other.tsv`` or ``cv-other-train.csv``.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from earmark.config import DataParams
from earmark.corpus.adapters.layout import folders, sounds, split_of, stem, without_suffix, wrong_layout
from earmark.corpus.adapters.tables import Row, read_rows, renamed, to_clip
from earmark.corpus.catalogue import BadRow, Clip
from earmark.errors import EarmarkError
from earmark.recordings import Recordings

TABLE = "validated.tsv"
FIRST_RELEASE = ("cv-valid-train.csv", "cv-valid-dev.csv", "cv-valid-test.csv")
SPLIT_TABLES = {"train.tsv": "train", "dev.tsv": "val", "test.tsv": "test"}
RENAMED = {"client_id": "speaker", "accents": "accent", "locale": "language", "filename": "path", "text": "sentence"}
"""Column of a release to column of the catalogue."""

NOT_REQUIRED = frozenset(["label", "language", "accent", "sentence", "split"])
"""Labels that the adapter knows by itself, or that releases name differently."""


@dataclass(frozen=True)
class _Table:
    """A table and what its paths mean: they start at ``base``, and all ``files`` of ``folder`` should be named."""

    name: str
    base: str
    folder: str
    language: str

    @property
    def first_release(self) -> bool:
        return self.name.endswith(".csv")

    def required(self, label: str) -> list[str]:
        """Columns that must be there, by the release's names."""
        columns = ["filename"] if self.first_release else ["path", "client_id"]
        own = {new: old for old, new in RENAMED.items()}
        return columns + ([] if label in NOT_REQUIRED else [own.get(label, label)])

    def find(self, path: str, files: Collection[str]) -> str:
        """The file of a path: early releases leave out the suffix, Kaggle has each folder in a folder of its name."""
        names = [f"{self.base}{path}", f"{self.base}{path}.mp3", f"{self.base}{path.partition('/')[0]}/{path}"]
        return next((name for name in names if name in files), names[0])


def clips(data: DataParams, recordings: Recordings) -> Iterator[Clip | BadRow]:
    """A row per table row; files that no row names are reported as ``unlisted``."""
    tables = _tables(data, recordings)
    files = _files({table.folder for table in tables}, recordings)
    label = "language" if data.label == "label" else RENAMED.get(data.label, data.label)
    for table in tables:
        there, splits = frozenset(files[table.folder]), _splits(table, recordings)
        unlisted = set(there)
        for row in read_rows(recordings.path(table.name), table.required(data.label)):
            cells = renamed(row, RENAMED)
            name = table.find(cells.get("path", ""), there)
            unlisted.discard(name)
            yield _clip(cells, name, name in there, table, splits, label)
        for name in sorted(unlisted):
            yield BadRow(name, name, "unlisted", f"no row of {table.name} names it")


def _tables(data: DataParams, recordings: Recordings) -> list[_Table]:
    """Every table of the wanted name, below any folders; raises EarmarkError if there is none."""
    wanted = (data.table,) if data.table else (TABLE, *FIRST_RELEASE)
    names = [name for name in recordings.names if name.rpartition("/")[2] in wanted]
    if names:
        return [_table(name, recordings) for name in names]
    if data.table:
        raise wrong_layout(recordings, data.table, "data.table names a table of a release, e.g. other.tsv")
    hint = "earmark demo" if data.adapter == "demo" else "set data.root to a Common Voice release"
    raise EarmarkError(f"{recordings.root}: neither {TABLE} nor <locale>/{TABLE} nor {FIRST_RELEASE[0]}; {hint}")


def _table(name: str, recordings: Recordings) -> _Table:
    above = name[: len(name) - len(name.rpartition("/")[2])]
    if name.endswith(".csv"):
        return _Table(name, above, f"{above}{stem(name)}/", "en")
    locale = [without_suffix(recordings.root.name), *folders(name)][-1]
    return _Table(name, f"{above}clips/", f"{above}clips/", locale)


def _files(wanted: Collection[str], recordings: Recordings) -> Mapping[str, list[str]]:
    """Recordings in each of the wanted folders, or one folder further in."""
    found: dict[str, list[str]] = {folder: [] for folder in wanted}
    for name in sounds(recordings):
        inner = name.rpartition("/")[0]
        for folder in (f"{inner}/", f"{inner.rpartition('/')[0]}/"):
            if folder in found:
                found[folder].append(name)
                break
    return found


def _splits(table: _Table, recordings: Recordings) -> Mapping[str, str]:
    """Official split by path; under the empty path that of all, which the names of the CSVs of 2017 tell."""
    if table.first_release:
        split = split_of(re.split(r"\W", stem(table.name)))
        return {"": split} if split else {}
    above = table.base.removesuffix("clips/")
    found = {f"{above}{base}": split for base, split in SPLIT_TABLES.items() if f"{above}{base}" in recordings}
    rows = ((row, split) for name, split in found.items() for row in read_rows(recordings.path(name), ["path"]))
    return {row["path"]: split for row, split in rows if "path" in row}


def _clip(row: Row, name: str, there: bool, table: _Table, splits: Mapping[str, str], label: str) -> Clip | BadRow:
    if "path" not in row:
        return BadRow(name, None, "bad_row", f"a row of {table.name} names no file")
    if not there:
        return BadRow(name, name, "missing_file", f"named by {table.name}, not in the folder {table.folder}")
    cells = {"language": table.language, **row}
    if split := splits.get(row["path"], splits.get("")):
        cells["split"] = split
    return to_clip(cells, name, label, "common_voice")
