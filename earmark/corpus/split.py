"""Train, val and test: clips that share a speaker (or what else must not cross) stay together.

The assignment depends on the clips and the seed only, never on the order of files.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from earmark.config import SplitParams
from earmark.corpus.groups import Group, Row, Stratum, groups
from earmark.corpus.select import stable_order
from earmark.errors import EarmarkError
from earmark.splits import SPLITS

OFFICIAL = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "dev": "val",
    "test": "test",
    "testing": "test",
}
"""First word of a data set's own name for a split (``dev-clean``, ``test_other``, …) to the name used here."""

GENDER_WEIGHT = 0.25
"""Of the balance of genders inside a class against that of the classes themselves."""

UNGROUPED = ("random", "official", "segment")
"""Values of ``split.by`` that are no column."""


def grouping_columns(by: str | Sequence[str]) -> list[str]:
    """Columns whose values must not cross splits: named ones, or none (random, official, segment)."""
    if isinstance(by, str):
        return [] if by in UNGROUPED else [by]
    return list(by)


def split(clips: Sequence[Row], params: SplitParams) -> dict[str, str]:
    """clip_id → train, val or test. Parts of one recording never part, unless split by segment.

    Raises EarmarkError if no clip has a value to split by, or a class has fewer groups than there are splits.
    """
    columns = grouping_columns(params.by)
    for column in columns:
        if column != "near_duplicate" and all(clip.value(column) is None for clip in clips):
            raise EarmarkError(_unknown(column))
    if params.by == "official":
        assigned = _official(clips, params)
    else:
        assigned = SCHEMES[params.scheme](groups(clips, columns, whole_files=params.by != "segment"), params)
    _require_classes(clips, assigned, params)
    return assigned


def official_split(value: str | float | None) -> str | None:
    """train, val or test, however the data set spells it; None if it is neither."""
    return OFFICIAL.get(re.split(r"[\W_]", str(value).strip().lower())[0])


def _unknown(column: str) -> str:
    if column == "speaker":
        return (
            "split.by: no clip's speaker is known. Set split.by: random if every clip may be a speaker of its own; "
            "a voice may then be in train and test, and the figures say nothing about new speakers"
        )
    return f"split.by: no clip has a value in column '{column}'; name a column of the data set, speaker or random"


def _official(clips: Sequence[Row], params: SplitParams) -> dict[str, str]:
    """The data set's own split; where it has no validation part, that is taken from its training part.

    By speaker, or clip by clip as systems do that leave this to their library (``validation: random``). With
    ``validation: redrawn`` its training and validation part are one, from which a new one is taken by speaker: a final
    training, whose settings the old one has chosen, can so have most of its clips.
    """
    assigned = {clip.clip_id: name for clip in clips if (name := official_split(clip.value(params.official)))}
    if "val" in assigned.values() and params.validation != "redrawn":
        return assigned
    training = [clip for clip in clips if assigned.get(clip.clip_id) in ("train", "val")]
    columns = [] if params.validation == "random" else ["speaker"]
    return assigned | divided(groups(training, columns), _without_test(params), params.seed)


def _by_fractions(found: Sequence[Group], params: SplitParams) -> dict[str, str]:
    return divided(found, dict(zip(SPLITS, params.fractions, strict=True)), params.seed)


def _without_test(params: SplitParams) -> dict[str, float]:
    train, val, _ = params.fractions
    return {"train": train / (train + val), "val": val / (train + val)}


def _fold(found: Sequence[Group], params: SplitParams) -> dict[str, str]:
    """k parts of equal size; part ``fold`` is the test set, the next one the validation set, the others train."""
    parts = {str(i): 1 / params.folds for i in range(params.folds)}
    roles = {str(params.fold): "test", str((params.fold + 1) % params.folds): "val"}
    assigned = divided(found, parts, params.seed)
    return {clip_id: roles.get(part, "train") for clip_id, part in assigned.items()}


def _leave_one_out(found: Sequence[Group], params: SplitParams) -> dict[str, str]:
    """One group (in order of name) is the test set, the others are divided into train and val."""
    ordered = sorted(found, key=lambda group: group.name)
    if params.fold >= len(ordered):
        raise EarmarkError(f"split.fold: {params.fold}, but there are {len(ordered)} groups; they count from 0")
    others = [group for i, group in enumerate(ordered) if i != params.fold]
    left_out = dict.fromkeys(ordered[params.fold].clip_ids, "test")
    return left_out | divided(others, _without_test(params), params.seed)


def divided(found: Sequence[Group], share: Mapping[str, float], seed: int) -> dict[str, str]:
    """clip_id → part, for the parts and their shares of all clips (sum 1), every class in proportion.

    Largest groups first, equal sizes in the seed's order, each to the part that is furthest from its share.
    """
    ordered = sorted(found, key=lambda group: (-len(group.clip_ids), stable_order(group.name, seed)))
    left = Counter(label for group in ordered for label in group.labels)
    have: dict[str, Counter[Stratum]] = {name: Counter() for name in share}
    size = dict.fromkeys(share, 0)
    assigned: dict[str, str] = {}
    for group in ordered:
        allowed = _allowed(group, left, have)
        best = max(allowed, key=lambda name: (_gain(group, share[name], have[name]), -size[name]))
        have[best] += group.strata
        size[best] += len(group.clip_ids)
        left.subtract(group.labels)
        assigned.update(dict.fromkeys(group.clip_ids, best))
    return assigned


def _gain(group: Group, share: float, have: Mapping[Stratum, int]) -> float:
    """Sainte-Laguë's quotient, share / (seats + 1/2), for a group of any size, summed over its strata.

    Ordinary single clips are thereby divided exactly in proportion (up to rounding) inside every class.
    """
    gain = 0.0
    for stratum, count in sorted(group.strata.items()):
        weight = GENDER_WEIGHT if stratum[1] else 1.0
        gain += weight * count * share / (have[stratum] + count / 2)
    return gain


SCHEMES = {"fractions": _by_fractions, "kfold": _fold, "leave_one_group_out": _leave_one_out}
"""By the name in ``split.scheme``: groups to clip_id → split."""


def _allowed(group: Group, left: Mapping[str, int], have: Mapping[str, Counter[Stratum]]) -> Sequence[str]:
    """All parts; only those that lack a class of this group if no group can be spared to fill them."""
    for label in sorted(group.labels):
        lacking = [name for name in have if not have[name][label, ""]]
        if lacking and left[label] <= len(lacking):
            return lacking
    return list(have)


def _require_classes(clips: Iterable[Row], assigned: Mapping[str, str], params: SplitParams) -> None:
    """Every class in every split, or an EarmarkError that says what to do; a group left out may lack classes."""
    wanted = SPLITS[:2] if params.scheme == "leave_one_group_out" else SPLITS
    found: defaultdict[str, set[str]] = defaultdict(set)
    for clip in clips:
        if clip.clip_id in assigned:
            found[str(clip.value("label"))].add(assigned[clip.clip_id])
    for label, there in sorted(found.items()):
        lacking = [name for name in wanted if name not in there]
        if lacking and params.by == "official":
            raise EarmarkError(
                f"split.by: the official split has class '{label}' only in {', '.join(sorted(there))}, "
                f"not in {', '.join(lacking)}; leave the class out with data.filter, or set split.by: speaker"
            )
        if lacking:
            raise EarmarkError(
                f"split.by: class '{label}' cannot be in {', '.join(wanted[:-1])} and {wanted[-1]} (none for "
                f"{', '.join(lacking)}): it needs three clips or speakers that share nothing that must not cross; add "
                "clips, leave the class out with data.filter, or name fewer columns in split.by"
            )
