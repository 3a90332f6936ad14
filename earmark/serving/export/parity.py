"""Parity: whether an exported model answers like the pipeline, and what it costs and takes."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from earmark.serving.export.material import Clip
from earmark.serving.export.runner import Runner

USUAL, SHARE = 1e-3, 0.95
"""Difference of a probability that a float model may show on this share of the clips. Rounding gives 1e-6."""

TOLERANCE = 0.01
"""And on any clip: in one of thirty a pixel of the image falls on the other side of a half, and is a grey level off."""

WARM, TIMES = 3, 30
"""Runs before the clock counts, and runs that count."""

Z = 1.96
"""Deviations of the normal distribution within which 95 % lie."""


@dataclass(frozen=True)
class Figures:
    """What was measured of one file over ``n`` clips, against the pipeline and the true labels.

    ``accuracy`` and its 95 % ``interval`` are None where there are no labels; ``disagreements`` counts clips with
    another class than the pipeline says; ``difference`` is the largest of any probability, on the clip ``worst``,
    ``mean_difference`` the mean over the clips of their largest and ``usual_difference`` what ``SHARE`` of them stay
    below; latencies (ms) are for so many ``samples`` on one core.
    """

    n: int
    accuracy: float | None
    interval: tuple[float, float] | None
    disagreements: int
    difference: float
    usual_difference: float
    mean_difference: float
    worst: str
    kilobytes: float
    median_ms: float
    p95_ms: float
    samples: int

    @property
    def agrees(self) -> bool:
        """Whether the probabilities are those of the pipeline: within ``USUAL`` mostly, within ``TOLERANCE`` always."""
        return self.usual_difference <= USUAL and self.difference <= TOLERANCE

    def plain(self) -> dict[str, Any]:
        """As JSON-serialisable values."""
        return asdict(self)


def answers(run: Runner, clips: Sequence[Clip]) -> NDArray[np.float32]:
    """Probabilities (n, k) of ``clips``."""
    return np.stack([run(clip.samples) for clip in clips])


def figures(
    path: Path | None, run: Runner, clips: Sequence[Clip], expected: NDArray[Any], labels: Sequence[str]
) -> Figures:
    """What ``run`` answers for ``clips``, against the pipeline's answers (n, k); ``path`` is the file that it runs."""
    found = answers(run, clips)
    differences = np.abs(found - expected).max(axis=1)
    differences[np.isnan(differences)] = np.inf
    accuracy, interval = judged(found, clips, labels)
    typical = sorted(clips, key=lambda clip: len(clip.samples))[len(clips) // 2]
    median, p95 = latency(run, typical)
    return Figures(
        len(clips),
        accuracy,
        interval,
        int((found.argmax(axis=1) != expected.argmax(axis=1)).sum()),
        float(differences.max()),
        float(np.quantile(differences, SHARE)),
        float(differences.mean()),
        clips[int(differences.argmax())].name,
        path.stat().st_size / 1000 if path else 0.0,
        median,
        p95,
        len(typical.samples),
    )


def judged(
    found: NDArray[Any], clips: Sequence[Clip], labels: Sequence[str]
) -> tuple[float | None, tuple[float, float] | None]:
    """Accuracy and its interval; None without labels."""
    if any(clip.label is None for clip in clips):
        return None, None
    right = sum(labels[best] == clip.label for best, clip in zip(found.argmax(axis=1), clips, strict=True))
    return right / len(clips), wilson(right, len(clips))


def wilson(right: int, n: int) -> tuple[float, float]:
    """The 95 % interval of a share, ``right`` of ``n`` (Wilson 1927), as if clips were independent."""
    share = right / n
    middle = (share + Z**2 / (2 * n)) / (1 + Z**2 / n)
    half = Z / (1 + Z**2 / n) * np.sqrt(share * (1 - share) / n + Z**2 / (4 * n**2))
    return float(middle - half), float(middle + half)


def latency(run: Runner, clip: Clip) -> tuple[float, float]:
    """Median and 95 % quantile of the time (ms) for one answer, waiting for none."""
    times = []
    for number in range(WARM + TIMES):
        started = time.perf_counter()
        run(clip.samples)
        if number >= WARM:
            times.append(1000 * (time.perf_counter() - started))
    return float(np.median(times)), float(np.quantile(times, 0.95))
