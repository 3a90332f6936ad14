"""The figures of an exploration. Each function draws one for a theme; ``style.png`` turns it into bytes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from earmark.evaluation.census import NOT_STATED, CrossTable
from earmark.evaluation.fates import Votes
from earmark.evaluation.metrics import Floats, Ints
from earmark.evaluation.style import WIDTH, Theme
from earmark.evaluation.voices import SEGMENTS, Voices

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_CLASSES = 24
"""Classes that are drawn; more would make the pictures too small to read."""

OVERLAID = 4
"""Classes up to which their distributions are drawn over one another; more get a small picture each."""

FEWEST_BINS, MOST_BINS = 20, 40
TAIL = 0.5
"""Percent of a distribution at either end that is drawn in the outermost bars."""

NARROW = 0.01
"""A range (s or dB) in which there is nothing to see."""

LONGEST_NAME = 16

HATCHED = "hatched"
"""In place of a colour: what is not known."""


@dataclass(frozen=True)
class Quantity:
    """What a distribution is of, as the axis says it, and whether it comes in whole numbers."""

    title: str
    whole: bool = False


DURATION, LEVEL = Quantity("duration, s"), Quantity("level, dBFS")
UP_VOTES, CLIPS = Quantity("up-votes", whole=True), Quantity("clips", whole=True)


def shares(theme: Theme, table: CrossTable) -> Figure:
    """Stacked bars: the share of each value of a column in the clips of each class."""
    counts = np.array(table.clips(), dtype=float)[:MOST_CLASSES]
    parts = counts / counts.sum(axis=1, keepdims=True)
    colours = _colours(theme, table)
    return _stacked(theme, table.labels[:MOST_CLASSES], parts, table.values, colours, "share of the clips")


def dominance(theme: Theme, spoken: Sequence[Voices]) -> Figure:
    """Stacked bars: how much of each class its biggest speakers have."""
    drawn = spoken[:MOST_CLASSES]
    parts = np.array([voices.segments for voices in drawn])
    shades = theme.shades()
    colours = [shades(1.0), shades(0.6), shades(0.3), HATCHED]
    used = [i for i in range(len(SEGMENTS)) if parts[:, i].any()]
    names, labels = [SEGMENTS[i] for i in used], [voices.label for voices in drawn]
    return _stacked(theme, labels, parts[:, used], names, [colours[i] for i in used], "share of the clips")


def _stacked(
    theme: Theme, labels: Sequence[str], parts: Floats, names: Sequence[str], colours: Sequence[Any], title: str
) -> Figure:
    """Horizontal bars, the first class on top: ``parts`` (classes, names) sum to 1 in each row."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import PercentFormatter

    lines = math.ceil(len(names) / 4)
    figure = Figure(figsize=(WIDTH, 0.27 * len(labels) + 0.2 * lines + 0.75), layout="constrained")
    axes = figure.add_subplot()
    left = np.zeros(len(labels))
    for values, name, colour in zip(parts.T, names, colours, strict=True):
        look = _hatched(theme) if colour == HATCHED else {"color": colour}
        axes.barh(range(len(labels)), values, left=left, label=_short(name), height=0.72, **look)
        left += values
    axes.set_yticks(range(len(labels)), [_short(label) for label in labels])
    axes.tick_params(axis="y", labelcolor=theme.ink)
    axes.set(xlim=(0, 1), ylim=(len(labels) - 0.5, -0.5), xlabel=title)
    axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.grid(axis="y", visible=False)
    figure.legend(loc="outside upper center", ncols=min(4, len(names)), handlelength=1, columnspacing=1.2)
    return figure


def _hatched(theme: Theme) -> dict[str, Any]:
    return {"color": theme.paper, "edgecolor": theme.quiet, "hatch": "/////", "linewidth": 0}


def _colours(theme: Theme, table: CrossTable) -> list[Any]:
    """Ages in shades of one colour, the others in different ones; the last, ``not stated``, hatched."""
    stated = [value for value in table.values if value != NOT_STATED]
    shades = theme.shades()
    ordered = [shades(share) for share in np.linspace(0.2, 1, max(len(stated), 1))]
    found = ordered if table.column == "age" else theme.series(len(stated))
    return [*found[: len(stated)], *[HATCHED] * (len(table.values) - len(stated))]


def distribution(theme: Theme, values: Mapping[str, Floats], quantity: Quantity) -> Figure:
    """The distribution of a quantity in each class: steps over one another, or beside those of all classes."""
    drawn = {label: numbers for label, numbers in values.items() if len(numbers)}
    edges = _edges(np.concatenate(list(drawn.values())), quantity, len(drawn))
    if len(drawn) <= OVERLAID:
        return _overlaid(theme, drawn, edges, quantity)
    whole = _steps(np.concatenate(list(drawn.values())), edges)
    parts = {label: (whole, _steps(numbers, edges)) for label, numbers in list(drawn.items())[:MOST_CLASSES]}
    return _multiples(theme, parts, edges, quantity, ("all classes", "this class"))


