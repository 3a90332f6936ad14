"""The picture of the README: CPU time per clip of everyone, what decoding alone takes told apart from the rest."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, Any

from earmark.evaluation.style import LIGHT, Theme, png
from front_end.goals import ratios
from front_end.settings import DATASETS, DECODE, EARMARK, FORMATS, IMAGE, LHOTSE, NAIVE, NPY

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SHOWN = {
    EARMARK: "earmark",
    NPY: "librosa → .npy",
    NAIVE: "librosa → PNG",
    LHOTSE: "lhotse",
    DATASETS: "HF datasets",
}
SIZE = 8.0, 3.0
"""Inches; at the README's width a point is a pixel and a half."""

BAR = 0.7
"""Of the distance between two bars."""

FAINT = 0.4
"""Opacity of the part that decoding takes."""

ROOM = 1.62
"""Width of a panel, in longest bars: their numbers stand to the right of them."""


def picture(results: dict[str, Any]) -> bytes:
    """PNG bytes of the figure, in the light theme."""
    return png(lambda theme: draw(theme, results["per_clip"][IMAGE]), LIGHT)


def draw(theme: Theme, found: dict[str, dict[str, list[float]]]) -> Figure:
    """A panel for each format, a bar for each contender, one scale for all."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=SIZE, layout="constrained")
    panels = figure.subplots(1, len(FORMATS), sharex=True, sharey=True)
    for axes, (suffix, title) in zip(panels, FORMATS.items(), strict=True):
        _panel(theme, axes, found[suffix])
        axes.set_title(title)
    longest = max(median(rounds[name]) for rounds in found.values() for name in SHOWN if name in rounds)
    panels[0].set_xlim(0, ROOM * longest)
    panels[0].invert_yaxis()
    _legend(theme, figure)
    figure.supxlabel(
        "CPU ms per clip of 6 s on one thread, and how many times earmark's", fontsize=9, color=theme.quiet
    )
    return figure


def _panel(theme: Theme, axes: Axes, rounds: dict[str, list[float]]) -> None:
    shown, floor = [name for name in SHOWN if name in rounds], median(rounds[DECODE])
    for place, name in enumerate(shown):
        whole, colour = median(rounds[name]), theme.first if name == EARMARK else theme.quiet
        axes.barh(place, min(floor, whole), BAR, color=colour, alpha=FAINT, linewidth=0)
        axes.barh(place, max(whole - floor, 0), BAR, floor, color=colour, linewidth=0)
        times = None if name == EARMARK else median(ratios(rounds[name], rounds[EARMARK]))
        _number(theme, axes, place, whole, times)
    axes.set_yticks(range(len(shown)), [SHOWN[name] for name in shown], color=theme.ink)
    axes.grid(False, axis="y")
    axes.spines["left"].set_visible(False)


def _number(theme: Theme, axes: Axes, place: int, whole: float, times: float | None) -> None:
    """Milliseconds to the right of a bar, and how many times earmark's they are."""
    text = f"{whole:.1f} ms" if times is None else f"{whole:.1f} ms   {times:.1f}×"
    axes.annotate(
        text, (whole, place), (4, 0), textcoords="offset points", va="center", fontsize=8.5, color=theme.ink,
        fontweight="bold" if times is None else "normal",
        bbox={"facecolor": theme.paper, "edgecolor": "none", "pad": 0.8},
    )  # fmt: skip


def _legend(theme: Theme, figure: Figure) -> None:
    from matplotlib.patches import Patch

    handles = [Patch(color=theme.quiet, alpha=FAINT, linewidth=0), Patch(color=theme.quiet, linewidth=0)]
    names = ["decoding and resampling alone (libsndfile, soxr)", "all the rest, stored on disk"]
    figure.legend(handles, names, loc="outside upper left", ncols=2, handlelength=1.1, handleheight=1.1)
