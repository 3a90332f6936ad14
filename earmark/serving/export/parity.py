"""Parity: whether an exported model answers like the pipeline, and what it costs and takes."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from earmark.errors import EarmarkError
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


@dataclass(frozen=True)
class Answers:
    """Probabilities (n, k) of ``clips`` by the name of who gave them, and the ``typical`` clip, of median length."""

    clips: Sequence[Clip]
    rows: dict[str, NDArray[np.float32]]
    typical: Clip


def answers(runs: Mapping[str, Runner], clips: Sequence[Clip]) -> Answers:
    """What each of ``runs`` says of ``clips``, in one pass, so that each clip is decoded once and held alone.

    Raises EarmarkError if a probability is no number: the best of such a row would be a class like any other.
    """
    rows: dict[str, list[NDArray[np.float32]]] = {name: [] for name in runs}
    lengths = []
    for clip in clips:
        samples = clip.samples
        lengths.append(len(samples))
        for name, run in runs.items():
            rows[name].append(_finite(run(samples), name, clip))
    middle = int(np.argsort(lengths, kind="stable")[len(lengths) // 2])
    return Answers(clips, {name: np.stack(found) for name, found in rows.items()}, clips[middle])


def _finite(row: NDArray[np.float32], name: str, clip: Clip) -> NDArray[np.float32]:
    if not np.isfinite(row).all():
        fix = "export without --int8" if "int8" in name else "please report it with the model's params.yaml"
        raise EarmarkError(f"{name}: on the clip {clip.name} a probability is no number. Nothing was written; {fix}")
    return row


def figures(
    given: Answers, name: str, reference: str, labels: Sequence[str], run: Runner, path: Path | None = None
) -> Figures:
    """What was ``given`` by the one ``name``, against ``reference``; ``run`` is it, and ``path`` the file it runs."""
    found, expected, clips = given.rows[name], given.rows[reference], given.clips
    differences = np.abs(found - expected).max(axis=1)
    accuracy, interval = judged(found, clips, labels)
    samples = given.typical.samples
    median, p95 = latency(run, samples)
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
        len(samples),
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


def latency(run: Runner, samples: NDArray[np.float32]) -> tuple[float, float]:
    """Median and 95 % quantile of the time (ms) for one answer, waiting for none."""
    times = []
    for number in range(WARM + TIMES):
        started = time.perf_counter()
        run(samples)
        if number >= WARM:
            times.append(1000 * (time.perf_counter() - started))
    return float(np.median(times)), float(np.quantile(times, 0.95))
