"""Writing shards: streaming, atomic, and the same bytes whether rows are computed or copied from an earlier shard."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from pathlib import Path

import numpy as np
from tqdm import tqdm

from earmark.audio.decode import DecodeError
from earmark.audio.frontend import Frontend
from earmark.config import FeatureParams
from earmark.errors import EarmarkError
from earmark.provenance import Provenance
from earmark.shards.blobs import BlobWriter
from earmark.shards.reuse import EarlierRows
from earmark.shards.schema import FEATURE_SCHEMA, MEL_SCHEMA, ClipRow, row_key
from earmark.store import replacing


def write_mel_shard(
    clips: Sequence[ClipRow],
    features: FeatureParams,
    locate: Callable[[str], Path],
    provenance: Provenance,
    output: Path,
    previous: Sequence[Path] = (),
) -> tuple[int, int]:
    """Write the mel images of ``clips`` (``locate`` tells where a path's bytes are); returns (computed, copied) rows.

    Rows whose key is in one of the ``previous`` shards are copied. Raises EarmarkError if a clip no longer decodes.
    """
    earlier, front_end = EarlierRows(previous, "mel"), features.front_end()
    frontend, dtype = Frontend(features), _little_endian(features.dtype)
    schema = provenance.stamp(MEL_SCHEMA, n_mels=features.n_mels, dtype=features.dtype, top_db=features.top_db)
    row_bytes, copied = features.n_mels * dtype.itemsize, 0
    with replacing(output) as part, BlobWriter(part, schema) as writer:
        for clip in tqdm(sorted(clips, key=_clip_id), "mel", disable=None, mininterval=1, unit="clip"):
            key = row_key(clip, front_end)
            mel = earlier.get(key)
            copied += mel is not None
            mel = mel or _image(clip, frontend, locate).astype(dtype, copy=False).tobytes()
            writer.add(clip.clip_id, key, len(mel) // row_bytes, mel)
    return len(clips) - copied, copied


def write_feature_shard(rows: Iterable[tuple[str, str, np.ndarray]], provenance: Provenance, output: Path) -> None:
    """Write ``rows`` of (clip_id, row_key, float16 or float32 vector), sorted by clip_id, to ``output``.

    All vectors have the shape and dtype of the first; raises EarmarkError if there is none or if one differs.
    """
    stream = iter(rows)
    first = next(stream, None)
    if first is None:
        raise EarmarkError(f"{output}: a feature shard needs at least one row; the manifest has no clip for it")
    shape, dtype = first[2].shape, first[2].dtype
    schema = provenance.stamp(FEATURE_SCHEMA, shape=list(shape), dtype=dtype.name)
    with replacing(output) as part, BlobWriter(part, schema) as writer:
        for clip_id, key, vector in chain([first], stream):
            if vector.shape != shape or vector.dtype != dtype:
                raise EarmarkError(f"{output}: {clip_id} is {vector.dtype}{vector.shape}, the first is {dtype}{shape}")
            writer.add(clip_id, key, vector.astype(_little_endian(dtype.name), copy=False).tobytes())


def _image(clip: ClipRow, frontend: Frontend, locate: Callable[[str], Path]) -> np.ndarray:
    try:
        return frontend.image_of(locate(clip.path), clip.start, clip.end)
    except DecodeError as error:
        raise EarmarkError(
            f"{clip.clip_id}: {error}. The file changed since it was prepared; run the prepare step again"
        ) from error


def _little_endian(name: str) -> np.dtype:
    return np.dtype(name).newbyteorder("<")


def _clip_id(clip: ClipRow) -> str:
    return clip.clip_id
