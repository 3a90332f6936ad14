"""What a stored image shows, by its kind: the meaning of its rows and values, and how the clip was cut, in words.

Where one image stands for a clip it is of the first kind and of the first window.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from earmark.audio.mel import hz_to_mel
from earmark.config import FeatureParams

MEL_TICKS = (500, 1000, 2000, 4000, 8000, 16000)
LINEAR_TICKS = (0, 1000, 2000, 4000, 8000, 16000)
"""Frequencies that are marked, Hz."""

LEVELS = ("mel", "stft")
"""Kinds in dB below the clip's maximum, or above a reference."""

BANDS = ("mel", "pcen")
"""Kinds whose rows are mel bands."""


@dataclass(frozen=True)
class Kind:
    """Name of a kind's rows (in a sentence and on an axis), and the unit of its values."""

    rows: str
    axis: str
    unit: str


KINDS = {
    "mel": Kind("mel bands", "frequency, Hz", "dB"),
    "stft": Kind("frequencies", "frequency, Hz", "dB"),
    "mfcc": Kind("cepstral coefficients", "MFCC", "coefficient"),
    "chroma": Kind("pitch classes", "chroma, from C", "share of the frame's loudest"),
    "contrast": Kind("spectral contrast of octaves", "contrast, octave", "dB"),
    "pcen": Kind("mel bands, normalised", "frequency, Hz", "PCEN"),
}

Ticks = dict[float, str]
"""Row (fractional) → what is written there."""


def shown(features: FeatureParams) -> Kind:
    """What the first kind's images show."""
    return KINDS[features.kinds[0]]


def values(image: npt.NDArray[Any], features: FeatureParams) -> npt.NDArray[np.float32]:
    """Stored image → what its kind measures (dB, …), or 0..1 of the clip's range where that is all it holds."""
    stored = image.astype(np.float32)
    if features.dtype == "float16":
        return stored
    span, low = (features.top_db, -features.top_db) if _in_decibels(features) else (1.0, 0.0)
    return stored * np.float32(span / 255) + np.float32(low)


def limits(drawn: Iterable[npt.NDArray[Any]], features: FeatureParams) -> tuple[float, float]:
    """Lowest and highest value: of the kind, or of the ``drawn`` values where it has none."""
    if features.dtype == "uint8" or features.kinds[0] == "chroma":
        return (-features.top_db, 0.0) if _in_decibels(features) else (0.0, 1.0)
    if features.kinds[0] in LEVELS and features.reference == "max":
        return -features.top_db, 0.0
    found = np.concatenate([one.ravel() for one in drawn])
    low, high = float(found.min(initial=np.inf)), float(found.max(initial=-np.inf))
    return (low, high) if low < high else (low - 1, low + 1)


def unit(features: FeatureParams) -> str:
    """Of the values."""
    if features.dtype == "uint8" and features.scale == "minmax":
        return "share of the clip's range"
    if features.kinds[0] not in LEVELS:
        return shown(features).unit
    return "dB, relative to " + (
        "the clip's maximum" if features.reference == "max" else f"a power of {features.reference:g}"
    )


def ticks(features: FeatureParams) -> Ticks | None:
    """Where which frequency is; None where rows are numbers."""
    kind = features.kinds[0]
    if kind in BANDS:
        inside = (hz for hz in MEL_TICKS if features.fmin <= hz <= features.fmax)
        return {band_of(hz, features): _short(hz) for hz in inside}
    if kind == "stft":
        inside = (hz for hz in LINEAR_TICKS if hz <= features.sample_rate / 2)
        return {hz * features.n_fft / features.sample_rate: _short(hz) for hz in inside}
    return None


def band_of(hz: float, features: FeatureParams) -> float:
    """Row (fractional) of a mel image whose band is centred on ``hz``; bands are even on the mel scale."""
    low, high, mel = (hz_to_mel(f, features.mel_scale) for f in (features.fmin, features.fmax, hz))
    return (mel - low) / (high - low) * (features.n_mels + 1) - 1


def caption(features: FeatureParams) -> str:
    """What was done to a clip before its image, and what that shows: ``, after trimming (mel bands)``."""
    pauses = {"energy": ", without pauses", "webrtc": ", only where WebRTC hears a voice"}
    pauses["silero"] = ", only where Silero hears a voice"
    trimmed = ", after trimming" if features.trim_db is not None else ""
    window = ", the first of its windows" if features.window else ""
    others = [*features.kinds[1:], *["deltas"] * bool(features.deltas)]
    more = f"; there are {', '.join(others)} too" if others else ""
    return f"{trimmed}{pauses.get(features.vad, '')}{window} ({shown(features).rows}{more})"


def _in_decibels(features: FeatureParams) -> bool:
    """Whether grey levels are dB below the clip's maximum."""
    return features.dtype == "uint8" and features.scale == "top_db" and features.kinds[0] in LEVELS


def _short(hz: int) -> str:
    return f"{hz // 1000}k" if hz >= 1000 else str(hz)
