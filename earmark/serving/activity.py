"""Speech activity: where somebody speaks in a recording, by the voice activity detection of the front end.

The front end cuts clips, of which all are speech; here the question is whether there is any, so that silence gets no
class. Levels alone do not tell speech from other sound: ``webrtc`` and ``silero`` do.
"""

from __future__ import annotations

import numpy as np

from earmark.audio.decode import FloatArray
from earmark.audio.parts import Parts, widened, within
from earmark.audio.probe import SILENT_PEAK
from earmark.audio.vad import VoiceActivity
from earmark.config import FeatureParams

QUIET_DB = 40.0
"""By ``energy``, what is this far below the loudest moment of the recording is silence."""

MARGIN_SECONDS = 0.25
"""Kept on both sides of what is heard, so that shorter pauses than half a second belong to the speech."""


class SpeechActivity:
    """The detector ``vad`` (energy, webrtc, silero) for samples at ``features.sample_rate``.

    None takes the detector that the front end uses, ``energy`` where it has none. Raises EarmarkError if the detector's
    package is missing.
    """

    def __init__(self, features: FeatureParams, vad: str | None = None) -> None:
        own = features.vad if features.vad in ("webrtc", "silero") else "energy"
        changed = features.model_dump() | {"vad": vad or own, "trim_db": QUIET_DB}
        self._rate = features.sample_rate
        self._voice = VoiceActivity(FeatureParams(**changed))

    def parts(self, samples: FloatArray) -> Parts:
        """(first, one past last) sample of each stretch of speech in ``samples`` (n,), in order."""
        if np.abs(samples).max(initial=0) < SILENT_PEAK:
            return []
        return widened(self._voice.voiced(samples), round(MARGIN_SECONDS * self._rate), len(samples))


def overlap(parts: Parts, start: int, end: int) -> int:
    """Samples of ``parts`` between ``start`` and ``end``."""
    return sum(last - first for first, last in within(parts, start, end))
