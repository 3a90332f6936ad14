"""The picture of one clip: its wave, what was cut out of it, its windows, and every image on the same time axis."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from earmark.audio.decode import FloatArray
from earmark.audio.mel import hz_to_mel
from earmark.audio.parts import Parts
from earmark.config import FeatureParams
from earmark.evaluation.style import Theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH = 8.0
"""Inches."""

WAVE, IMAGE, LANE, EDGES = 1.25, 1.45, 0.17, 0.75
"""Heights in inches: the wave, each image, each lane of windows, titles and the time axis."""

COLUMNS = 1200
"""Of the wave: each is drawn from its lowest to its highest sample."""

TICKS_HZ = (100, 250, 500, 1000, 2000, 4000, 8000, 16000, 32000)
PITCHES = ("C", "C♯", "D", "D♯", "E", "F", "F♯", "G", "G♯", "A", "A♯", "B")
LOWEST_OCTAVE = 200
"""Hz: upper edge of the lowest band of spectral contrast."""

COMMON = 99.5
"""Percent of an image's values that the colours tell apart where its kind has no limits."""

CLOSEST = 0.1
"""Of an image's height: marks on its axis are at least so far apart."""

MOST_LANES = 4
"""Of windows that overlap; with more they are drawn over one another."""

Ticks = tuple[list[float], list[str]]


@dataclass(frozen=True)
class Clip:
    """What is drawn, all at ``features.sample_rate``.

    ``samples`` (n,) of the whole clip, the ``parts`` of them (samples) that the front end kept, ``images`` by kind
    (height, frames) of these parts joined, in the units of the kind (dB, coefficients, …), ``windows`` as (first frame,
    frames) of the same.
    """

    title: str
    samples: FloatArray
    parts: Parts
    images: dict[str, npt.NDArray[Any]]
    windows: list[tuple[int, int]]
    features: FeatureParams

    @property
    def duration(self) -> float:
        """Seconds."""
        return len(self.samples) / self.features.sample_rate

    def seconds(self, sample: int, end: bool = False) -> float:
        """Time in the clip of a sample of the joined parts; at a joint the later part's, or the earlier's ``end``."""
        joined = 0
        for first, last in self.parts:
            left = sample - joined
            if left < last - first or (end and left == last - first):
                return (first + left) / self.features.sample_rate
            joined += last - first
        return self.duration


def clip(theme: Theme, shown: Clip) -> Figure:
    """The wave in seconds with what was cut shaded, the windows as bars, and each kind's image below with its scale."""
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    lanes = _lanes(shown.windows) if shown.features.window else 0
    heights = [WAVE, *([0.12 + lanes * LANE] if lanes else []), *(IMAGE for _ in shown.images)]
    layout = ConstrainedLayoutEngine(h_pad=0.035, hspace=0.02)
    figure = Figure(figsize=(WIDTH, sum(heights) + EDGES), layout=layout)
    rows = figure.subplots(len(heights), 1, sharex=True, squeeze=False, height_ratios=heights)[:, 0]
    figure.suptitle(shown.title, x=0.01, ha="left", fontsize=10.5, fontweight="bold", color=theme.ink)
    _draw_wave(rows[0], theme, shown)
    if lanes:
        _draw_windows(rows[1], theme, shown, lanes)
    for axes, (kind, values) in zip(rows[-len(shown.images) :], shown.images.items(), strict=True):
        _draw_image(axes, theme, shown, kind, values)
    rows[-1].set(xlabel="time, s", xlim=(0, max(shown.duration, 1e-3)))
    for axes in rows[:-1]:
        axes.tick_params(labelbottom=False)
    return figure


def cuts(parts: Parts, length: int) -> dict[str, Parts]:
    """What of ``length`` samples is not in ``parts``: ``ends`` (before the first and after the last) and ``inside``."""
    if not parts:
        return {"ends": [(0, length)] if length else [], "inside": []}
    bounds = [0, *(bound for part in parts for bound in part), length]
    gaps = [(bounds[i], bounds[i + 1]) for i in range(0, len(bounds), 2)]
    ends, inside = (gaps[0], gaps[-1]), gaps[1:-1]
    return {"ends": [(a, b) for a, b in ends if a < b], "inside": [(a, b) for a, b in inside if a < b]}


