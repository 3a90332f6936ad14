"""Chroma: the power of each of the twelve pitch classes, equal to ``librosa.feature.chroma_stft``.

The filters follow the clip's own tuning. It is estimated from the peaks of the spectrum in the same arithmetic, to the
last bit, as librosa does it, because a peak more or less can tip the balance between two tunings; but only where peaks
may be, at a tenth of the cost.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from earmark.audio.decode import FloatArray
from earmark.audio.spectral import weighted_sums

CLASSES = 12
"""Semitones of an octave; row 0 is C."""

A4 = 440.0
"""Hz, at tuning 0."""

CENTRE, WIDTH = 5.0, 2.0
"""Octaves are weighted by a Gaussian of this centre, in octaves above 27.5 Hz, and this standard deviation."""

LOWEST_HZ, HIGHEST_HZ = 150.0, 4000.0
"""Where peaks tell of the tuning."""

CLEAR = 0.1
"""Peaks are above this share of the frame's largest power."""

TUNINGS = np.linspace(-0.5, 0.5, 101)
"""Limits of the histogram of peaks, in semitones."""


class Chroma:
    """A chroma front end for one sample rate (Hz) and ``n_fft`` (samples); filters are made once per tuning."""

    def __init__(self, sample_rate: int, n_fft: int) -> None:
        self.sample_rate, self.n_fft = sample_rate, n_fft
        self._filters: dict[float, FloatArray] = {}

    def __call__(self, power: FloatArray) -> FloatArray:
        """Chroma (12, frames) of a power spectrogram (1 + n_fft // 2, frames): 1 for each frame's loudest pitch class.

        Equals ``librosa.feature.chroma_stft(S=power, sr=sample_rate, n_fft=n_fft)``; silent frames are 0.
        """
        chroma = weighted_sums(self._weights(tuning(power, self.sample_rate)), power)
        loudest = chroma.max(axis=0)
        loudest[loudest < np.finfo(np.float32).tiny] = 1
        chroma /= loudest
        return chroma

    def _weights(self, tuning: float) -> FloatArray:
        if tuning not in self._filters:
            self._filters[tuning] = filterbank(self.sample_rate, self.n_fft, tuning)
        return self._filters[tuning]


def filterbank(sample_rate: int, n_fft: int, tuning: float = 0.0) -> FloatArray:
    """Weights (12, 1 + n_fft // 2) of frequencies in pitch classes, equal to ``librosa.filters.chroma``.

    After Ellis, "Chroma feature analysis and synthesis", 2007. ``tuning`` is in semitones from A4 = 440 Hz.
    """
    bins = 1 + n_fft // 2
    pitch = CLASSES * np.log2(np.arange(1, bins + 1) * (sample_rate / n_fft) / _lowest_a(tuning))
    pitch = np.append(pitch[0] - 1.5 * CLASSES, pitch)
    widths = np.maximum(np.diff(pitch), 1.0)
    pitch = pitch[:-1]
    half = CLASSES // 2
    distance = np.remainder(pitch - np.arange(CLASSES)[:, None] + half, CLASSES) - half
    weights = np.exp(-0.5 * (2 * distance / widths) ** 2)
    weights /= np.sqrt(np.square(weights).sum(axis=0))
    weights *= np.exp(-0.5 * ((pitch / CLASSES - CENTRE) / WIDTH) ** 2)
    return np.roll(weights, -3, axis=0).astype(np.float32)  # from A to C


def tuning(power: FloatArray, sample_rate: int) -> float:
    """By how much the pitches of a power spectrogram (bins, frames) are off, -0.5 to 0.49 semitones; 0 without any.

    The most frequent of 100 deviations among the peaks that are louder than half of them: equals
    ``librosa.estimate_tuning(S=power, sr=sample_rate)``.
    """
    pitches, heights = peaks(power, sample_rate)
    audible = pitches > 0
    pitches, heights = pitches[audible], heights[audible]
    if not pitches.size:
        return 0.0
    pitches = pitches[heights >= np.median(heights)]
    semitones = CLASSES * np.log2(pitches / _lowest_a())
    deviation = semitones - np.floor(semitones)
    deviation[deviation >= 0.5] -= 1.0
    counts, _ = np.histogram(deviation, TUNINGS)
    return float(TUNINGS[np.argmax(counts)])


def peaks(power: FloatArray, sample_rate: int) -> tuple[FloatArray, FloatArray]:
    """Frequencies (Hz) and heights of the spectral peaks of all frames, each (peaks,), as in ``librosa.piptrack``.

    Peaks are refined by a parabola through three frequencies (Smith, "Spectral audio signal processing", 2011).
    """
    bins, frames = power.shape
    n_fft = 2 * (bins - 1)
    frequencies = np.fft.rfftfreq(n_fft, 1.0 / sample_rate)
    within = np.flatnonzero((frequencies >= LOWEST_HZ) & (frequencies < min(HIGHEST_HZ, sample_rate / 2)))
    if within.size and within[-1] == bins - 1:  # half the rate itself, by rounding: librosa fits no parabola there
        power = np.concatenate([power, power[-2:-1]])
    power = np.ascontiguousarray(power)
    places = _maxima(power, within)
    low, middle, high = (power.take(places + step) for step in (-frames, 0, frames))
    shift = _parabola_shift(low, middle, high)
    pitches = (places // frames + shift) * float(sample_rate) / n_fft
    heights: FloatArray = middle + np.float32(0.25) * (high - low) * shift
    return pitches.astype(np.float32), heights


def _maxima(power: FloatArray, rows: NDArray[np.intp]) -> NDArray[np.intp]:
    """Places in the flat ``power`` (bins, frames) that are in ``rows``, clear, and above both neighbours' power."""
    if not rows.size:
        return rows
    first, end = rows[0], rows[-1] + 1
    here = power[first:end]
    found = here > power[first - 1 : end - 1]
    found &= here >= power[first + 1 : end + 1]
    found &= here > np.float32(CLEAR) * power.max(axis=0)
    return np.flatnonzero(found) + first * power.shape[1]  # np.nonzero takes ten times as long


def _parabola_shift(low: FloatArray, middle: FloatArray, high: FloatArray) -> FloatArray:
    """Position of each parabola's vertex relative to its middle, in bins; 0 where it is beyond a neighbour."""
    curvature = (high + low).astype(np.float64) - 2.0 * middle.astype(np.float64)
    slope = (high - low).astype(np.float64) / 2
    shift = np.zeros(len(middle))
    np.divide(-slope, curvature, out=shift, where=np.abs(slope) < np.abs(curvature))
    return shift.astype(np.float32)


def _lowest_a(tuning: float = 0.0) -> float:
    """Hz of the A four octaves below A4."""
    return A4 * 2.0 ** (tuning / CLASSES) / 16
