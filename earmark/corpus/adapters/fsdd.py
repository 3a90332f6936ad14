"""Free Spoken Digit Dataset: ``recordings/{digit}_{speaker}_{index}.wav``, English digits at 8 kHz.

https://github.com/Jakobovski/free-spoken-digit-dataset. The official test set are the recordings with index 0 to 4 of
every speaker and digit, so the same speakers are in train and test. ``metadata.py`` states gender and accent of the
speakers, as a dictionary that is read and never executed.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from earmark.config import DataParams
from earmark.corpus.adapters.layout import misnamed, require_label, sounds, stem, wrong_layout
from earmark.corpus.adapters.tables import to_clip
from earmark.corpus.catalogue import BadRow, Clip
from earmark.recordings import Recordings

NAME = re.compile(r"(?P<digit>\d)_(?P<speaker>.+)_(?P<index>\d+)")
PATTERN = "{digit}_{speaker}_{index}.wav"
COLUMNS = ("label", "digit", "speaker", "index", "language", "gender", "accent")

TEST_INDICES = 5
"""Recordings 0 to 4 are the official test set."""


def clips(data: DataParams, recordings: Recordings) -> Iterator[Clip | BadRow]:
    """A clip per recording, its class the digit; raises EarmarkError if there is none or the label is unknown."""
    require_label(data.label, COLUMNS, "fsdd")
    names = list(sounds(recordings))
    if not any(NAME.fullmatch(stem(name)) for name in names):
        raise wrong_layout(recordings, PATTERN, "set data.root to a copy of the Free Spoken Digit Dataset")
    about = _speakers(recordings)
    label = "digit" if data.label == "label" else data.label
    for name in names:
        parts = NAME.fullmatch(stem(name))
        if parts is None:
            yield misnamed(name, PATTERN)
            continue
        split = "test" if int(parts["index"]) < TEST_INDICES else "train"
        row = {"language": "en", "split": split, **about.get(parts["speaker"], {}), **parts.groupdict()}
        yield to_clip(row, name, label, "fsdd")


def _speakers(recordings: Recordings) -> Mapping[str, Mapping[str, str]]:
    """Gender and accent by speaker; nothing where the data set comes without its metadata."""
    for name in recordings.names:
        if name.rpartition("/")[2] == "metadata.py":
            return _parse(recordings.path(name))
    return {}


def _parse(path: Path) -> Mapping[str, Mapping[str, str]]:
    """The dictionary ``metadata`` of a Python file; nothing if the file is another one."""
    try:
        statements = ast.parse(path.read_text(encoding="utf-8")).body
        found = next(ast.literal_eval(node.value) for node in statements if isinstance(node, ast.Assign))
        kept = ("gender", "accent")
        return {speaker: {key: about[key] for key in kept if key in about} for speaker, about in found.items()}
    except (SyntaxError, ValueError, AttributeError, TypeError, StopIteration):
        return {}
