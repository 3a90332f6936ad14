"""Damaged and hostile files against the decoder: nothing may crash it, hang it or make it leak.

    python benchmarks/fuzz_decode.py [--count 10000] [--formats wav,flac] [--output FOLDER]

Of every format that libsndfile writes (and m4a and WebM where ffmpeg is installed) so many mutants of a short sound are
decoded in a worker process under the limits of an upload: bytes of the header changed, the file cut, bytes put in or
taken out, or several of these. Every mutant must be decoded or refused with a reason. A worker that dies or is stopped
is a fault, and so is memory or a file that a worker keeps. Exit code 1 if there is any.
"""

from __future__ import annotations

import argparse
import io
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import soundfile

from earmark.audio.decode import DecodeError
from earmark.audio.limits import UPLOAD
from earmark.serving.decoders import Decoders

RATE = 16000
SECONDS = 0.4
HEADER = 400
"""Bytes from the start that most mutations change: headers, tables, the first blocks."""

LIMITS = replace(UPLOAD, seconds=300, decoded_bytes=1 << 28, memory_bytes=1 << 30, cpu_seconds=10)
WARM_UP = 0.3
"""Share of the mutants after which a worker has loaded what it ever will; what it grows by from there on is a leak."""

LEAK = 16 << 20
"""Bytes that an allocator may keep. libsndfile 1.2.2 keeps 3 kB of each damaged Ogg, which would be 21 MB here; so a
worker that has met many damaged files is replaced."""

FAULTS = ("crashed", "too_slow", "failed")
EXTREMES = (0, 1, 0x7F, 0x80, 0xFE, 0xFF)


@dataclass
class Outcome:
    """Of one format: how many mutants ended how, MB and descriptors that a worker grew by, seconds of wall time."""

    format: str
    ends: Counter[str]
    kept_megabytes: float
    kept_files: int
    seconds: float

    @property
    def faults(self) -> int:
        """What should not have happened."""
        found = sum(self.ends[name] for name in FAULTS)
        return found + (self.kept_megabytes > LEAK / 2**20) + (self.kept_files > 0)


def originals() -> Iterator[tuple[str, bytes]]:
    """Name and bytes of a short sound in each format, and in some of its codings."""
    time_ = np.arange(int(RATE * SECONDS)) / RATE
    sound = 0.3 * np.sin(2 * np.pi * (300 + 200 * time_) * time_) + np.random.default_rng(0).normal(0, 0.01, len(time_))
    codings = [(name, None) for name in sorted(soundfile.available_formats()) if name not in ("RAW", "SD2")]
    codings += [("WAV", coding) for coding in ("FLOAT", "IMA_ADPCM", "MS_ADPCM", "GSM610", "G721_32", "NMS_ADPCM_16")]
    codings += [("OGG", "OPUS"), ("CAF", "ALAC_16"), ("AIFF", "IMA_ADPCM"), ("AU", "G723_40"), ("VOC", "ULAW")]
    for name, coding in codings:
        stream = io.BytesIO()
        rate = 8000 if name == "WVE" else RATE
        try:
            soundfile.write(stream, sound, rate, coding, format=name)
        except (soundfile.SoundFileError, ValueError):
            continue  # only read, or not from memory
        yield name.lower() + (f"-{coding.lower()}" if coding else ""), stream.getvalue()
    wave = io.BytesIO()
    soundfile.write(wave, sound, RATE, format="WAV")
    yield from _by_ffmpeg(wave.getvalue())


def _by_ffmpeg(wave: bytes) -> Iterator[tuple[str, bytes]]:
    program = shutil.which("ffmpeg")
    for name, words in (("m4a", ["-c:a", "aac", "-f", "ipod"]), ("webm", ["-c:a", "libopus", "-f", "webm"])):
        if program:
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / f"sound.{name}"
                command = [program, "-v", "error", "-f", "wav", "-i", "pipe:0", *words, str(path)]
                subprocess.run(command, input=wave, check=True)
                yield name, path.read_bytes()


def mutant(data: bytes, random: np.random.Generator) -> bytes:
    """``data`` with one to three mutations."""
    changed = bytearray(data)
    for _ in range(random.integers(1, 4)):
        _MUTATIONS[random.integers(len(_MUTATIONS))](changed, random)
    return signed(bytes(changed)) if data[:4] == b"OggS" and random.random() < 0.7 else bytes(changed)


def signed(data: bytes) -> bytes:
    """``data`` with the check sums of its Ogg pages set right, so that what is damaged is read at all (RFC 3533)."""
    pages = data.split(b"OggS")
    for number, page in enumerate(pages[1:], 1):
        if len(page) >= 22:
            pages[number] = page[:18] + _crc(b"OggS" + page[:18] + bytes(4) + page[22:]) + page[22:]
    return b"OggS".join(pages)


