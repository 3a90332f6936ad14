"""The demo corpus: four languages spoken by synthetic voices, in the release layout of Common Voice.

It needs no download, is made in under a minute, and is the same bytes on every run. Speakers differ in voice, accent,
rate, pitch, intonation and vocal tract length; clips differ in level and in noise. No sentence is used twice.
"""

from __future__ import annotations

import csv
import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from earmark.audio.encode import encoded
from earmark.audio.espeak import DEMO_VARIANTS, FEMALE_VARIANTS, SAMPLE_RATE, Voice, map_ahead, speak_apart
from earmark.corpus.demo_sentences import PHRASES, sentences
from earmark.store import replacing

VERSION = 1
"""Of the corpus: part of its file names, bump it when a byte changes."""

SEED = 20
SPEAKERS = 40
"""Per language, half of them female."""

CLIPS = 5
"""Per speaker."""

CLIP_RATE = 48000
"""Hz of the MP3 files, as in Common Voice."""

ACCENTS = {
    "de": {"de": "Deutschland Deutsch"},
    "en": {"en-us": "United States English", "en-gb-x-rp": "England English"},
    "es": {"es": "España", "es-419": "América central"},
    "fr": {"fr": "Français de France"},
}
"""Locale to espeak-ng's language names to the accent as the table names it."""

AGES = ("teens", "twenties", "thirties", "fourties", "fifties", "sixties")
COLUMNS = ("client_id", "path", "sentence", "up_votes", "down_votes", "age", "gender", "accents", "locale")
GENDERS = {"female": "female_feminine", "male": "male_masculine"}
SUMMARY = "corpus.json"


@dataclass(frozen=True)
class Speaker:
    """One synthetic person. ``tract`` stretches all frequencies: above 1 a shorter vocal tract, formants higher."""

    locale: str
    number: int
    voice: Voice
    tract: float
    age: str
    accent: str
    sentences: tuple[str, ...]

    @property
    def client_id(self) -> str:
        """Hash that stands for the person, as in Common Voice."""
        return hashlib.sha256(f"earmark demo {VERSION} {self.locale} {self.number}".encode()).hexdigest()

    @property
    def clips(self) -> list[str]:
        """File names of the clips."""
        return [f"earmark_{self.locale}_v{VERSION}_{self.number:02d}{clip}.mp3" for clip in range(CLIPS)]

    def seed(self, clip: int) -> list[int]:
        """Seed of the randomness of one clip (noise, level, votes)."""
        return [SEED, *self.locale.encode(), self.number, clip]


