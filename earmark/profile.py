"""Where time and memory went: the records that Snakemake's ``benchmark:`` keeps of every job, by rule.

They are of all jobs that this store has seen, of whichever study; a job that ran again replaces its record.
"""

from __future__ import annotations

import csv
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from earmark.errors import EarmarkError
from earmark.evaluation.style import WIDTH, Theme, png
from earmark.store import Store, replacing_folder

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FOLDER = "benchmarks"
PUBLISHED = Path("results/profile")
ORDER = (
    *("demo_corpus", "synthetic_speech", "manifest", "mel_shards", "backbone_onnx", "feature_shards", "range_test"),
    *("network", "validation", "confounds", "exploration", "judgement"),
)
"""Rules in the order of the flow; others come last."""

HOUR = 3600.0


@dataclass(frozen=True)
class Job:
    """One job's record: wall-clock and CPU time (s), peak resident memory (MB), bytes read and written (MB).

    What a job too short to be looked at does not tell is 0.
    """

    rule: str
    seconds: float
    cpu_seconds: float
    memory: float
    read: float
    written: float


@dataclass(frozen=True)
class Cost:
    """All jobs of a rule: how many, times (s) summed, the longest, peak memory (MB) of one, MB read and written."""

    rule: str
    jobs: int
    seconds: float
    longest: float
    cpu_seconds: float
    memory: float
    read: float
    written: float


def jobs(store: Store, hours: float | None = None) -> list[Job]:
    """The records of a store, of the last ``hours`` or of all time; damaged ones are left out."""
    since = 0.0 if hours is None else time.time() - hours * HOUR
    paths = sorted((store.root / FOLDER).glob("*/*.tsv"))
    return [job for path in paths if path.stat().st_mtime >= since for job in read(path)]


def read(path: Path) -> Iterator[Job]:
    """The jobs that a record tells of: one, or none if it is damaged."""
    with path.open(newline="") as stream:
        for row in csv.DictReader(stream, delimiter="\t"):
            numbers = [_number(row.get(name)) for name in ("s", "cpu_time", "max_rss", "io_in", "io_out")]
            if numbers[0]:
                yield Job(path.parent.name, *numbers)


def _number(text: str | None) -> float:
    """A cell of Snakemake's table; what was not measured is ``-`` or ``NA``."""
    try:
        return float(text or 0)
    except ValueError:
        return 0.0


def costs(found: Sequence[Job]) -> list[Cost]:
    """The cost of each rule, in the order of the flow."""
    groups: defaultdict[str, list[Job]] = defaultdict(list)
    for job in found:
        groups[job.rule].append(job)
    return [_cost(rule, groups[rule]) for rule in sorted(groups, key=_order)]


def _order(rule: str) -> tuple[int, str]:
    return ORDER.index(rule) if rule in ORDER else len(ORDER), rule


def _cost(rule: str, own: Sequence[Job]) -> Cost:
    return Cost(
        rule,
        len(own),
        seconds=round(sum(job.seconds for job in own), 2),
        longest=round(max(job.seconds for job in own), 2),
        cpu_seconds=round(sum(job.cpu_seconds for job in own), 2),
        memory=round(max(job.memory for job in own), 1),
        read=round(sum(job.read for job in own), 1),
        written=round(sum(job.written for job in own), 1),
    )


def table(found: Sequence[Cost]) -> str:
    """The costs as lines of Markdown, all rules together last."""
    total = sum(cost.seconds for cost in found)
    lines = [
        "| rule | jobs | wall clock, s | share | longest job, s | CPU, s | peak memory, MB | read, MB | written, MB |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    lines += [
        f"| {cost.rule} | {cost.jobs} | {cost.seconds:.1f} | {cost.seconds / total:.0%} | {cost.longest:.1f} "
        f"| {cost.cpu_seconds:.1f} | {cost.memory:.0f} | {cost.read:.0f} | {cost.written:.0f} |"
        for cost in found
    ]
    cpu, memory = sum(cost.cpu_seconds for cost in found), max(cost.memory for cost in found)
    count = sum(cost.jobs for cost in found)
    return "\n".join([*lines, f"| **all** | {count} | {total:.1f} | 100% | | {cpu:.1f} | {memory:.0f} | | |"])


def profile(store: Store, hours: float | None = None, output: Path = PUBLISHED) -> str:
    """Write ``profile.csv``, ``profile.md`` and ``profile.png`` to ``output``; returns the table.

    Raises EarmarkError if no job was recorded.
    """
    found = costs(jobs(store, hours))
    if not found:
        when = "" if hours is None else f" in the last {hours:g} h"
        raise EarmarkError(f"{store.root}/{FOLDER}: no job was recorded{when}; jobs that `snakemake` runs are")
    text = table(found)
    with replacing_folder(output) as folder:
        with (folder / "profile.csv").open("w", newline="") as stream:
            writer = csv.DictWriter(stream, [field.name for field in fields(Cost)], lineterminator="\n")
            writer.writeheader()
            writer.writerows(asdict(cost) for cost in found)
        (folder / "profile.md").write_text(text + "\n")
        (folder / "profile.png").write_bytes(png(partial(draw, found=found)))
    return text


def draw(theme: Theme, found: Sequence[Cost]) -> Figure:
    """Wall-clock and CPU time of each rule, and beside them the peak memory of a job."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(2 * WIDTH, 0.42 * len(found) + 1.1), layout="constrained")
    times, memory = figure.subplots(1, 2, sharey=True, width_ratios=[3, 2])
    names = [f"{cost.rule} × {cost.jobs}" for cost in found]
    _bars(times, theme, names, {"wall clock": [c.seconds for c in found], "CPU": [c.cpu_seconds for c in found]})
    times.set(title="all jobs, s")
    times.legend(loc="best")
    _bars(memory, theme, names, {"memory": [cost.memory for cost in found]})
    memory.set(title="peak memory of a job, MB")
    times.invert_yaxis()
    return figure


def _bars(axes: Axes, theme: Theme, names: Sequence[str], series: dict[str, list[float]]) -> None:
    height = 0.8 / len(series)
    for number, ((label, values), colour) in enumerate(zip(series.items(), theme.series(len(series)), strict=True)):
        places = [row + (number - (len(series) - 1) / 2) * height for row in range(len(names))]
        axes.barh(places, values, height=height * 0.9, color=colour, label=label)
    axes.set_yticks(range(len(names)), names)
    axes.grid(axis="y", visible=False)
