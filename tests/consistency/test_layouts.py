"""Every layout that earmark reads, from files as they are downloaded to a judged model.

The corpus of the consistency tests (two languages, six speakers each, two clips a speaker) is written in each layout.
"""

import csv
import hashlib
import io
import json
import tarfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from earmark.audio.decode import FloatArray, resample

pytestmark = [pytest.mark.workflow, pytest.mark.xdist_group("layouts")]


@dataclass(frozen=True)
class Spoken:
    """One recording: class 0 or 1, speaker 0..5 of that class, take 0 or 1, mono samples and their rate in Hz."""

    label: int
    speaker: int
    take: int
    samples: FloatArray
    rate: int

    @property
    def split(self) -> str:
        """Four speakers train, one is for validation, one for the test."""
        return ("train", "train", "train", "train", "dev", "test")[self.speaker]

    @property
    def digest(self) -> str:
        """A speaker's name as data sets hash it: 32 hexadecimal digits."""
        return hashlib.md5(f"{self.label} {self.speaker}".encode()).hexdigest()


@dataclass(frozen=True)
class Layout:
    """How to write the corpus in a layout (to a folder; returns ``data.root``), and the params that read it."""

    write: Callable[[Path, list[Spoken]], Path]
    data: dict[str, Any]
    split: dict[str, Any] = field(default_factory=dict)


def _write(path: Path, clip: Spoken, rate: int | None = None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    samples = clip.samples if rate is None else resample(clip.samples, clip.rate, rate)
    soundfile.write(path, samples, rate or clip.rate)


def _write_rows(path: Path, rows: list[dict[str, Any]], delimiter: str = ",") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]), delimiter=delimiter, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _tar(folder: Path, archive: Path, top: str) -> None:
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(folder, top)


def common_voice(root: Path, clips: list[Spoken]) -> Path:
    """A new release as it is downloaded: one archive."""
    for label, locale in enumerate(("en", "de")):
        rows = []
        for clip in (c for c in clips if c.label == label):
            name = f"common_voice_{locale}_{clip.speaker}{clip.take}.mp3"
            _write(root / "cv" / locale / "clips" / name, clip, 48000)
            rows.append({"client_id": clip.digest, "path": name, "sentence": f"take {clip.take} {clip.speaker}"})
        _write_rows(root / "cv" / locale / "validated.tsv", rows, "\t")
    _tar(root / "cv", root / "cv-corpus-17.0.tar.gz", "cv-corpus-17.0")
    return root / "cv-corpus-17.0.tar.gz"


def common_voice_2018(root: Path, clips: list[Spoken]) -> Path:
    """The first release: three tables, speakers unknown, gender the label."""
    for split in ("train", "dev", "test"):
        rows = []
        for i, clip in enumerate(c for c in clips if c.split == split):
            name = f"cv-valid-{split}/sample-{i:06d}.mp3"
            _write(root / name, clip, 48000)
            rows.append({"filename": name, "text": f"{split} {i}", "gender": ("male", "female")[clip.label]})
        _write_rows(root / f"cv-valid-{split}.csv", rows)
    return root


def voxforge(root: Path, clips: list[Spoken]) -> Path:
    """One archive per submission, in a folder per language."""
    for clip in (c for c in clips if c.take == 0):
        name, language = f"user{clip.speaker}-20080{clip.speaker + 1}01-ab{clip.label}", ("en", "de")[clip.label]
        both = [c for c in clips if (c.label, c.speaker) == (clip.label, clip.speaker)]
        for other in both:
            _write(root / "tmp" / name / "wav" / f"a000{other.take}.wav", other, 16000)
        (root / "tmp" / name / "etc").mkdir()
        (root / "tmp" / name / "etc" / "README").write_text(f"User Name:user{clip.speaker}\n\nGender: Male\n")
        (root / language).mkdir(exist_ok=True)
        _tar(root / "tmp" / name, root / language / f"{name}.tgz", name)
    return root


