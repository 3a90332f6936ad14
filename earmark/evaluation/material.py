"""What an evaluation reads besides the model: the manifest, the quarantine list and the leak audit."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import pyarrow.parquet as pq

from earmark.errors import EarmarkError
from earmark.provenance import read_record
from earmark.recordings import SYNTHETIC
from earmark.splits import in_order

JUDGED = ("val", "test", "unseen")
"""Splits that are predicted: ``test`` and ``unseen`` are the judgement, ``val`` shows what model selection saw.

So are external test sets, whose splits are named after them.
"""

COLUMNS = ["clip_id", "path", "start", "end", "label", "split", "speaker", "sentence", "source", "duration"]


@dataclass(frozen=True)
class Material:
    """Manifest rows (sorted by clip id, ``COLUMNS`` only), quarantine rows, leak audit, and the manifest's key."""

    rows: list[dict[str, Any]]
    quarantine: list[dict[str, Any]]
    leaks: dict[str, Any]
    digest: str

    @classmethod
    def read(cls, prepared: Path) -> Self:
        """The material in a manifest folder; raises EarmarkError if a part of it is missing."""
        record = read_record(prepared)
        try:
            rows = pq.read_table(prepared / "manifest.parquet", columns=COLUMNS).sort_by("clip_id").to_pylist()
            quarantine = pq.read_table(prepared / "quarantine.parquet").to_pylist()
            leaks = json.loads((prepared / "leaks.json").read_text())
        except (OSError, ValueError) as error:
            raise EarmarkError(f"{prepared}: not a complete manifest folder ({error}); run `earmark prepare`") from None
        if record is None:
            raise EarmarkError(f"{prepared}: provenance.json is missing or unreadable; run `earmark prepare`")
        return cls(rows, quarantine, leaks, str(record["key"]))

    def of(self, *splits: str) -> list[dict[str, Any]]:
        """The rows of some splits."""
        return [row for row in self.rows if row["split"] in splits]

    def quarantine_reasons(self) -> list[tuple[str, int, str]]:
        """``(reason, count, detail of the first such clip)``, the most frequent reason first."""
        counts = Counter(row["reason"] for row in self.quarantine)
        first = {row["reason"]: row["detail"] for row in reversed(self.quarantine)}
        ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        return [(reason, n, first[reason]) for reason, n in ordered]

    def examples(self, split: str = "test") -> dict[str, dict[str, Any]]:
        """One row per class: the clip whose duration is nearest to the class's median (upper of two medians)."""
        chosen = {}
        for label in sorted({row["label"] for row in self.of(split)}):
            rows = [row for row in self.of(split) if row["label"] == label]
            rows.sort(key=lambda row: (row["duration"], row["clip_id"]))
            chosen[label] = rows[len(rows) // 2]
        return chosen

    @property
    def splits(self) -> list[str]:
        """The splits that have clips, in their order, external test sets last."""
        return in_order(row["split"] for row in self.rows)

    @property
    def judged(self) -> list[str]:
        """Those of them that the model does not learn from."""
        return [split for split in self.splits if split != "train"]

    def composition(self) -> list[dict[str, Any]]:
        """Per class (and for all): ``{"label", "splits": {split: {"clips", "hours", "speakers"}}}``, by class name.

        Of the data set's clips: synthetic training clips are counted apart, in the audit.
        """
        labels = sorted({row["label"] for row in self.rows})
        return [
            {"label": label, "splits": {split: self._size(split, label) for split in self.splits}}
            for label in [*labels, None]
        ]

    def _size(self, split: str, label: str | None) -> dict[str, float]:
        rows = [row for row in self.of(split) if label in (None, row["label"]) and row["source"] != SYNTHETIC]
        speakers = {row["speaker"] for row in rows} - {None}
        hours = sum(row["duration"] for row in rows) / 3600
        return {"clips": len(rows), "hours": hours, "speakers": len(speakers)}
