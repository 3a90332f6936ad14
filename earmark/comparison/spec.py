"""What a table shows: ``recipes/tables/NAME.yaml``, its rows the recipes, its columns measures of their runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, ValidationError, model_validator

from earmark import overlay
from earmark.comparison.measures import MEASURES
from earmark.config import Section
from earmark.errors import EarmarkError, nearest

FOLDER = Path("recipes/tables")
PREFIXES = ("published", "honest")
"""``published.f1`` is the row's published figure, ``honest.f1`` that of its honest twin's run."""


class Row(Section):
    """One line: a recipe's run, or the answers of a classifier that learns nothing to its test clips."""

    label: str
    recipe: str
    honest: str | None = Field(None, description="recipe of the same model whose test speakers are new")
    baseline: Literal["random", "majority"] | None = Field(None, description="these answers instead of the model's")
    published: dict[str, int | float] = Field(default_factory=dict, description="figures of the source, by measure")
    classes: int = Field(2, ge=2, description="for the size of the last layer, which no run need tell")

    @model_validator(mode="after")
    def _measures_exist(self) -> Row:
        for name in self.published:
            require_measure(name)
        return self


class Spec(Section):
    """A table."""

    title: str
    note: str = ""
    columns: list[str] = Field(min_length=1)
    rows: list[Row] = Field(min_length=1)

    @model_validator(mode="after")
    def _measures_exist(self) -> Spec:
        for column in self.columns:
            require_measure(split_column(column)[1])
        return self

    @classmethod
    def load(cls, name: str, folder: Path = FOLDER) -> Self:
        """The table called ``name``; raises EarmarkError if there is none or it is wrong."""
        path = find(name, folder)
        try:
            return cls.model_validate(overlay.read(path))
        except ValidationError as error:
            found = ((".".join(map(str, e["loc"])), e["msg"].removeprefix("Value error, ")) for e in error.errors())
            lines = [f"  {where}: {what}" for where, what in found]
            raise EarmarkError("\n".join([f"{path}: {len(lines)} problem(s)", *lines])) from None

    def recipes(self) -> list[str]:
        """All recipes that the columns ask for, each once, in order."""
        needs_twins = any(split_column(column)[0] == "honest" for column in self.columns)
        named = [name for row in self.rows for name in (row.recipe, row.honest if needs_twins else None) if name]
        return list(dict.fromkeys(named))


def split_column(column: str) -> tuple[str | None, str]:
    """Prefix, if it has one, and measure of a column."""
    prefix, dot, name = column.partition(".")
    return (prefix, name) if dot and prefix in PREFIXES else (None, column)


def require_measure(name: str) -> None:
    """Raise ValueError, with the near miss, if there is no such measure."""
    if name not in MEASURES:
        raise ValueError(f"no measure '{name}'; {nearest(name, MEASURES)}")


def available(folder: Path = FOLDER) -> dict[str, Path]:
    """Names of the tables and their files, sorted."""
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}


def find(name: str, folder: Path = FOLDER) -> Path:
    """File of the table ``name``; raises EarmarkError with the nearest known name."""
    tables = available(folder)
    if name not in tables:
        raise EarmarkError(f"no table '{name}' in {folder}/; {nearest(name, tables)}")
    return tables[name]


def describe(folder: Path = FOLDER) -> str:
    """One line per table: its name and its title."""
    titles: dict[str, Any] = {name: overlay.read(path).get("title", "") for name, path in available(folder).items()}
    return "\n".join(f"{name:16} {title}" for name, title in titles.items()) or f"no tables in {folder}/"
