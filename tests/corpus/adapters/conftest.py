"""A small tree in the exact layout of each data set, and a function that reads one through its adapter."""

import importlib
import json
from pathlib import Path

import pytest

from earmark.config import DataParams
from earmark.corpus.catalogue import BadRow, Clip
from earmark.recordings import Recordings
from earmark.store import Store

README = """User Name:ralf

Speaker Characteristics:

Gender: Männlich
Age Range: Erwachsener
Language: DE
Pronunciation dialect: Bayern

Recording Information:

Microphone make: n/a
Microphone type: Studio-Mikro
"""


@pytest.fixture
def read(tmp_path_factory):
    """Clips and bad rows of a data set, read by the adapter of that name."""
    store = Store(tmp_path_factory.mktemp("store"))

    def run(adapter: str, root: Path, **values: object) -> tuple[list[Clip], list[BadRow]]:
        data = DataParams(adapter=adapter, root=str(root), **{"label": "label", **values})
        module = importlib.import_module(f"earmark.corpus.adapters.{adapter}")
        found = list(module.clips(data, Recordings(Path(root), store)))
        return [c for c in found if isinstance(c, Clip)], [b for b in found if isinstance(b, BadRow)]

    return run


@pytest.fixture
def tree(sound, rows):
    """Build the tree of an adapter in a folder; returns the folder."""

    def build(adapter: str, root: Path) -> Path:
        globals()[f"_{adapter}"](root, sound, rows)
        return root

    return build


def _write(path: Path, text: str, encoding: str = "utf-8") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding=encoding)


def _common_voice(root, sound, rows):
    for locale in ("en", "es"):
        table = [
            {"client_id": f"{locale}{n}", "path": f"{locale}{n}.mp3", "sentence": f"s {n}", "gender": "male_masculine"}
            for n in range(3)
        ]
        for row in table:
            sound(root / "cv-corpus-17.0" / locale / "clips" / row["path"], rate=48000)
        rows(root / "cv-corpus-17.0" / locale / "validated.tsv", table)
        rows(root / "cv-corpus-17.0" / locale / "train.tsv", table[:1])
        rows(root / "cv-corpus-17.0" / locale / "test.tsv", table[1:2])


def _voxforge(root, sound, rows):
    for submission, word in (("de/ralf-20071220-de1", "a0405"), ("Russian/anonymous-20100621-cdr", "ru_0001")):
        sound(root / submission / "wav" / f"{word}.wav")
        _write(root / submission / "etc" / "PROMPTS", f"*/{submission[3:]}/mfc/{word} EIN SATZ\n")
        _write(root / submission / "LICENSE", "GPL")
    _write(root / "de/ralf-20071220-de1/etc/README", README, "latin-1")


def _kaggle_languages(root, sound, rows):
    speaker = "0809fd0642232f8c85b0b3d545dc2b5a"
    for name in (f"de_f_{speaker}.fragment1", f"de_f_{speaker}.fragment1.noise10", f"de_f_{speaker}.fragment2"):
        sound(root / "train" / "train" / f"{name}.flac")
    sound(root / "test" / "test" / "es_m_5d2e7f30d69f2d1d86fd05f3bbe120c2.fragment1.flac")


def _speech_commands(root, sound, rows):
    top = root / "speech_commands_v0.02"
    for word in ("yes", "no", "tree"):
        for speaker in ("0a7c2a8d", "bb05582b", "439c84f4"):  # train, test and val by the official rule
            sound(top / word / f"{speaker}_nohash_0.wav")
    for noise in ("running_tap", "pink_noise", "white_noise", "exercise_bike"):
        sound(top / "_background_noise_" / f"{noise}.wav", seconds=3)
    _write(top / "_background_noise_" / "README.md", "noise")
    _write(top / "validation_list.txt", "".join(f"{word}/439c84f4_nohash_0.wav\n" for word in ("yes", "no", "tree")))
    _write(top / "testing_list.txt", "".join(f"{word}/bb05582b_nohash_0.wav\n" for word in ("yes", "no", "tree")))


def _fsdd(root, sound, rows):
    for name in ("7_jackson_4", "7_jackson_5", "0_new_one_12"):
        sound(root / "free-spoken-digit-dataset" / "recordings" / f"{name}.wav")
    meta = "metadata = {\n 'jackson': {'gender': 'male', 'accent': 'USA/neutral', 'language': 'english'}}\n"
    _write(root / "free-spoken-digit-dataset" / "metadata.py", f'"""Speakers."""\n\n{meta}')


def _audiomnist(root, sound, rows):
    for name in ("01/0_01_0", "01/3_01_49", "26/0_26_0", "12/9_12_7"):
        sound(root / "AudioMNIST" / "data" / f"{name}.wav")
    about = {"accent": "german", "age": 30, "gender": "male", "native speaker": "no", "origin": "Europe, Germany, Hof"}
    about |= {"recordingdate": "17-06-22-11-04-28", "recordingroom": "Kino"}
    meta = {"01": about, "26": {**about, "age": "1234", "gender": "female"}}
    _write(root / "AudioMNIST" / "data" / "audioMNIST_meta.txt", json.dumps(meta, indent=4))


def _audiofolder(root, sound, rows):
    for split in ("train", "validation"):
        table = [{"file_name": f"clips/{n}.wav", "transcription": f"s {n}", "label": "cat"} for n in range(2)]
        for row in table:
            sound(root / "pets" / split / row["file_name"])
        rows(root / "pets" / split / "metadata.csv", table)


def _nemo(root, sound, rows):
    for name in ("one", "two"):
        sound(root / "set" / "wav" / f"{name}.wav", seconds=1)
    lines = [
        {"audio_filepath": "wav/one.wav", "duration": 1.0, "label": "speech", "text": "one", "speaker": "p"},
        {"audio_filepath": "wav/two.wav", "offset": 0.25, "duration": 0.5, "label": "background", "snr": 10},
    ]
    _write(root / "set" / "train_manifest.json", "".join(json.dumps(line) + "\n" for line in lines))


def _folder(root, sound, rows):
    for word in ("cat", "dog"):
        sound(root / word / "a.wav")


def _table(root, sound, rows):
    table = [{"path": f"wav/{n}.wav", "label": "cat", "speaker": str(n)} for n in range(2)]
    for row in table:
        sound(root / row["path"])
    rows(root / "clips.csv", table)
