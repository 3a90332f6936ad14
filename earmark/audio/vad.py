"""Voice activity: which parts of a clip are kept, by level as in librosa or by a detector.

Leading and trailing parts ``trim_db`` below the peak are always cut first, where ``trim_db`` is set. What ``vad`` says
decides about the pauses inside: ``none`` and ``trim`` keep them, ``energy`` cuts what is as quiet, ``webrtc`` and
``silero`` cut where they hear no voice. Detectors hear the whole clip, because the silence before a voice helps them:
after trimming, Silero begins 50 ms or more too late in one clip of twenty. A clip in which a detector hears no voice
at all is kept as trimmed: nothing is silently emptied.
"""

from __future__ import annotations

import math
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from earmark.audio.decode import FloatArray
from earmark.audio.parts import Parts, runs, scaled, within
from earmark.audio.silero import Silero
from earmark.audio.webrtc import WebRtc
from earmark.config import FeatureParams

AMIN = 1e-10
"""Power below which librosa calls everything equally silent (``amin`` of ``amplitude_to_db`` squared)."""

FRAME_LENGTH, HOP_LENGTH = 2048, 512
"""Samples: librosa's defaults for ``trim`` and ``split``, at every rate."""


class Detector(Protocol):
    """Tells voice from other sound at one sample rate; what it says of a clip depends on that clip alone."""

    def __call__(self, samples: FloatArray) -> Parts:
        """The parts of ``samples`` (n,) with voice."""


class VoiceActivity:
    """What one setting of the ``features`` params keeps. Make it once and use it for many clips.

    Raises EarmarkError when the detector's package is not installed.
    """

    def __init__(self, features: FeatureParams) -> None:
        self._top_db = features.trim_db
        self._pauses = features.vad == "energy"
        self._detect = _detector(features)

    def parts(self, samples: FloatArray) -> Parts:
        """(first, one past last) sample of each part of ``samples`` (n,) that is kept, in order, not touching."""
        if self._pauses and self._top_db is not None:
            return split_bounds(samples, self._top_db)
        first, last = (0, len(samples)) if self._top_db is None else trim_bounds(samples, self._top_db)
        if first == last:
            return []
        heard = [] if self._detect is None else self._detect(samples)
        return within(heard, first, last) or [(first, last)]

    def voiced(self, samples: FloatArray) -> Parts:
        """As ``parts``, but none where a detector hears no voice: to tell speech from none, not to cut a clip."""
        return self.parts(samples) if self._detect is None else self._detect(samples)

    def __call__(self, samples: FloatArray) -> FloatArray:
        """The kept parts joined, (m,) of (n,): a view of ``samples`` where nothing inside is cut."""
        kept = [samples[first:last] for first, last in self.parts(samples)] or [samples[:0]]
        return kept[0] if len(kept) == 1 else np.concatenate(kept)


def trim_bounds(
    samples: FloatArray, top_db: float, frame_length: int = FRAME_LENGTH, hop_length: int = HOP_LENGTH
) -> tuple[int, int]:
    """First and one-past-last sample of the frames less than ``top_db`` (dB) below the loudest frame.

    Identical to ``librosa.effects.trim(samples, top_db=…)[1]`` (McFee et al. 2015), at an eighth of its cost because
    frames that overlap share the energies of their blocks. Lengths are in samples.
    """
    loud = np.flatnonzero(_loud(samples, top_db, frame_length, hop_length))
    if not loud.size:
        return 0, 0
    return int(loud[0]) * hop_length, min(len(samples), (int(loud[-1]) + 1) * hop_length)


def split_bounds(
    samples: FloatArray, top_db: float, frame_length: int = FRAME_LENGTH, hop_length: int = HOP_LENGTH
) -> Parts:
    """The parts whose frames are less than ``top_db`` (dB) below the loudest.

    Identical to ``librosa.effects.split(samples, top_db=…)`` (McFee et al. 2015), but for the empty part that librosa
    can put at the end where ``hop_length`` is half of ``frame_length`` or more.
    """
    return scaled(runs(_loud(samples, top_db, frame_length, hop_length)), hop_length, len(samples))


def frame_power(samples: FloatArray, frame_length: int, hop_length: int) -> NDArray[np.float64]:
    """Mean square of each centred frame of the zero-padded ``samples``, shape (frames,)."""
    half = frame_length // 2
    block = math.gcd(half, math.gcd(frame_length, hop_length))
    frames = 1 + max(0, len(samples) + 2 * half - frame_length) // hop_length
    energy = np.zeros((max(len(samples) + 2 * half, frame_length) // block) + 1)
    inner = _block_energy(samples, block)
    energy[1 + half // block :][: len(inner)] = inner
    total = np.cumsum(energy)
    first = np.arange(frames) * (hop_length // block)
    return (total[first + frame_length // block] - total[first]) / frame_length


def _loud(samples: FloatArray, top_db: float, frame_length: int, hop_length: int) -> NDArray[np.bool_]:
    """Which frames are less than ``top_db`` below the loudest."""
    level = 10 * np.log10(np.maximum(frame_power(samples, frame_length, hop_length), AMIN))
    loud: NDArray[np.bool_] = level - level.max(initial=-np.inf) > -top_db
    return loud


def _block_energy(samples: FloatArray, block: int) -> NDArray[np.float64]:
    """Sum of squares of consecutive blocks; the last may be shorter."""
    whole = len(samples) // block * block
    rows, rest = samples[:whole].reshape(-1, block), samples[whole:]
    energy = np.einsum("ij,ij->i", rows, rows).astype(np.float64)
    return np.append(energy, np.dot(rest, rest)) if len(rest) else energy


def _detector(features: FeatureParams) -> Detector | None:
    if features.vad == "webrtc":
        return WebRtc(features.sample_rate)
    return Silero(features.sample_rate) if features.vad == "silero" else None
