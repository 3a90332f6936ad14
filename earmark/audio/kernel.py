"""The inner loops of the front end, as numba compiles them; ``compiled`` makes and keeps the machine code.

All work is done for ``LANES`` frames side by side: element k of a block is a row of ``LANES`` floats, one per frame, so
that every operation is one vector instruction, and a block of frames stays in the processor's first cache from the
samples to the mel bands. Sums are never reordered and products not fused, so every processor gives the same bits.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import carray, njit  # type: ignore[attr-defined]

LANES = 16
"""Frames side by side: one register of AVX-512, two of AVX2, four of NEON."""

ZERO, HALF, ONE = np.float32(0), np.float32(0.5), np.float32(1)
SQRT_2, LN_2 = np.float32(2**0.5), np.float32(np.log(2))
WHITE = np.float32(255)
MANTISSA, ONE_BITS, BIAS = np.int32(0x007FFFFF), np.int32(0x3F800000), np.int32(127)

inner = njit(error_model="numpy", nogil=True)


@inner
def _load(signal: Any, hop: int, window: Any, half: int, real: Any, imag: Any) -> None:
    """Windowed frames of ``signal`` as complex numbers: even samples are real parts, odd ones imaginary parts."""
    for j in range(half):
        even, odd = window[2 * j], window[2 * j + 1]
        place = signal[2 * j :]
        re, im = real[j * LANES : (j + 1) * LANES], imag[j * LANES : (j + 1) * LANES]
        for lane in range(LANES):
            re[lane] = place[lane * hop] * even
            im[lane] = place[lane * hop + 1] * odd


@inner
def _radix_4(xr: Any, xi: Any, yr: Any, yi: Any, twiddles: Any, quarter: int, size: int) -> None:
    """One stage of Stockham's self-sorting FFT (Van Loan 1992, section 1.7): four interleaved transforms to one."""
    for p in range(quarter):
        w1r, w1i, w2r, w2i, w3r, w3i = (
            twiddles[6 * p], twiddles[6 * p + 1], twiddles[6 * p + 2],
            twiddles[6 * p + 3], twiddles[6 * p + 4], twiddles[6 * p + 5],
        )  # fmt: skip
        a, b, c, d = p * size, (p + quarter) * size, (p + 2 * quarter) * size, (p + 3 * quarter) * size
        ar, br, cr, dr = xr[a : a + size], xr[b : b + size], xr[c : c + size], xr[d : d + size]
        ai, bi, ci, di = xi[a : a + size], xi[b : b + size], xi[c : c + size], xi[d : d + size]
        e = 4 * p * size
        er, fr, gr, hr = yr[e : e + size], yr[e + size :], yr[e + 2 * size :], yr[e + 3 * size :]
        ei, fi, gi, hi = yi[e : e + size], yi[e + size :], yi[e + 2 * size :], yi[e + 3 * size :]
        for q in range(size):
            sum_r, sum_i, rest_r, rest_i = ar[q] + cr[q], ai[q] + ci[q], ar[q] - cr[q], ai[q] - ci[q]
            odd_r, odd_i, turn_r, turn_i = br[q] + dr[q], bi[q] + di[q], bi[q] - di[q], dr[q] - br[q]
            er[q], ei[q] = sum_r + odd_r, sum_i + odd_i
            ur, ui = rest_r + turn_r, rest_i + turn_i
            fr[q], fi[q] = ur * w1r - ui * w1i, ur * w1i + ui * w1r
            ur, ui = sum_r - odd_r, sum_i - odd_i
            gr[q], gi[q] = ur * w2r - ui * w2i, ur * w2i + ui * w2r
            ur, ui = rest_r - turn_r, rest_i - turn_i
            hr[q], hi[q] = ur * w3r - ui * w3i, ur * w3i + ui * w3r


@inner
def _radix_2(xr: Any, xi: Any, yr: Any, yi: Any, size: int) -> None:
    """The last stage where the length is not a power of four."""
    for q in range(size):
        a, b, c, d = xr[q], xr[q + size], xi[q], xi[q + size]
        yr[q], yr[q + size], yi[q], yi[q + size] = a + b, a - b, c + d, c - d