def speakers(locale: str, count: int = SPEAKERS) -> list[Speaker]:
    """The first ``count`` speakers of a language with their sentences, always the same; women and men alternate."""
    rng = np.random.default_rng([SEED, *locale.encode()])
    spoken = [sentences(locale)[i] for i in rng.permutation(len(sentences(locale)))[: count * CLIPS]]
    women = [variant for variant in DEMO_VARIANTS if variant in FEMALE_VARIANTS]
    men = [variant for variant in DEMO_VARIANTS if variant not in FEMALE_VARIANTS]
    people = []
    for number in range(count):
        variants = (women, men)[number % 2]
        own = tuple(spoken[number * CLIPS : (number + 1) * CLIPS])
        people.append(_speaker(locale, number, variants[number // 2 % len(variants)], own, rng))
    return people


def _speaker(locale: str, number: int, variant: str, own: tuple[str, ...], rng: np.random.Generator) -> Speaker:
    language = sorted(ACCENTS[locale])[int(rng.integers(len(ACCENTS[locale])))]
    tract = float(rng.uniform(0.87, 1.15))
    rate = round(float(rng.uniform(155, 205)) / tract)
    voice = Voice(language, variant, rate, int(rng.integers(30, 71)), int(rng.integers(30, 71)))
    return Speaker(locale, number, voice, tract, AGES[int(rng.integers(len(AGES)))], ACCENTS[locale][language], own)


def demo_is_complete(root: Path, count: int = SPEAKERS) -> bool:
    """Whether ``root`` holds the whole demo corpus of this version, with ``count`` speakers per language."""
    try:
        summary = json.loads((root / SUMMARY).read_text())
    except (OSError, ValueError):
        return False
    return bool(summary == _summary(count)) and not any(_missing(root, locale, count) for locale in PHRASES)


def write_demo(root: Path, workers: int = 1, count: int = SPEAKERS) -> None:
    """Write the demo corpus to ``root``; what is there already is kept, so an interrupted run can be continued.

    ``root/<locale>/validated.tsv``, ``root/<locale>/clips/*.mp3`` and, last of all, ``root/corpus.json``.
    ``count`` speakers per language: fewer make a smaller corpus of the same clips.
    Raises EarmarkError if espeak-ng is missing or one of its processes dies.
    """
    if demo_is_complete(root, count):
        return
    (root / SUMMARY).unlink(missing_ok=True)
    todo = [speaker for locale in PHRASES for speaker in _missing(root, locale, count)]
    voices = speak_apart(([(speaker.voice, text) for text in speaker.sentences] for speaker in todo), workers)
    spoken = zip(todo, voices, strict=True)
    written = map_ahead(lambda job: _write_clips(root, *job), spoken, max(1, workers))
    for _ in tqdm(written, total=len(todo), desc="demo corpus", unit="speaker", disable=None):
        pass
    for locale in PHRASES:
        _write_table(root, locale, count)
    with replacing(root / SUMMARY) as part:
        part.write_text(json.dumps(_summary(count), indent=2, sort_keys=True) + "\n")


def _summary(count: int) -> dict[str, object]:
    clips = dict.fromkeys(PHRASES, count * CLIPS)
    return {"name": "earmark demo", "version": VERSION, "seed": SEED, "speakers": count, "clips": clips}


def _missing(root: Path, locale: str, count: int) -> list[Speaker]:
    """Speakers of whom a clip is not there yet."""
    folder = root / locale / "clips"
    there = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    return [speaker for speaker in speakers(locale, count) if not there.issuperset(speaker.clips)]


def _write_clips(root: Path, speaker: Speaker, voices: Sequence[NDArray[np.float32]]) -> None:
    for clip, voice in enumerate(voices):
        _write_clip(root, speaker, clip, voice)


def _write_clip(root: Path, speaker: Speaker, clip: int, voice: NDArray[np.float32]) -> None:
    import soxr

    stretched = soxr.resample(voice, SAMPLE_RATE * speaker.tract, CLIP_RATE, quality="HQ")
    samples = _recorded(stretched, np.random.default_rng(speaker.seed(clip)))
    with replacing(root / speaker.locale / "clips" / speaker.clips[clip]) as part:
        part.write_bytes(encoded(samples, CLIP_RATE, "MP3"))


def _recorded(voice: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.int16]:
    """``voice`` (n,) as if recorded: int16 at -32..-16 dBFS with noise 5..30 dB below it, white or dull, and a pause.

    Integer arithmetic where a sum is taken: floating-point sums depend on the CPU's vector width.
    """
    pause = np.zeros(int(rng.integers(0, CLIP_RATE // 4)), np.float32)
    speech = np.rint(np.concatenate([pause, voice]) * 32767).astype(np.int64)
    noise = rng.integers(-10000, 10001, len(speech))
    if rng.random() < 0.5:
        noise = np.sum([np.roll(noise, shift) for shift in range(8)], axis=0)
    level, below = 10 ** (rng.uniform(-32, -16) / 20), 10 ** (rng.uniform(-30, -5) / 20)
    mixed = speech * (32767 * level / _rms(speech)) + noise * (32767 * level * below / _rms(noise))
    return np.clip(np.rint(mixed), -32767, 32767).astype(np.int16)


def _rms(samples: NDArray[np.int64]) -> float:
    return math.sqrt(int((samples * samples).sum()) / len(samples))


def _write_table(root: Path, locale: str, count: int) -> None:
    """``validated.tsv`` of a language; clips of other versions are removed from its folder."""
    people = speakers(locale, count)
    clips = root / locale / "clips"
    for path in sorted({p.name for p in clips.iterdir()} - {name for person in people for name in person.clips}):
        (clips / path).unlink()
    with replacing(root / locale / "validated.tsv") as part, part.open("w", newline="") as stream:
        writer = csv.writer(stream, delimiter="\t", lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(row for person in people for row in _rows(person))


def _rows(speaker: Speaker) -> list[Sequence[str | int]]:
    rows: list[Sequence[str | int]] = []
    for clip, (name, sentence) in enumerate(zip(speaker.clips, speaker.sentences, strict=True)):
        up, down = np.random.default_rng([*speaker.seed(clip), 1]).integers([2, 0], [9, 2])
        gender = GENDERS[speaker.voice.gender]
        rows.append((speaker.client_id, name, sentence, up, down, speaker.age, gender, speaker.accent, speaker.locale))
    return rows
