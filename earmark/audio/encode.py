"""Samples to the bytes of an audio file."""

from __future__ import annotations

import io
from typing import Any

from numpy.typing import NDArray


def encoded(samples: NDArray[Any], rate: int, kind: str, subtype: str | None = None) -> bytes:
    """A file of ``samples`` (n,), float in -1..1 or int16, at ``rate`` (Hz).

    ``kind`` and ``subtype`` (None: the kind's usual one) are libsndfile's names: WAV, FLAC, MP3, …; PCM_16, FLOAT, ….
    """
    import soundfile

    buffer = io.BytesIO()
    soundfile.write(buffer, samples, rate, format=kind, subtype=subtype)
    return buffer.getvalue()