@inner
def _power(zr: Any, zi: Any, twiddles: Any, half: int, power: Any) -> None:
    """Power of the 1 + half frequencies of the real frames, from the transform of their even and odd samples."""
    for lane in range(LANES):
        even, odd = zr[lane], zi[lane]
        power[lane] = (even + odd) * (even + odd)
        power[half * LANES + lane] = (even - odd) * (even - odd)
    for k in range(1, half // 2 + 1):
        c, s = twiddles[2 * k], twiddles[2 * k + 1]
        low, high = k * LANES, (half - k) * LANES
        ar, ai, br, bi = zr[low : low + LANES], zi[low : low + LANES], zr[high : high + LANES], zi[high : high + LANES]
        below, above = power[low : low + LANES], power[high : high + LANES]
        for lane in range(LANES):
            er, ei = HALF * (ar[lane] + br[lane]), HALF * (ai[lane] - bi[lane])
            dr, di = HALF * (ai[lane] + bi[lane]), HALF * (br[lane] - ar[lane])
            tr, ti = dr * c - di * s, dr * s + di * c
            below[lane] = (er + tr) * (er + tr) + (ei + ti) * (ei + ti)
            above[lane] = (er - tr) * (er - tr) + (ei - ti) * (ei - ti)


@inner
def _bands(
    power: Any, firsts: Any, ends: Any, weights: Any, n_bands: int, total: Any, out: Any, frames: int, lanes: int
) -> None:
    """Weighted sums over neighbouring frequencies, one row of ``out`` per band; ``total`` is a row of scratch."""
    start = 0
    for band in range(n_bands):
        for lane in range(LANES):
            total[lane] = ZERO
        for i in range(start, ends[band]):
            weight = weights[i]
            place = (firsts[band] + i - start) * LANES
            row = power[place : place + LANES]
            for lane in range(LANES):
                total[lane] += weight * row[lane]
        start = ends[band]
        row = out[band * frames : band * frames + lanes]
        for lane in range(lanes):
            row[lane] = total[lane]


@inner
def _transform(work: Any, block: int, twiddles: Any, half: int) -> tuple[int, int]:
    """FFT of the block at ``work[:2 * block]``; returns where the result begins, and where the last twiddles do."""
    here, there, used, quarter, size = 0, 2 * block, 0, half // 4, LANES
    while quarter > 0:
        source, target = work[here : here + 2 * block], work[there : there + 2 * block]
        _radix_4(source[:block], source[block:], target[:block], target[block:], twiddles[used:], quarter, size)
        here, there, used = there, here, used + 6 * quarter
        quarter, size = quarter // 4, size * 4
    if size < block:
        source, target = work[here : here + 2 * block], work[there : there + 2 * block]
        _radix_2(source[:block], source[block:], target[:block], target[block:], size)
        here = there
    return here, used


def spectrogram(
    signal_at: Any, window_at: Any, twiddles_at: Any, firsts_at: Any, ends_at: Any, weights_at: Any, work_at: Any,
    out_at: Any, samples: int, hop: int, n_fft: int, frames: int, n_bands: int, n_weights: int, magnitude: int,
) -> None:  # fmt: skip
    """Sums of the power (``magnitude``: its root) of each of ``frames`` frames in each band, out (n_bands, frames).

    ``signal`` (samples) holds a whole number of blocks of frames, ``n_fft`` is a power of two from 8, ``work`` has room
    for five blocks of n_fft // 2 rows and two rows, ``twiddles`` are those of ``stft.twiddles``.
    """
    half = n_fft // 2
    block = half * LANES
    signal, window, work = carray(signal_at, samples), carray(window_at, n_fft), carray(work_at, 5 * block + 2 * LANES)
    turns, weights = carray(twiddles_at, 4 * n_fft), carray(weights_at, n_weights)
    firsts, ends, out = carray(firsts_at, n_bands), carray(ends_at, n_bands), carray(out_at, n_bands * frames)
    power, total = work[4 * block : 5 * block + LANES], work[5 * block + LANES :]
    for first in range(0, frames, LANES):
        _load(signal[first * hop :], hop, window, half, work[:block], work[block : 2 * block])
        here, used = _transform(work, block, turns, half)
        _power(work[here : here + block], work[here + block : here + 2 * block], turns[used:], half, power)
        if magnitude:
            for i in range((half + 1) * LANES):
                power[i] = np.sqrt(power[i])
        _bands(power, firsts, ends, weights, n_bands, total, out[first:], frames, min(LANES, frames - first))


def decibels(power_at: Any, out_at: Any, count: int, smallest: float, factor: float) -> None:
    """``factor`` times the natural logarithm of max(power, smallest); ``out`` may be ``power``."""
    power, out = carray(power_at, count), carray(out_at, count)
    for i in range(count):
        value = power[i]
        out[i] = _log(value if value > smallest else smallest) * factor


@inner
def _log(value: Any) -> Any:
    """Natural logarithm of a positive float32, by the polynomial of Cephes' ``logf`` (Moshier 1992)."""
    bits = np.float32(value).view(np.int32)
    exponent = np.float32(np.int32(bits >> 23) - BIAS)
    mantissa = np.int32((bits & MANTISSA) | ONE_BITS).view(np.float32)
    large = mantissa > SQRT_2
    x = (mantissa * HALF if large else mantissa) - ONE
    e = exponent + ONE if large else exponent
    z = x * x
    y = np.float32(7.0376836292e-2)
    y = y * x - np.float32(1.1514610310e-1)
    y = y * x + np.float32(1.1676998740e-1)
    y = y * x - np.float32(1.2420140846e-1)
    y = y * x + np.float32(1.4249322787e-1)
    y = y * x - np.float32(1.6668057665e-1)
    y = y * x + np.float32(2.0000714765e-1)
    y = y * x - np.float32(2.4999993993e-1)
    y = y * x + np.float32(3.3333331174e-1)
    return (y * x * z - HALF * z + x) + e * LN_2


def grey(level_at: Any, out_at: Any, count: int, low: float, scale: float) -> None:
    """Grey levels 0..255 of ``(level - low) * scale``, rounded."""
    level, out = carray(level_at, count), carray(out_at, count)
    for i in range(count):
        value = (level[i] - low) * scale
        out[i] = np.int32(min(max(value, ZERO), WHITE) + HALF)


FLOATS, INTS, BYTES = "CPointer(float32)", "CPointer(int32)", "CPointer(uint8)"
SIGNATURES = {
    spectrogram: f"void({', '.join([FLOATS] * 3 + [INTS] * 2 + [FLOATS] * 3 + ['int64'] * 7)})",
    decibels: f"void({FLOATS}, {FLOATS}, int64, float32, float32)",
    grey: f"void({FLOATS}, {BYTES}, int64, float32, float32)",
}
"""The functions that are called from outside, and what they take."""
