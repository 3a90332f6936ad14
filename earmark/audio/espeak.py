"""Synthetic speech by espeak-ng, for the demo corpus and for pretraining; the pipeline itself never needs it.

espeak-ng (GPLv3) is run as a separate tool: its shared library comes with the wheel ``espeakng-loader``. Within one
process its output depends on the calls before, while a fresh process with the same calls gives the same samples, so
``speak_apart`` gives every batch (one speaker, say) a process of its own and is what callers should use.
"""

from __future__ import annotations

import ctypes
import json
import os
import queue
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import astuple, dataclass
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import IO, Any, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from earmark.errors import EarmarkError

SAMPLE_RATE = 22050
"""Hz of everything espeak-ng speaks."""

SEED = 1
"""Of espeak-ng's noise source (breath), which it otherwise seeds with the time of day."""

PATH_LIMIT = 150
"""espeak-ng 1.52 keeps the path of its data in 160 bytes."""


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split())


FEMALE_VARIANTS = _names(
    "Alicia Andrea Annie anika aunty belinda f1 f2 f3 f4 f5 grandma linda shelby steph steph2 steph3"
)
"""Variants that sound female: so named by espeak-ng, and median pitch 170-280 Hz in an English sentence."""

DEMO_VARIANTS = _names(
    "Andrea Annie belinda f2 f4 linda Andy AnxiousAndy Gene Gene2 Lee Marco Nguyen ed gustave m2 m4 m8 paul victor"
)
"""Voices of the demo corpus, women first. Never used for pretraining, nor is a near relative of one (Gene, Gene2 …)."""

PRETRAIN_VARIANTS = _names(
    "Alicia anika aunty f1 f3 f5 grandma shelby steph steph2 steph3 "
    "Alex Denis Diogo Henrique Hugo Jacky Mario Michael Mike Reed Storm Tweaky adam antonio benjamin boris croak david "
    "edward edward2 grandpa ian iven iven2 iven3 iven4 john kaukovalta klatt klatt2 klatt3 klatt4 klatt5 klatt6 "
    "m1 m3 m5 m6 m7 marcelo max michel miguel mike2 norbert pablo pedro quincy rob robert travis"
)
"""Voices of pretraining, women first. In neither list: robots, whispers, echo effects and the like (Demonic, zac …)."""

_SYNCHRONOUS, _DONT_EXIT, _CHARS_UTF8 = 2, 1 << 15, 1
_RATE, _PITCH, _RANGE = 1, 3, 4
_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)

Utterance = tuple["Voice", str]
Samples = NDArray[np.float32]
Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Voice:
    """How to speak: language (a file below espeak-ng's ``lang``), variant, rate (words/min), pitch, range (0..100)."""

    language: str
    variant: str = ""
    rate: int = 175
    pitch: int = 50
    range: int = 50

    @property
    def name(self) -> str:
        """espeak-ng's name of language and variant, e.g. ``en-us+f2``."""
        return f"{self.language}+{self.variant}" if self.variant else self.language

    @property
    def gender(self) -> str:
        """``female`` or ``male``, as the variant sounds."""
        return "female" if self.variant in FEMALE_VARIANTS else "male"


def version() -> str:
    """Version of the espeak-ng that speaks here; raises EarmarkError if it is missing."""
    _loader()
    return metadata.version("espeakng-loader")


def speak(utterances: Sequence[Utterance]) -> list[Samples]:
    """Speak in this process: float32 samples (n,) in -1..1 at 22,050 Hz per utterance.

    Depends on what this process has spoken before; see ``speak_apart``. Raises EarmarkError for an unknown voice.
    """
    return [_to_float(pcm) for pcm in _speak_pcm(utterances)]


def speak_apart(batches: Iterable[Sequence[Utterance]], workers: int = 1) -> Iterator[list[Samples]]:
    """Speak each batch in a fresh process, ``workers`` at a time; yields its clips in the order of ``batches``.

    The same batch gives the same samples whatever the others are. Batches are taken a few at a time.
    Raises EarmarkError when a voice is unknown or a speaking process dies.
    """
    started = [_start_server() for _ in range(max(1, workers))]
    idle: queue.SimpleQueue[subprocess.Popen[bytes]] = queue.SimpleQueue()
    for server in started:
        idle.put(server)

    def ask(batch: Sequence[Utterance]) -> list[Samples]:
        server = idle.get()
        try:
            return _ask(server, batch)
        finally:
            idle.put(server)

    try:
        yield from map_ahead(ask, batches, len(started))
    finally:
        for server in started:
            _stop(server)


def map_ahead(function: Callable[[Item], Result], items: Iterable[Item], workers: int) -> Iterator[Result]:
    """``map`` by ``workers`` threads, in order, at most two items per worker ahead of the consumer."""
    with ThreadPoolExecutor(workers) as pool:
        pending: deque[Future[Result]] = deque()
        for item in items:
            pending.append(pool.submit(function, item))
            if len(pending) > 2 * workers:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()


