"""One look for every figure, in a light theme (files, MLflow) and a dark one (the report at night)."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from itertools import cycle, islice
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.colors import LinearSegmentedColormap
    from matplotlib.figure import Figure

WIDTH = 4.8
"""Figure width, inches: one column of the report, and readable on a phone."""

DOTS_PER_INCH = 160

WEBP_QUALITY = 85
"""Of 100: letters stay sharp."""


@dataclass(frozen=True)
class Theme:
    """Colours (hexadecimal RGB) of paper, text, quiet text, grid, and of the series that a plot may have."""

    name: str
    paper: str
    ink: str
    quiet: str
    grid: str
    first: str
    second: str
    more: tuple[str, ...] = ()

    def settings(self) -> Any:
        """The matplotlib settings (``rcParams`` names and values) of this theme."""
        return {
            "figure.facecolor": self.paper,
            "axes.facecolor": self.paper,
            "axes.edgecolor": self.grid,
            "axes.labelcolor": self.quiet,
            "axes.titlecolor": self.ink,
            "axes.titlesize": 9.5,
            "axes.titlelocation": "left",
            "axes.titleweight": "bold",
            "axes.labelsize": 9,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.grid": True,
            "axes.axisbelow": True,
            "grid.color": self.grid,
            "grid.linewidth": 0.7,
            "font.family": "DejaVu Sans",
            "font.size": 9,
            "text.color": self.ink,
            "xtick.color": self.quiet,
            "ytick.color": self.quiet,
            "xtick.labelsize": 8.5,
            "ytick.labelsize": 8.5,
            "xtick.major.size": 0,
            "ytick.major.size": 0,
            "lines.linewidth": 1.8,
            "legend.frameon": False,
            "legend.fontsize": 8.5,
            "savefig.dpi": DOTS_PER_INCH,
        }

    def series(self, count: int) -> list[str]:
        """Colours of ``count`` series; beyond those of the theme they begin again."""
        return list(islice(cycle((self.first, self.second, *self.more)), count))

    def shades(self) -> LinearSegmentedColormap:
        """Colour map from the paper (0) to the first series' colour (1)."""
        from matplotlib.colors import LinearSegmentedColormap

        return LinearSegmentedColormap.from_list(f"shades-{self.name}", [self.paper, self.first])


MORE_LIGHT = ("#1d8f6f", "#9b4fc4", "#c4a000", "#58aee0", "#c2456f", "#7a5c3e")
MORE_DARK = ("#5fcf9f", "#c792ea", "#e6cf6b", "#8fd3f4", "#f28aa9", "#c8ab8c")
"""Further series, told apart by lightness too, so that those who do not see colours can."""

LIGHT = Theme("light", "#ffffff", "#18212f", "#5b6676", "#e4e8ee", "#1f5fd0", "#d9730d", MORE_LIGHT)
DARK = Theme("dark", "#161c26", "#e7ebf2", "#9aa6b8", "#2b3443", "#74a4ff", "#f5a860", MORE_DARK)


def png(draw: Callable[[Theme], Figure], theme: Theme = LIGHT) -> bytes:
    """The figure that ``draw`` makes, as PNG bytes that depend on its content only (no software name, no date)."""
    return _saved(draw, theme, format="png", metadata={"Software": None})


def webp(draw: Callable[[Theme], Figure], theme: Theme = LIGHT) -> bytes:
    """Like ``png``, in a tenth of the bytes: for pictures without flat surfaces, such as mel images."""
    return _saved(draw, theme, format="webp", pil_kwargs={"quality": WEBP_QUALITY, "method": 6})


def _saved(draw: Callable[[Theme], Figure], theme: Theme, **options: Any) -> bytes:
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    with rc_context(theme.settings()):
        figure = draw(theme)
        FigureCanvasAgg(figure)
        buffer = io.BytesIO()
        figure.savefig(buffer, **options)
    return buffer.getvalue()