def _crc(page: bytes) -> bytes:
    value = 0
    for byte in page:
        value = (value << 8 & 0xFFFFFFFF) ^ CRC[(value >> 24) ^ byte]
    return value.to_bytes(4, "little")


def _crc_of(byte: int) -> int:
    value = byte << 24
    for _ in range(8):
        value = (value << 1 ^ (0x04C11DB7 if value & 1 << 31 else 0)) & 0xFFFFFFFF
    return value


CRC = [_crc_of(byte) for byte in range(256)]


def _place(data: bytearray, random: np.random.Generator) -> int:
    """Mostly in the header."""
    return int(random.integers(max(1, min(len(data), HEADER if random.random() < 0.8 else len(data)))))


def _bytes(data: bytearray, random: np.random.Generator) -> None:
    for _ in range(random.integers(1, 9)):
        if data:
            data[_place(data, random)] = int(random.integers(256))


def _number(data: bytearray, random: np.random.Generator) -> None:
    """Four bytes become an extreme number."""
    at = _place(data, random)
    data[at : at + 4] = bytes([EXTREMES[random.integers(len(EXTREMES))] for _ in range(4)])[: len(data) - at]


def _cut(data: bytearray, random: np.random.Generator) -> None:
    del data[_place(data, random) :]


def _remove(data: bytearray, random: np.random.Generator) -> None:
    at = _place(data, random)
    del data[at : at + int(random.integers(1, 64))]


def _insert(data: bytearray, random: np.random.Generator) -> None:
    """Bytes of the file itself, such as a chunk a second time, or random ones."""
    at, source = _place(data, random), _place(data, random)
    size = int(random.integers(1, 64))
    data[at:at] = data[source : source + size] if random.random() < 0.5 else random.bytes(size)


_MUTATIONS = (_bytes, _bytes, _number, _number, _cut, _remove, _insert)


def fuzz(name: str, data: bytes, count: int, keep: Path | None = None) -> Outcome:
    """Decode ``count`` mutants of ``data``; those that are faults are written into ``keep``."""
    random, ends, started = np.random.default_rng(len(data)), Counter[str](), time.monotonic()
    sizes: list[tuple[int, int]] = []
    with Decoders(RATE, LIMITS, count=1) as decoders:
        for number in range(count):
            broken = mutant(data, random)
            end = _end(decoders, broken)
            ends[end] += 1
            if end in FAULTS and keep:
                (keep / f"{name}-{number}-{end}").write_bytes(broken)
            if number >= WARM_UP * count and number % 50 == 0:
                sizes += _size(decoders)
    kept, files = np.ptp(sizes, axis=0).tolist() if sizes else (0, 0)
    return Outcome(name, ends, kept / 2**20, files, time.monotonic() - started)


def _end(decoders: Decoders, data: bytes) -> str:
    try:
        decoders.samples(data)
    except DecodeError as error:
        return error.reason
    return "decoded"


def _size(decoders: Decoders) -> list[tuple[int, int]]:
    """Resident bytes and open descriptors of the only worker, if it has one."""
    found = []
    for process in decoders.workers.processes():
        pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
        found.append((pages * 4096, len(list(Path(f"/proc/{process}/fd").iterdir()))))
    return found


def main() -> int:
    """Fuzz the formats asked for and print a line for each."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--count", type=int, default=10_000, help="mutants of each format")
    parser.add_argument("--formats", help="comma-separated; all if not given")
    parser.add_argument("--output", type=Path, help="folder for results as JSON and for what was a fault")
    options = parser.parse_args()
    if options.output:
        options.output.mkdir(parents=True, exist_ok=True)
    wanted = options.formats.split(",") if options.formats else None
    outcomes = []
    for name, data in originals():
        if wanted is None or name in wanted:
            outcomes.append(fuzz(name, data, options.count, options.output))
            print(_line(outcomes[-1]), flush=True)
    if options.output:
        table = [{**vars(outcome), "faults": outcome.faults} for outcome in outcomes]
        (options.output / "fuzz_decode.json").write_text(json.dumps(table, indent=2))
    faults = sum(outcome.faults for outcome in outcomes)
    print(f"{len(outcomes)} formats, {sum(o.ends.total() for o in outcomes)} mutants, {faults} faults")
    return int(faults > 0)


def _line(outcome: Outcome) -> str:
    ends = ", ".join(f"{name} {count}" for name, count in outcome.ends.most_common())
    kept = f"kept {outcome.kept_megabytes:+.1f} MB, {outcome.kept_files} files"
    return f"{outcome.format:18} {outcome.faults} faults  {kept:24} {outcome.seconds:6.1f} s  {ends}"


if __name__ == "__main__":
    sys.exit(main())
