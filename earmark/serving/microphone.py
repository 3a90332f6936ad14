"""Where a running sound comes from: a microphone, or raw samples on a pipe."""

from __future__ import annotations

import queue
from collections.abc import Iterator
from typing import Any, BinaryIO

import numpy as np

from earmark.audio.decode import FloatArray
from earmark.errors import EarmarkError

FULL_SCALE = 32768
SAMPLE_BYTES = 2
"""Of raw sound: signed 16 bits, the lower byte first."""


def raw(stream: BinaryIO, block: int) -> Iterator[FloatArray]:
    """Mono samples in blocks of ``block`` (the last may be shorter) of a stream of signed 16-bit little-endian PCM."""
    while data := stream.read(SAMPLE_BYTES * block):
        whole = len(data) // SAMPLE_BYTES * SAMPLE_BYTES
        yield np.frombuffer(data[:whole], "<i2").astype(np.float32) / np.float32(FULL_SCALE)


def microphone(rate: int, block: int) -> Iterator[FloatArray]:
    """Mono samples at ``rate`` (Hz) of the standard input device, all that came since the last ones.

    Raises EarmarkError if there is no device, or the package sounddevice is not installed.
    """
    sounddevice = _package()
    heard: queue.SimpleQueue[FloatArray] = queue.SimpleQueue()

    def arrived(data: FloatArray, frames: int, time: Any, status: Any) -> None:
        heard.put(data[:, 0].copy())

    try:
        device = sounddevice.InputStream(rate, block, channels=1, dtype="float32", callback=arrived)
    except (sounddevice.PortAudioError, ValueError) as error:
        raise EarmarkError(f"no microphone that can be used ({error}); pipe sound in with --raw {rate}") from None
    with device:
        while True:
            parts = [heard.get()]
            while not heard.empty():
                parts.append(heard.get())
            yield np.concatenate(parts)


def _package() -> Any:
    try:
        import sounddevice
    except ImportError:
        why = 'needs the package sounddevice, which is not installed; pip install "earmark[microphone]"'
        raise EarmarkError(f"the microphone {why}, or pipe sound in with --raw 16000") from None
    except OSError as error:
        raise EarmarkError(
            f"the package sounddevice finds no PortAudio ({error}); apt install libportaudio2, or use --raw 16000"
        ) from None
    return sounddevice
