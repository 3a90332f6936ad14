"""What a shard holds: rows sorted by clip_id and first_frame, images and vectors as binary blobs.

A row is a clip, or one of the windows that a clip was cut into; those of one clip follow each other.

Mel shard: ``clip_id``, ``row_key`` (the clip's, the same for all its windows), ``first_frame`` (where the window begins
in the clip's image; 0 for a whole clip), ``frames``, and a column per kind of image, named by it (``mel``, ``mfcc``,
``mel_delta``, …): C-order array (height, frames), row 0 the lowest, uint8 or little-endian float16. Feature shard:
``clip_id``, ``row_key``, ``first_frame``, ``vector`` = C-order array of one shape for all rows, float16 or float32.
``heights`` of the kinds, or ``shape``, and ``dtype`` are in the metadata beside the provenance
(``earmark.provenance.read_record``).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from earmark import versions
from earmark.digest import digest

_ROW = [
    pa.field("clip_id", pa.string(), nullable=False),
    pa.field("row_key", pa.string(), nullable=False),
    pa.field("first_frame", pa.int32(), nullable=False),
]

FEATURE_SCHEMA = pa.schema([*_ROW, pa.field("vector", pa.binary(), nullable=False)])


def mel_schema(kinds: Iterable[str]) -> pa.Schema:
    """Columns of a shard of images of ``kinds``, in their order."""
    blobs = [pa.field(kind, pa.binary(), nullable=False) for kind in kinds]
    return pa.schema([*_ROW, pa.field("frames", pa.int32(), nullable=False), *blobs])


@dataclass(frozen=True)
class ClipRow:
    """What the manifest says about one clip's sound.

    ``path`` is relative to the data set's root, ``start`` and ``end`` (s) mark a part of the file (None: all of it),
    ``audio_digest`` is the SHA-256 of the file's bytes.
    """

    clip_id: str
    path: str
    start: float | None
    end: float | None
    audio_digest: str


def row_key(clip: ClipRow, front_end: dict[str, Any]) -> str:
    """Content key of a clip's images: equal keys, equal bytes. ``front_end`` is ``FeatureParams.front_end()``."""
    return digest("mel", versions.MEL, front_end, clip.audio_digest, clip.start, clip.end)
