"""The figures of sweeps. Each function draws one for a theme; ``style.png`` turns it into bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from earmark.evaluation.style import WIDTH, Theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_NAMES = 30
"""Members whose names fit beside their values."""


@dataclass(frozen=True)
class History:
    """Values by trial, the numbers of trials without one, which figure it is, and whether less of it is better."""

    values: Mapping[int, float]
    lost: Sequence[int]
    metric: str
    least: bool


def history(theme: Theme, told: History, importance: Mapping[str, float]) -> Figure:
    """The value of each trial with the best so far, and below it how much each param matters, if that is known."""
    from matplotlib.figure import Figure

    height = 0.32 * len(importance) + 0.7 if importance else 0.0
    figure = Figure(figsize=(WIDTH, 2.8 + height), layout="constrained")
    if not importance:
        _history(figure.add_subplot(), theme, told)
        return figure
    top, bottom = figure.subplots(2, 1, height_ratios=[2.8, height])
    _history(top, theme, told)
    names = sorted(importance, key=lambda name: importance[name])
    bottom.barh(names, [importance[name] for name in names], color=theme.first, height=0.6)
    bottom.set(title="share in being among the better trials", xlim=(0, 1))
    bottom.grid(axis="y", visible=False)
    return figure


def _history(axes: Axes, theme: Theme, told: History) -> None:
    from matplotlib.ticker import MaxNLocator

    numbers = sorted(told.values)
    values = [told.values[number] for number in numbers]
    better = min if told.least else max
    best = [better(values[: i + 1]) for i in range(len(values))]
    axes.plot(numbers, values, "o", color=theme.first, markersize=4.5, label="trial")
    axes.step(numbers, best, where="post", color=theme.second, label="best so far")
    if told.lost:
        worst = (max if told.least else min)(values, default=0.0)
        axes.plot(told.lost, [worst] * len(told.lost), "x", color=theme.quiet, markersize=5, label="no value")
    axes.set(title=f"validation {told.metric.replace('_', ' ')}", xlabel="trial")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(loc="best", ncols=3)


def members(theme: Theme, names: Sequence[str], values: Mapping[str, Sequence[float]], title: str) -> Figure:
    """Points by member, one line each: ``values`` are of one or more kinds, e.g. val and test, in names' order."""
    from matplotlib.figure import Figure

    rows = range(len(names))
    figure = Figure(figsize=(WIDTH, min(0.24 * len(names), 9.0) + 1.1), layout="constrained")
    axes = figure.add_subplot()
    for (kind, found), colour in zip(values.items(), theme.series(len(values)), strict=True):
        axes.plot(found, rows, "o", color=colour, markersize=5, label=kind)
    axes.set_yticks(rows if len(names) <= MOST_NAMES else [], names if len(names) <= MOST_NAMES else [])
    axes.invert_yaxis()
    axes.set_title(title)
    axes.grid(axis="y", visible=False)
    axes.legend(loc="best")
    return figure


def spread(theme: Theme, scores: Mapping[str, Sequence[float]]) -> Figure:
    """For each score the values of all folds (or seeds) as points, over their mean ± standard deviation."""
    from statistics import fmean, stdev

    from matplotlib.figure import Figure

    count = max(map(len, scores.values()))
    figure = Figure(figsize=(WIDTH, 0.55 * len(scores) + 0.9), layout="constrained")
    axes = figure.add_subplot()
    for row, values in enumerate(scores.values()):
        mean, deviation = fmean(values), stdev(values) if len(values) > 1 else 0.0
        axes.plot(
            [mean - deviation, mean + deviation],
            [row, row],
            color=theme.grid,
            linewidth=9,
            solid_capstyle="butt",
            zorder=1,
        )
        axes.plot([mean, mean], [row - 0.2, row + 0.2], color=theme.second, zorder=3)
        axes.plot(values, [row] * len(values), "o", color=theme.first, markersize=4.5, zorder=2, alpha=0.8)
    axes.set_yticks(range(len(scores)), [name.replace("_", " ") for name in scores])
    axes.set(title=f"test figures of {count} runs, mean ± deviation", ylim=(len(scores) - 0.5, -0.5))
    axes.grid(axis="y", visible=False)
    return figure
