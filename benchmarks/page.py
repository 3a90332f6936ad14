"""How fast the web page answers: one person, many at once, and a long recording.

    python benchmarks/page.py [--model results/model] [--people 32] [--seconds 10]

A real ``earmark app`` is asked over HTTP, as by curl: 3 s of sound again and again, then half an hour once.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from latency import RATE, babble

from earmark.audio.encode import encoded


@contextmanager
def page(model: Path) -> Iterator[str]:
    """The address of a running page."""
    command = [sys.executable, "-m", "earmark", "app", "--model", str(model), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield process.stdout.readline().split()[1]
        finally:
            process.terminate()


def asked(address: str, audio: bytes) -> float:
    """Seconds until the answer to a recording."""
    started = time.perf_counter()
    with urllib.request.urlopen(f"{address}api/predict", audio) as answer:
        assert "label" in json.load(answer)
    return time.perf_counter() - started


def crowd(address: str, audio: bytes, people: int, seconds: float) -> float:
    """Answers per second to so many people who ask again as soon as they have one."""
    counts = [0] * people
    until = time.monotonic() + seconds

    def ask(number: int) -> None:
        while time.monotonic() < until:
            asked(address, audio)
            counts[number] += 1

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(people)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / seconds


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", type=Path, default=Path("results/model"))
    parser.add_argument("--people", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=10)
    options = parser.parse_args()
    short, long = (encoded(babble(seconds), RATE, "FLAC") for seconds in (3, 1800))
    with page(options.model) as address:
        found = {
            "one_person_ms": round(1000 * median(asked(address, short) for _ in range(50)), 1),
            f"answers_per_second_to_{options.people}": round(crowd(address, short, options.people, options.seconds)),
            "half_an_hour_s": round(asked(address, long), 1),
        }
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
