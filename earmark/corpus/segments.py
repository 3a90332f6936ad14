"""Clips cut into overlapping parts: the protocol of systems that split segments instead of recordings.

Overlapping parts of one recording land on both sides of such a split, which flatters every figure. It is here so that
published results can be reproduced beside an honest split, and the leak audit says what crosses.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from earmark.corpus.catalogue import Measured


def segments(clips: Iterable[Measured], length: float, hop: float) -> list[Measured]:
    """Parts of ``length`` s, one every ``hop`` s, as many as fit whole; a clip that is shorter stays as it is."""
    return [part for clip in clips for part in _parts(clip, length, hop)]


def _parts(clip: Measured, length: float, hop: float) -> Iterator[Measured]:
    if clip.duration <= length:
        yield clip
        return
    first = clip.clip.start or 0.0
    for i in range(int((clip.duration - length) / hop + 1e-9) + 1):
        start = round(first + i * hop, 6)
        part = replace(clip.clip, start=start, end=round(start + length, 6))
        yield replace(clip, clip=replace(part, recording=clip.clip.recording or clip.clip_id))
