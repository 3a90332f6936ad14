"""The data sets of the recipes in small: recorded speech beside the project, written in each set's own layout.

    python benchmarks/small_data.py FOLDER [--speakers 10]

FOLDER gets what ``data/raw`` has for a user: a Common Voice release, that of 2018, Kaggle's languages, VoxForge and
Speech Commands. Languages of which there are few recordings have invented speakers: this shows that a recipe runs
from its layout to its figures, and says nothing about the figures.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import itertools
import shutil
import tarfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

from earmark.audio.decode import resample

RATE = 16000
"""Hz, of all that is kept in memory."""

TAKES = 2
"""Clips of a speaker."""

WORDS = ("yes", "no", "up", "down", "left", "right", "on", "off", "stop", "go", "_unknown_")
LOCALES = {"en": "en", "es": "es", "zh": "zh-CN", "ru": "ru", "it": "it", "de": "de"}
AGES = ("twenties", "thirties", "fourties")


@dataclass(frozen=True)
class Clip:
    """A recording: its language or word, who speaks it how often before, mono samples of 16 kHz, its place of three."""

    label: str
    speaker: str
    gender: str
    take: int
    samples: NDArray[np.float32]
    split: str

    @property
    def digest(self) -> str:
        """The speaker's name as data sets hash it: 32 hexadecimal digits."""
        return hashlib.md5(f"{self.label} {self.speaker}".encode()).hexdigest()

    @property
    def rank(self) -> int:
        """A number that differs from clip to clip, for votes and ages."""
        return int(self.digest[:4], 16) + self.take


def rows(shared: Path, name: str) -> list[dict[str, str]]:
    with (shared / f"{name}.csv").open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def read(path: Path) -> NDArray[np.float32]:
    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    return np.asarray(resample(samples.mean(axis=1), rate, RATE), np.float32)


def speech(shared: Path, speakers: range) -> list[Clip]:
    """Sentences or pairs of words: en by readers of both genders, zh by speakers, the others by invented ones.

    ``speakers`` are the numbers of those who are heard, of each class.
    """
    found = []
    for gender in ("male", "female"):
        readers = [row for row in rows(shared, "gender_librispeech") if row["label"] == gender]
        found += _spoken(shared, "en", gender, _by(readers, "speaker"), speakers, 1)
    chinese = [row for row in rows(shared, "lid_zh_en_dspspeech20") if row["label"] == "zh"]
    found += _spoken(shared, "zh", "male", _by(chinese, "speaker"), speakers, 1)
    for language in ("es", "de", "fr", "it", "ru"):
        words = [row for row in rows(shared, "lid_gcompris") if row["label"] == language]
        found += _spoken(shared, language, "male", _invented(words, 2 * TAKES), speakers, 2)
    return found


def _invented(words: list[dict[str, str]], size: int) -> dict[str, list[dict[str, str]]]:
    """Speakers of ``size`` recordings each."""
    return {str(i): words[i : i + size] for i in range(0, len(words) - size + 1, size)}


def _by(found: Iterable[dict[str, str]], column: str) -> dict[str, list[dict[str, str]]]:
    groups = defaultdict(list)
    for row in found:
        groups[row[column]].append(row)
    return groups


def _spoken(
    shared: Path, label: str, gender: str, voices: dict[str, list[dict[str, str]]], speakers: range, parts: int
) -> Iterator[Clip]:
    """``TAKES`` clips of ``parts`` recordings by each of the ``speakers`` among the voices that have so many."""
    enough = [(voice, own) for voice, own in voices.items() if len(own) >= parts * TAKES]
    enough = enough[speakers.start : speakers.stop]
    for place, (voice, own) in enumerate(enough):
        split = {len(enough) - 1: "test", len(enough) - 2: "test", len(enough) - 3: "val", len(enough) - 4: "val"}
        for take in range(TAKES):
            chosen = own[take * parts : (take + 1) * parts]
            samples = np.concatenate([read(shared / row["path"]) for row in chosen])
            yield Clip(label, voice, gender, take, samples, split.get(place, "train"))


@dataclass(frozen=True)
class Source:
    """The recordings beside the project, and how many speakers of each class are taken."""

    shared: Path
    speakers: int
    first: int = 0

    @cached_property
    def clips(self) -> list[Clip]:
        """All sentences; words of Speech Commands are read by themselves."""
        return speech(self.shared, range(self.first, self.first + self.speakers))

    def others(self) -> Source:
        """As many other people."""
        return Source(self.shared, self.speakers, self.first + self.speakers)


def write(path: Path, clip: Clip, rate: int = RATE) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, np.clip(resample(clip.samples, RATE, rate), -1, 1), rate)


def write_table(path: Path, table: list[dict[str, Any]], delimiter: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(table[0]), delimiter=delimiter, lineterminator="\n")
        writer.writeheader()
        writer.writerows(table)


def pack(folder: Path, archive: Path, top: str) -> None:
    archive.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(folder, top)


def about(clip: Clip, path: str) -> dict[str, Any]:
    """Columns that both kinds of Common Voice tables have."""
    votes = {"up_votes": 2 + clip.rank % 7, "down_votes": 0}
    return {"path": path, "sentence": f"{clip.label} {clip.rank}", **votes, "age": AGES[clip.rank % 3],
            "gender": clip.gender, "accent": "us" if clip.label == "en" else ""}  # fmt: skip


