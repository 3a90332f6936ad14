"""Which rows of a data set can be used: clips that a selection keeps, their files read, and the faults of others."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from earmark.config import DataParams
from earmark.corpus.adapters import ADAPTERS
from earmark.corpus.catalogue import BadRow, Clip, Measured
from earmark.corpus.measure import Meter
from earmark.corpus.select import Selection, needs_measuring, select
from earmark.errors import EarmarkError
from earmark.recordings import Recordings


@dataclass
class Examined:
    """Clips that may still be used, and the rows that cannot be."""

    clips: list[Clip]
    bad: list[BadRow] = field(default_factory=list)

    def discard(self, faults: Sequence[BadRow]) -> None:
        """Move the clips with a fault to the bad rows."""
        gone = {fault.clip_id for fault in faults}
        self.clips = [clip for clip in self.clips if clip.clip_id not in gone]
        self.bad += faults


def listed(data: DataParams, recordings: Recordings) -> Examined:
    """The rows of a data set, those set aside that have no label or file, or are listed twice."""
    examined = Examined([])
    for row in ADAPTERS[data.adapter].clips(data, recordings):
        if isinstance(row, Clip):
            examined.clips.append(row)
        else:
            examined.bad.append(row)
    _keep_one_per_id(examined)
    return examined


def choose(data: DataParams, apart: Sequence[str], examined: Examined, meter: Meter) -> Selection[Measured]:
    """Select, read the files, and select again without those that are no good, until all that are chosen are good.

    ``apart`` are the columns of which no unseen clip shares a value with a kept one. Raises EarmarkError if no clip can
    be used.
    """
    if needs_measuring(data):
        examined.discard(_faults(_measured(examined.clips, meter)))
        _require_clips(examined, data)
        return select(_measured(examined.clips, meter), data, apart)
    while True:
        _require_clips(examined, data)
        chosen = select(examined.clips, data, apart)
        kept, unseen = _measured(chosen.kept, meter), _measured(chosen.unseen, meter)
        faults = _faults([*kept, *unseen])
        if not faults:
            return Selection(kept, unseen, chosen.left_out)
        examined.discard(faults)


def _measured(clips: Sequence[Clip], meter: Meter) -> list[Measured]:
    found = meter.measure(clip.path for clip in clips)
    return [Measured(clip, *found[clip.path]) for clip in clips]


def _faults(clips: Sequence[Measured]) -> list[BadRow]:
    """What the probe found, parts that lie outside their file, and copies of a recording."""
    faults = [fault for clip in clips if (fault := _fault(clip))]
    broken = {fault.clip_id for fault in faults}
    return faults + _copies(clip for clip in clips if clip.clip_id not in broken)


def _fault(clip: Measured) -> BadRow | None:
    if clip.probe.reason is not None:
        return BadRow(clip.clip.path, clip.clip_id, clip.probe.reason, clip.probe.detail or clip.probe.reason)
    if clip.duration <= 0:
        detail = f"starts at {clip.clip.start:g} s, after the end of the recording at {clip.probe.duration:.2f} s"
        return BadRow(clip.clip.path, clip.clip_id, "bad_row", detail)
    return None


def _copies(clips: Iterable[Measured]) -> list[BadRow]:
    """Of identical recordings the first by name is kept; none is if they are labelled differently."""
    same: defaultdict[tuple[Any, ...], list[Clip]] = defaultdict(list)
    for clip in clips:
        same[clip.audio_digest, clip.clip.start, clip.clip.end].append(clip.clip)
    return [fault for group in same.values() for fault in _duplicates(group, "the same recording as")]


def _keep_one_per_id(examined: Examined) -> None:
    """Of rows that name the same file and part one is kept, or none if they are labelled differently."""
    same: defaultdict[str, list[Clip]] = defaultdict(list)
    for clip in examined.clips:
        same[clip.clip_id].append(clip)
    repeated = {clip_id: sorted(group, key=repr) for clip_id, group in same.items() if len(group) > 1}
    faults = {clip_id: _duplicates(group, "listed more than once, as") for clip_id, group in repeated.items()}
    kept = [group[0] for clip_id, group in repeated.items() if len(faults[clip_id]) < len(group)]
    examined.discard([fault for found in faults.values() for fault in found])
    examined.clips += kept


def _duplicates(group: Sequence[Clip], relation: str) -> list[BadRow]:
    if len(group) == 1:
        return []
    first, *others = sorted(group, key=lambda clip: (clip.clip_id, repr(clip)))
    labels = sorted({clip.label for clip in group})
    if len(labels) > 1:
        detail = f"{relation} {first.clip_id}, with different labels ({', '.join(labels)}): none is used"
        return [BadRow(clip.path, clip.clip_id, "duplicate", detail) for clip in group]
    detail = f"{relation} {first.clip_id}, which is used"
    return [BadRow(clip.path, clip.clip_id, "duplicate", detail) for clip in others]


def _require_clips(examined: Examined, data: DataParams) -> None:
    if not examined.clips:
        examples = sorted(f", e.g. {row.path}: {row.detail}" for row in examined.bad)
        first = examples[0] if examples else ""
        raise EarmarkError(f"{data.root}: no usable clip ({len(examined.bad)} quarantined{first})")
