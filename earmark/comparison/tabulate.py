"""A table filled from the runs: as Markdown to read, as CSV to go on with."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from earmark.comparison.measures import MEASURES, Value
from earmark.comparison.outcome import Outcome, of_baseline
from earmark.comparison.spec import Row, Spec, split_column

Network = Callable[[Outcome, int], Mapping[str, Value]]
"""The measures that are counted in the network of an outcome's params, for so many classes."""

HEADINGS = {"published": "published {}", "honest": "{}, new speakers"}


@dataclass(frozen=True)
class Table:
    """``cells`` by row in the order of the spec's columns; ``states`` say of each row what it lacks, if anything."""

    spec: Spec
    cells: list[list[Value]]
    states: list[str]

    def markdown(self) -> str:
        """Title, table and notes, a line for each recipe that was not run."""
        header = [["", *map(heading, self.spec.columns)]]
        body = [
            [row.label, *(measure_of(c).text(v) for c, v in zip(self.spec.columns, cells, strict=True))]
            for row, cells in zip(self.spec.rows, self.cells, strict=True)
        ]
        lacking = [f"* {state}" for state in dict.fromkeys(filter(None, self.states))]
        parts = [f"# {self.spec.title}", _markdown(header + body, self._numeric()), self.spec.note.strip()]
        return "\n\n".join(part for part in (*parts, "\n".join(lacking)) if part) + "\n"

    def csv(self) -> str:
        """One line per row: label, recipe and the columns by name, numbers in full."""
        stream = io.StringIO()
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["label", "recipe", *self.spec.columns])
        for row, cells in zip(self.spec.rows, self.cells, strict=True):
            writer.writerow([row.label, row.recipe, *("" if value is None else value for value in cells)])
        return stream.getvalue()

    def as_dicts(self) -> list[dict[str, Any]]:
        """The rows as JSON-serialisable values by column name."""
        return [
            {
                "label": row.label,
                "recipe": row.recipe,
                **dict(zip(self.spec.columns, cells, strict=True)),
                "lacks": state,
            }
            for row, cells, state in zip(self.spec.rows, self.cells, self.states, strict=True)
        ]

    def _numeric(self) -> list[bool]:
        columns = list(zip(*self.cells, strict=True))
        return [False, *(not any(isinstance(value, str) for value in column) for column in columns)]


def fill(spec: Spec, outcomes: Mapping[str, Outcome], network: Network) -> Table:
    """The table of ``outcomes`` by recipe; ``network`` is called only if a column is counted in the network."""
    cells = [_cells(spec, row, outcomes, network) for row in spec.rows]
    return Table(spec, cells, [_state(spec, row, outcomes) for row in spec.rows])


def heading(column: str) -> str:
    """The heading of a column."""
    prefix, _ = split_column(column)
    return HEADINGS.get(prefix or "", "{}").format(measure_of(column).heading)


def measure_of(column: str) -> Any:
    """The measure that a column shows."""
    return MEASURES[split_column(column)[1]]


def _cells(spec: Spec, row: Row, outcomes: Mapping[str, Outcome], network: Network) -> list[Value]:
    own = outcomes[row.recipe]
    own = of_baseline(own, row.baseline) if row.baseline else own
    is_counted = any(measure_of(column).needs_network for column in spec.columns)
    counted = network(own, row.classes) if is_counted else {}
    return [_cell(column, row, own, outcomes, counted) for column in spec.columns]


def _cell(column: str, row: Row, own: Outcome, outcomes: Mapping[str, Outcome], counted: Mapping[str, Value]) -> Value:
    prefix, name = split_column(column)
    measure = MEASURES[name]
    if prefix == "published":
        return row.published.get(name)
    if prefix == "honest":
        own = outcomes[row.honest] if row.honest else Outcome("", own.params)
    return counted.get(name) if measure.read is None else measure.read(own)


def _state(spec: Spec, row: Row, outcomes: Mapping[str, Outcome]) -> str:
    """What the row's runs lack, where a column is read from a run."""
    prefixes = {split_column(column)[0] for column in spec.columns if measure_of(column).read}
    named = [row.recipe if None in prefixes else None, row.honest if "honest" in prefixes else None]
    lacking = [outcomes[name] for name in named if name and outcomes[name].missing]
    return "; ".join(f"`{outcome.name}`: {outcome.missing}" for outcome in lacking)


def _markdown(rows: Sequence[Sequence[str]], numeric: Sequence[bool]) -> str:
    """The first row is the header; numbers to the right."""
    rule = ["---:" if is_number else "---" for is_number in numeric]
    return "\n".join(f"| {' | '.join(row)} |" for row in (rows[0], rule, *rows[1:]))
