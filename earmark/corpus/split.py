"""Train, val and test: clips that share a speaker (or what else must not cross) stay together.

The assignment depends on the clips and the seed only, never on the order of files.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from earmark.config import SplitParams
from earmark.corpus.catalogue import SPLITS
from earmark.corpus.select import stable_order
from earmark.errors import EarmarkError

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

Stratum = tuple[str, str]


class Row(Protocol):
    """A clip to assign."""

    @property
    def clip_id(self) -> str:
        """Unique name."""

    def value(self, column: str) -> str | float | None:
        """The clip's value in a column; None if it has none."""


@dataclass(frozen=True)
class Group:
    """Clips that stay together: a name that does not depend on order, their ids, and how many are in each stratum."""

    name: str
    clip_ids: list[str]
    strata: Counter[Stratum]

    @property
    def labels(self) -> set[str]:
        """Classes that occur in the group."""
        return {label for label, gender in self.strata if gender == ""}


def grouping_columns(by: str | Sequence[str]) -> list[str]:
    """Columns whose values must not cross splits: named ones, the speaker, or none (random, official)."""
    if isinstance(by, str):
        return ["speaker"] if by == "speaker" else [] if by in ("random", "official") else [by]
    return list(by)


def split(clips: Sequence[Row], params: SplitParams) -> dict[str, str]:
    """clip_id → train, val or test. Parts of one recording never part.

    Raises EarmarkError if no clip has a value to split by, or a class has fewer groups than there are splits.
    """
    columns = grouping_columns(params.by)
    for column in columns:
        if all(clip.value(column) is None for clip in clips):
            raise EarmarkError(_unknown(column))
    assigned = _official(clips) if params.by == "official" else _grouped(clips, columns, params)
    _require_classes(clips, assigned, official=params.by == "official")
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


def _official(clips: Sequence[Row]) -> dict[str, str]:
    return {clip.clip_id: name for clip in clips if (name := official_split(clip.value("split")))}


def _grouped(clips: Sequence[Row], columns: Sequence[str], params: SplitParams) -> dict[str, str]:
    """Largest groups first, equal sizes in the seed's order, each to the split that is furthest from its share."""
    groups = _groups(clips, columns)
    groups.sort(key=lambda group: (-len(group.clip_ids), stable_order(group.name, params.seed)))
    left = Counter(label for group in groups for label in group.labels)
    share = dict(zip(SPLITS, params.fractions, strict=True))
    have: dict[str, Counter[Stratum]] = {name: Counter() for name in SPLITS}
    assigned: dict[str, str] = {}
    for group in groups:
        allowed = _allowed(group, left, have)
        best = max(allowed, key=lambda name: (_gain(group, share[name], have[name]), -have[name].total()))
        have[best] += group.strata
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


def _allowed(group: Group, left: Mapping[str, int], have: Mapping[str, Counter[Stratum]]) -> Sequence[str]:
    """All splits; only those that lack a class of this group if no group can be spared to fill them."""
    for label in sorted(group.labels):
        lacking = [name for name in SPLITS if not have[name][label, ""]]
        if lacking and left[label] <= len(lacking):
            return lacking
    return SPLITS


def _groups(clips: Sequence[Row], columns: Sequence[str]) -> list[Group]:
    """Connected components: clips are linked by an equal value in a column, and by being parts of one recording."""
    links = [*columns, "audio_digest"]
    parent: dict[str, str] = {}

    def root(node: str) -> str:
        while parent.setdefault(node, node) != node:
            parent[node] = node = parent[parent[node]]
        return node

    for clip in clips:
        for column in links:
            if (value := clip.value(column)) is not None:
                one, other = sorted((root(f"clip {clip.clip_id}"), root(f"{column} {value}")))
                parent[other] = one
    members: defaultdict[str, list[Row]] = defaultdict(list)
    for clip in clips:
        members[root(f"clip {clip.clip_id}")].append(clip)
    return [_group(component, columns) for component in members.values()]


def _group(clips: Sequence[Row], columns: Sequence[str]) -> Group:
    """Named by its smallest value in the first column, which stays when clips are added; strata by label and gender."""
    names = [str(clip.value(column)) for column in columns[:1] for clip in clips if clip.value(column) is not None]
    strata: Counter[Stratum] = Counter()
    for clip in clips:
        label, gender = str(clip.value("label")), clip.value("gender")
        strata[label, ""] += 1
        if columns and gender is not None:
            strata[label, str(gender)] += 1
    return Group(min(names or [clip.clip_id for clip in clips]), sorted(clip.clip_id for clip in clips), strata)


def _require_classes(clips: Iterable[Row], assigned: Mapping[str, str], official: bool) -> None:
    """Every class in every split, or an EarmarkError that says what to do."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for clip in clips:
        if clip.clip_id in assigned:
            found[str(clip.value("label"))].add(assigned[clip.clip_id])
    for label, there in sorted(found.items()):
        lacking = [name for name in SPLITS if name not in there]
        if lacking and official:
            raise EarmarkError(
                f"split.by: the official split has class '{label}' only in {', '.join(sorted(there))}, "
                f"not in {', '.join(lacking)}; leave the class out with data.filter, or set split.by: speaker"
            )
        if lacking:
            raise EarmarkError(
                f"split.by: class '{label}' cannot be in train, val and test (none for {', '.join(lacking)}): it needs "
                "three clips or speakers that share nothing that must not cross; add clips, leave the class out with "
                "data.filter, or name fewer columns in split.by"
            )
