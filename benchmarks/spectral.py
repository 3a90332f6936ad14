"""MFCC, chroma, contrast, PCEN and deltas: ours against librosa, from the same spectrogram, on one core.

    python benchmarks/spectral.py [clips per process]

The first table is CPU time per clip of six seconds at 16 kHz: the median of rounds in which both take turns, and the
range of their middle half. The second is what a process pays once, import and first call, as CPU time and memory, and
what a clip costs when that is shared by the clips (3,000 unless told) of one process, as in a worker that fills shards.
numba's cache, which librosa fills at its first use on a machine, is full.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from earmark.audio.mel import filterbank

Array = NDArray[np.float32]
Call = Callable[[], Array]

RATE = 16000
SECONDS = 6
SETTINGS = ((512, 200), (2048, 512))
"""n_fft and hop_length, samples."""

KINDS = ("mfcc", "chroma", "contrast", "pcen", "delta", "delta of delta")
ROUNDS, CALLS = 31, 5
PROCESSES = 5


def spectrum(n_fft: int, hop_length: int) -> Array:
    """Magnitudes (1 + n_fft // 2, frames) of a voice-like sound: gliding harmonics in bursts, noise 40 dB below."""
    t = np.arange(SECONDS * RATE) / RATE
    pitch = 2 * np.pi * (120 * t + 30 * np.sin(3 * t))
    tone = sum(np.sin(k * pitch) / k for k in range(1, 20)) * np.clip(np.sin(9 * t), 0, None)
    padded = np.pad(0.3 * tone + 3e-3 * np.random.default_rng(0).standard_normal(len(t)), n_fft // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, n_fft)[::hop_length]
    return np.ascontiguousarray(np.abs(np.fft.rfft(frames * np.hanning(n_fft + 1)[:-1])).T, np.float32)


def inputs(n_fft: int, hop_length: int) -> tuple[Array, Array, Array, Array]:
    """Magnitude, power, mel power and mel level (dB)."""
    magnitude = spectrum(n_fft, hop_length)
    power = magnitude**2
    mel = filterbank(RATE, n_fft, 40, 60, 7600) @ power
    return magnitude, power, mel, np.maximum(10 * np.log10(mel / mel.max()), -80).astype(np.float32)


def ours(kind: str, n_fft: int, hop_length: int, data: tuple[Array, Array, Array, Array]) -> Call:
    magnitude, power, mel, level = data
    if kind == "chroma":
        from earmark.audio.chroma import Chroma

        return partial(Chroma(RATE, n_fft), power)
    if kind == "contrast":
        from earmark.audio.contrast import SpectralContrast

        return partial(SpectralContrast(RATE, n_fft), magnitude)
    if kind == "pcen":
        from earmark.audio.pcen import pcen

        return partial(pcen, mel, RATE, hop_length)
    from earmark.audio.spectral import delta, mfcc

    return partial(mfcc, level, 20) if kind == "mfcc" else partial(delta, level, 1 if kind == "delta" else 2)


def theirs(kind: str, n_fft: int, hop_length: int, data: tuple[Array, Array, Array, Array]) -> Call:
    import librosa

    magnitude, power, mel, level = data
    calls: dict[str, Call] = {
        "mfcc": lambda: librosa.feature.mfcc(S=level, n_mfcc=20),
        "chroma": lambda: librosa.feature.chroma_stft(S=power, sr=RATE, n_fft=n_fft),
        "contrast": lambda: librosa.feature.spectral_contrast(S=magnitude, sr=RATE, n_fft=n_fft),
        "pcen": lambda: librosa.pcen(mel * np.float32(2**31), sr=RATE, hop_length=hop_length),
        "delta": lambda: librosa.feature.delta(level, order=1),
        "delta of delta": lambda: librosa.feature.delta(level, order=2),
    }
    return calls[kind]


def milliseconds(call: Call) -> float:
    start = time.process_time()
    for _ in range(CALLS):
        call()
    return (time.process_time() - start) / CALLS * 1e3


def compared(first: Call, second: Call) -> NDArray[np.float64]:
    """Milliseconds per call (2, ROUNDS), in turns."""
    first(), second()
    return np.array([(milliseconds(first), milliseconds(second)) for _ in range(ROUNDS)]).T


def spread(values: NDArray[np.float64]) -> str:
    low, middle, high = np.quantile(values, [0.25, 0.5, 0.75])
    return f"{middle:.3f} ({low:.3f}–{high:.3f})"


def per_clip() -> dict[tuple[str, int], NDArray[np.float64]]:
    """Print the first table; the median milliseconds of ours and theirs by (kind, n_fft)."""
    print("| n_fft, hop | kind | ours, ms | librosa, ms | librosa / ours | largest difference |")
    print("|---|---|---|---|---|---|")
    medians = {}
    for n_fft, hop_length in SETTINGS:
        data = inputs(n_fft, hop_length)
        for kind in KINDS:
            first, second = (engine(kind, n_fft, hop_length, data) for engine in (ours, theirs))
            times = compared(first, second)
            medians[kind, n_fft] = median = np.median(times, axis=1)
            difference = np.abs(first() - second()).max()
            columns = [f"{n_fft}, {hop_length}", kind, spread(times[0]), spread(times[1])]
            print("|", " | ".join([*columns, f"{median[1] / median[0]:.1f}", f"{difference:.0e}"]), "|", flush=True)
    return medians


def start(engine: str, kind: str) -> None:
    """Print the CPU seconds and MB that the first call takes in this process, as JSON."""
    n_fft, hop_length = SETTINGS[0]
    data = inputs(n_fft, hop_length)
    before, began = resident(), time.process_time()
    (ours if engine == "ours" else theirs)(kind, n_fft, hop_length, data)()
    print(json.dumps([time.process_time() - began, resident() - before]))


def resident() -> float:
    """Memory of this process, MB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 2**20


def started(engine: str, kind: str) -> tuple[float, float]:
    """Median CPU seconds and MB of the first call, over fresh processes."""
    command = [sys.executable, __file__, "--start", engine, kind]
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
    found: list[Any] = []
    for _ in range(PROCESSES):
        found.append(json.loads(subprocess.run(command, capture_output=True, check=True, env=environment).stdout))
    seconds, memory = np.median(found, axis=0)
    return float(seconds), float(memory)


def per_process(medians: dict[tuple[str, int], NDArray[np.float64]], clips: int) -> None:
    """Print the second table."""
    print(f"\n| kind | start of ours | start of librosa | ours, ms per clip of {clips:,} | librosa | librosa / ours |")
    print("|---|---|---|---|---|---|")
    for kind in KINDS:
        starts = [started(engine, kind) for engine in ("ours", "librosa")]
        first, second = medians[kind, SETTINGS[0][0]] + 1e3 * np.array([seconds for seconds, _ in starts]) / clips
        columns = [f"{seconds:.3f} s, {memory:.0f} MB" for seconds, memory in starts]
        costs = [f"{first:.3f}", f"{second:.3f}", f"{second / first:.1f}"]
        print("|", " | ".join([kind, *columns, *costs]), "|", flush=True)


def main() -> None:
    """Print both tables."""
    warnings.simplefilter("ignore")
    if sys.argv[1:2] == ["--start"]:
        return start(*sys.argv[2:4])
    with threadpool_limits(1):
        medians = per_clip()
    per_process(medians, int(sys.argv[1]) if sys.argv[1:] else 3000)


if __name__ == "__main__":
    main()
