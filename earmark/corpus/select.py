"""Which clips are used: filter, duration, best of each class, balanced groups, and the next best kept as unseen."""

from __future__ import annotations

import hashlib
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
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
    """Clips to split, clips set apart as unseen, and the clips that each rule left out."""

    kept: list[R]
    unseen: list[R]
    left_out: Mapping[str, Sequence[Clip | Measured]]

    @property
    def filtered(self) -> dict[str, int]:
        """How many clips each rule left out."""
        return {rule: len(clips) for rule, clips in self.left_out.items() if clips}


def select(clips: Sequence[R], data: DataParams, apart: Sequence[str] = ()) -> Selection[R]:
    """Apply the rules of ``data`` in the order they stand there; the order of ``clips`` is irrelevant.

    Clips of equal rank are ordered by a seeded hash of their id. No unseen clip shares a value of the columns ``apart``
    (the speaker, say) with a kept one. Raises EarmarkError for unknown columns and for balances that cannot be had.
    """
    passed, filtered = _filtered(clips, data)
    fitting, length = _divide(passed, lambda clip: _fits(clip, data))
    few, many = _few_per_speaker(_ranked(fitting, data), data)
    best, rest = _best(few, data)
    kept, unbalanced = _balanced(best, data)
    unseen, others, sharing = _unseen(kept, rest, data, apart)
    sharing_rule = "unseen_shares_" + "_or_".join(apart or ["nothing"])
    left_out = {"filter": filtered, "duration": length, "max_per_speaker": many, "top": others, "balance": unbalanced}
    return Selection(kept, unseen, left_out | {sharing_rule: sharing})


def needs_measuring(data: DataParams) -> bool:
    """Whether the selection depends on something that is known only after every file was read."""
    used = {*data.balance, data.rank_by or "", *(parse_filter(data.filter).columns if data.filter else ())}
    bounded = data.min_duration is not None or data.max_duration is not None
    return bounded or not used.isdisjoint(MEASURED)


def stable_order(clip_id: str, seed: int = 0) -> str:
    """A hash to order clips by: random, yet the same whatever other clips there are."""
    return hashlib.sha256(f"{seed}:{clip_id}".encode()).hexdigest()


def _divide(clips: Iterable[R], test: Callable[[R], bool]) -> tuple[list[R], list[R]]:
    """Those that pass and those that do not."""
    passed: list[R] = []
    failed: list[R] = []
    for clip in clips:
        (passed if test(clip) else failed).append(clip)
    return passed, failed


def _filtered(clips: Sequence[R], data: DataParams) -> tuple[list[R], list[R]]:
    if data.filter is None:
        return list(clips), []
    chosen = parse_filter(data.filter)
    require_columns(chosen.columns, clips, "data.filter")
    return _divide(clips, chosen.test)


def _fits(clip: Clip | Measured, data: DataParams) -> bool:
    """Whether a clip's duration lies within the bounds; both belong to them."""
    if data.min_duration is None and data.max_duration is None:
        return True
    seconds = float(clip.value("duration") or 0)
    return (data.min_duration or 0) <= seconds <= (data.max_duration or math.inf)


def _ranked(clips: Sequence[R], data: DataParams) -> list[R]:
    """Best first; clips without a rank last."""
    shuffled = sorted(clips, key=lambda clip: stable_order(clip.clip_id, data.seed))
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


def _few_per_speaker(ranked: Sequence[R], data: DataParams) -> tuple[list[R], list[R]]:
    """The first clips of each speaker, and the others; clips of unknown speakers are all among the first."""
    if data.max_per_speaker is None:
        return list(ranked), []
    count: Counter[str] = Counter()

    def is_among_the_first(clip: R) -> bool:
        speaker = clip.value("speaker")
        count[str(speaker)] += 1
        return speaker is None or count[str(speaker)] <= int(data.max_per_speaker or 0)

    return _divide(ranked, is_among_the_first)


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


def _balanced(ranked: Sequence[R], data: DataParams) -> tuple[list[R], list[R]]:
    """Each combination of the balanced columns cut to the size of the smallest, and what was cut off.

    Clips without a value go.
    """
    if not data.balance:
        return list(ranked), []
    require_columns(data.balance, ranked, "data.balance")
    groups: defaultdict[Key, list[R]] = defaultdict(list)
    for clip in ranked:
        groups[tuple(clip.value(column) for column in data.balance)].append(clip)
    complete = {key: group for key, group in groups.items() if None not in key}
    _require_all_combinations(complete, data.balance)
    size = min((len(group) for group in complete.values()), default=0)
    cut = [clip for key, group in groups.items() for clip in group[size if key in complete else 0 :]]
    return [clip for group in complete.values() for clip in group[:size]], cut


def _require_all_combinations(keys: Iterable[Key], columns: Sequence[str]) -> None:
    found = set(keys)
    values = [sorted({key[i] for key in found}, key=str) for i in range(len(columns))]
    for key in product(*values):
        if key not in found:
            wanted = ", ".join(f"{column} {value}" for column, value in zip(columns, key, strict=True))
            raise EarmarkError(f"data.balance: no clip has {wanted}, so {columns} cannot be balanced; balance fewer")


def _unseen(
    kept: Sequence[R], rest: Sequence[R], data: DataParams, apart: Sequence[str]
) -> tuple[list[R], list[R], list[R]]:
    """The next best clips of each class, those that came too late, and those that share a value with a kept one."""
    taken = {column: {clip.value(column) for clip in kept} - {None} for column in apart}
    count: Counter[str] = Counter()
    unseen: list[R] = []
    others: list[R] = []
    sharing: list[R] = []
    for clip in rest:
        label = str(clip.value("label"))
        if count[label] >= data.unseen:
            others.append(clip)
        elif any(clip.value(column) in values for column, values in taken.items()):
            sharing.append(clip)
        else:
            unseen.append(clip)
            count[label] += 1
    return unseen, others, sharing
