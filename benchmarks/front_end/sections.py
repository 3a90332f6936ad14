"""The measurements: each takes a bench and returns plain numbers, one for every round."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from itertools import product
from pathlib import Path
from typing import TypeVar

from front_end.measure import Bench, Request, Worker, WorkFailed
from front_end.settings import CONTENDERS, EARMARK, FORMATS, IMAGE, RIVALS

T = TypeVar("T")
PerClip = dict[str, dict[str, list[float]]]


def say(text: str) -> None:
    """Progress, on standard error."""
    print(f"front_end: {text}", file=sys.stderr, flush=True)


def usable(bench: Bench, peers: Sequence[str], clips: Path) -> tuple[list[str], list[str]]:
    """The peers that can make features of one clip of each format, and a line on each that cannot."""
    good, problems = [], []
    for name in peers:
        say(f"trying {name}")
        try:
            for suffix in FORMATS:
                bench.fresh(name, Request(clips / suffix, suffix, IMAGE, 1))
            good.append(name)
        except WorkFailed as error:
            say(f"{name} fails:\n{error}")
            problems.append(f"{CONTENDERS[name].title}: {str(error).splitlines()[-1]}")
    return good, problems


def per_clip(
    bench: Bench, names: Sequence[str], clips: Path, count: int, rounds: Mapping[str, int]
) -> dict[str, PerClip]:
    """CPU ms per clip of warm processes: settings → format → contender → one number for each of its ``rounds``.

    Peers take part in the first settings only.
    """
    workers = {name: bench.worker(name) for name in names}
    found: dict[str, PerClip] = {}
    for settings, turns in rounds.items():
        taking_part = {name: workers[name] for name in names if not (found and CONTENDERS[name].is_peer)}
        found[settings] = _rounds(bench, taking_part, settings, clips, count, turns)
    for worker in workers.values():
        worker.close()
    return found


def _rounds(bench: Bench, workers: Mapping[str, Worker], settings: str, clips: Path, count: int, turns: int) -> PerClip:
    requests = {suffix: Request(clips / suffix, suffix, settings, count) for suffix in FORMATS}
    found: PerClip = {suffix: {name: [] for name in workers} for suffix in FORMATS}
    say(f"{settings}: warming up")
    for request in requests.values():
        together(bench, list(workers.values()), [request] * len(workers))
    for turn in range(turns):
        say(f"{settings}: round {turn + 1} of {turns}")
        for suffix, name in product(FORMATS, _rotated(list(workers), turn)):
            cost = workers[name].ask(requests[suffix])
            found[suffix][name].append(1000 * cost["cpu"] / count)
    return found


def end_to_end(
    bench: Bench, names: Sequence[str], suffix: str, clips: Path, count: int, rounds: int
) -> dict[str, list[dict[str, float]]]:
    """Cost of fresh processes from clips to stored features: contender → one cost per round."""
    found: dict[str, list[dict[str, float]]] = {name: [] for name in names}
    for turn in range(rounds):
        for name in _rotated(names, turn):
            say(f"end to end, {count} clips, round {turn + 1} of {rounds}: {name}")
            found[name].append(vars(bench.fresh(name, Request(clips, suffix, IMAGE, count))))
    return found


def contenders_end_to_end(names: Sequence[str]) -> list[str]:
    """earmark and those of its rivals that are here."""
    return [EARMARK, *(name for name in RIVALS if name in names)]


def start_up(bench: Bench, clips: Path, rounds: int) -> list[float]:
    """CPU s of a fresh process that makes a shard of one MP3 clip."""
    say("start-up to the first clip")
    return [bench.fresh(EARMARK, Request(clips, "mp3", IMAGE, 1)).cpu for _ in range(rounds)]


def scaling(bench: Bench, clips: Path, suffix: str, count: int, rounds: int) -> list[dict[str, float]]:
    """Clips per second by the clock of one warm process and of two that make different shards at the same time."""
    first, second = workers = [bench.worker(EARMARK) for _ in range(2)]
    parts = [Request(clips, suffix, IMAGE, count, start) for start in (0, count)]
    together(bench, workers, parts)
    found = []
    for turn in range(rounds):
        say(f"one process and two, {suffix}, round {turn + 1} of {rounds}")
        alone = [worker.ask(part)["wall"] for worker, part in zip(workers, parts, strict=True)]
        found.append({"one": 2 * count / sum(alone), "two": 2 * count / together(bench, workers, parts)})
    first.close()
    second.close()
    return found


def together(bench: Bench, workers: Sequence[Worker], requests: Sequence[Request]) -> float:
    """Seconds by the clock that the slowest takes when all of them work at once."""
    with ExitStack() as folders:
        for worker, request in zip(workers, requests, strict=True):
            worker.begin(request, folders.enter_context(bench.output()))
        return max(worker.finish()["wall"] for worker in workers)


def _rotated(names: Sequence[T], turn: int) -> Iterator[T]:
    """Everyone begins once."""
    start = turn % len(names)
    yield from [*names[start:], *names[:start]]
