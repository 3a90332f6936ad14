"""Clips that must stay together: connected components over columns such as the speaker or the sentence."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

FILE = "audio_digest"
"""Column by which parts of one file are known."""

Stratum = tuple[str, str]
"""Label and gender; an empty gender counts all clips of the label."""


class Row(Protocol):
    """A clip to assign."""

    @property
    def clip_id(self) -> str:
        """Unique name."""

    def value(self, column: str) -> str | float | None:
        """The clip's value in a column; None if it has none."""


@dataclass(frozen=True, slots=True)
class Group:
    """Clips that stay together: a name that does not depend on order, their ids, and how many are in each stratum."""

    name: str
    clip_ids: list[str]
    strata: Counter[Stratum]

    @property
    def labels(self) -> set[str]:
        """Classes that occur in the group."""
        return {label for label, gender in self.strata if gender == ""}


def groups(clips: Sequence[Row], columns: Sequence[str], whole_files: bool = True) -> list[Group]:
    """Connected components of clips that have an equal value in one of the ``columns``, or are parts of one file.

    A group is named by its smallest value in the first column, which stays when clips are added or change.
    """
    components, links = _Components(), [*columns, FILE] if whole_files else columns
    for clip in clips:
        components.add(clip.clip_id)
        for column in links:
            if (value := clip.value(column)) is not None:
                components.join(clip.clip_id, f"{column}\n{value}")
    members: defaultdict[str, list[Row]] = defaultdict(list)
    for clip in clips:
        members[components.root(clip.clip_id)].append(clip)
    return [_group(component, columns) for component in members.values()]


class _Components:
    """Union-find over names."""

    def __init__(self) -> None:
        self._parent: dict[str, str] = {}

    def add(self, node: str) -> None:
        self._parent.setdefault(node, node)

    def root(self, node: str) -> str:
        parent = self._parent
        while parent[node] != node:
            parent[node] = node = parent[parent[node]]
        return node

    def join(self, node: str, other: str) -> None:
        self.add(other)
        one, two = self.root(node), self.root(other)
        if one != two:
            self._parent[two] = one


def _group(clips: Sequence[Row], columns: Sequence[str]) -> Group:
    names = [str(value) for clip in clips for column in columns[:1] if (value := clip.value(column)) is not None]
    strata: Counter[Stratum] = Counter()
    for clip in clips:
        label, gender = str(clip.value("label")), clip.value("gender")
        strata[label, ""] += 1
        if columns and gender is not None:
            strata[label, str(gender)] += 1
    ids = sorted(clip.clip_id for clip in clips)
    return Group(min(names, default=ids[0]), ids, strata)
