"""How recordings are answered: what a person may choose when a model is used."""

from __future__ import annotations

from dataclasses import dataclass

from earmark.errors import EarmarkError


@dataclass(frozen=True)
class Options:
    """``window`` and ``hop`` (s; None: the model's typical clip, and half a window) cut every longer recording.

    ``unknown`` is the confidence below which there is no label; ``vad`` detects speech (see ``SpeechActivity``).
    """

    window: float | None = None
    hop: float | None = None
    unknown: float = 0.0
    vad: str | None = None

    def cut(self, typical: float) -> tuple[float, float]:
        """Length and hop of the windows, s, where a ``typical`` clip lasts so long; raises EarmarkError."""
        window = self.window or typical
        hop = self.hop or window / 2
        if hop > window:
            raise EarmarkError(f"hop: {hop:g} s is longer than a window of {window:g} s; sound would be left out")
        return window, hop


STANDARD = Options()
