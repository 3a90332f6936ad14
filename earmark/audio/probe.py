"""Is a file usable? A full decode that measures duration and level and finds every defect that would spoil a clip."""

from __future__ import annotations

import math
from base64 import b64decode, b64encode
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from earmark.audio.container import mp3_seconds, ogg_is_cut, share_present
from earmark.audio.decode import BROKEN, LOUDEST, DecodeError, blocks, broken_off, opened
from earmark.audio.fingerprint import Fingerprinter, Words

SILENT_PEAK = 1e-3
"""A clip whose peak is below this (-60 dBFS) holds no speech: 16-bit dither and hum of a muted microphone lie below."""

MISSING_SHARE = 0.05
MISSING_SECONDS = 0.1
"""A file is truncated if it lacks more than this share, or this many seconds, of what its header promises."""

MP3_PADDING = 1105 + 4 * 1152
"""Samples that decoders may rightly leave out of an MP3: LAME's delay, the Xing frame and three frames of padding."""


@dataclass(frozen=True)
class Probe:
    """What a file holds. ``reason`` (the quarantine code) and ``detail`` (a sentence) are None for a usable file.

    duration (s, decoded), sample_rate (Hz, of the file), channels, level (dBFS: RMS of the mono mix, -inf if silent),
    codec (container and coding, as libsndfile names them), bytes (size of the file), fingerprint (base64 of the words
    of ``earmark.audio.fingerprint``).
    """

    duration: float = 0.0
    sample_rate: int = 0
    channels: int = 0
    level: float = -math.inf
    codec: str = ""
    bytes: int = 0
    fingerprint: str = ""
    reason: str | None = None
    detail: str | None = None

    def words(self) -> Words:
        """The fingerprint's words (n,), uint32."""
        return np.frombuffer(b64decode(self.fingerprint), "<u4")


@dataclass(frozen=True)
class _Heard:
    """The mono mix: samples, peak (1: full scale, NaN if a sample is), sum of squares, fingerprint; what stopped it."""

    frames: int
    peak: float
    energy: float
    words: Words
    failure: str | None


def probe(path: Path) -> Probe:
    """Decode the whole file at ``path`` and judge it; never raises for a bad file.

    Reasons: unreadable, empty (no samples), too_many_channels (more than 8), not_finite, truncated (shorter than it
    promises by more than 5 % or 0.1 s, or the decoder breaks off), silent (peak below -60 dBFS).
    """
    try:
        with opened(path) as sound:
            rate, channels, codec = sound.samplerate, sound.channels, f"{sound.format} {sound.subtype}"
            heard = _listen(sound)
            missing = _missing(path, sound, heard.frames)
    except DecodeError as error:
        return Probe(reason=error.reason, detail=error.detail)
    except OSError as error:
        return Probe(reason="unreadable", detail=f"cannot be read ({error.strerror})")
    reason, detail = _verdict(heard, missing, rate)
    size = path.stat().st_size
    words = b64encode(heard.words.astype("<u4").tobytes()).decode()
    return Probe(heard.frames / rate, rate, channels, _level(heard), codec, size, words, reason, detail)


def _listen(sound: soundfile.SoundFile) -> _Heard:
    frames, peak, energy, failure = 0, 0.0, 0.0, None
    fingerprinter = Fingerprinter(sound.samplerate)
    try:
        for block in blocks(sound):
            frames += len(block)
            peak = float(np.maximum(peak, np.abs(block).max()))  # unlike max(), keeps NaN
            energy += float(np.square(block, dtype=np.float64).sum())
            fingerprinter.add(block)
    except BROKEN as error:
        failure = broken_off(error)
    return _Heard(frames, peak, energy, fingerprinter.words(), failure)


def _missing(path: Path, sound: soundfile.SoundFile, frames: int) -> float:
    """Seconds that the file promises beyond the decoded ``frames``; infinite if it is cut at an unknown place."""
    rate, missing = sound.samplerate, (sound.frames - frames) / sound.samplerate
    if sound.format in ("WAV", "WAVEX", "AIFF"):
        share = share_present(path)
        missing = max(missing, frames / rate * (1 / share - 1)) if share else math.inf
    elif sound.format == "OGG" and ogg_is_cut(path):
        missing = math.inf
    elif sound.format == "MP3":
        missing = max(missing, mp3_seconds(path) - (frames + MP3_PADDING) / rate)
    return missing


def _verdict(heard: _Heard, missing: float, rate: int) -> tuple[str | None, str | None]:
    seconds = heard.frames / rate
    if heard.failure:
        return "truncated", heard.failure
    if missing > MISSING_SECONDS or missing > MISSING_SHARE * (seconds + missing):
        much = f" of {seconds + missing:.2f} s" if math.isfinite(missing) else ""
        return "truncated", f"breaks off after {seconds:.2f} s{much}; copy or download the file again"
    if not heard.frames:
        return "empty", "no samples"
    if not heard.peak < LOUDEST:
        return "not_finite", f"samples that are not numbers, or beyond ±{LOUDEST:g} of full scale"
    if heard.peak < SILENT_PEAK:
        return "silent", f"peak {20 * math.log10(max(heard.peak, 1e-10)):.0f} dBFS, below -60 dBFS"
    return None, None


def _level(heard: _Heard) -> float:
    """RMS level in dBFS; -inf for silence and for what is no sound."""
    power = heard.energy / max(1, heard.frames)
    return 10 * math.log10(power) if 0 < power < math.inf else -math.inf
