"""The census: clips, hours and speakers by class, split and any other column of a manifest folder.

Everything is counted column by column in Arrow, so that a million clips take seconds.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from earmark.errors import EarmarkError
from earmark.provenance import read_record
from earmark.recordings import SYNTHETIC
from earmark.splits import in_order

COLUMNS = [
    *("clip_id", "path", "start", "end", "label", "split", "speaker", "gender", "age", "accent", "language"),
    *("sentence", "source", "duration", "sample_rate", "channels", "level", "codec"),
]

ALL, NOT_STATED = "all", "not stated"

MOST_VALUES = 12
"""Values of a column that a table shows; the rarer ones are counted together."""

AGES = (
    *("teens", "twenties", "thirties", "forties", "fourties", "fifties"),
    *("sixties", "seventies", "eighties", "nineties"),
)
"""Age groups of Common Voice (which spells one of them so), youngest first."""

FORMAT = "file format"
"""A column made of codec, sample rate and channels."""


@dataclass(frozen=True)
class Size:
    """How much speech there is: clips, hours, and known speakers."""

    clips: int
    hours: float
    speakers: int


NOTHING = Size(0, 0.0, 0)


@dataclass(frozen=True)
class CrossTable:
    """Sizes by class (last: all, with label None) and ``values`` of ``column``; None where a class has no such clip."""

    column: str
    values: list[str]
    rows: list[tuple[str | None, list[Size | None]]]

    @property
    def labels(self) -> list[str]:
        """The classes."""
        return [label for label, _ in self.rows if label is not None]

    def clips(self, stated_only: bool = False) -> list[list[int]]:
        """Clips by class and value; ``stated_only`` leaves the column ``not stated`` out."""
        kept = [i for i, value in enumerate(self.values) if not (stated_only and value == NOT_STATED)]
        return [
            [size.clips if (size := sizes[i]) else 0 for i in kept] for label, sizes in self.rows if label is not None
        ]


@dataclass(frozen=True)
class Census:
    """The tables of a manifest folder (clips sorted by id), the leak audit, and the folder's provenance record.

    The clips of the data set, that is: synthetic training clips are in none of the tables, only in the audit's counts.
    """

    clips: pa.Table
    catalogue: pa.Table
    quarantine: pa.Table
    leaks: dict[str, Any]
    record: dict[str, Any]

    @classmethod
    def read(cls, prepared: Path) -> Self:
        """The census of a manifest folder; raises EarmarkError if a part of it is missing."""
        record = read_record(prepared)
        try:
            clips = _recorded(_read(prepared / "manifest.parquet", COLUMNS)).sort_by("clip_id")
            catalogue, quarantine = (_read(prepared / f"{name}.parquet") for name in ("catalogue", "quarantine"))
            leaks = json.loads((prepared / "leaks.json").read_text())
        except (OSError, ValueError) as error:
            raise EarmarkError(f"{prepared}: not a complete manifest folder ({error}); run `earmark prepare`") from None
        if record is None:
            raise EarmarkError(f"{prepared}: provenance.json is missing or unreadable; run `earmark prepare`")
        return cls(clips.append_column(FORMAT, _formats(clips)), catalogue, quarantine, leaks, record)

    @property
    def labels(self) -> list[str]:
        """The classes, by name."""
        return sorted(self.clips["label"].unique().to_pylist())

    @property
    def total(self) -> Size:
        """Everything in the manifest."""
        return sizes(self.clips)[()]

    def composition(self) -> list[dict[str, Any]]:
        """Per class (and for all, label None) ``{"label", "splits": {split: Size}}``, all splits together last."""
        splits = [*in_order(self.clips["split"].unique().to_pylist()), ALL]
        found = {
            **sizes(self.clips, "label", "split"),
            **{(None, split): size for (split,), size in sizes(self.clips, "split").items()},
            **{(label, ALL): size for (label,), size in sizes(self.clips, "label").items()},
            (None, ALL): self.total,
        }
        return [
            {"label": label, "splits": {split: found.get((label, split), NOTHING) for split in splits}}
            for label in (*self.labels, None)
        ]

    def cross(self, column: str, most: int = MOST_VALUES) -> CrossTable:
        """Sizes by class and value of a column: the ``most`` frequent values, the others together, and not stated."""
        shown, rare = _shown(self.clips[column], column, most)
        codes = pc.fill_null(pc.index_in(self.clips[column], value_set=pa.array(shown, pa.string())), len(shown))
        codes = pc.if_else(pc.is_null(self.clips[column]), len(shown) + 1, codes)
        coded = self.clips.append_column("code", codes)
        found = {(None, *key): size for key, size in sizes(coded, "code").items()} | sizes(coded, "label", "code")
        names = [*shown, f"others ({rare})", NOT_STATED]
        used = [code for code in range(len(names)) if (None, code) in found]
        rows = [(label, [found.get((label, code)) for code in used]) for label in (*self.labels, None)]
        return CrossTable(column, [names[code] for code in used], rows)

    def distinct(self, column: str) -> int:
        """How many values a column has."""
        return int(pc.count_distinct(self.clips[column], mode="only_valid").as_py())

    def quarantine_reasons(self) -> list[tuple[str, int, str]]:
        """``(reason, count, detail of the first such row)``, the most frequent reason first."""
        grouped = self.quarantine.group_by("reason", use_threads=False).aggregate(
            [("detail", "first"), ([], "count_all")]
        )
        rows = [(row["reason"], row["count_all"], row["detail_first"]) for row in grouped.to_pylist()]
        return sorted(rows, key=lambda row: (-row[1], row[0]))


def sizes(clips: pa.Table, *by: str) -> dict[tuple[Any, ...], Size]:
    """Size of each group of ``clips`` that has the same values in the columns ``by``; hours 0 where unknown."""
    timed = "duration" in clips.column_names
    wanted = [([], "count_all"), ("speaker", "count_distinct"), *([("duration", "sum")] if timed else [])]
    grouped = clips.group_by(list(by)).aggregate(wanted).to_pylist()
    return {
        tuple(row[name] for name in by): Size(
            row["count_all"], row.get("duration_sum", 0) / 3600, row["speaker_count_distinct"]
        )
        for row in grouped
    }


def _read(path: Path, columns: Sequence[str] | None = None) -> pa.Table:
    # ParquetFile, because read_table imports pandas
    return pq.ParquetFile(path).read(columns=columns and list(columns))


def _recorded(clips: pa.Table) -> pa.Table:
    """The clips that are no synthetic speech."""
    return clips.filter(pc.fill_null(pc.not_equal(clips["source"], SYNTHETIC), True))


def _formats(clips: pa.Table) -> pa.ChunkedArray:
    """Codec, sample rate and channels in words, e.g. ``WAV PCM_16, 16000 Hz, 1 ch``."""
    rate, channels = (pc.cast(clips[name], pa.string()) for name in ("sample_rate", "channels"))
    return pc.binary_join_element_wise(
        clips["codec"], pc.binary_join_element_wise(rate, "Hz", " "), pc.binary_join_element_wise(channels, "ch", " "),
        ", ",
    )  # fmt: skip


def _shown(column: pa.ChunkedArray, name: str, most: int) -> tuple[list[str], int]:
    """The values that are shown, in a natural order, and how many rarer ones there are."""
    counts = pc.value_counts(column.drop_null())
    ranked = sorted(zip(counts.field(1).to_pylist(), counts.field(0).to_pylist(), strict=True), key=_most_first)
    values = [value for _, value in ranked]
    shown = values if len(values) <= most + 1 else values[:most]
    natural = {"age": _age, "gender": None}
    return sorted(shown, key=natural[name]) if name in natural else shown, len(values) - len(shown)


def _most_first(counted: tuple[int, str]) -> tuple[int, str]:
    return -counted[0], counted[1]


def _age(value: str) -> tuple[int, float, str]:
    """Age groups by age, then numbers by size, then other words."""
    if value in AGES:
        return 0, AGES.index(value), value
    return (1, float(value), value) if value.isdigit() else (2, 0, value)
