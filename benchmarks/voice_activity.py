"""What each kind of voice activity costs, how much of real speech it keeps, and a picture of one clip under each.

    python benchmarks/voice_activity.py [folder of the recordings] [picture] [clips per set]

CPU time per clip (decoded before, 16 kHz, one thread), the median of several rounds in which the methods take turns.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import librosa
import numpy as np
from numpy.typing import NDArray

from earmark.audio.decode import FloatArray, decode
from earmark.audio.parts import Parts
from earmark.audio.vad import VoiceActivity
from earmark.config import FeatureParams
from earmark.evaluation.style import WIDTH, Theme, png

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SETS = {"LibriSpeech": "gender_librispeech/*/*.flac", "GCompris": "lid_gcompris/*/*.ogg"}
SHOWN = "gender_librispeech/female/533-1066-0006_0.flac"
"""Two phrases with a pause between them that is not quite silent."""

RATE = 16000
TRIM_DB = 30.0
ROUNDS = 7
COLUMNS = 700
"""Of the wave form in the picture."""

KINDS = {
    "none": FeatureParams(trim_db=None),
    "trim": FeatureParams(vad="trim", trim_db=TRIM_DB),
    "energy": FeatureParams(vad="energy", trim_db=TRIM_DB),
    "webrtc": FeatureParams(vad="webrtc", trim_db=TRIM_DB),
    "silero": FeatureParams(vad="silero", trim_db=TRIM_DB),
}
NOTES = {
    "none": "everything, with trim_db: null",
    "trim": f"from the first to the last sound within {TRIM_DB:g} dB of the peak",
    "energy": f"all sound within {TRIM_DB:g} dB of the peak",
    "webrtc": "voice by the WebRTC detector, and 0.2 s around it",
    "silero": "voice by the Silero network",
}

Method = Callable[[FloatArray], Parts]


def main(shared: Path, picture: Path, clips: int) -> None:
    """Print the table and draw the picture."""
    methods: dict[str, Method] = {name: VoiceActivity(features).parts for name, features in KINDS.items()}
    sets = {name: some(sorted(shared.glob(pattern)), clips) for name, pattern in SETS.items()}
    costs = measured(methods | {"librosa.effects.trim": trim, "librosa.effects.split": split}, sets)
    print(table(methods, costs, sets))
    samples, _ = decode(shared / SHOWN, RATE)
    picture.parent.mkdir(parents=True, exist_ok=True)
    picture.write_bytes(png(lambda theme: drawn(theme, samples, methods)))


def some(paths: list[Path], count: int) -> list[FloatArray]:
    """``count`` clips, evenly from the list."""
    return [decode(path, RATE)[0] for path in paths[:: max(1, len(paths) // count)][:count]]


def trim(samples: FloatArray) -> Parts:
    return [librosa.effects.trim(samples, top_db=TRIM_DB)[1]]


def split(samples: FloatArray) -> Parts:
    return list(librosa.effects.split(samples, top_db=TRIM_DB))


def measured(methods: Mapping[str, Method], sets: Mapping[str, list[FloatArray]]) -> dict[str, NDArray[np.float64]]:
    """CPU time (ms) of each method on each clip (clips,)."""
    clips = [clip for group in sets.values() for clip in group]
    times = np.empty((ROUNDS + 1, len(methods), len(clips)))
    for turn, number, clip in np.ndindex(times.shape):
        method = list(methods.values())[number]
        start = time.process_time()
        method(clips[clip])
        times[turn, number, clip] = time.process_time() - start
    return dict(zip(methods, 1000 * np.median(times[1:], axis=0), strict=True))


def table(
    methods: Mapping[str, Method], costs: Mapping[str, NDArray[np.float64]], sets: Mapping[str, list[FloatArray]]
) -> str:
    """Markdown: cost in ms and relative to librosa's trim, and the share of the samples that is kept."""
    seconds = {name: sum(map(len, clips)) / RATE / len(clips) for name, clips in sets.items()}
    heads = [f"kept of {name} ({len(clips)} clips of {seconds[name]:.1f} s)" for name, clips in sets.items()]
    lines = [f"| vad | CPU ms per clip, median (10 to 90 %) | × librosa trim | {' | '.join(heads)} |"]
    lines.append("|---" * (3 + len(heads)) + "|")
    whole = costs["librosa.effects.trim"].sum()
    for name, cost in costs.items():
        low, middle, high = np.percentile(cost, [10, 50, 90])
        kept = [f"{share(methods[name], clips):.1%}" if name in methods else "" for clips in sets.values()]
        figures = f"{middle:.3f} ({low:.3f} to {high:.3f}) | {cost.sum() / whole:.2f}"
        lines.append(f"| {name} | {figures} | {' | '.join(kept)} |")
    return "\n".join(lines)


def share(method: Method, clips: list[FloatArray]) -> float:
    """Part of all samples that is kept."""
    return sum(last - first for clip in clips for first, last in method(clip)) / sum(map(len, clips))


def drawn(theme: Theme, samples: FloatArray, methods: Mapping[str, Method]) -> Figure:
    """The wave form of ``samples`` once for each method, what it keeps in colour."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH * 1.5, 0.92 * len(methods) + 0.3), layout="constrained")
    for axes, (name, method) in zip(figure.subplots(len(methods), 1, sharex=True), methods.items(), strict=True):
        draw_kept(axes, samples, method(samples), theme)
        axes.set_title(name)
        axes.set_title(NOTES[name], loc="center", fontweight="normal", color=theme.quiet, fontsize=8.5)
        axes.set_title(f"{share(method, [samples]):.0%} kept", loc="right", fontweight="normal", color=theme.first)
    axes.set_xlabel("time, s")
    return figure


def draw_kept(axes: Axes, samples: FloatArray, parts: Parts, theme: Theme) -> None:
    """Wave form between the least and the greatest sample of each column; cut parts without colour."""
    columns = np.array_split(samples, COLUMNS)
    low, high = (np.array([extreme(column) for column in columns]) for extreme in (np.min, np.max))
    seconds = (np.arange(COLUMNS) + 0.5) * len(samples) / COLUMNS / RATE
    axes.fill_between(seconds, low, high, color=theme.quiet, alpha=0.55, linewidth=0.6)
    for first, last in parts:
        inside = (seconds >= first / RATE) & (seconds <= last / RATE)
        axes.axvspan(first / RATE, last / RATE, color=theme.first, alpha=0.1, linewidth=0)
        axes.fill_between(seconds, low, high, where=inside, color=theme.first, linewidth=0.6)
    peak = 1.08 * float(np.abs(samples).max())
    axes.set(xlim=(0, len(samples) / RATE), ylim=(-peak, peak), yticks=[])
    axes.spines[:].set_visible(False)
    axes.grid(axis="y", visible=False)


if __name__ == "__main__":
    given = sys.argv[1:]
    main(
        Path(given[0] if given else "../shared/data"),
        Path(given[1] if len(given) > 1 else "results/bench/voice_activity.png"),
        int(given[2]) if len(given) > 2 else 100,
    )