def serve() -> None:
    """Read a batch per line from stdin, speak each in a fork of this process, write the samples to stdout.

    A request is JSON ``[[[language, variant, rate, pitch, range], text], …]``; a reply is a JSON line
    ``{"samples": [n, …]}`` followed by the int16 samples, or ``{"error": sentence}``.
    """
    for line in sys.stdin.buffer:
        child = os.fork()
        if child == 0:
            _reply(line)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if status:
            code = os.waitstatus_to_exitcode(status)
            _write_line({"error": f"espeak-ng: the speaking process died (exit code {code})"})


def _reply(line: bytes) -> None:
    try:
        clips = _speak_pcm([(Voice(*voice), text) for voice, text in json.loads(line)])
    except EarmarkError as error:
        _write_line({"error": str(error)})
        return
    _write_line({"samples": [len(clip) // 2 for clip in clips]}, b"".join(clips))


def _write_line(message: dict[str, Any], data: bytes = b"") -> None:
    sys.stdout.buffer.write(json.dumps(message).encode() + b"\n" + data)
    sys.stdout.buffer.flush()


def _start_server() -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", "from earmark.audio.espeak import serve; serve()"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p or str(Path.cwd()) for p in sys.path)}
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)


def _stop(server: subprocess.Popen[bytes]) -> None:
    cast(IO[bytes], server.stdin).close()
    cast(IO[bytes], server.stdout).close()
    server.wait()


def _ask(server: subprocess.Popen[bytes], batch: Sequence[Utterance]) -> list[Samples]:
    requests, replies = cast(IO[bytes], server.stdin), cast(IO[bytes], server.stdout)
    try:
        requests.write(json.dumps([[astuple(voice), text] for voice, text in batch]).encode() + b"\n")
        requests.flush()
        message = json.loads(replies.readline())
    except (OSError, ValueError):
        raise EarmarkError("espeak-ng: the speaking process was killed; run the command again") from None
    if "error" in message:
        raise EarmarkError(message["error"])
    return [_to_float(replies.read(2 * length)) for length in message["samples"]]


def _speak_pcm(utterances: Sequence[Utterance]) -> list[bytes]:
    library = _library()
    return [_speak_one(library, voice, text) for voice, text in utterances]


def _speak_one(library: ctypes.CDLL, voice: Voice, text: str) -> bytes:
    """Little-endian int16 samples of one utterance."""
    chunks: list[bytes] = []

    @_CALLBACK
    def collect(samples: int | None, count: int, _events: int | None) -> int:
        if samples and count > 0:
            chunks.append(ctypes.string_at(samples, 2 * count))
        return 0

    _check(voice, library)
    for parameter, value in ((_RATE, voice.rate), (_PITCH, voice.pitch), (_RANGE, voice.range)):
        library.espeak_SetParameter(parameter, value, 0)
    library.espeak_SetSynthCallback(collect)
    library.espeak_ng_SetRandSeed(ctypes.c_long(SEED))
    encoded = text.encode()
    library.espeak_Synth(encoded, ctypes.c_size_t(len(encoded) + 1), 0, 0, 0, _CHARS_UTF8, None, None)
    return b"".join(chunks)


def _check(voice: Voice, library: ctypes.CDLL) -> None:
    """Set the voice; an unknown variant is refused here because espeak-ng silently speaks without it."""
    if voice.variant and not (_data_path() / "voices" / "!v" / voice.variant).is_file():
        raise EarmarkError(f"espeak-ng: no voice variant '{voice.variant}'; see earmark.audio.espeak.DEMO_VARIANTS")
    if library.espeak_SetVoiceByName(voice.name.encode()) != 0:
        raise EarmarkError(f"espeak-ng: no voice '{voice.language}'; languages are named as en-us, de, es, fr, cmn")


@cache
def _data_path() -> Path:
    return Path(_loader().get_data_path())


@cache
def _library() -> ctypes.CDLL:
    library = ctypes.CDLL(_loader().get_library_path())
    path = str(_data_path()).encode()
    if len(path) > PATH_LIMIT or library.espeak_Initialize(_SYNCHRONOUS, 0, path, _DONT_EXIT) != SAMPLE_RATE:
        raise EarmarkError(
            f"espeak-ng: cannot start with its data at {_data_path()}; reinstall espeakng-loader, "
            f"below a folder whose path is shorter than {PATH_LIMIT} bytes"
        )
    return library


def _loader() -> Any:
    try:
        import espeakng_loader
    except ImportError:
        raise EarmarkError("espeak-ng is not installed: pip install espeakng-loader") from None
    return espeakng_loader


def _to_float(pcm: bytes) -> Samples:
    return (np.frombuffer(pcm, "<i2") / np.float32(32768)).astype(np.float32)
