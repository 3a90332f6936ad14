"""Confidence intervals by resampling speakers: clips of one voice are right or wrong together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from earmark.evaluation.metrics import Floats, Ints, rounded, scores

LEVEL = 0.95
"""Coverage of the intervals (percentile method, Efron and Tibshirani 1993, chapter 13)."""

BLOCK = 4_000_000
"""Weights (resamples × groups) drawn at a time: 32 MB."""

SEED = 0


def groups_of(speakers: Sequence[str | None]) -> Ints:
    """Group index (n,) of each clip: its speaker, or a group of its own where the speaker is unknown."""
    names = [f"clip {i}" if speaker is None else f"speaker {speaker}" for i, speaker in enumerate(speakers)]
    return np.unique(np.array(names, dtype=str), return_inverse=True)[1].astype(np.int64)


@dataclass(frozen=True)
class Bootstrap:
    """``resamples`` draws of the groups (n,), the same for every classifier judged, so that differences are paired."""

    groups: Ints
    resamples: int
    seed: int = SEED

    def replicates(self, truth: Ints, predicted: Ints, k: int) -> dict[str, Floats]:
        """Scores of every resample, each (resamples,), for predicted and true class indices (n,)."""
        per_group = _tally(self.groups, truth, predicted, k)
        parts = [scores(*np.split(weights @ per_group, 3, axis=1)) for weights in self._weights(len(per_group))]
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    def _weights(self, n: int) -> list[Floats]:
        """How often each of ``n`` groups is drawn: blocks of (resamples, n), rows summing to n."""
        rng = np.random.default_rng(self.seed)
        even = np.full(n, 1 / n)
        rows = max(BLOCK // n, 1)
        sizes = [min(rows, self.resamples - i) for i in range(0, self.resamples, rows)]
        return [rng.multinomial(n, even, size=size).astype(float) for size in sizes]


def interval(replicates: npt.NDArray[np.floating]) -> list[float]:
    """``[low, high]``: the central ``LEVEL`` of the replicates."""
    tail = (1 - LEVEL) / 2
    return [rounded(value) for value in np.quantile(replicates, [tail, 1 - tail])]


def _tally(groups: Ints, truth: Ints, predicted: Ints, k: int) -> Floats:
    """Counts per group (groups, 3 k): right answers, clips, and answers of each class."""
    right, n = truth == predicted, int(groups.max()) + 1
    pairs = ((groups[right], truth[right]), (groups, truth), (groups, predicted))
    counts = [np.bincount(group * k + index, minlength=n * k).reshape(n, k) for group, index in pairs]
    return np.hstack(counts).astype(float)
