"""Decoding what strangers send: in worker processes, under limits; any number of threads may ask."""

from __future__ import annotations

from dataclasses import asdict
from typing import Self

import numpy as np

from earmark.audio.decode import FloatArray
from earmark.audio.limits import UPLOAD, Limits
from earmark.serving.decoding import decode_any, limited_cpu
from earmark.serving.worker import Handler, Values
from earmark.serving.workers import Job, Workers, cores


class Decoders:
    """Bytes of audio files to samples at ``sample_rate`` (Hz), in ``count`` processes (None: one per core)."""

    def __init__(self, sample_rate: int, limits: Limits = UPLOAD, count: int | None = None) -> None:
        settings = {"sample_rate": sample_rate, "limits": asdict(limits)}
        job = Job(f"{__name__}:decoding", settings, limits.memory_bytes, seconds=2 * limits.cpu_seconds)
        self.workers = Workers(job, count or cores())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.workers.close()

    def samples(self, audio: bytes) -> FloatArray:
        """Mono float32 samples (n,), those of ``decode_any``.

        Raises DecodeError, whose ``reason`` may also be crashed (the decoder died of it) or too_slow.
        """
        _, data = self.workers.ask({}, audio)
        return np.frombuffer(data, np.float32)


def decoding(sample_rate: int, limits: Values) -> Handler:
    """Handler in a worker: a file's bytes to the bytes of its samples."""
    most = Limits(**limits)

    def decode(question: Values, data: bytes) -> tuple[Values, bytes]:
        with limited_cpu(most.cpu_seconds):
            return {}, decode_any(data, sample_rate, most).tobytes()

    return decode
