"""Near-duplicates: clips that hold the same sound, whatever their codec, level, sample rate, cut or added noise.

No clip is compared with all others. The words of all fingerprints are sorted; clips that have a word in common meet, at
the shift in time that the word tells; those that agree around it are compared over their whole overlap. Each occurrence
of a word meets only the next few, so the cost grows with the number of words: 20 s and 1 GiB for 100,000 clips of 3 s.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from earmark.audio.fingerprint import Words

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

LEAST = 0.6
SPREAD = 0.85
"""Copies are clips whose bits correlate by LEAST + SPREAD / sqrt(compared words) or more.

Measured: among 4.5 million pairs of spoken digits, takes of a digit by one speaker come closest, 0.05 below that line
(0.80 over 10 words, 0.75 over 18, 0.70 over 24). Half of the copies of clips of 1 to 5 s lie above 0.99 (8 kHz), 0.95
(MP3, 60 kbit/s), 0.91 (a tenth cut off), 0.87 (low-quality Ogg) and 0.89 (white noise, 20 dB SNR), nine in ten above
0.83; of clips of 0.4 s in noise half lie above 0.77, so that two in three of these escape.
"""

MIN_WORDS = 8
"""Words (0.13 s) that must be compared: over fewer anything may sound like anything."""

MOST = 0.8
"""Share of the words of the shorter clip that must be compared: a copy holds all of it, two vowels may sound alike."""

ENOUGH = 40
SHARE = 1 / 3
"""Words (0.64 s) and share of the shorter clip that do as well as MOST: windows of a recording that overlap by half."""

FARTHEST = 32
"""Occurrences of a word that one of them meets; a more common word joins neighbours in the order of clip_id only."""

MIN_ONES = 5
"""Bits set in a word by which clips may meet: words with fewer are common and say little."""

LOOKS = (-3, 3, -6, 6, -10, 10)
"""Words, counted from the common one, at which two clips must agree before they are compared as a whole."""

UNLIKE = 0.5
"""Differing bits by set bits, up to which they agree there: about 0.2 in copies, 0.7 by chance."""

PLACES = 1 << 22
"""Words handled at a time: 32 MiB an array."""


def near_duplicates(fingerprints: Mapping[str, Words]) -> dict[str, str]:
    """Clips that have a near-duplicate: clip_id to the smallest clip_id of the group of clips that sound the same.

    ``fingerprints`` holds the words (n,) of ``earmark.audio.fingerprint`` by clip_id, in any order. Whatever has a
    near-duplicate in common is one group.
    """
    names = sorted(fingerprints)
    sounds = _Sounds.of([fingerprints[name] for name in names])
    group = np.arange(len(names))
    for here, there in _meetings(sounds):
        apart = group[sounds.clip[here]] != group[sounds.clip[there]]
        here, there = here[apart], there[apart]
        agree = _agree(sounds.words, here, there)
        one, other, lag = _alignments(sounds, here[agree], there[agree])
        same = _same(sounds, one, other, lag)
        _merge(group, one[same], other[same])
    size = np.bincount(group, minlength=len(names))
    return {name: names[first] for name, first in zip(names, group, strict=True) if size[first] > 1}


@dataclass(frozen=True)
class _Sounds:
    """The words of all clips in one row with silence between them, and the clip of each word (-1 for none).

    Per clip: the place of its first word, how many words it has, and how many of them say something.
    """

    words: Words
    clip: Integers
    start: Integers
    length: Integers
    count: Integers

    @classmethod
    def of(cls, clips: Sequence[Words]) -> _Sounds:
        gap = np.zeros(max(LOOKS), np.uint32)
        words = np.concatenate([gap, *(part for clip in clips for part in (clip, gap))])
        length = np.array([len(clip) for clip in clips], np.int64)
        start = np.cumsum(length + len(gap)) - length
        owner = np.repeat(np.arange(-1, len(clips)), [len(gap), *(length + len(gap))])
        count = np.array([np.count_nonzero(clip) for clip in clips], np.int64)
        return cls(words, owner, start, length, count)


def _meetings(sounds: _Sounds) -> Iterator[tuple[Integers, Integers]]:
    """Places (n,) of words, and the later places of equal words, in portions."""
    keys = sounds.words & _mask(len(sounds.words))
    telling = np.bitwise_count(keys) >= MIN_ONES
    telling[1:] &= keys[1:] != keys[:-1]  # of a word that lasts, the first
    places = np.flatnonzero(telling)
    table = np.sort(keys[places].astype(np.uint64) << np.uint64(32) | places.astype(np.uint64))
    keys, places = (table >> np.uint64(32)).astype(np.uint32), (table & np.uint64(0xFFFFFFFF)).astype(np.int64)
    row = np.arange(len(keys))
    for step in range(1, FARTHEST + 1):
        row = row[row + step < len(keys)]
        row = row[keys[row] == keys[row + step]]
        for first in range(0, len(row), PLACES):
            part = row[first : first + PLACES]
            yield places[part], places[part + step]


def _mask(words: int) -> np.uint32:
    """Bits of a word by which clips meet: few enough to survive noise, enough to meet only about ten others by chance.

    The lower 24 of fewer than 2^22 words (25,000 clips of 3 s); all 32 of 2^23 or more.
    """
    return np.uint32((1 << min(32, max(24, 4 * words.bit_length() - 64))) - 1)


def _agree(words: Words, here: Integers, there: Integers) -> NDArray[np.bool_]:
    """Whether two clips agree around places (n,) at which they meet."""
    differing, ones = np.zeros(len(here), np.int16), np.zeros(len(here), np.int16)
    for look in LOOKS:
        one, other = words[here + look], words[there + look]
        both = (one != 0) & (other != 0)
        differing += np.bitwise_count(one ^ other) * both
        ones += (np.bitwise_count(one) + np.bitwise_count(other)) * both
    return differing <= UNLIKE * ones


def _alignments(sounds: _Sounds, here: Integers, there: Integers) -> tuple[Integers, Integers, Integers]:
    """Distinct pairs of clips (n,), and the words by which the second lags behind the first (n,)."""
    one, other = sounds.clip[here], sounds.clip[there]
    lag = there - sounds.start[other] - (here - sounds.start[one])
    longest = int(sounds.length.max(initial=0))
    span = 2 * longest + 1
    packed = np.unique((one * len(sounds.start) + other) * span + lag + longest)
    pair, lag = np.divmod(packed, span)
    return *np.divmod(pair, len(sounds.start)), lag - longest


def _same(sounds: _Sounds, one: Integers, other: Integers, lag: Integers) -> NDArray[np.bool_]:
    """Whether clips that are so aligned are copies."""
    skipped = np.maximum(0, -lag)
    overlap = np.minimum(sounds.length[one], sounds.length[other] - lag) - skipped
    here = sounds.start[one] + skipped
    there = sounds.start[other] + skipped + lag
    shorter = np.minimum(sounds.count[one], sounds.count[other])
    least = np.maximum(MIN_WORDS, np.minimum(MOST * shorter, np.maximum(SHARE * shorter, ENOUGH)))
    same = np.zeros(len(one), bool)
    portion = np.cumsum(overlap) // PLACES
    for number in np.unique(portion):
        part = portion == number
        compared, correlation = _correlation(sounds.words, here[part], there[part], overlap[part])
        same[part] = (compared >= least[part]) & (correlation >= LEAST + SPREAD / np.sqrt(np.maximum(1, compared)))
    return same


def _correlation(words: Words, here: Integers, there: Integers, length: Integers) -> tuple[Floats, Floats]:
    """For n pairs of runs: words that say something in both, and the correlation of their bits (phi coefficient)."""
    begin = np.cumsum(length) - length
    place = np.arange(length.sum()) - np.repeat(begin, length)
    one, other = words[place + np.repeat(here, length)], words[place + np.repeat(there, length)]
    both = (one != 0) & (other != 0)
    compared, a, b, ab = (
        np.add.reduceat(values * both, begin, dtype=np.float64)
        for values in (np.uint8(1), np.bitwise_count(one), np.bitwise_count(other), np.bitwise_count(one & other))
    )
    bits = 32 * compared
    variance = a * (bits - a) * b * (bits - b)
    return compared, (bits * ab - a * b) / np.sqrt(np.maximum(variance, 1))


def _merge(group: Integers, one: Integers, other: Integers) -> None:
    """Unite the groups of ``one`` and ``other``; a group (one number per clip) is named by its smallest clip."""
    while (group[one] != group[other]).any():
        least = np.minimum(group[one], group[other])
        np.minimum.at(group, group[one], least)
        np.minimum.at(group, group[other], least)
        while (group != group[group]).any():
            group[:] = group[group]
