"""Containers that libsndfile does not read (m4a, video, WebM, AMR …), through the program ffmpeg where it is installed.

What a file is says its signature, never its name: ffmpeg is told which format to expect, so that a play list in
disguise cannot make it open other files. It gets an open descriptor and no name, no shell, and no network.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from earmark.audio.decode import DecodeError, name_of, refuse_size
from earmark.audio.limits import Limits

SIGNATURES = (
    *((4, kind, "mov") for kind in (b"ftyp", b"moov", b"mdat", b"wide")),
    (0, b"\x1aE\xdf\xa3", "matroska"),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "asf"),
    (0, b"#!AMR", "amr"),
    (0, b"FLV\x01", "flv"),
    (8, b"AVI ", "avi"),
    (0, b"\x00\x00\x01\xba", "mpeg"),
    *((0, kind, "aac") for kind in (b"\xff\xf1", b"\xff\xf9")),
)
"""Position and bytes that a file begins with, and ffmpeg's name of its format."""

HEAD = 16
"""Bytes that hold every signature."""


def container(source: Path | bytes) -> str | None:
    """ffmpeg's name of the format of a file or of a file's bytes; None if libsndfile is to read it."""
    head = source[:HEAD] if isinstance(source, bytes) else _head(source)
    return next((name for at, kind, name in SIGNATURES if head[at : at + len(kind)] == kind), None)


def converted(source: Path | bytes, kind: str, limits: Limits) -> bytes:
    """The first sound track of a file of format ``kind`` as a WAV file of its own rate and channels.

    Raises DecodeError: needs_ffmpeg where the program is missing, unreadable, too_large, too_slow.
    """
    program, name = shutil.which("ffmpeg"), name_of(source)
    if program is None:
        why = f"a file of format {kind}; m4a and video need the program ffmpeg, which is not installed"
        raise DecodeError("needs_ffmpeg", f"{why}. Install it, or convert the file to WAV, FLAC or MP3", name)
    try:
        refuse_size(source, limits)
        with _opened(source) as stream:
            words, place = _command(program, kind, limits), f"file:/dev/fd/{stream.fileno()}"
            command = [place if word == "INPUT" else word for word in words]
            done = subprocess.run(
                command, capture_output=True, pass_fds=[stream.fileno()], timeout=limits.cpu_seconds, check=False
            )
    except OSError as error:
        raise DecodeError("unreadable", f"cannot be read ({error.strerror or error})", name) from None
    except subprocess.TimeoutExpired:
        raise DecodeError("too_slow", f"ffmpeg did not read it within {limits.cpu_seconds} s", name) from None
    if done.returncode or not done.stdout:
        raise DecodeError("unreadable", f"ffmpeg finds no sound in it ({_words(done.stderr)})", name)
    return done.stdout


def _command(program: str, kind: str, limits: Limits) -> list[str]:
    """One thread, no other protocol than the file's, one second and one byte more than allowed: enough to refuse it."""
    reading = ["-nostdin", "-v", "error", "-threads", "1", "-protocol_whitelist", "file", "-f", kind, "-i", "INPUT"]
    sound = ["-map", "0:a:0", "-t", f"{limits.seconds + 1:g}", "-fs", str(limits.decoded_bytes + 1)]
    return [program, *reading, *sound, "-c:a", "pcm_f32le", "-bitexact", "-f", "wav", "pipe:1"]


@contextmanager
def _opened(source: Path | bytes) -> Iterator[IO[Any]]:
    """A descriptor that can be sought in: of the file, or of a nameless temporary one with the bytes."""
    if isinstance(source, Path):
        with source.open("rb") as stream:
            yield stream
    else:
        with tempfile.TemporaryFile() as stream:
            stream.write(source)
            stream.seek(0)
            yield stream


def _head(source: Path) -> bytes:
    if not source.is_file():  # what is wrong with it, the decoder says
        return b""
    with source.open("rb") as stream:
        return stream.read(HEAD)


def _words(stderr: bytes) -> str:
    lines = stderr.decode(errors="replace").strip().splitlines()
    return lines[0].strip().rstrip(".") if lines else "it is silent about why"
