"""The time line of a recording: who is heard when, from overlapping windows and the stretches of speech."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from earmark.audio.parts import Parts, within

Span = tuple[int, int]
"""First and one past last sample."""

NO_SPEECH = "no speech"
UNKNOWN = "unknown"


@dataclass(frozen=True)
class Segment:
    """A stretch of one label, ``start`` to ``end`` (s); ``confidence`` is its mean, 1 where nobody speaks."""

    start: float
    end: float
    label: str
    confidence: float


def spans(length: int, window: int, hop: int) -> list[Span]:
    """Windows of ``window`` samples every ``hop`` over ``length`` of them, the last one moved back to the end.

    One that is shorter than a window is one span.
    """
    last = length - window
    if last <= 0:
        return [(0, length)]
    return [(start, start + window) for start in (*range(0, last, hop), last)]


def cells(windows: Sequence[Span], speech: Parts, length: int) -> list[tuple[Span, list[int]]]:
    """The recording in pieces that the same windows cover: each piece, and the numbers of the windows over it.

    Pieces without speech are covered by none. ``windows`` are in order, of their starts and of their ends.
    """
    starts, ends = ([window[side] for window in windows] for side in (0, 1))
    edges = sorted({edge for window in windows for edge in window} | {0, length})
    pieces: list[tuple[Span, list[int]]] = []
    for start, end in pairwise(edges):
        over = list(range(bisect_left(ends, end), bisect_right(starts, start)))
        at = start
        for first, last in within(speech, start, end):
            pieces += [((at, first), [])] if at < first else []
            pieces.append(((first, last), over))
            at = last
        pieces += [((at, end), [])] if at < end else []
    return pieces


def timeline(
    pieces: Sequence[tuple[Span, list[int]]],
    rows: dict[int, NDArray[np.float64]],
    named: Callable[[NDArray[np.float64]], tuple[str, float]],
    rate: int,
) -> list[Segment]:
    """Segments of ``pieces``: each gets the mean of the probabilities (k,) of its windows in ``rows``, by number.

    ``named`` turns probabilities into label and confidence. Neighbours of the same label become one segment.
    """
    segments: list[Segment] = []
    for (first, last), over in pieces:
        known = [rows[number] for number in over if number in rows]
        label, confidence = named(np.mean(known, axis=0)) if known else (NO_SPEECH, 1.0)
        _append(segments, Segment(first / rate, last / rate, label, confidence))
    return segments


def shares(segments: Sequence[Segment]) -> dict[str, float]:
    """Each label's share of the time in which somebody speaks, the largest first; empty if nobody does."""
    seconds: dict[str, float] = {}
    for segment in segments:
        if segment.label != NO_SPEECH:
            seconds[segment.label] = seconds.get(segment.label, 0) + segment.end - segment.start
    total = sum(seconds.values())
    return {label: time / total for label, time in sorted(seconds.items(), key=lambda item: (-item[1], item[0]))}


def _append(segments: list[Segment], new: Segment) -> None:
    """Add a segment, or lengthen the last one if it has the same label; confidence is the mean over the time."""
    if not segments or segments[-1].label != new.label:
        segments.append(new)
        return
    old = segments.pop()
    before, after = old.end - old.start, new.end - new.start
    mean = (old.confidence * before + new.confidence * after) / (before + after)
    segments.append(Segment(old.start, new.end, new.label, mean))
