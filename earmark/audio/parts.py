"""Parts of a clip: (first, one past last) samples or frames, in order, not touching each other."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

Parts = list[tuple[int, int]]


def runs(flags: NDArray[np.bool_]) -> Parts:
    """Where ``flags`` (n,) holds without a break."""
    edges = np.flatnonzero(np.diff(flags.astype(np.int8), prepend=0, append=0))
    return [(int(first), int(last)) for first, last in edges.reshape(-1, 2)]


def scaled(parts: Parts, factor: float, length: int) -> Parts:
    """``parts`` in another unit (1 of the old is ``factor`` of the new), cut at ``length``; none of them is empty."""
    bounds = [(min(round(first * factor), length), min(round(last * factor), length)) for first, last in parts]
    return [(first, last) for first, last in bounds if first < last]


def within(parts: Parts, start: int, end: int) -> Parts:
    """What of ``parts`` lies between ``start`` and ``end``."""
    touching = parts[bisect_right(parts, start, key=itemgetter(1)) : bisect_left(parts, end, key=itemgetter(0))]
    bounds = [(max(first, start), min(last, end)) for first, last in touching]
    return [(first, last) for first, last in bounds if first < last]


def widened(parts: Parts, margin: int, length: int) -> Parts:
    """``parts`` with ``margin`` on both sides, inside 0 to ``length``; those that meet become one."""
    wide: Parts = []
    for first, last in parts:
        first, last = max(0, first - margin), min(length, last + margin)
        if wide and first <= wide[-1][1]:
            first = wide.pop()[0]
        wide.append((first, last))
    return wide
