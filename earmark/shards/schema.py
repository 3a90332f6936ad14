"""What a shard holds: one row per clip, sorted by clip_id, the image or vector as one binary blob.

Mel shard: ``clip_id``, ``row_key``, ``frames``, ``mel`` = C-order array (n_mels, frames), row 0 the lowest band, uint8
or little-endian float16. Feature shard: ``clip_id``, ``row_key``, ``vector`` = C-order array of one shape for all rows,
float16 or float32. Shape and dtype are in the metadata beside the provenance (``earmark.provenance.read_record``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from earmark import versions
from earmark.digest import digest

MEL_SCHEMA = pa.schema(
    [
        pa.field("clip_id", pa.string(), nullable=False),
        pa.field("row_key", pa.string(), nullable=False),
        pa.field("frames", pa.int32(), nullable=False),
        pa.field("mel", pa.binary(), nullable=False),
    ]
)

FEATURE_SCHEMA = pa.schema(
    [
        pa.field("clip_id", pa.string(), nullable=False),
        pa.field("row_key", pa.string(), nullable=False),
        pa.field("vector", pa.binary(), nullable=False),
    ]
)


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
    """Content key of a clip's image: equal keys, equal bytes. ``front_end`` is ``FeatureParams.front_end()``."""
    return digest("mel", versions.MEL, front_end, clip.audio_digest, clip.start, clip.end)
