"""The figures of an evaluation. Each function draws one for a theme; ``style.png`` turns it into bytes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from earmark.config import FeatureParams
from earmark.evaluation import pictures
from earmark.evaluation.metrics import CALIBRATION_BINS, Ints
from earmark.evaluation.style import WIDTH, Theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from earmark.models.range_test import Sweep

MOST_CELL_LABELS = 16
"""Classes up to which a confusion matrix has its figures printed in the cells."""

MOST_EXAMPLES = 12
"""Classes whose example is drawn; more would make the pictures too small to read."""


def confusion(theme: Theme, counts: Ints, labels: Sequence[str]) -> Figure:
    """Confusion matrix (k, k): rows are true classes, cells show counts and are shaded by their share of the row."""
    from matplotlib.figure import Figure

    k = len(labels)
    size = max(WIDTH, 0.42 * k + 1.2)
    figure = Figure(figsize=(size, 0.86 * size), layout="constrained")
    axes = figure.add_subplot()
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap=theme.shades(), vmin=0, vmax=1, aspect="auto")
    turned = 40 if max(map(len, labels)) * k > 40 else 0
    axes.set_xticks(range(k), labels, rotation=turned, ha="right" if turned else "center")
    axes.set_yticks(range(k), labels)
    axes.set(xlabel="predicted", ylabel="true")
    axes.grid(False)
    axes.spines[:].set_visible(False)
    if k <= MOST_CELL_LABELS:
        _write_cells(axes, counts, shares, theme)
    return figure


def _write_cells(axes: Axes, counts: Ints, shares: npt.NDArray[np.float64], theme: Theme) -> None:
    detailed = len(counts) <= 6
    for (row, column), count in np.ndenumerate(counts):
        share = shares[row, column]
        text = "" if not count else f"{count}\n{share:.0%}" if detailed else f"{count}"
        colour = theme.paper if share > 0.55 else theme.ink
        axes.text(column, row, text, ha="center", va="center", color=colour, fontsize=10 if detailed else 7.5)


def curves(theme: Theme, history: Mapping[str, Sequence[float]], best_epoch: int) -> Figure:
    """Accuracy and loss over the epochs for training and validation, with the epoch whose weights were kept."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    figure = Figure(figsize=(WIDTH, 4.1), layout="constrained")
    for axes, name in zip(figure.subplots(2, 1, sharex=True), ("accuracy", "loss"), strict=True):
        axes.plot(history["epoch"], history[name], color=theme.first, label="train")
        axes.plot(history["epoch"], history[f"val_{name}"], color=theme.second, label="validation")
        axes.axvline(best_epoch, color=theme.quiet, linewidth=1, linestyle=(0, (3, 3)))
        axes.set_title(name)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.margins(x=0.02)
    top, bottom = figure.axes
    top.legend(loc="lower right", ncols=2)
    bottom.set(xlabel=f"epoch (dashed: {best_epoch}, kept)", ylim=(0, None))
    return figure


def rates(theme: Theme, found: Sweep) -> Figure:
    """Loss over the learning rate of a range test, smoothed, over the batches' own; the suggested rate is marked."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, 3.0), layout="constrained")
    axes = figure.add_subplot()
    axes.plot(found.rates, found.losses, color=theme.first, alpha=0.3, linewidth=1, label="each batch")
    axes.plot(found.rates, found.smoothed, color=theme.first, label="smoothed")
    top = min(max(found.smoothed), 1.6 * found.smoothed[0])  # how high it goes in the end tells nothing
    axes.set(xscale="log", ylim=(0.9 * min(found.losses), top))
    axes.set(xlabel="learning rate", title="loss by learning rate")
    if found.suggestion is not None:
        axes.axvline(found.suggestion, color=theme.second, linewidth=1.2, linestyle=(0, (3, 3)))
        axes.annotate(
            f"{found.suggestion:g} ",
            (found.suggestion, 0.04), xycoords=("data", "axes fraction"), ha="right", color=theme.second,
        )  # fmt: skip
    axes.legend(loc="lower left")
    return figure


def calibration(theme: Theme, bins: Sequence[Mapping[str, float]]) -> Figure:
    """Reliability diagram: how often answers of a given confidence are right, over how many there are."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import PercentFormatter

    figure = Figure(figsize=(WIDTH, 4.1), layout="constrained")
    top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    top.plot([0, 1], [0, 1], color=theme.quiet, linewidth=1, linestyle=(0, (3, 3)), label="perfectly calibrated")
    confidence, accuracy = ([b[name] for b in bins] for name in ("confidence", "accuracy"))
    top.plot(confidence, accuracy, color=theme.first, marker="o", markersize=4.5, label="this model")
    top.set(ylabel="right answers", ylim=(-0.03, 1.03), xlim=(0, 1))
    top.legend(loc="upper left")
    lower, count = ([b[name] for b in bins] for name in ("lower", "count"))
    bottom.bar(lower, count, 0.92 / CALIBRATION_BINS, align="edge", color=theme.first)
    bottom.set(xlabel="confidence of the answer", ylabel="clips")
    bottom.grid(axis="x", visible=False)
    for axis in (top.yaxis, bottom.xaxis):
        axis.set_major_formatter(PercentFormatter(1, decimals=0))
    return figure


def examples(theme: Theme, images: Mapping[str, npt.NDArray[Any]], features: FeatureParams) -> Figure:
    """One image (height, frames) per class as the network sees it: seconds, Hz or rows, and a colour bar."""
    from matplotlib.figure import Figure

    shown = {label: pictures.values(image, features) for label, image in list(images.items())[:MOST_EXAMPLES]}
    columns = min(2, len(shown))
    rows = math.ceil(len(shown) / columns)
    figure = Figure(figsize=(WIDTH, 1.15 * rows + 0.5), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False, sharey=True)
    limits = pictures.limits(shown.values(), features)
    for axes, (label, values) in zip(grid.flat, shown.items(), strict=False):
        picture = _draw(axes, values, limits, features)
        axes.set_title(label)
    for axes in grid.flat[len(shown) :]:
        axes.set_visible(False)
    figure.supxlabel("time, s", fontsize=9, color=theme.quiet)
    figure.supylabel(pictures.shown(features).axis, fontsize=9, color=theme.quiet)
    shrink = 0.9 if rows > 1 else 1
    bar = figure.colorbar(picture, ax=grid, label=pictures.unit(features), shrink=shrink, pad=0.015, aspect=12 * rows)
    bar.outline.set_visible(False)
    return figure


def example(theme: Theme, image: npt.NDArray[Any], features: FeatureParams) -> Figure:
    """The image (height, frames) of one clip as the network sees it, in seconds and Hz or rows."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH * 0.56, 1.4), layout="constrained")
    axes, values = figure.add_subplot(), pictures.values(image, features)
    _draw(axes, values, pictures.limits([values], features), features)
    axes.set(xlabel="s", ylabel=pictures.shown(features).axis.removeprefix("frequency, "))
    return figure


def _draw(axes: Axes, values: npt.NDArray[np.float32], limits: tuple[float, float], features: FeatureParams) -> Any:
    from matplotlib.ticker import MaxNLocator

    height, frames = values.shape
    seconds = max(frames * features.hop_length / features.sample_rate, 1e-3)
    extent, (low, high) = (0, seconds, -0.5, height - 0.5), limits
    picture = axes.imshow(values, origin="lower", aspect="auto", cmap="magma", vmin=low, vmax=high, extent=extent)
    ticks = pictures.ticks(features)
    if ticks is None:
        axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))
    else:
        axes.set_yticks(list(ticks), list(ticks.values()))
    axes.grid(False)
    return picture