def common_voice(root: Path, source: Source) -> None:
    """A release: a table per locale, MP3 at 48 kHz."""
    for language, locale in LOCALES.items():
        table = []
        for clip in (clip for clip in source.clips if clip.label == language):
            name = f"common_voice_{locale}_{clip.digest[:8]}{clip.take}.mp3"
            write(root / locale / "clips" / name, clip, 48000)
            table.append({"client_id": clip.digest, **about(clip, name)})
        write_table(root / locale / "validated.tsv", table, "\t")


def common_voice_2018(root: Path, source: Source) -> None:
    """The first release: English, three tables, no speakers; a recording is long enough for several segments."""
    readers = [clip for clip in source.clips if clip.label == "en" and clip.take == 0]
    for split, stated in (("train", "train"), ("val", "dev"), ("test", "test")):
        table = []
        for i, clip in enumerate(c for c in readers if c.split == split):
            name = f"cv-valid-{stated}/sample-{i:06d}.mp3"
            both = [c.samples for c in source.clips if (c.label, c.speaker) == ("en", clip.speaker)]
            write(root / name, replace(clip, samples=np.concatenate(both)), 48000)
            row = about(clip, name)
            first = {"filename": row.pop("path"), "text": row.pop("sentence")}
            table.append({**first, **row, "duration": ""})
        write_table(root / f"cv-valid-{stated}.csv", table, ",")


def kaggle_languages(root: Path, source: Source) -> None:
    """FLAC at 22,050 Hz; training fragments have a noisy, a shifted and a sped-up copy."""
    for clip in (clip for clip in source.clips if clip.label in ("de", "en", "es")):
        name = f"{clip.label}_{clip.gender[0]}_{clip.digest}.fragment{clip.take + 1}"
        write(root / ("test" if clip.split == "test" else "train") / f"{name}.flac", clip, 22050)
        if clip.split != "test" and clip.take == 0:
            for kind, samples in copies(clip).items():
                write(root / "train" / f"{name}.{kind}.flac", replace(clip, samples=samples), 22050)


def copies(clip: Clip) -> dict[str, NDArray[np.float32]]:
    noise = np.random.default_rng(clip.rank).normal(0, 0.01, len(clip.samples)).astype(np.float32)
    return {"noise1": clip.samples + noise, "speed1": np.asarray(resample(clip.samples, 11, 10), np.float32)}


def voxforge(root: Path, source: Source) -> None:
    """An archive per speaker in a folder per language."""
    for clip in (c for c in source.clips if c.label in ("en", "fr", "de", "es", "it") and c.take == 0):
        name = f"user{clip.digest[:6]}-20080101-{clip.digest[6:9]}"
        folder = root / "unpacked" / name
        for other in (c for c in source.clips if (c.label, c.speaker) == (clip.label, clip.speaker)):
            write(folder / "wav" / f"a000{other.take}.wav", other)
        (folder / "etc").mkdir()
        (folder / "etc" / "README").write_text(f"User Name:user{clip.digest[:6]}\n\nGender: {clip.gender.title()}\n")
        pack(folder, root / clip.label / f"{name}.tgz", name)
    shutil.rmtree(root / "unpacked")


def speech_commands(root: Path, source: Source) -> None:
    """The archive as it is downloaded: words, lists and background noise; as many clips of a word as speakers."""
    per_split = {"train": max(1, source.speakers - 4), "val": 2, "test": 2}
    shared = source.shared
    lists: dict[str, list[str]] = {"val": [], "test": [], "train": []}
    inside = root / "unpacked"
    for word, split in itertools.product(WORDS, per_split):
        own = (r for r in rows(shared, "speech_commands") if (r["label"], r["split"]) == (word, split))
        for row in itertools.islice(own, per_split[split] * (3 if word == "_unknown_" else 1)):
            file = row["orig"].rpartition("/")[2].removesuffix(".wav").removesuffix(".wav")
            name = f"{row['word']}/{file.removeprefix(row['word'] + '_')}.wav"
            write(inside / name, Clip(word, row["speaker"], "", 0, read(shared / row["path"]), split))
            lists[split].append(name)
    for path in sorted((shared / "noise").glob("sc_*.flac")):
        noise = Clip("noise", path.stem, "", 0, read(path), "train")
        write(inside / "_background_noise_" / f"{path.stem.removeprefix('sc_')}.wav", noise)
    (inside / "validation_list.txt").write_text("\n".join(lists["val"]) + "\n")
    (inside / "testing_list.txt").write_text("\n".join(lists["test"]) + "\n")
    pack(inside, root / "speech_commands_v0.01.tar.gz", ".")
    shutil.rmtree(inside)


LAYOUTS: dict[str, Callable[[Path, Source], None]] = {
    "common_voice": common_voice,
    "common_voice_2018": common_voice_2018,
    "spoken-language-identification": kaggle_languages,
    "voxforge": voxforge,
    "speech_commands_v0.01": speech_commands,
}
"""By the name of the folder in ``data/raw``, as the recipes have it."""


ELSEWHERE = "voxforge"
"""The data set whose people are in none of the others: models are judged on both."""


def make(folder: Path, shared: Path, speakers: int = 10, names: Iterable[str] = LAYOUTS) -> None:
    """Write the data sets ``names`` to ``folder``, with ``speakers`` (five or more) of each class."""
    source = Source(shared, speakers)
    for name in names:
        LAYOUTS[name](folder / name, source.others() if name == ELSEWHERE else source)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--speakers", type=int, default=10)
    parser.add_argument("--shared", type=Path, default=Path("../shared/data"))
    arguments = parser.parse_args()
    make(arguments.folder, arguments.shared, arguments.speakers)


if __name__ == "__main__":
    main()
