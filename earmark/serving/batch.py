"""Many recordings: found by file, folder or pattern, and answered by worker processes on all cores."""

from __future__ import annotations

import glob
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from earmark.errors import EarmarkError
from earmark.recordings import SOUNDS

if TYPE_CHECKING:
    from earmark.audio.limits import Limits
    from earmark.serving.options import Options
    from earmark.serving.worker import Handler, Values

STDIN = "-"


@dataclass(frozen=True)
class Result:
    """What became of one recording: its ``answer`` (the values of ``recogniser.Answer``), or the ``error``."""

    path: str
    answer: dict[str, Any] | None = None
    error: str | None = None


def recordings(words: Iterable[str]) -> list[str]:
    """The recordings that ``words`` name, in order and each once: files, folders with all below them, patterns, ``-``.

    A file that does not exist stays, to be reported with the others. Raises EarmarkError for a folder or a pattern in
    which there is none.
    """
    return list(dict.fromkeys(path for word in words for path in _of(word)))


def recognise(
    model: Path, paths: Sequence[str], options: Options, limits: Limits, workers: int, stdin: bytes = b""
) -> Iterator[Result]:
    """A result for each of ``paths``, in order; ``-`` is the file whose bytes are ``stdin``.

    Raises EarmarkError if the model cannot be used.
    """
    from earmark.serving.workers import Job, Workers

    settings = {"model": str(model), "options": asdict(options), "limits": asdict(limits)}
    job = Job(f"{__name__}:answering", settings, limits.memory_bytes)
    questions = (({}, stdin) if path == STDIN else ({"path": path}, b"") for path in paths)
    with Workers(job, max(1, min(workers, len(paths)))) as pool:
        for path, found in zip(paths, pool.each(questions), strict=True):
            name = "standard input" if path == STDIN else path
            yield Result(name, error=found.detail) if isinstance(found, EarmarkError) else Result(name, found[0])


def answering(model: str, options: Values, limits: Values) -> Handler:
    """Handler in a worker: ``{"path"}``, or the bytes of a file, to the values of an ``Answer``."""
    from earmark.audio.limits import Limits
    from earmark.serving.decoding import decode_any, limited_cpu
    from earmark.serving.options import Options
    from earmark.serving.recogniser import Recogniser

    recogniser, most = Recogniser.load(Path(model), Options(**options), threads=1), Limits(**limits)

    def answer(question: Values, data: bytes) -> tuple[Values, bytes]:
        with limited_cpu(most.cpu_seconds):
            samples = decode_any(Path(question["path"]) if "path" in question else data, recogniser.rate, most)
        return recogniser.of_samples(samples).plain(), b""

    return answer


def _of(word: str) -> list[str]:
    path = Path(word)
    if word == STDIN or path.is_file():
        return [word]
    if path.is_dir():
        found = sorted(str(p) for p in path.rglob("*") if p.suffix.lower() in SOUNDS and p.is_file())
        return found or _refuse(f"{word}: no recording in this folder; known endings: {', '.join(SOUNDS)}")
    if glob.has_magic(word):
        return sorted(glob.glob(word, recursive=True)) or _refuse(f"{word}: no file has such a name")  # noqa: PTH207 (may be absolute)
    return [word]


def _refuse(message: str) -> list[str]:
    raise EarmarkError(message)