def _draw_wave(axes: Axes, theme: Theme, shown: Clip) -> None:
    rate = shown.features.sample_rate
    edges = np.linspace(0, len(shown.samples), min(COLUMNS, len(shown.samples)) + 1).astype(int)[:-1]
    low, high = np.minimum.reduceat(shown.samples, edges), np.maximum.reduceat(shown.samples, edges)
    kept = np.zeros(len(edges), bool)
    for first, last in shown.parts:
        kept |= (edges >= first) & (edges < last)
    for where, colour in ((~kept, theme.quiet), (kept, theme.first)):
        axes.fill_between(edges / rate, low, high, where=where.tolist(), color=colour, linewidth=0.6)
    top = max(float(np.abs(shown.samples).max(initial=0)), 1e-3)
    axes.set(ylabel="amplitude", ylim=(-1.08 * top, 1.08 * top))
    axes.grid(axis="y", visible=False)
    names = _cut_names(shown.features)
    for place, spans in cuts(shown.parts, len(shown.samples)).items():
        _shade(axes, theme, spans, rate, place, f"{names[place]}: {_total(spans) / rate:.2f} s")
    kept_label = f"kept: {_total(shown.parts) / rate:.2f} of {shown.duration:.2f} s"
    axes.fill_between([], [], [], color=theme.first, label=kept_label)
    axes.legend(loc="lower right", bbox_to_anchor=(1.005, 0.97), ncols=3, borderpad=0, handlelength=1.1)


def _shade(axes: Axes, theme: Theme, spans: Parts, rate: int, place: str, label: str | None = None) -> None:
    colour = theme.second if place == "ends" else theme.series(3)[2]
    for number, (first, last) in enumerate(spans):
        name = None if number else label  # once in the legend
        axes.axvspan(first / rate, last / rate, facecolor=colour, alpha=0.16, linewidth=0, zorder=0.5, label=name)


def _cut_names(features: FeatureParams) -> dict[str, str]:
    """What decided, as the legend says it."""
    rules = [] if features.trim_db is None else [f"{features.trim_db:g} dB below the peak"]
    rules += [features.vad] if features.vad in ("webrtc", "silero") else []
    return {"ends": f"ends cut ({', '.join(rules)})", "inside": f"pauses cut ({features.vad})"}


def _total(spans: Parts) -> int:
    return sum(last - first for first, last in spans)


def _lanes(windows: Sequence[tuple[int, int]]) -> int:
    """Rows of bars that keep overlapping windows apart."""
    hops = [later[0] - first[0] for first, later in pairwise(windows)]
    return min(MOST_LANES, math.ceil(windows[0][1] / max(hops))) if hops else 1


def _draw_windows(axes: Axes, theme: Theme, shown: Clip, lanes: int) -> None:
    hop = shown.features.hop_length
    for number, (first, frames) in enumerate(shown.windows):
        start, end = shown.seconds(first * hop), shown.seconds((first + frames) * hop, end=True)
        lane = number % lanes
        axes.barh(-lane, end - start, 0.72, start, color=theme.shades()(0.35 if number % 2 else 0.6), linewidth=0)
        if end - start > shown.duration / 60:
            axes.text((start + end) / 2, -lane, f"{number + 1}", ha="center", va="center", fontsize=6.5)
    axes.set(ylim=(-lanes + 0.45, 0.55), yticks=[])
    axes.set_ylabel("windows", rotation=0, ha="right", va="center")
    axes.grid(False)
    axes.spines[:].set_visible(False)


def _draw_image(axes: Axes, theme: Theme, shown: Clip, kind: str, values: npt.NDArray[Any]) -> None:
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    title, unit, base = _words(kind)
    values = values.astype(np.float32)
    low, high = _limits(kind, values, shown.features)
    norm, colours = Normalize(low, high), "RdBu_r" if low == -high else "magma"
    extend = "both" if low == -high else "max" if high < values.max() else "neither"
    rate, hop, height = shown.features.sample_rate, shown.features.hop_length, len(values)
    for columns, start in _pieces(shown.parts, hop, values.shape[1]):
        left = start / rate
        extent = (left, left + (columns.stop - columns.start) * hop / rate, -0.5, height - 0.5)
        axes.imshow(
            values[:, columns], origin="lower", aspect="auto", extent=extent, cmap=colours, norm=norm,
            interpolation="nearest", zorder=1,
        )  # fmt: skip
    for place, spans in cuts(shown.parts, len(shown.samples)).items():
        _shade(axes, theme, spans, rate, place)
    places, names = _ticks(base, height, shown.features)
    axes.set_yticks(places, names)
    axes.set(title=f"{title}, {height} × {values.shape[1]}", ylabel=_axis(base), ylim=(-0.5, height - 0.5))
    axes.grid(False)
    scale = ScalarMappable(norm, colours)
    bar = axes.figure.colorbar(scale, ax=axes, label=unit, pad=0.012, aspect=11, fraction=0.06, extend=extend)
    bar.outline.set_visible(False)


