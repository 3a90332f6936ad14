"""Clips of about 6 s to measure with: the same sound as MP3 48 kHz, WAV 16 kHz and FLAC 16 kHz.

    python -m front_end.clips FOLDER COUNT [SHARED]

Runs in a process of its own, so that the one that measures stays small.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

RATE, MP3_RATE = 16000, 48000
SECONDS = 6.0
SPREAD = 0.8
"""Clips last from 5.2 to 6.8 s."""

MP3 = {"format": "MP3", "subtype": "MPEG_LAYER_III", "bitrate_mode": "CONSTANT", "compression_level": 0.89}
"""Level 0.89 is 64 kbit/s, as in Common Voice."""

SPEECH = "gender_librispeech/*/*.flac"
"""LibriSpeech among the shared recordings: parts of 3 s."""

ENOUGH = 20
"""Fewer recordings are none."""

VOICES = ("f2", "f4", "linda", "m2", "m4", "m8", "ed", "paul")
TEXT = "Take {number}: seven green boats went slowly down the quiet river before the morning came, said {voice}."

Samples = NDArray[np.float32]


def main(folder: Path, count: int, shared: Path | None) -> None:
    """Write the clips to ``folder/mp3``, ``/wav`` and ``/flac``, and where the speech is from to ``speech.txt``."""
    recorded = sorted(shared.glob(SPEECH)) if shared else []
    recorded = recorded if len(recorded) >= ENOUGH else []
    for suffix in ("mp3", "wav", "flac"):
        (folder / suffix).mkdir(parents=True)
    speech = (soundfile.read(path, dtype="float32")[0] for path in recorded) if recorded else spoken()
    for number, samples in enumerate(islice(cuts(speech, bool(recorded)), count)):
        write(folder, f"clip-{number:05d}", samples)
    (folder / "speech.txt").write_text("LibriSpeech" if recorded else "espeak-ng")


def cuts(speech: Iterator[Samples], is_recorded: bool) -> Iterator[Samples]:
    """Clips of varying length, one after the other, from the speech strung together; recorded speech begins anew."""
    random, held = np.random.default_rng(0), np.zeros(0, np.float32)
    kept: list[Samples] = []
    for part in speech:
        kept.append(part)
        held = np.concatenate([held, part])
        while len(held) > round((SECONDS + SPREAD) * RATE):
            length = round((SECONDS + random.uniform(-SPREAD, SPREAD)) * RATE)
            yield held[:length]
            held = held[length:]
    if is_recorded and kept:
        # once more, from another place: no clip is the same as an earlier one
        yield from cuts(iter([kept[0][RATE:], *kept[1:], kept[0]]), is_recorded)


def spoken() -> Iterator[Samples]:
    """Sentences by espeak-ng without end, 16 kHz."""
    from earmark.audio.espeak import SAMPLE_RATE, Voice, speak_apart

    number = 0
    while True:
        batch = [(Voice("en-us", v, rate=150 + number % 40), TEXT.format(number=number, voice=v)) for v in VOICES]
        for clips in speak_apart([batch]):
            yield from (soxr.resample(samples, SAMPLE_RATE, RATE) for samples in clips)
        number += 1


def write(folder: Path, name: str, samples: Samples) -> None:
    """The clip in its three formats."""
    soundfile.write(folder / "wav" / f"{name}.wav", samples, RATE, subtype="PCM_16")
    soundfile.write(folder / "flac" / f"{name}.flac", samples, RATE, subtype="PCM_16")
    soundfile.write(folder / "mp3" / f"{name}.mp3", soxr.resample(samples, RATE, MP3_RATE), MP3_RATE, **MP3)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]) if len(sys.argv) > 3 else None)
