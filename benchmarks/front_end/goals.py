"""What the front end has to reach, and whether it did: medians of the ratios of each round."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from front_end.settings import CONTENDERS, DECODE, EARMARK, FORMATS, IMAGE, NAIVE

FLOOR_RATIO = 1.30
NAIVE_RATIO = {"mp3": 2.4, "wav": 6.0, "flac": 4.0}
RIVAL_RATIO = 1.6
SCALING = 1.9
START_UP = 0.4
PEAK = 200
ORCHESTRATED = 1.10


@dataclass(frozen=True)
class Goal:
    """One line of the table of goals: what, the limit, whether it is an upper one, and what each round measured."""

    what: str
    limit: float
    is_most: bool
    measured: Sequence[float]
    unit: str = "×"

    @property
    def median(self) -> float:
        """Of the rounds."""
        return median(self.measured)

    @property
    def reached(self) -> bool:
        """Whether the median keeps to the limit."""
        return self.median <= self.limit if self.is_most else self.median >= self.limit


def goals(results: dict[str, Any]) -> list[Goal]:
    """Every goal that ``results`` can say something about."""
    return [*_per_clip(results), *_end_to_end(results), *_single(results)]


def _per_clip(results: dict[str, Any]) -> Iterator[Goal]:
    found = results["per_clip"][IMAGE]
    yield Goal(
        "MP3: earmark / decode + resample alone", FLOOR_RATIO, True, ratios(found["mp3"][EARMARK], found["mp3"][DECODE])
    )
    for suffix, limit in NAIVE_RATIO.items():
        measured = ratios(found[suffix][NAIVE], found[suffix][EARMARK])
        yield Goal(f"{_codec(suffix)}: naive librosa loop / earmark", limit, False, measured)


def _end_to_end(results: dict[str, Any]) -> Iterator[Goal]:
    for suffix, counts in results["end_to_end"].items():
        for count, costs in counts.items():
            ours = [cost["cpu"] for cost in costs[EARMARK]]
            for name in costs:
                if name != EARMARK:
                    what = f"{_codec(suffix)}, {int(count):,} clips end to end: {CONTENDERS[name].title} / earmark"
                    yield Goal(what, RIVAL_RATIO, False, ratios([cost["cpu"] for cost in costs[name]], ours))


def _single(results: dict[str, Any]) -> Iterator[Goal]:
    for suffix, rounds in results["scaling"].items():
        measured = [turn["two"] / turn["one"] for turn in rounds]
        yield Goal(f"{_codec(suffix)}: throughput of 2 processes / 1", SCALING, False, measured)
    yield Goal("start-up to the first clip", START_UP, True, results["start_up"], " CPU-s")
    for counts in results["end_to_end"].values():
        most = max(counts, key=int)
        peaks = [cost["peak"] for cost in counts[most][EARMARK]]
        yield Goal(f"peak memory, a shard of {int(most):,} clips", PEAK, True, peaks, " MB")
    if results.get("orchestrated"):
        measured = [turn["snakemake"] / turn["bare"] for turn in results["orchestrated"]["rounds"]]
        yield Goal("wall with Snakemake / without", ORCHESTRATED, True, measured)


def ratios(numerators: Sequence[float], denominators: Sequence[float]) -> list[float]:
    """Round by round, because both took part in the same noise."""
    return [above / below for above, below in zip(numerators, denominators, strict=True)]


def _codec(suffix: str) -> str:
    return FORMATS[suffix].split()[0]
