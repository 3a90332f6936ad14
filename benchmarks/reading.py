"""Shards read back, and images as PNG: CPU time, beside Pillow and with and without compression.

    python benchmarks/reading.py [FOLDER]

FOLDER holds recorded speech (FLAC, WAV, MP3, Ogg), whose images are used; without it noise that moves like speech is.
Times are CPU time of one core, the median of five runs. Shards are in the page cache of the operating system.
"""

from __future__ import annotations

import io
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from earmark.audio.decode import decode
from earmark.audio.frontend import Frontend
from earmark.config import FeatureParams
from earmark.provenance import Provenance
from earmark.shards.blobs import ROWS_PER_GROUP, BlobWriter, Compression
from earmark.shards.dataset import ShardDataset
from earmark.shards.png import png
from earmark.shards.schema import mel_schema

SECONDS = 6.0
FRAMES = 480
RUNS = 5
PICTURES = 240
ROWS = 4096
SMALL = FeatureParams(trim_db=None)
LARGE = FeatureParams(trim_db=None, n_mels=224, fmin=200, fmax=8000)
FORMATS = (".flac", ".wav", ".mp3", ".ogg")

Clip = NDArray[np.float32]
Pictures = Sequence[NDArray[np.uint8]]


def noise(count: int) -> Iterator[Clip]:
    """Clips (96,000,) of noise whose level rises and falls four times a second, in a band of its own each."""
    random = np.random.default_rng(0)
    for _ in range(count):
        length = int(SECONDS * SMALL.sample_rate)
        spectrum = np.fft.rfft(random.standard_normal(length))
        spectrum /= 1 + (np.arange(len(spectrum)) / random.uniform(1e3, 1e4)) ** 2
        level = 0.02 + np.abs(np.sin(np.arange(length) * 2 * np.pi * 4 / SMALL.sample_rate))
        yield (np.fft.irfft(spectrum) * level).astype(np.float32)


def speech(folder: Path, count: int) -> Iterator[Clip]:
    """Recordings one after another, cut into clips of six seconds."""
    files = sorted(path for path in folder.rglob("*") if path.suffix in FORMATS)
    rest = np.empty(0, np.float32)
    for path in files:
        rest = np.concatenate([rest, decode(path, SMALL.sample_rate)[0]])
        while len(rest) >= SECONDS * SMALL.sample_rate and count:
            clip, rest = np.split(rest, [int(SECONDS * SMALL.sample_rate)])
            count -= 1
            yield clip


def images(clips: Sequence[Clip], features: FeatureParams) -> Pictures:
    """Mel images (n_mels, 480)."""
    frontend = Frontend(features)
    return [np.ascontiguousarray(frontend.image(clip)[:, :FRAMES]) for clip in clips]


def seconds(task: Callable[[], object]) -> float:
    """CPU time of ``task``: the median of several runs, the first left out."""
    times = []
    for _ in range(RUNS + 1):
        start = time.process_time()
        task()
        times.append(time.process_time() - start)
    return float(np.median(times[1:]))


def pillow(picture: NDArray[np.uint8]) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG")
    return buffer.getvalue()


def encoding(name: str, pictures: Pictures) -> str:
    """One line: ms and bytes per picture, of Pillow's and of ours."""
    times = [seconds(lambda e=encode: [e(p) for p in pictures]) / len(pictures) * 1e3 for encode in (pillow, png)]
    sizes = [sum(len(encode(p)) for p in pictures) / len(pictures) for encode in (pillow, png)]
    assert all(np.array_equal(np.asarray(Image.open(io.BytesIO(png(p)))), p) for p in pictures[:20])
    return (
        f"| {name} | {times[0]:.2f} | {times[1]:.2f} | {times[0] / times[1]:.1f} × | {sizes[0] / 1e3:.1f} "
        f"| {sizes[1] / 1e3:.1f} | {sizes[1] / sizes[0]:.3f} |"
    )


def shard(path: Path, pictures: Pictures, compression: Compression) -> Path:
    """``ROWS`` rows of the pictures in turn."""
    facts = {"heights": {"mel": len(pictures[0])}, "dtype": "uint8", "top_db": 80.0}
    with BlobWriter(path, Provenance("mel", 0, "benchmark").stamp(mel_schema(["mel"]), **facts), compression) as writer:
        for row in range(ROWS):
            writer.add(f"clip {row:06}", f"{row:020x}", 0, FRAMES, pictures[row % len(pictures)].tobytes())
    return path


def reading(path: Path, pictures: Pictures, compression: Compression) -> str:
    """One line: size, and what writing and reading cost."""
    written = seconds(lambda: shard(path, pictures, compression)) / ROWS
    data, single = ShardDataset([path], frames=FRAMES), ShardDataset([path], frames=FRAMES, buffer=1)
    clips = np.arange(5, ROWS, 7 * ROWS_PER_GROUP)[:, None]  # each of another row group
    in_order = seconds(lambda: [batch.rows for batch in data.batches(64)]) / ROWS
    shuffled = seconds(lambda: [batch.rows for batch in data.batches(64, np.random.default_rng(0))]) / ROWS
    at_random = seconds(lambda: [single.take(clip).rows for clip in clips]) / len(clips)
    size = path.stat().st_size / ROWS
    return (
        f"| {len(pictures[0])} × {FRAMES} | {compression} | {size / 1e3:.1f} | {written * 1e6:.0f} "
        f"| {1 / in_order:,.0f} | {1 / shuffled:,.0f} | {at_random * 1e3:.2f} |"
    )


def main() -> None:
    """Print two tables."""
    clips = list(speech(Path(sys.argv[1]), PICTURES) if len(sys.argv) > 1 else noise(PICTURES))
    small, large = images(clips, SMALL), images(clips, LARGE)
    print(f"{len(clips)} clips of {SECONDS:g} s\n")
    print("| PNG of | Pillow, ms | ms | faster | Pillow, kB | kB | size |\n|---|---|---|---|---|---|---|")
    for pictures in (small, large):
        print(encoding(f"{len(pictures[0])} × {FRAMES}", pictures), flush=True)
    print("\n| shard of | compression | kB/clip | write, µs/clip | read in order, clips/s | shuffled | one clip, ms |")
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for pictures in (small, large):
            for compression in ("none", "zstd"):
                print(reading(Path(folder, "shard.parquet"), pictures, compression), flush=True)


if __name__ == "__main__":
    main()
