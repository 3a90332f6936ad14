"""Kaggle "spoken-language-identification": ``{train|test}/{language}_{f|m}_{md5}.fragment{n}[.{augmentation}].flac``.

https://www.kaggle.com/toponowicz/spoken-language-identification. Fragments of 10 s in de, en and es; the md5 names the
speaker. The training fragments were copied with noise, another pitch or another speed (``.noise3``, ``.pitch1``,
``.speed8``): copies of one fragment share its ``recording``, so that no split can part them. Kaggle's archive has each
folder in a folder of the same name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from earmark.config import DataParams
from earmark.corpus.adapters.layout import folders, misnamed, require_label, sounds, split_of, stem, wrong_layout
from earmark.corpus.adapters.tables import to_clip
from earmark.corpus.catalogue import BadRow, Clip
from earmark.recordings import Recordings

NAME = re.compile(
    r"(?P<recording>(?P<language>[a-z]{2,3})_(?P<gender>[fm])_(?P<speaker>[0-9a-f]+)\.fragment(?P<fragment>\d+))"
    r"(?:\.(?P<augmentation>noise|pitch|speed)\d+)?"
)
PATTERN = "{language}_{f|m}_{md5}.fragment{n}[.noise{k}|.pitch{k}|.speed{k}].flac"
COLUMNS = ("label", "language", "gender", "speaker", "fragment", "augmentation")


def clips(data: DataParams, recordings: Recordings) -> Iterator[Clip | BadRow]:
    """A clip per fragment or copy, its class the language; raises EarmarkError if there is none."""
    require_label(data.label, COLUMNS, "kaggle_languages")
    names = list(sounds(recordings))
    if not any(NAME.fullmatch(stem(name)) for name in names):
        raise wrong_layout(recordings, PATTERN, "set data.root to the folder that holds train and test, or the archive")
    label = "language" if data.label == "label" else data.label
    for name in names:
        parts = NAME.fullmatch(stem(name))
        if parts is None:
            yield misnamed(name, PATTERN)
            continue
        row = parts.groupdict(default="none")  # augmentation 'none' can be asked for in data.filter
        if split := split_of(folders(name)):
            row["split"] = split
        yield to_clip(row, name, label, "kaggle_languages")
