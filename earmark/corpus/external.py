"""External test sets: recordings from elsewhere, on which a model is judged beside its own test clips.

Other sites, other microphones: what a model is worth there tells how far it generalises. No clip of them is learnt
from, and none chooses anything. In the manifest their split is ``external/NAME``, their files ``.external/NAME/…``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from earmark.config import DataParams
from earmark.corpus.catalogue import BadRow, Clip, Measured
from earmark.corpus.examine import choose, listed
from earmark.corpus.measure import Meter
from earmark.errors import EarmarkError
from earmark.recordings import ELSEWHERE, Recordings
from earmark.splits import EXTERNAL

OTHER = "other_class"
"""The rule that leaves out clips of classes that the study does not have."""


@dataclass(frozen=True)
class ExternalSet:
    """The clips of one external set, those that a rule left out, by rule, and the rows that cannot be used."""

    name: str
    clips: Sequence[Measured]
    left_out: Mapping[str, int]
    bad: Sequence[BadRow]

    @property
    def split(self) -> str:
        """What the manifest calls it."""
        return EXTERNAL + self.name

    def summary(self) -> dict[str, Any]:
        """For the audit: clips, speakers, clips by class, and how many were left out by which rule or are unusable."""
        return {
            "clips": len(self.clips),
            "speakers": len({clip.clip.speaker for clip in self.clips} - {None}),
            "counts": dict(sorted(Counter(clip.clip.label for clip in self.clips).items())),
            "left_out": dict(self.left_out),
            "quarantined": len(self.bad),
        }


def find(
    name: str, data: DataParams, recordings: Recordings, classes: Collection[str], workers: int = 1
) -> ExternalSet:
    """The set ``name`` of ``data.external``, of it the clips of ``classes``.

    Raises EarmarkError if there are none.
    """
    own, there = data.of_external(name), recordings.others[name]
    examined = listed(own, there)
    known = [clip for clip in examined.clips if clip.label in classes]
    if not known:
        found = ", ".join(sorted({clip.label for clip in examined.clips})) or "none"
        raise EarmarkError(f"data.external.{name}: no clip of {', '.join(sorted(classes))}; its classes: {found}")
    strange, examined.clips = len(examined.clips) - len(known), known
    selection = choose(own, [], examined, Meter(there, workers))
    same = own.root == data.root
    clips = [replace(clip, clip=_renamed(clip.clip, name, same)) for clip in selection.kept]
    bad = [replace(row, path=_below(name, row.path), clip_id=row.clip_id and _below(name, row.clip_id))
           for row in examined.bad]  # fmt: skip
    return ExternalSet(name, clips, selection.filtered | ({OTHER: strange} if strange else {}), bad)


def _renamed(clip: Clip, name: str, same: bool) -> Clip:
    """``clip`` under names that no other set has; in the ``same`` recordings a speaker's name means the same person."""
    speaker = clip.speaker if same or clip.speaker is None else f"{name}/{clip.speaker}"
    recording = None if clip.recording is None else _below(name, clip.recording)
    return replace(clip, path=_below(name, clip.path), speaker=speaker, recording=recording)


def _below(name: str, path: str) -> str:
    return f"{ELSEWHERE}{name}/{path}"
