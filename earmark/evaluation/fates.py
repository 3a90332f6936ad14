"""What the selection did to the data: every usable clip of the data set, by class, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from earmark.evaluation.census import NOTHING, Size, sizes
from earmark.evaluation.metrics import Floats

KEPT, UNSEEN = "kept", "unseen"
RULES = ("filter", "duration", "max_per_speaker", "top", "balance", "hold_out")
"""Rules that leave clips out, in the order in which they are applied; others come last."""


@dataclass(frozen=True)
class Fate:
    """What became of the usable clips of a class (all classes: label None): sizes, and clips left out by each rule."""

    label: str | None
    usable: Size
    left_out: dict[str, int]
    unseen: Size
    kept: Size


@dataclass(frozen=True)
class Votes:
    """Votes of a class: of every usable clip that has any, and of the kept ones."""

    before: Floats
    after: Floats


def fates(catalogue: pa.Table) -> list[Fate]:
    """The fate of each class, by name, and of all (last); hours are unknown."""
    by_class = sizes(catalogue, "label")
    found = {(None, *key): size for key, size in sizes(catalogue, "fate").items()} | sizes(catalogue, "label", "fate")
    rules = sorted({fate for _, fate in found} - {KEPT, UNSEEN}, key=_order)
    usable = {
        **{label: by_class[label,] for label in sorted(label for (label,) in by_class)},
        None: sizes(catalogue)[()],
    }
    return [_fate(label, size, rules, found) for label, size in usable.items()]


def _fate(label: str | None, usable: Size, rules: list[str], found: Mapping[tuple[str | None, ...], Size]) -> Fate:
    left_out = {rule: found.get((label, rule), NOTHING).clips for rule in rules}
    return Fate(label, usable, left_out, *(found.get((label, fate), NOTHING) for fate in (UNSEEN, KEPT)))


def _order(rule: str) -> tuple[int, str]:
    return RULES.index(rule) if rule in RULES else len(RULES), rule


def votes(catalogue: pa.Table) -> dict[str, Votes]:
    """Up-votes by class before and after the selection; classes without votes are left out."""
    known = catalogue.filter(pc.is_valid(catalogue["up_votes"]))
    kept = known.filter(pc.equal(known["fate"], KEPT))
    before, after = (by_class(table, "up_votes") for table in (known, kept))
    return {label: Votes(found, after.get(label, np.empty(0))) for label, found in before.items()}


def by_class(clips: pa.Table, column: str) -> dict[str, Floats]:
    """The finite numbers of a column by class, classes by name."""
    numbers: npt.NDArray[np.float64] = clips[column].to_numpy(zero_copy_only=False).astype(np.float64)
    encoded = clips["label"].combine_chunks().dictionary_encode()
    codes = encoded.indices.to_numpy()
    order = np.argsort(codes, kind="stable")
    parts = np.split(numbers[order], np.cumsum(np.bincount(codes))[:-1])
    found = zip(encoded.dictionary.to_pylist(), parts, strict=True) if len(codes) else ()
    return dict(sorted((label, part[np.isfinite(part)]) for label, part in found))
