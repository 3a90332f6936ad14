"""Near-duplicates: clips that hold the same sound, whatever their codec, level, sample rate, cut or added noise.

No clip is compared with all others. Words of fingerprints are sorted; clips in which a word occurs meet, with the
shift in time that the word tells; those that agree around the word are compared over their whole overlap. The cost
grows with the number of words, because each occurrence of a word meets only the next few.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from earmark.audio.fingerprint import Words

Integers = NDArray[np.int64]
Meetings = tuple[Integers, Integers]
"""Where a word occurs, and where the same word occurs in another clip: places (n,) among all words."""

MIN_WORDS = 8
"""Words that must be compared: with fewer (0.13 s) anything may sound like anything."""

MOST = 0.8
"""Share of the words of the shorter clip that must be compared, unless it is ENOUGH of them: a copy holds all of the
shorter one, while two vowels may sound the same."""

ENOUGH = 40
SHARE = 1 / 3
"""Words (0.64 s) and share of the shorter clip that do in place of MOST: windows of a recording that overlap by half."""

LEAST = 0.6
SPREAD = 0.85
"""Copies are pairs of clips whose bits correlate by at least LEAST + SPREAD / sqrt(compared words)."""

FARTHEST = 32
"""Occurrences of a word that one of them meets: a very common word joins neighbours only."""

MIN_ONES = 5
"""Bits set in a word that may join clips: words with fewer are common and say little."""

LOOKS = (-3, 3, -6, 6, -10, 10)
"""Words from the common one, at which two clips must agree before they are compared as a whole."""

UNLIKE = 0.5
"""Differing bits by set bits, up to which they agree there: about 0.25 in copies, 0.7 by chance."""

PLACES = 1 << 22
"""Words handled at a time: 32 MiB an array."""


def near_duplicates(fingerprints: Mapping[str, Words]) -> dict[str, str]:
    """Clips that have a near-duplicate, by clip_id: the smallest clip_id of the group of those that sound the same.

    ``fingerprints`` holds the words (n,) of ``earmark.audio.fingerprint`` by clip_id. The result does not depend on
    their order. Clips with fewer than MIN_WORDS words that are not 0 have no near-duplicates.
    """
    names = sorted(fingerprints)
    sounds = _Sounds.of([fingerprints[name] for name in names])
    group = np.arange(len(names))
    for here, there in _meetings(sounds):
        apart = group[sounds.clip[here]] != group[sounds.clip[there]]
        here, there = _agreeing(sounds.words, here[apart], there[apart])
        one, other, shift = _alignments(sounds, here, there)
        same = _same(sounds, one, other, shift)
        _merge(group, one[same], other[same])
    size = np.bincount(group, minlength=len(names))
    return {name: names[first] for name, first in zip(names, group, strict=True) if size[first] > 1}


@dataclass(frozen=True)
class _Sounds:
    """All words in one row, silence between the clips; clip of each word, and per clip its first place, the place
    after its last, and how many of its words are not 0."""

    words: Words
    clip: NDArray[np.int32]
    start: Integers
    end: Integers
    count: Integers

    @classmethod
    def of(cls, clips: Sequence[Words]) -> _Sounds:
        gap = np.zeros(max(LOOKS), np.uint32)
        words = np.concatenate([gap, *(part for clip in clips for part in (clip, gap))])
        lengths = np.array([len(clip) for clip in clips], np.int64)
        end = np.cumsum(lengths + len(gap))
        count = np.array([np.count_nonzero(clip) for clip in clips], np.int64)
        places = np.full(len(words), -1, np.int32)
        clip = np.repeat(np.arange(len(clips), dtype=np.int32), lengths + len(gap))
        places[len(gap) :] = clip
        return cls(words, places, end - lengths, end, count)


def _meetings(sounds: _Sounds) -> Iterator[Meetings]:
    """Places of equal keys in increasing order, in portions."""
    keys = sounds.words & _mask(len(sounds.words))
    telling = np.bitwise_count(keys) >= MIN_ONES
    telling[1:] &= keys[1:] != keys[:-1]
    place = np.flatnonzero(telling)
    table = np.sort(keys[place].astype(np.uint64) << np.uint64(32) | place.astype(np.uint64))
    key, place = (table >> np.uint64(32)).astype(np.uint32), (table & np.uint64(0xFFFFFFFF)).astype(np.int64)
    row = np.arange(len(key))
    for step in range(1, FARTHEST + 1):
        row = row[: np.searchsorted(row, len(key) - step)]
        row = row[key[row] == key[row + step]]
        for first in range(0, len(row), PLACES):
            part = row[first : first + PLACES]
            yield place[part], place[part + step]


def _mask(words: int) -> np.uint32:
    """Bits of a word that are looked up: all, if there are many words; only the more robust lower ones, if few.

    24 bits up to 2^22 words (25,000 clips of 3 s), 32 from 2^24: so a word meets about ten others by chance.
    """
    bits = min(32, max(24, 4 * words.bit_length() - 64))
    return np.uint32((1 << bits) - 1)


def _agreeing(words: Words, here: Integers, there: Integers) -> Meetings:
    """The meetings around which the two clips agree as well."""
    differing, ones = np.zeros(len(here), np.int16), np.zeros(len(here), np.int16)
    for look in LOOKS:
        one, other = words[here + look], words[there + look]
        both = (one != 0) & (other != 0)
        differing += np.bitwise_count(one ^ other) * both
        ones += (np.bitwise_count(one) + np.bitwise_count(other)) * both
    agree = differing <= UNLIKE * ones
    return here[agree], there[agree]


def _alignments(sounds: _Sounds, here: Integers, there: Integers) -> tuple[Integers, Integers, Integers]:
    """Distinct (clip, other clip, shift in places)."""
    table = np.stack([sounds.clip[here], sounds.clip[there], there - here])
    one, other, shift = np.unique(table, axis=1)
    return one, other, shift


def _same(sounds: _Sounds, one: Integers, other: Integers, shift: Integers) -> NDArray[np.bool_]:
    """Whether clips at a shift are copies, over all words in which both say something."""
    first = np.maximum(sounds.start[one], sounds.start[other] - shift)
    length = np.minimum(sounds.end[one], sounds.end[other] - shift) - first
    same = np.zeros(len(one), bool)
    portion = np.cumsum(length) // PLACES
    for number in np.unique(portion):
        part = portion == number
        compared, correlation = _correlation(sounds.words, first[part], length[part], shift[part])
        shorter = np.minimum(sounds.count[one[part]], sounds.count[other[part]])
        least = np.minimum(MOST * shorter, np.maximum(SHARE * shorter, ENOUGH))
        same[part] = (compared >= np.maximum(least, MIN_WORDS)) & (correlation >= LEAST + SPREAD / np.sqrt(compared))
    return same


def _correlation(
    words: Words, first: Integers, length: Integers, shift: Integers
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Words compared, and the correlation (phi coefficient) of their bits, for each run of words and its shifted run."""
    begin = np.cumsum(length) - length
    place = np.arange(length.sum()) + np.repeat(first - begin, length)
    one, other = words[place], words[place + np.repeat(shift, length)]
    both = (one != 0) & (other != 0)

    def total(values: NDArray[np.uint8]) -> NDArray[np.float64]:
        return np.add.reduceat(values * both, begin, dtype=np.float64)

    compared = total(np.ones(len(place), np.uint8))
    a, b, ab = (total(np.bitwise_count(bits)) for bits in (one, other, one & other))
    bits = 32 * compared
    spread = np.sqrt(a * (bits - a) * b * (bits - b))
    return compared, (bits * ab - a * b) / np.maximum(spread, 1.0)


def _merge(group: Integers, one: Integers, other: Integers) -> None:
    """Union of the groups of ``one`` and ``other``, each named by its smallest clip."""
    while (group[one] != group[other]).any():
        least = np.minimum(group[one], group[other])
        np.minimum.at(group, group[one], least)
        np.minimum.at(group, group[other], least)
        while (group != group[group]).any():
            group[:] = group[group]
