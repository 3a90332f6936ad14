"""Voice by Google's WebRTC detector: Gaussian mixtures over the energies of six bands, about 0.1 ms per s of sound.

The package ``webrtcvad-wheels`` carries it compiled (the optional extra ``webrtc``); its frames are smoothed and
widened as speaker encoders do (Resemblyzer, ``trim_long_silences``): alone it flickers and cuts soft ends off words.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from earmark.audio.decode import FloatArray, resample
from earmark.audio.parts import Parts, runs, scaled, widened
from earmark.errors import EarmarkError

RATES = (8000, 16000, 32000, 48000)
"""Hz that the detector knows; other clips are resampled to ``OTHER_RATE`` for its decision only."""

OTHER_RATE = 16000
AGGRESSIVENESS = 2
"""0 keeps most, 3 cuts most."""

FRAME_SECONDS = 0.03
"""The longest of the three frames that the detector takes, 10, 20 and 30 ms; the fewest calls."""

SMOOTHING = 7
"""Frames (0.21 s) of which more than half must be voiced for the middle one to count; Resemblyzer averages over 8."""

MARGIN_SECONDS = 0.2
"""Kept on both sides of what is voiced, so pauses of up to 0.4 s stay."""

PEAK = 0.5
"""Of full scale: the level of every clip's peak. The detector's energies are absolute; unscaled, it finds 82 % of read
speech voiced as recorded and 26 % of the same recordings 40 dB quieter."""


class WebRtc:
    """The detector at one sample rate (Hz); raises EarmarkError when its package is not installed."""

    def __init__(self, sample_rate: int) -> None:
        self._package = _package()
        self._given = sample_rate
        self._rate = sample_rate if sample_rate in RATES else OTHER_RATE

    def __call__(self, samples: FloatArray) -> Parts:
        """The parts of ``samples`` (n,) with voice; what the detector learned of other clips is forgotten."""
        heard = resample(samples, self._given, self._rate)
        size = round(self._rate * FRAME_SECONDS)
        voiced = np.fromiter(self._voiced(heard, size), np.bool_)
        parts = scaled(runs(smoothed(voiced)), size * self._given / self._rate, len(samples))
        return widened(parts, round(MARGIN_SECONDS * self._given), len(samples))

    def _voiced(self, samples: FloatArray, size: int) -> Iterator[bool]:
        """For each frame of ``size`` samples, the last one filled up with zeros, whether it is voice."""
        detector = self._package.Vad(AGGRESSIVENESS)
        pcm = np.zeros(-(-len(samples) // size) * size, "<i2")
        pcm[: len(samples)] = np.rint(samples * (PEAK * 32768 / (np.abs(samples).max(initial=0) or 1)))
        data = pcm.tobytes()
        for first in range(0, len(data), 2 * size):
            yield detector.is_speech(data[first : first + 2 * size], self._rate)


def smoothed(flags: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Majority of the ``SMOOTHING`` flags around each of ``flags`` (n,), those beyond the ends being false."""
    total = np.cumsum(np.pad(flags, (SMOOTHING // 2 + 1, SMOOTHING // 2)))
    return np.greater(total[SMOOTHING:] - total[:-SMOOTHING], SMOOTHING // 2)


def _package() -> Any:
    try:
        import webrtcvad
    except ImportError:
        raise EarmarkError(
            "features.vad: webrtc needs the package webrtcvad-wheels, which is not installed; "
            'pip install "earmark[webrtc]", or set vad: energy'
        ) from None
    return webrtcvad
