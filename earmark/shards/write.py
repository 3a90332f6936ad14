"""Writing shards: streaming, atomic, and the same bytes whether rows are computed or copied from an earlier shard."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path

import numpy as np
from tqdm import tqdm

from earmark.audio.decode import DecodeError
from earmark.audio.frontend import Frontend, Window
from earmark.config import FeatureParams
from earmark.errors import EarmarkError
from earmark.provenance import Provenance
from earmark.shards.blobs import BlobWriter, Row
from earmark.shards.memory import keep_freed
from earmark.shards.reuse import EarlierRows
from earmark.shards.schema import FEATURE_SCHEMA, ClipRow, mel_schema, row_key
from earmark.store import replacing


def write_mel_shard(
    clips: Sequence[ClipRow],
    features: FeatureParams,
    locate: Callable[[str], Path],
    provenance: Provenance,
    output: Path,
    previous: Sequence[Path] = (),
    frontend: Frontend | None = None,
) -> tuple[int, int]:
    """Write the images of ``clips`` (``locate`` tells where a path's bytes are); returns (computed, copied) clips.

    Clips whose key is in one of the ``previous`` shards are copied. ``frontend`` is that of ``features``, for a worker
    that writes many shards; without it one is made. Raises EarmarkError if a clip no longer decodes.
    """
    keep_freed()
    frontend, front_end, copied = frontend or Frontend(features), features.front_end(), 0
    heights = frontend.heights()
    earlier = EarlierRows(previous, ["first_frame", "frames", *heights])
    schema = provenance.stamp(mel_schema(heights), heights=heights, dtype=features.dtype, top_db=features.top_db)
    with replacing(output) as part, BlobWriter(part, schema, features.compression) as writer:
        for clip in tqdm(sorted(clips, key=_clip_id), "mel", disable=None, mininterval=1, unit="clip"):
            key = row_key(clip, front_end)
            known = earlier.get(key)
            copied += known is not None
            for row in known or _rows(_windows(clip, frontend, locate), heights):
                writer.add(clip.clip_id, key, *row)
    return len(clips) - copied, copied


def write_feature_shard(rows: Iterable[tuple[str, str, int, np.ndarray]], provenance: Provenance, output: Path) -> None:
    """Write ``rows`` of (clip_id, row_key, first_frame, float16 or float32 vector), sorted, to ``output``.

    All vectors have the shape and dtype of the first; raises EarmarkError if there is none or if one differs.
    """
    stream = iter(rows)
    first = next(stream, None)
    if first is None:
        raise EarmarkError(f"{output}: a feature shard needs at least one row; the manifest has no clip for it")
    shape, dtype = first[-1].shape, first[-1].dtype
    schema = provenance.stamp(FEATURE_SCHEMA, shape=list(shape), dtype=dtype.name)
    with replacing(output) as part, BlobWriter(part, schema) as writer:
        for clip_id, key, first_frame, vector in chain([first], stream):
            if vector.shape != shape or vector.dtype != dtype:
                raise EarmarkError(f"{output}: {clip_id} is {vector.dtype}{vector.shape}, the first is {dtype}{shape}")
            writer.add(clip_id, key, first_frame, _blob(vector))


def _windows(clip: ClipRow, frontend: Frontend, locate: Callable[[str], Path]) -> list[Window]:
    try:
        return frontend.windows_of(locate(clip.path), clip.start, clip.end)
    except DecodeError as error:
        raise EarmarkError(
            f"{clip.clip_id}: {error}. The file changed since it was prepared; run the prepare step again"
        ) from error


def _rows(windows: Iterable[Window], kinds: Iterable[str]) -> Iterator[Row]:
    """(first_frame, frames, an image of each kind) of each window."""
    for first_frame, images in windows:
        arrays = [images[kind] for kind in kinds]
        yield first_frame, arrays[0].shape[1], *map(_blob, arrays)


def _blob(array: np.ndarray) -> bytes:
    return array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes()


def _clip_id(clip: ClipRow) -> str:
    return clip.clip_id
