"""How long an answer takes: `earmark listen` in real time, and one recording in a warm process.

    python benchmarks/latency.py [--model results/model] [--seconds 20] [--output FOLDER]

A subprocess `earmark listen --raw 16000 --json` gets sound at the pace of a microphone; the latency is the time from
the last sample of a hop being written to the line with the answer being read: what comes on top of the window itself.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from earmark.serving.recogniser import Recogniser

RATE = 16000
HOP = 0.25
RUNS = 50


def babble(seconds: float) -> NDArray[np.float32]:
    """Noise (n,) at 16 kHz that rises and falls four times a second, as loud as speech."""
    time_ = np.arange(int(seconds * RATE)) / RATE
    noise = np.random.default_rng(0).normal(0, 0.1, len(time_))
    return (noise * (0.02 + np.abs(np.sin(4 * np.pi * time_)))).astype(np.float32)


def quantiles(times: list[float]) -> dict[str, float]:
    """Median, 95 % and largest, ms."""
    low, high = np.quantile(times, [0.5, 0.95])
    return {name: round(1000 * float(t), 1) for name, t in (("p50", low), ("p95", high), ("max", max(times)))}


def streamed(model: Path, seconds: float) -> dict[str, float]:
    """Latency of ``earmark listen`` that is fed in real time."""
    command = [sys.executable, "-m", "earmark", "listen", "--raw", str(RATE), "--json", "--every", str(HOP)]
    pcm = (babble(seconds) * 32767).astype("<i2")
    block = int(HOP * RATE)
    written: list[float] = []
    read: list[float] = []
    with subprocess.Popen(
        [*command, "--model", str(model)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
    ) as process:
        assert process.stdin and process.stdout
        answers = iter(process.stdout.readline, b"")
        process.stdin.write(pcm[:block].tobytes())
        next(answers)  # the model is loaded, the kernel compiled
        reader = threading.Thread(target=lambda: read.extend(time.monotonic() for _ in answers))
        reader.start()
        for start in range(block, len(pcm) - block + 1, block):
            time.sleep(HOP)
            process.stdin.write(pcm[start : start + block].tobytes())
            written.append(time.monotonic())
        process.stdin.close()
        reader.join()
    return quantiles([there - here for here, there in zip(written, read, strict=True)])


def answered(recogniser: Recogniser, seconds: float) -> dict[str, float]:
    """Time of a whole answer to a recording of so many ``seconds``, decoded already."""
    samples, times = babble(seconds), []
    for _ in range(RUNS):
        started = time.perf_counter()
        recogniser.of_samples(samples)
        times.append(time.perf_counter() - started)
    return quantiles(times[1:])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", type=Path, default=Path("results/model"))
    parser.add_argument("--seconds", type=float, default=20, help="of real time that is listened to")
    parser.add_argument("--output", type=Path, help="folder for latency.json")
    options = parser.parse_args()
    recogniser = Recogniser.load(options.model)
    found: dict[str, Any] = {"window_s": round(recogniser.window_seconds, 2), "hop_s": HOP}
    found["listen_ms"] = streamed(options.model, options.seconds)
    found |= {f"recording_{length}_s_ms": answered(recogniser, length) for length in (3, 60)}
    text = json.dumps(found, indent=2)
    print(text)
    if options.output:
        options.output.mkdir(parents=True, exist_ok=True)
        (options.output / "latency.json").write_text(text)


if __name__ == "__main__":
    main()
