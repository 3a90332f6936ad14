"""Who speaks how much: the clips of each speaker in each class, and how far few speakers dominate it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from earmark.evaluation.metrics import Ints

SEGMENTS = ("biggest speaker", "2nd to 5th", "all others", "unknown")
"""Parts of a class by who speaks them."""


@dataclass(frozen=True)
class Voices:
    """The speakers of a class: clips of each known one, most first, who that is, and clips of unknown speakers."""

    label: str
    counts: Ints
    biggest: str | None
    unknown: int

    @property
    def clips(self) -> int:
        """All clips of the class."""
        return int(self.counts.sum()) + self.unknown

    @property
    def speakers(self) -> int:
        """Known speakers."""
        return len(self.counts)

    @property
    def median(self) -> float:
        """Clips of the median speaker; 0 if none is known."""
        return float(np.median(self.counts)) if self.speakers else 0.0

    def share(self, first: int) -> float:
        """Share of the class's clips that its ``first`` biggest speakers have."""
        return float(self.counts[:first].sum() / self.clips)

    @property
    def half(self) -> int:
        """How few speakers have half of the clips whose speaker is known."""
        if not self.speakers:
            return 0
        return int(np.searchsorted(self.counts.cumsum(), self.counts.sum() / 2) + 1)

    @property
    def segments(self) -> list[float]:
        """Shares of the clips by ``SEGMENTS``."""
        first, five, unknown = self.share(1), self.share(5), self.unknown / self.clips
        return [first, five - first, 1 - five - unknown, unknown]


def voices(clips: pa.Table, labels: Sequence[str]) -> list[Voices]:
    """The speakers of each class, in the order of ``labels``."""
    counted = clips.group_by(["label", "speaker"]).aggregate([([], "count_all")])
    counted = counted.sort_by([("count_all", "descending"), ("speaker", "ascending")])
    return [_voices(label, counted.filter(pc.equal(counted["label"], label))) for label in labels]


def speakers_of_every_class(clips: pa.Table) -> int:
    """How many speakers have clips in every class."""
    classes = clips.group_by("speaker").aggregate([("label", "count_distinct")])
    classes = classes.filter(pc.is_valid(classes["speaker"]))["label_count_distinct"]
    return int(pc.sum(pc.equal(classes, pc.count_distinct(clips["label"]))).as_py() or 0)


def _voices(label: str, counted: pa.Table) -> Voices:
    known = counted.filter(pc.is_valid(counted["speaker"]))
    counts = known["count_all"].to_numpy().astype(np.int64)
    biggest = known["speaker"][0].as_py() if len(counts) else None
    return Voices(label, counts, biggest, int(pc.sum(counted["count_all"]).as_py()) - int(counts.sum()))
