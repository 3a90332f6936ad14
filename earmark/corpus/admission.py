"""Which synthetic clips may be learnt from, so that they bring nothing into training that the split keeps out of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from earmark.config import SyntheticParams
from earmark.corpus.catalogue import BadRow, Measured
from earmark.corpus.hold_out import RULE
from earmark.corpus.synthetic import SyntheticSpeech
from earmark.corpus.texts import holding
from earmark.errors import EarmarkError
from earmark.recordings import SYNTHETIC


@dataclass(frozen=True)
class Admission:
    """Synthetic clips that may be trained on, those that a rule of the split left out, by rule, and silent texts."""

    clips: list[Measured]
    left_out: Mapping[str, Sequence[Measured]]
    bad: list[BadRow]

    def summary(self) -> dict[str, Any]:
        """For the audit, as ``synthetic``: clips, also by class, speakers, and left out by rule; empty without any."""
        if not (self.clips or self.left_out or self.bad):
            return {}
        counts = {
            "clips": len(self.clips),
            "speakers": len({clip.clip.speaker for clip in self.clips}),
            "counts": dict(sorted(Counter(clip.clip.label for clip in self.clips).items())),
            "left_out": {rule: len(clips) for rule, clips in self.left_out.items()},
        }
        return {SYNTHETIC: counts}


NOBODY = Admission([], {}, [])
"""Of a study without synthetic speech."""


def admit(
    speech: SyntheticSpeech, learnt: Sequence[Measured], judging: Sequence[Measured], columns: Sequence[str],
    held_out: frozenset[str],
) -> Admission:  # fmt: skip
    """The clips of ``speech`` that may be learnt from beside the real clips ``learnt``.

    Left out are texts that contain a held-out value, and clips that share a value of ``columns``, which must not cross
    splits, with a clip of ``judging`` (val, test, unseen). Raises EarmarkError if the texts have a class that no clip
    has.
    """
    clips, bad = speech.clips()
    _require_classes(clips, learnt, speech.params)
    telling = holding((str(clip.clip.sentence) for clip in clips), held_out)
    taken = {column: {clip.value(column) for clip in judging} - {None} for column in columns}
    kept: list[Measured] = []
    left_out: dict[str, list[Measured]] = {}
    for clip in clips:
        sharing = [f"shares_{column}" for column, values in taken.items() if clip.value(column) in values]
        rules = [RULE] * (clip.clip.sentence in telling) + sharing
        (left_out.setdefault(rules[0], []) if rules else kept).append(clip)
    return Admission(kept, left_out, bad)


def _require_classes(clips: Sequence[Measured], learnt: Sequence[Measured], params: SyntheticParams) -> None:
    known = {clip.clip.label for clip in learnt}
    if strange := sorted({clip.clip.label for clip in clips} - known):
        raise EarmarkError(
            f"{params.texts}: label '{strange[0]}' is no class of this study ({', '.join(sorted(known))}); "
            "correct it, or leave these rows out"
        )
