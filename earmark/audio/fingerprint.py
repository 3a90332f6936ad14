"""Sound to a fingerprint that survives codecs, gain, sample rates, crops and noise: a 32-bit word every 16 ms.

After Haitsma and Kalker, "A highly robust audio fingerprinting system", ISMIR 2002: a bit tells whether the energy of a
band, less that of the band below, rises with time. Theirs is the sign of the rise; ours asks for a clear rise, so that
what is quiet beside the loudest part of the clip gives zeros instead of bits that noise would toss. Words of two sounds
are compared in ``earmark.corpus.duplicates``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from earmark.audio.decode import FloatArray

Words = NDArray[np.uint32]

HOP_SECONDS = 0.016
"""Time between words: two copies are misaligned by at most half of it, a sixteenth of a window."""

WINDOW_SECONDS = 0.128
"""Length of a Hann window: long enough to tell the harmonics of a voice, and with them two takes of a word, apart."""

LAG = 4
"""Hops between the two windows that a word compares: half a window."""

BANDS = 33
LOWEST_HZ = 200.0
HIGHEST_HZ = 3400.0
"""Within what a telephone carries, so that an 8 kHz file agrees with a 48 kHz one."""

BEND_HZ = 200.0
"""Band edges are equally spaced in log(1 + f / BEND_HZ): bands are 28 to 232 Hz wide."""

RISE = 0.5
"""Smallest rise that sets a bit, in nepers of power (2.2 dB)."""

FLOOR = 1e-3
"""Added to each band: share of the mean band energy of the loudest window (-30 dB), near noise of 20 dB SNR."""

AUDIBLE = 1e-2
"""A word whose two windows both lie this far (-20 dB) below the loudest is 0: it would tell of the background."""

SILENT = 1e-9
"""Mean square (full scale 1; -90 dBFS) of the loudest window below which a recording has no words."""

RATE = 8000
"""Hz: samples are thinned out by the largest whole factor that leaves at least this rate."""

TAPS = 8
"""Of the low-pass filter, per thinned-out sample."""

SHAPE = 4.0
"""Kaiser's beta: 45 dB."""

MAX_SECONDS = 60.0
"""Sound beyond the first minute is left out: at most 3750 words (15 kB) of a recording, 3.8 MB while it is heard."""

CHUNK = 64
"""Windows at a time: 64 windows of 1024 samples are 256 KiB, about one core's second-level cache."""

GROUP = 8
"""Bands per product, so that none has more than 2^18 multiplications: OpenBLAS gives larger ones to all cores, which
then wait for each other ten times as long as the product takes."""

PIECE = 30_000
"""Samples thinned out at a time: 2^18 multiplications by TAPS."""


