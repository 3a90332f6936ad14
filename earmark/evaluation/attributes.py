"""What a data set states of its clips beside the class: gender, age, accent, language, file format."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow.compute as pc

from earmark.evaluation.census import FORMAT, Census, CrossTable

STATED = ("gender", "age", "accent")
"""What a data set may state of its speakers."""


@dataclass(frozen=True)
class Attributes:
    """Columns beside the class: tables of those that vary, values of those that do not, and those never stated."""

    tables: dict[str, CrossTable]
    constant: dict[str, str]
    unstated: list[str]


def attributes(census: Census, label: str) -> Attributes:
    """The columns beside the class, which is the column ``label``; one that repeats it is left out."""
    names = [name for name in (*STATED, "language", FORMAT) if name != label and not _is_class(census, name)]
    known = {name: census.distinct(name) for name in names}
    same = [name for name in names if known[name] == 1 and not census.clips[name].null_count]
    tables = {name: census.cross(name) for name in names if known[name] and name not in same}
    constant = {name: str(census.clips[name][0].as_py()) for name in same}
    return Attributes(tables, constant, [name for name in STATED if known.get(name) == 0])


def _is_class(census: Census, column: str) -> bool:
    """Whether the class is this column under another name."""
    return bool(pc.all(pc.fill_null(pc.equal(census.clips["label"], census.clips[column]), False)).as_py())
