"""Audio files to mono samples: libsndfile for the decoding, soxr HQ for the resampling.

The numbers are those of ``librosa.load``: channels averaged, then resampled to ``ceil(n * target / rate)`` samples.
"""

from __future__ import annotations

import io
import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from earmark.audio.limits import Limits
from earmark.errors import EarmarkError

FloatArray = NDArray[np.float32]

MAX_CHANNELS = 8
"""More channels than 7.1 surround mean a multi-track or broken file, not a recording of speech."""

LOUDEST = 1e9
"""Full scale is 1; a sample beyond this (or NaN, or infinite) is a defect, and its power would overflow float32."""

BLOCK = 1 << 20
"""Frames decoded at a time: a header that promises terabytes costs no memory."""

BROKEN = (soundfile.SoundFileError, MemoryError)
"""What reading a damaged file raises; MemoryError when the header of an MP3 promises terabytes."""


class DecodeError(EarmarkError):
    """Audio that cannot be used; ``reason`` is the short code of the quarantine list, ``detail`` a sentence."""

    def __init__(self, reason: str, detail: str, name: str = "audio") -> None:
        super().__init__(f"{name}: {detail}")
        self.reason = reason
        self.detail = detail


@contextmanager
def opened(source: Path | bytes, limits: Limits | None = None) -> Iterator[soundfile.SoundFile]:
    """An open audio file, or the bytes of one; raises DecodeError: unreadable, empty, too_many_channels.

    With ``limits`` also too_large and strange_rate.
    """
    name = name_of(source)
    try:
        sound = soundfile.SoundFile(_stream(source, limits))
    except (soundfile.SoundFileError, OSError, TypeError, ValueError) as error:
        raise DecodeError("unreadable", f"not audio that libsndfile reads ({_words(error)})", name) from None
    with sound:
        if sound.channels > MAX_CHANNELS:
            raise DecodeError("too_many_channels", f"{sound.channels} channels, at most {MAX_CHANNELS} are used", name)
        refusal = limits and limits.refusal(sound.samplerate, sound.channels)
        if refusal:
            raise DecodeError(*refusal, name)
        yield sound


def blocks(sound: soundfile.SoundFile, frames: int | None = None) -> Iterator[FloatArray]:
    """Mono blocks of the next ``frames`` (None: all) of ``sound``; a decoder's failure raises one of ``BROKEN``.

    An MP3 comes as one block: soundfile seeks after every read, and mpg123 seeks to the wrong place.
    """
    left = math.inf if frames is None else frames
    size = sound.frames if sound.format == "MP3" else BLOCK
    while left > 0:
        block = sound.read(int(min(size, left)), dtype="float32", always_2d=True)
        if not len(block):
            return
        left -= len(block)
        yield mono(block)


def decode(
    source: Path | bytes,
    sample_rate: int | None,
    start: float | None = None,
    end: float | None = None,
    limits: Limits | None = None,
) -> tuple[FloatArray, int]:
    """Samples of a file (or of a file's bytes) as mono float32, full scale ±1, and their rate in Hz.

    ``sample_rate`` resamples (None: as recorded); ``start`` and ``end`` (s) select a part, rounded to whole samples.
    Raises DecodeError: unreadable, empty, truncated, too_many_channels, not_finite; with ``limits``, which never
    change a sample, also too_large, too_long, strange_rate.
    """
    name = name_of(source)
    with opened(source, limits) as sound:
        rate, channels = int(sound.samplerate), sound.channels
        most = limits.frames(rate, channels) if limits else None
        try:
            samples = _part(sound, start, end, most)
        except BROKEN as error:
            raise DecodeError("truncated", broken_off(error), name) from None
    if limits and most is not None and len(samples) > most:
        raise DecodeError(*limits.too_long(rate, channels), name)
    if not len(samples):
        raise DecodeError("empty", _nothing(start, end), name)
    if not is_finite(samples):
        raise DecodeError("not_finite", f"samples that are not numbers, or beyond ±{LOUDEST:g}", name)
    return (samples, rate) if sample_rate is None else (resample(samples, rate, sample_rate), sample_rate)


def mono(block: FloatArray) -> FloatArray:
    """Mean over the channels of (frames, channels)."""
    if block.shape[1] == 1:
        return block[:, 0]
    with np.errstate(invalid="ignore", over="ignore"):  # judged by is_finite, in words
        total = block[:, 0] + block[:, 1]
        for channel in range(2, block.shape[1]):
            total += block[:, channel]
    total /= np.float32(block.shape[1])
    return total


def resample(samples: FloatArray, rate: int, target: int) -> FloatArray:
    """``samples`` at ``target`` Hz by soxr HQ, ``ceil(n * target / rate)`` of them as in ``librosa.resample``."""
    if rate == target:
        return samples
    length = math.ceil(len(samples) * (float(target) / rate))
    resampled: FloatArray = soxr.resample(samples, rate, target, quality="HQ")[:length]
    return np.pad(resampled, (0, length - len(resampled)))


def is_finite(samples: FloatArray) -> bool:
    """Whether all samples are numbers of a sane size; written so that NaN compares as false."""
    return bool(samples.min() > -LOUDEST and samples.max() < LOUDEST)


def broken_off(error: Exception) -> str:
    """A decoder's failure as a sentence."""
    return f"decoding breaks off ({_words(error)}); copy or download the file again"


def name_of(source: Path | bytes) -> str:
    """What messages call ``source``."""
    return str(source) if isinstance(source, Path) else "audio"


def _part(sound: soundfile.SoundFile, start: float | None, end: float | None, most: int | None) -> FloatArray:
    """The samples from ``start`` to ``end`` (s); decoding stops where there are more than ``most``."""
    first = round((start or 0) * sound.samplerate)
    last = None if end is None else round(end * sound.samplerate)
    skipped = first
    if first and sound.format != "MP3":
        # an MP3 is decoded from its start, because mpg123 does not seek exactly
        sound.seek(min(first, sound.frames))
        skipped = 0
    bounds = [] if last is None else [max(0, last - first + skipped)]
    bounds += [] if most is None else [most + 1 + skipped]
    found = list(blocks(sound, min(bounds, default=None)))
    samples = found[0] if len(found) == 1 else np.concatenate([np.empty(0, np.float32), *found])
    return np.ascontiguousarray(samples[skipped:])


def _stream(source: Path | bytes, limits: Limits | None) -> bytes | io.BytesIO:
    """What soundfile opens; a name as bytes, because it need not be UTF-8."""
    refuse_size(source, limits)
    return io.BytesIO(source) if isinstance(source, bytes) else os.fsencode(source)


def refuse_size(source: Path | bytes, limits: Limits | None) -> None:
    """Raise DecodeError if ``source`` is empty or larger than ``limits``, OSError if it is no file."""
    if isinstance(source, Path) and not source.is_file():  # opening a pipe or a device would wait for ever
        raise OSError("no such file" if not source.exists() else "not a regular file")
    size = len(source) if isinstance(source, bytes) else source.stat().st_size
    if not size:
        raise DecodeError("empty", "the file is empty (0 bytes)", name_of(source))
    refusal = limits and limits.too_large(size)
    if refusal:
        raise DecodeError(*refusal, name_of(source))


def _nothing(start: float | None, end: float | None) -> str:
    return (
        "no samples" if start is None and end is None else f"no samples between {start or 0:g} s and {end or 'the end'}"
    )


def _words(error: Exception) -> str:
    """A library's message without the file's name, which the caller adds."""
    text = str(getattr(error, "error_string", "") or error).strip().rstrip(".")
    return text.rsplit("\n", 1)[-1] or type(error).__name__