def kaggle_languages(root: Path, clips: list[Spoken]) -> Path:
    """Copies with noise beside their source, test speakers in a folder of their own."""
    for clip in clips:
        name = f"{('en', 'de')[clip.label]}_m_{clip.digest}.fragment{clip.take + 1}"
        folder = root / ("test" if clip.split == "test" else "train")
        _write(folder / f"{name}.flac", clip, 22050)
        if clip.take == 0:
            noise = np.random.default_rng(clip.speaker).normal(0, 0.01, len(clip.samples)).astype(np.float32)
            noisy = Spoken(clip.label, clip.speaker, clip.take, clip.samples + noise, clip.rate)
            _write(folder / f"{name}.noise1.flac", noisy, 22050)
    return root


def speech_commands(root: Path, clips: list[Spoken]) -> Path:
    """The archive: words, lists, background noise."""
    lists: dict[str, list[str]] = {"train": [], "dev": [], "test": []}
    for clip in clips:
        name = f"{('stop', 'no')[clip.label]}/{clip.digest[:8]}_nohash_{clip.take}.wav"
        _write(root / "sc" / name, clip, 16000)
        lists[clip.split].append(name)
    noise = np.random.default_rng(0).normal(0, 0.05, (6, 5 * 16000)).astype(np.float32)
    for i, samples in enumerate(noise):
        _write(root / "sc" / "_background_noise_" / f"noise{i}.wav", Spoken(0, 0, 0, samples, 16000))
    (root / "sc" / "validation_list.txt").write_text("\n".join(lists["dev"]) + "\n")
    (root / "sc" / "testing_list.txt").write_text("\n".join(lists["test"]) + "\n")
    _tar(root / "sc", root / "speech_commands_v0.02.tar.gz", ".")
    return root / "speech_commands_v0.02.tar.gz"


def fsdd(root: Path, clips: list[Spoken]) -> Path:
    """Digits 0 and 1."""
    for clip in clips:
        _write(root / "recordings" / f"{clip.label}_{clip.digest[:5]}_{clip.take}.wav", clip, 8000)
    return root


def audiomnist(root: Path, clips: list[Spoken]) -> Path:
    """In an archive beside which nothing lies."""
    about, memory = {}, io.BytesIO()
    with zipfile.ZipFile(memory, "w") as archive:
        for clip in clips:
            number = f"{1 + clip.label * 6 + clip.speaker:02d}"
            wav = io.BytesIO()
            soundfile.write(wav, clip.samples, clip.rate, format="WAV")
            archive.writestr(f"AudioMNIST/data/{number}/{clip.label}_{number}_{clip.take}.wav", wav.getvalue())
            about[number] = {"age": 30, "gender": "male", "accent": "german", "recordingroom": "Kino"}
        archive.writestr("AudioMNIST/data/audioMNIST_meta.txt", json.dumps(about))
    root.mkdir(parents=True)
    (root / "AudioMNIST-master.zip").write_bytes(memory.getvalue())
    return root


def audiofolder(root: Path, clips: list[Spoken]) -> Path:
    """A folder per split, each with its table."""
    for split, folder in (("train", "train"), ("dev", "validation"), ("test", "test")):
        rows = []
        for clip in (c for c in clips if c.split == split):
            name = f"{clip.label}-{clip.speaker}-{clip.take}.wav"
            _write(root / folder / name, clip)
            rows.append({"file_name": name, "label": "xy"[clip.label], "speaker": clip.digest})
        _write_rows(root / folder / "metadata.csv", rows)
    return root


def nemo(root: Path, clips: list[Spoken]) -> Path:
    """Both takes of a speaker in one file, told apart by offset and duration."""
    lines = []
    for first in (c for c in clips if c.take == 0):
        second = next(c for c in clips if (c.label, c.speaker, c.take) == (first.label, first.speaker, 1))
        both = Spoken(first.label, first.speaker, 0, np.concatenate([first.samples, second.samples]), first.rate)
        name, seconds = f"wav/{first.label}{first.speaker}.wav", len(first.samples) / first.rate
        _write(root / name, both)
        said = {"audio_filepath": name, "label": "xy"[first.label], "speaker": first.digest}
        lines.append({**said, "offset": 0.0, "duration": seconds})
        lines.append({**said, "offset": seconds, "duration": len(second.samples) / second.rate})
    (root / "all_manifest.json").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return root