def votes(theme: Theme, voted: Mapping[str, Votes]) -> Figure:
    """Up-votes of each class before and after the selection."""
    edges = _edges(np.concatenate([found.before for found in voted.values()]), UP_VOTES)
    parts = {
        label: (_steps(found.before, edges), _steps(found.after, edges))
        for label, found in list(voted.items())[:MOST_CLASSES]
    }
    return _multiples(theme, parts, edges, UP_VOTES, ("before", "after the selection"))


def clips_per_speaker(theme: Theme, spoken: Sequence[Voices]) -> Figure:
    """How many speakers have how many clips in a class, on a logarithmic axis where they differ much."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    counts = np.concatenate([voices.counts for voices in spoken])
    low, high = int(counts.min()), int(counts.max())
    wide = high > 30 * low
    edges = np.geomspace(low, high + 1, 25) if wide else _edges(counts, CLIPS)
    figure = Figure(figsize=(WIDTH, 2.1), layout="constrained")
    axes = figure.add_subplot()
    axes.stairs(*np.histogram(counts, np.unique(edges)), fill=True, color=theme.first)
    axes.set(xlabel="clips of a speaker in a class", ylabel="speakers", xscale="log" if wide else "linear")
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    if wide:
        axes.xaxis.set_major_formatter(lambda clips, _: f"{clips:g}")
    else:
        margin = 1.0 if high == low else 0.0
        axes.set_xlim(edges[0] - margin, edges[-1] + margin)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    return figure


def _overlaid(theme: Theme, values: Mapping[str, Floats], edges: Floats, quantity: Quantity) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, 2.5), layout="constrained")
    axes = figure.add_subplot()
    for colour, (label, numbers) in zip(theme.series(len(values)), values.items(), strict=True):
        axes.stairs(_steps(numbers, edges), edges, color=colour, label=_short(label), linewidth=1.8)
    _label(axes, edges, quantity, max(float(_steps(numbers, edges).max()) for numbers in values.values()))
    axes.set(xlabel=quantity.title, ylabel="share of the clips")
    axes.legend()
    return figure


def _multiples(
    theme: Theme, parts: Mapping[str, tuple[Floats, Floats]], edges: Floats, quantity: Quantity, names: tuple[str, str]
) -> Figure:
    """A small picture per class: the second distribution as a line in front of the first as a surface."""
    from matplotlib.figure import Figure

    columns = min(3, len(parts))
    rows = math.ceil(len(parts) / columns)
    figure = Figure(figsize=(WIDTH, 0.95 * rows + 0.75), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True)
    highest = max(float(part.max()) for both in parts.values() for part in both)
    for axes, (label, (back, front)) in zip(grid.flat, parts.items(), strict=False):
        axes.stairs(back, edges, fill=True, color=theme.grid, label=names[0])
        axes.stairs(front, edges, color=theme.first, linewidth=1.4, label=names[1])
        axes.set_title(_short(label), fontsize=8.5)
        _label(axes, edges, quantity, highest)
    for axes in grid.flat[len(parts) :]:
        axes.set_visible(False)
    figure.legend(*grid[0, 0].get_legend_handles_labels(), loc="outside upper right", ncols=2, handlelength=1.2)
    figure.supxlabel(quantity.title, fontsize=9, color=theme.quiet)
    return figure


def _label(axes: Axes, edges: Floats, quantity: Quantity, highest: float) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.set(xlim=(edges[0], edges[-1]), ylim=(0, 1.05 * highest))
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=quantity.whole))
    axes.yaxis.set_major_locator(MaxNLocator(3))
    axes.yaxis.set_major_formatter(lambda share, _: f"{100 * share:.3g}%")


def _edges(numbers: Floats | Ints, quantity: Quantity, groups: int = 1) -> Floats:
    """Edges of the bars: between the tails, one whole number each where that fits, fewer for few numbers per group."""
    low, high = (float(edge) for edge in np.percentile(numbers, [TAIL, 100 - TAIL]))
    if quantity.whole:
        low, high = math.floor(low) - 0.5, math.ceil(high) + 0.5
        return np.linspace(low, high, int(high - low) + 1 if high - low <= MOST_BINS else MOST_BINS + 1)
    if high - low < NARROW:
        low, high = float(numbers.min()), float(numbers.max())
    margin = 0.0 if high - low >= NARROW else 0.5
    count = math.isqrt(len(numbers) // groups)
    return np.linspace(low - margin, high + margin, min(max(count, FEWEST_BINS), MOST_BINS) + 1)


def _steps(numbers: Floats, edges: Floats) -> Floats:
    """Share of the numbers in each bar; the tails count in the outermost."""
    counts = np.histogram(np.clip(numbers, edges[0], edges[-1]), edges)[0]
    shares: Floats = counts / max(len(numbers), 1)
    return shares


def _short(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…"