class Fingerprinter:
    """The fingerprint of one recording, or of a part of it, heard block by block."""

    def __init__(self, sample_rate: int) -> None:
        self._factor = max(1, sample_rate // RATE)
        self._rate = sample_rate / self._factor
        self._wanted = round(MAX_SECONDS * sample_rate)
        self._rest = np.empty(0, np.float32)
        self._thinned: list[FloatArray] = []

    def add(self, block: FloatArray) -> None:
        """Hear the next mono samples (n,) at the file's own rate."""
        block = block[: self._wanted]
        self._wanted -= len(block)
        for start in range(0, len(block), PIECE):
            piece = np.concatenate([self._rest, block[start : start + PIECE]])
            with np.errstate(invalid="ignore", over="ignore"):
                self._thinned.append(_thinned(piece, self._factor))
            self._rest = piece[len(self._thinned[-1]) * self._factor :]

    def words(self) -> Words:
        """A word per hop from the first to the last that says something (n,); 0 in between where nothing does.

        Empty for silence, and for samples that are not finite.
        """
        with np.errstate(invalid="ignore", over="ignore"):
            return _words(_energies(np.concatenate([np.empty(0, np.float32), *self._thinned]), self._rate))


def fingerprint(samples: FloatArray, sample_rate: int) -> Words:
    """Words of mono ``samples`` (n,) at ``sample_rate`` Hz."""
    fingerprinter = Fingerprinter(sample_rate)
    fingerprinter.add(samples)
    return fingerprinter.words()


def _words(energies: FloatArray) -> Words:
    """Words of band energies (windows, BANDS)."""
    level = energies.mean(axis=1)
    loudest = level.max(initial=0.0)
    if not SILENT < loudest < np.inf or len(level) <= LAG:
        return np.empty(0, np.uint32)
    slope = np.diff(np.log(energies + FLOOR * loudest), axis=1)
    rises = slope[LAG:] - slope[:-LAG] > RISE
    words: Words = np.packbits(rises, axis=1, bitorder="little").view("<u4")[:, 0].astype(np.uint32)
    words *= np.maximum(level[LAG:], level[:-LAG]) > AUDIBLE * loudest
    return np.trim_zeros(words)


def _energies(samples: FloatArray, rate: float) -> FloatArray:
    """Energy in each band of each window (windows, BANDS); the first is centred on the first sample of (n,)."""
    from scipy import fft  # a tenth of a second, which jobs that only import this module need not wait for

    front = _front_end(rate)
    length = len(front.window)
    padded = np.zeros(max(length, len(samples) + length), np.float32)
    padded[length // 2 : length // 2 + len(samples)] = samples
    starts = np.arange(0, len(samples) + 1, HOP_SECONDS * rate).astype(np.intp)
    energies = np.empty((len(starts), BANDS), np.float32)
    windows = np.lib.stride_tricks.sliding_window_view(padded, length)
    for first in range(0, len(starts), CHUNK):
        spectrum = fft.rfft(windows[starts[first : first + CHUNK]] * front.window, front.n_fft)
        parts = spectrum.view(np.float32)
        np.multiply(parts, parts, out=parts)
        for bands, bins, weights in front.groups:
            np.matmul(parts[:, bins], weights, out=energies[first : first + CHUNK, bands])
    return energies


@dataclass(frozen=True)
class _FrontEnd:
    """window (samples,), FFT length, and groups of bands: (bands, bins, weights of these bins in these bands).

    Bins count twice, for the squares of the real and of the imaginary part.
    """

    window: FloatArray
    n_fft: int
    groups: list[tuple[slice, slice, FloatArray]]


@lru_cache(maxsize=16)
def _front_end(rate: float) -> _FrontEnd:
    from scipy import fft

    length = max(1, round(WINDOW_SECONDS * rate))
    n_fft = fft.next_fast_len(length, real=True)
    window = np.hanning(length + 2)[1:-1]
    window *= np.sqrt(2 / n_fft / np.square(window).sum())
    edges = BEND_HZ * (np.geomspace(1 + LOWEST_HZ / BEND_HZ, 1 + HIGHEST_HZ / BEND_HZ, BANDS + 1) - 1) * n_fft / rate
    bins = np.arange(1 + n_fft // 2)[:, None]
    overlap = np.minimum(edges[1:], bins + 0.5) - np.maximum(edges[:-1], bins - 0.5)
    weights = np.repeat(np.clip(overlap, 0, 1), 2, axis=0)
    return _FrontEnd(window.astype(np.float32), n_fft, list(_grouped(weights.astype(np.float32))))


def _grouped(weights: FloatArray) -> Iterator[tuple[slice, slice, FloatArray]]:
    """The weights (bins, BANDS) in groups of bands, each with the bins that it needs."""
    for first in range(0, BANDS, GROUP):
        bands = slice(first, first + GROUP)
        used = np.flatnonzero(weights[:, bands].any(axis=1))
        bins = slice(used.min(initial=len(weights)), used.max(initial=-1) + 1)
        yield bands, bins, np.ascontiguousarray(weights[bins, bands])


def _thinned(samples: FloatArray, factor: int) -> FloatArray:
    """Every ``factor``-th of the low-passed ``samples``, as many as have all their neighbours.

    One matrix product gives each run of ``factor`` samples its share in each of the TAPS results that it touches.
    """
    runs = len(samples) // factor
    shares = _lowpass(factor) @ samples[: runs * factor].reshape(runs, factor).T
    count = max(0, runs - TAPS + 1)
    thinned = np.zeros(count, np.float32)
    for tap in range(TAPS):
        thinned += shares[tap, tap : tap + count]
    return thinned


@lru_cache(maxsize=64)
def _lowpass(factor: int) -> FloatArray:
    """Kaiser-windowed sinc of ``factor * TAPS`` samples, half its height at the new Nyquist rate; (TAPS, factor)."""
    size = factor * TAPS
    kernel = np.sinc((np.arange(size) - (size - 1) / 2) / factor) * np.kaiser(size, SHAPE)
    return np.ascontiguousarray((kernel / kernel.sum()).reshape(TAPS, factor), np.float32)