def _pieces(parts: Parts, hop: int, frames: int) -> list[tuple[slice, float]]:
    """Frames of the image that lie in each part, and where in the clip (samples) their first begins.

    Frame k stands for the hop around sample k · hop of the joined parts.
    """
    pieces, joined = [], 0
    for number, (first, last) in enumerate(parts):
        begin, joined = math.ceil(joined / hop), joined + last - first
        end = frames if number == len(parts) - 1 else min(frames, math.ceil(joined / hop))
        offset = begin * hop - (joined - (last - first))
        if begin < end:
            pieces.append((slice(begin, end), first + offset - hop / 2))
    return pieces


def _limits(kind: str, values: npt.NDArray[Any], features: FeatureParams) -> tuple[float, float]:
    """Ends of the colour scale: the kind's own where it has limits, else those of this clip without its outliers.

    Symmetrical for changes and for MFCC, whose coefficient 0 (the level) would outshine all others.
    """
    if "_delta" in kind or kind == "mfcc":
        rows = values[1:] if kind.startswith("mfcc") and len(values) > 1 else values
        most = max(float(np.percentile(np.abs(rows), COMMON)), 1e-6)
        return -most, most
    if kind in ("mel", "stft") and features.reference == "max":
        return -features.top_db, 0.0
    return (0.0, 1.0) if kind == "chroma" else (float(values.min()), float(np.percentile(values, COMMON)))


def _words(kind: str) -> tuple[str, str, str]:
    """Title, unit of the colours, and the kind that the rows are of."""
    base, _, change = kind.partition("_")
    titles = {
        "mel": ("mel spectrogram", "dB"),
        "stft": ("spectrogram", "dB"),
        "mfcc": ("MFCC", "coefficient"),
        "chroma": ("chroma", "strength"),
        "contrast": ("spectral contrast", "dB"),
        "pcen": ("PCEN", "gain-controlled"),
    }
    title, unit = titles.get(base, (base, "value"))
    if not change:
        return title, unit, base
    order = "second change" if change == "delta2" else "change"
    return f"{title}, {order} over time", f"{unit} per frame{'²' if change == 'delta2' else ''}", base


def _axis(base: str) -> str:
    return {"mfcc": "coefficient", "chroma": "pitch class"}.get(base, "frequency, Hz")


def _ticks(base: str, height: int, features: FeatureParams) -> Ticks:
    """Rows (fractional) of an image of ``height`` that are marked, and their names."""
    if base == "chroma":
        return [float(row) for row in range(0, height, 2)], list(PITCHES[:height:2])
    if base == "contrast":
        octaves = [LOWEST_OCTAVE << octave for octave in range(height - 1)]
        return [row + 0.5 for row in range(0, height - 1, 2)], [_hz(hz) for hz in octaves[::2]]
    if base in ("mel", "pcen"):
        return _frequencies(lambda hz: _mel_row(hz, height, features), height, features.fmin, features.fmax)
    if base == "stft":
        return _frequencies(lambda hz: hz / features.sample_rate * features.n_fft, height, 0, features.sample_rate / 2)
    step = max(1, round(height / 5))
    return [float(row) for row in range(0, height, step)], [str(row) for row in range(0, height, step)]


def _frequencies(row: Callable[[float], float], height: int, lowest: float, highest: float) -> Ticks:
    """Marks from the highest frequency down, leaving out those that would touch the one above."""
    rows: list[float] = []
    names: list[str] = []
    for hz in (hz for hz in reversed(TICKS_HZ) if lowest <= hz <= highest):
        if not rows or rows[-1] - row(hz) >= CLOSEST * height:
            rows.append(row(hz))
            names.append(_hz(hz))
    return rows, names


def _mel_row(hz: float, height: int, features: FeatureParams) -> float:
    """Row whose band is centred on ``hz``; bands are even on the mel scale."""
    low, high, mel = (hz_to_mel(f, features.mel_scale) for f in (features.fmin, features.fmax, hz))
    return (mel - low) / (high - low) * (height + 1) - 1


def _hz(hz: float) -> str:
    return f"{hz / 1000:g}k" if hz >= 1000 else f"{hz:g}"
