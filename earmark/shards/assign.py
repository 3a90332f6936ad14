"""Which shard a clip lives in: the first binary digits of a hash of its id, so that an added clip touches one shard."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

from earmark.digest import digest
from earmark.shards.schema import ClipRow

WHOLE = "all"
"""Name of the only shard of a small corpus."""

CLIPS_PER_JOB = 16384
"""At most, about: a minute of work, beside which half a second of start-up is little."""

REACH = 4
"""A corpus that shrinks up to 2^4-fold finds its rows in the shards that were merged."""


@dataclass(frozen=True)
class Shard:
    """A part of the corpus: its name (binary digits of the clips' hashes), its clips, its products' keys."""

    name: str
    clips: list[ClipRow]
    mel_key: str
    feature_key: str


@dataclass(frozen=True)
class Batch:
    """Shards that one job makes; its name tells which, and what becomes of them."""

    shards: list[Shard]

    @property
    def name(self) -> str:
        """The key of all that it makes, and the range of shards that holds it."""
        key = digest("mel batch", [shard.mel_key for shard in self.shards])
        return f"{key}.{self.shards[0].name}..{self.shards[-1].name}"


def batches(shards: Sequence[Shard], workers: int) -> list[Batch]:
    """The ``shards`` in jobs of about equally many clips: enough for ``workers`` at a time, and as many for each."""
    clips = sum(len(shard.clips) for shard in shards)
    count = workers * -(-clips // (CLIPS_PER_JOB * workers))  # the same number for every worker
    parts: dict[int, list[Shard]] = defaultdict(list)
    done = 0
    for shard in shards:
        parts[done * count // clips].append(shard)
        done += len(shard.clips)
    return [Batch(part) for part in parts.values()]


def bits_for(n_clips: int, shard_size: int) -> int:
    """Binary digits of the shard names: the smallest k with ``n_clips / 2^k <= shard_size`` (both in clips)."""
    bits = 0
    while n_clips > shard_size << bits:
        bits += 1
    return bits


def shard_of(clip_id: str, bits: int) -> str:
    """Name of the clip's shard, such as ``011``: the first ``bits`` binary digits of the SHA-256 of ``clip_id``.

    With one more bit every shard splits in two whose names begin with its own.
    """
    first = hashlib.sha256(clip_id.encode()).digest()
    return f"{int.from_bytes(first, 'big'):0256b}"[:bits] or WHOLE


def neighbours(name: str) -> list[str]:
    """Shards that may hold the same clips at another number of bits: itself, those it was split from, those merged."""
    digits = "" if name == WHOLE else name
    ancestors = [digits[:length] for length in reversed(range(len(digits)))]
    descendants = [digits + "".join(tail) for more in range(1, REACH + 1) for tail in product("01", repeat=more)]
    return [other or WHOLE for other in [digits, *ancestors, *descendants]]
