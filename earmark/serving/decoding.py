"""Any recording to samples, within limits: libsndfile, and ffmpeg for what it does not read."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from earmark.audio.decode import DecodeError, FloatArray, decode, name_of
from earmark.audio.ffmpeg import container, converted
from earmark.audio.limits import Limits


def decode_any(source: Path | bytes, sample_rate: int, limits: Limits) -> FloatArray:
    """Mono float32 samples (n,) at ``sample_rate`` of a file or a file's bytes, whatever its rate and channels.

    A file that libsndfile reads gives the samples that training had. Raises DecodeError.
    """
    name = name_of(source)
    try:
        kind = container(source)
        samples, _ = decode(converted(source, kind, limits) if kind else source, sample_rate, limits=limits)
    except DecodeError as error:
        raise DecodeError(error.reason, error.detail, name) from None
    except OSError as error:
        raise DecodeError("unreadable", f"cannot be read ({error.strerror or error})", name) from None
    return samples


@contextmanager
def limited_cpu(seconds: int) -> Iterator[None]:
    """The kernel ends this process if what is inside takes more than ``seconds`` of processor time.

    For a worker process only: a decoder that hangs inside C cannot be stopped in another way.
    """
    used = resource.getrusage(resource.RUSAGE_SELF)
    before = resource.getrlimit(resource.RLIMIT_CPU)
    latest = int(used.ru_utime + used.ru_stime) + 1 + seconds
    allowed = [limit for limit in before if limit != resource.RLIM_INFINITY]
    resource.setrlimit(resource.RLIMIT_CPU, (min([latest, *allowed]), before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_CPU, before)
