"""Which clips are used: filter, best of each class, balanced groups, and the next best kept aside as unseen."""

from __future__ import annotations

import hashlib
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Generic, TypeVar

from earmark.config import DataParams
from earmark.corpus.catalogue import MEASURED, Clip, Measured, require_columns
from earmark.corpus.expression import parse_filter
from earmark.errors import EarmarkError

R = TypeVar("R", Clip, Measured)
Key = tuple[str | float | None, ...]


@dataclass(frozen=True)
class Selection(Generic[R]):
    """Clips to split, clips set apart as unseen, and how many each rule left out."""

    kept: list[R]
    unseen: list[R]
    filtered: dict[str, int]


def select(clips: Sequence[R], data: DataParams, apart: Sequence[str] = ()) -> Selection[R]:
    """Apply ``data.filter``, ``rank_by`` and ``top``, ``balance`` and ``unseen``; the order of ``clips`` is irrelevant.

    Clips of equal rank are ordered by a hash of their id. No unseen clip shares a value of the columns ``apart``
    (the speaker, say) with a kept one. Raises EarmarkError for unknown columns and for balances that cannot be had.
    """
    passed = _filtered(clips, data)
    best, rest = _best(_ranked(passed, data), data)
    kept = _balanced(best, data)
    unseen, sharing = _unseen(kept, rest, data, apart)
    filtered = {
        "filter": len(clips) - len(passed),
        "top": len(rest) - len(unseen) - sharing,
        "balance": len(best) - len(kept),
        "unseen_shares_" + "_or_".join(apart or ["nothing"]): sharing,
    }
    return Selection(kept, unseen, {rule: count for rule, count in filtered.items() if count})


def needs_measuring(data: DataParams) -> bool:
    """Whether the selection depends on something that is known only after every file was read."""
    used = {*data.balance, data.rank_by or "", *(parse_filter(data.filter).columns if data.filter else ())}
    return not used.isdisjoint(MEASURED)


def stable_order(clip_id: str, seed: int = 0) -> str:
    """A hash to order clips by: random, yet the same whatever other clips there are."""
    return hashlib.sha256(f"{seed}:{clip_id}".encode()).hexdigest()


def _filtered(clips: Sequence[R], data: DataParams) -> list[R]:
    if data.filter is None:
        return list(clips)
    chosen = parse_filter(data.filter)
    require_columns(chosen.columns, clips, "data.filter")
    return [clip for clip in clips if chosen.test(clip)]


def _ranked(clips: Sequence[R], data: DataParams) -> list[R]:
    """Best first; clips without a rank last."""
    shuffled = sorted(clips, key=lambda clip: stable_order(clip.clip_id))
    if data.rank_by is None:
        return shuffled
    column = data.rank_by
    require_columns([column], clips, "data.rank_by")
    return sorted(shuffled, key=lambda clip: _rank(clip.value(column), column), reverse=True)


def _rank(value: str | float | None, column: str) -> float:
    try:
        rank = -math.inf if value is None else float(value)
        return -math.inf if math.isnan(rank) else rank
    except ValueError:
        raise EarmarkError(f"data.rank_by: column '{column}' holds {value!r}, which is not a number") from None


def _best(ranked: Sequence[R], data: DataParams) -> tuple[list[R], list[R]]:
    """The first ``top`` of each class, and the others."""
    if data.unseen and data.top is None:
        raise EarmarkError("data.unseen: the next best clips after the top ones are kept aside; set data.top too")
    seen: Counter[str] = Counter()
    best: list[R] = []
    rest: list[R] = []
    for clip in ranked:
        label = str(clip.value("label"))
        (best if data.top is None or seen[label] < data.top else rest).append(clip)
        seen[label] += 1
    return best, rest


def _balanced(ranked: Sequence[R], data: DataParams) -> list[R]:
    """Each combination of the balanced columns cut to the size of the smallest; clips without a value go."""
    if not data.balance:
        return list(ranked)
    require_columns(data.balance, ranked, "data.balance")
    groups: defaultdict[Key, list[R]] = defaultdict(list)
    for clip in ranked:
        groups[tuple(clip.value(column) for column in data.balance)].append(clip)
    complete = {key: group for key, group in groups.items() if None not in key}
    _require_all_combinations(complete, data.balance)
    size = min((len(group) for group in complete.values()), default=0)
    return [clip for group in complete.values() for clip in group[:size]]


def _require_all_combinations(keys: Iterable[Key], columns: Sequence[str]) -> None:
    found = set(keys)
    values = [sorted({key[i] for key in found}, key=str) for i in range(len(columns))]
    for key in product(*values):
        if key not in found:
            wanted = ", ".join(f"{column} {value}" for column, value in zip(columns, key, strict=True))
            raise EarmarkError(f"data.balance: no clip has {wanted}, so {columns} cannot be balanced; balance fewer")


def _unseen(kept: Sequence[R], rest: Sequence[R], data: DataParams, apart: Sequence[str]) -> tuple[list[R], int]:
    """The next best clips of each class, and how many were passed over because they share a value with a kept one."""
    taken = {column: {clip.value(column) for clip in kept} - {None} for column in apart}
    count: Counter[str] = Counter()
    unseen: list[R] = []
    sharing = 0
    for clip in rest:
        label = str(clip.value("label"))
        if count[label] >= data.unseen:
            continue
        if any(clip.value(column) in values for column, values in taken.items()):
            sharing += 1
            continue
        unseen.append(clip)
        count[label] += 1
    return unseen, sharing
