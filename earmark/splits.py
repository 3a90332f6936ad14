"""The names of the splits, as manifest, metrics and tracking know them."""

from __future__ import annotations

from collections.abc import Iterable

SPLITS = ("train", "val", "test")
"""What a study's own clips are divided into: learnt from, choosing epochs and settings, judging."""

UNSEEN = "unseen"
"""A second test set: the next best clips of each class."""

EXTERNAL = "external/"
"""Begins the split of clips from elsewhere; the name of their set follows."""


def in_order(splits: Iterable[str]) -> list[str]:
    """The different ones of ``splits``: train, val, test, unseen, then external test sets by name."""
    found, own = set(splits), (*SPLITS, UNSEEN)
    return [*(split for split in own if split in found), *sorted(found - set(own))]
