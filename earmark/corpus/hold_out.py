"""New words beside new speakers: values of a column that only the test set has, whatever else the split is made by.

The values are divided into parts, every class's evenly, and one part is held out: test clips are kept where their value
is in it, training and validation clips where it is not. With each part held out in turn, every value is tested once.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from earmark.config import HoldOut, SplitParams
from earmark.corpus.catalogue import Measured
from earmark.corpus.groups import Group, Row
from earmark.corpus.select import Selection
from earmark.corpus.split import divided
from earmark.errors import EarmarkError
from earmark.splits import UNSEEN

RULE = "hold_out"
"""Name of the rule in the catalogue and in every count."""

JUDGING = ("test", UNSEEN)
"""Splits that hear the held-out values, and nothing else."""


def held_out_values(clips: Sequence[Row], params: HoldOut, seed: int) -> frozenset[str]:
    """The values of part ``fold``, by the clips' values and classes only, not by how many clips have them.

    A value that several classes have is in one part. Raises EarmarkError if a class has fewer values than folds.
    """
    classes: defaultdict[str, set[str]] = defaultdict(set)
    for clip in clips:
        if (value := clip.value(params.column)) is not None:
            classes[str(value)].add(str(clip.value("label")))
    _require_enough(clips, classes, params)
    found = [Group(value, [value], Counter((label, "") for label in labels)) for value, labels in classes.items()]
    part = divided(found, {str(fold): 1 / params.folds for fold in range(params.folds)}, seed)
    return frozenset(value for value in classes if part[value] == str(params.fold))


def hold_out(
    selection: Selection[Measured], splits: Mapping[str, str], params: SplitParams
) -> tuple[Selection[Measured], frozenset[str]]:
    """The selection without the clips whose value is on the wrong side or not known, and the values held out.

    ``splits`` is clip_id → split. Nothing changes where ``split.hold_out`` is null. Raises EarmarkError if a class has
    fewer values than folds, or no clip left in a split that had some.
    """
    if params.hold_out is None:
        return selection, frozenset()
    column = params.hold_out.column
    values = held_out_values([*selection.kept, *selection.unseen], params.hold_out, params.seed)

    def fits(clip: Measured) -> bool:
        value = clip.value(column)
        return value is not None and (str(value) in values) == (splits[clip.clip_id] in JUDGING)

    kept, unseen = ([clip for clip in clips if fits(clip)] for clips in (selection.kept, selection.unseen))
    _require_classes(selection.kept, kept, splits)
    left_out = [clip for clip in (*selection.kept, *selection.unseen) if not fits(clip)]
    return Selection(kept, unseen, {**selection.left_out, RULE: left_out}), values


def _require_enough(clips: Sequence[Row], classes: Mapping[str, set[str]], params: HoldOut) -> None:
    count = Counter(label for labels in classes.values() for label in labels)
    for label in sorted({str(clip.value("label")) for clip in clips}):
        if count[label] < params.folds:
            raise EarmarkError(
                f"split.hold_out: class '{label}' has {count[label]} different value(s) in column '{params.column}', "
                f"fewer than folds: {params.folds}; set fewer folds, name another column, or leave the class out with "
                "data.filter"
            )


def _require_classes(before: Sequence[Measured], after: Sequence[Measured], splits: Mapping[str, str]) -> None:
    had, have = ({(clip.clip.label, splits[clip.clip_id]) for clip in clips} for clips in (before, after))
    for label, name in sorted(had - have):
        side = "are held out" if name in JUDGING else "are not held out"
        raise EarmarkError(
            f"split.hold_out: no {name} clip of class '{label}' is left, as none of their values {side}; set "
            "another fold, fewer folds or another split.seed, or name another column"
        )