def folder(root: Path, clips: list[Spoken]) -> Path:
    """A folder per class; nobody knows who speaks."""
    for clip in clips:
        _write(root / "xy"[clip.label] / f"{clip.speaker}-{clip.take}.ogg", clip)
    return root


OFFICIAL = {"by": "official"}
RANDOM = {"by": "random", "on_leak": "warn"}
LAYOUTS = {
    "common_voice": Layout(common_voice, {"label": "language"}),
    "common_voice_2018": Layout(common_voice_2018, {"adapter": "common_voice", "label": "gender"}, OFFICIAL),
    "voxforge": Layout(voxforge, {"label": "language"}),
    "kaggle_languages": Layout(kaggle_languages, {"label": "language"}, OFFICIAL),
    "speech_commands": Layout(speech_commands, {"words": ["stop"]}, OFFICIAL),
    "fsdd": Layout(fsdd, {}),
    "audiomnist": Layout(audiomnist, {}),
    "audiofolder": Layout(audiofolder, {}, OFFICIAL),
    "nemo": Layout(nemo, {}),
    "folder": Layout(folder, {}, RANDOM),
}


@pytest.fixture(scope="module")
def spoken(oracle, tmp_path_factory) -> list[Spoken]:
    folder = tmp_path_factory.mktemp("spoken") / "clips"
    oracle.speak_corpus(folder)
    found = []
    for path in sorted(folder.glob("*.wav")):
        *lang, speaker, take = path.stem.split("-")
        samples, rate = soundfile.read(path, dtype="float32")
        found.append(Spoken(list(oracle.TEXTS).index("-".join(lang)), int(speaker), int(take), samples, rate))
    return found


@pytest.fixture
def study(oracle, new_checkout, spoken):
    """A checkout whose data set is the corpus in the layout of that name."""

    def make(name: str):
        project, layout = new_checkout(name), LAYOUTS[name]
        root = layout.write(project.root / "data/raw/set", spoken).relative_to(project.root)
        data = {"adapter": name, "label": "label", "table": None, "root": root.as_posix(), **layout.data}
        values = {**oracle.PARAMS, **{f"data.{k}": v for k, v in data.items()}}
        values |= {f"split.{k}": v for k, v in layout.split.items()}
        project.set(**{key.replace(".", "__"): value for key, value in values.items()})
        return project

    return make


def judged(metrics: Path, classes: int) -> None:
    found = json.loads(metrics.read_text())
    assert found["n_classes"] == classes
    assert found["test"]["n"] > 0
    assert found["test"]["balanced_accuracy"] > 0.4


@pytest.mark.parametrize("name", sorted(LAYOUTS.keys() - {"common_voice"}))  # the real command below reads that one
def test_from_its_own_layout_to_a_judged_model(oracle, study, tmp_path, name):
    shown = oracle.compute(study(name), tmp_path / "store", "evaluate")
    assert {"data/manifest/manifest.parquet", "results/model/head.keras", "results/metrics.json"} <= shown.keys()
    (metrics,) = tmp_path.glob("store/evaluate/*/metrics.json")
    judged(metrics, classes=3 if name == "speech_commands" else 2)


def test_an_archive_through_the_real_command(study):
    project = study("common_voice")
    project.run("snakemake", "all", "explore", "rates")
    judged(project.root / "results/metrics.json", classes=2)
    page = (project.root / "results/explore/index.html").read_text()
    assert "<audio" in page
    assert 1e-4 < json.loads((project.root / "results/rates/rates.json").read_text())["suggestion"] < 1
    profile = project.run("earmark", "profile")
    for rule in ("manifest", "mel_shards", "backbone_onnx", "feature_shards", "range_test", "network", "judgement"):
        assert f"| {rule} | " in profile
    assert (project.root / "results/profile/profile.png").is_file()
