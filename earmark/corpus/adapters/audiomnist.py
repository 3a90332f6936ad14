"""AudioMNIST: ``data/{speaker}/{digit}_{speaker}_{repetition}.wav`` and ``data/audioMNIST_meta.txt`` (JSON).

https://github.com/soerenab/AudioMNIST: 60 speakers say each digit 50 times. Columns ``fold_0`` … ``fold_4`` hold the
five published divisions of the speakers for the digit task (its ``preprocess_data.py``), ``split`` the first of them.
Each speaker was recorded in one session, on the date that the metadata states.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from earmark.config import DataParams
from earmark.corpus.adapters.layout import misnamed, require_label, sounds, stem, wrong_layout
from earmark.corpus.adapters.tables import to_clip
from earmark.corpus.catalogue import BadRow, Clip
from earmark.errors import EarmarkError
from earmark.recordings import Recordings

NAME = re.compile(r"(?P<digit>\d)_(?P<speaker>\d+)_(?P<repetition>\d+)")
PATTERN = "{digit}_{speaker}_{repetition}.wav"
META = "audioMNIST_meta.txt"
ABOUT = ("gender", "age", "accent", "native_speaker", "origin", "recordingdate", "recordingroom")
COLUMNS = ("label", "digit", "speaker", "repetition", "language", *ABOUT)

FIFTHS = (
    (28, 56, 7, 19, 35, 1, 6, 16, 23, 34, 46, 53),
    (36, 57, 9, 24, 37, 2, 8, 17, 29, 39, 48, 54),
    (43, 58, 14, 25, 38, 3, 10, 20, 30, 40, 49, 55),
    (12, 47, 59, 15, 27, 41, 4, 11, 21, 31, 44, 50),
    (26, 52, 60, 18, 32, 42, 5, 13, 22, 33, 45, 51),
)
"""Speakers, as the publication groups them. Fold k trains on fifths k to k + 2, validates on k + 3, tests on k + 4."""

OLDEST = 120
"""Years; the metadata state an age of 1234 for one speaker."""


def clips(data: DataParams, recordings: Recordings) -> Iterator[Clip | BadRow]:
    """A clip per recording, its class the digit; raises EarmarkError if there is none or the label is unknown."""
    require_label(data.label, COLUMNS, "audiomnist")
    names = list(sounds(recordings))
    if not any(NAME.fullmatch(stem(name)) for name in names):
        raise wrong_layout(recordings, PATTERN, "set data.root to a copy of AudioMNIST or of its folder data")
    about = _speakers(recordings)
    label = "digit" if data.label == "label" else data.label
    for name in names:
        parts = NAME.fullmatch(stem(name))
        if parts is None:
            yield misnamed(name, PATTERN)
            continue
        row = {"language": "en", **about.get(parts["speaker"], {}), **folds(parts["speaker"]), **parts.groupdict()}
        yield to_clip(row, name, label, "audiomnist")


def folds(speaker: str) -> dict[str, str]:
    """train, val or test in each published fold, and ``split`` of the first; nothing for a speaker added later."""
    places = [place for place, fifth in enumerate(FIFTHS) if int(speaker) in fifth]
    found = {f"fold_{fold}": _side((place - fold) % 5) for place in places for fold in range(5)}
    return {**found, "split": found["fold_0"]} if found else {}


def _side(distance: int) -> str:
    return "val" if distance == 3 else "test" if distance == 4 else "train"


def _speakers(recordings: Recordings) -> Mapping[str, Mapping[str, str]]:
    """What the metadata state of each speaker; nothing where the data set comes without them."""
    for name in recordings.names:
        if name.rpartition("/")[2] == META:
            return _parse(recordings.path(name))
    return {}


def _parse(path: Path) -> Mapping[str, Mapping[str, str]]:
    try:
        speakers = json.loads(path.read_text(encoding="utf-8"))
        return {speaker: _known(about) for speaker, about in speakers.items()}
    except (ValueError, AttributeError) as error:
        raise EarmarkError(f"{path}: not the metadata of AudioMNIST ({error}); download {META} again") from None


def _known(about: Mapping[str, object]) -> Mapping[str, str]:
    row = {key.replace(" ", "_"): str(value).strip() for key, value in about.items()}
    if not (row.get("age", "").isdecimal() and 0 < int(row["age"]) <= OLDEST):
        row.pop("age", None)
    if "recordingdate" in row:
        row["session"] = row["recordingdate"]
    return {key: value for key, value in row.items() if value}
