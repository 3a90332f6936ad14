"""A few clips of each class to see and hear: which ones, their images, and their sound in a browser's format."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import soundfile

from earmark.audio.decode import DecodeError, decode, resample
from earmark.audio.encode import encoded
from earmark.errors import EarmarkError
from earmark.evaluation.page import data_uri
from earmark.shards.read import first_kind, read_images

MOST = 24
"""Clips on a page: each costs it about 70 kB."""

SECONDS = 6.0
"""What is heard of a clip, from its beginning."""

RATES = (8000, 11025, 12000, 16000)
"""Sample rates (Hz) that MP3 has, up to the highest that is used here."""

KINDS = {"MP3": "audio/mpeg", "FLAC": "audio/flac", "WAV": "audio/wav"}
"""Formats that browsers play, the smallest first; an old libsndfile does not write MP3."""


def choose(clips: pa.Table, labels: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """Rows of one or two clips per class: one of median length, and one of another voice if there is room for two.

    With too many classes for one clip each, the first are shown.
    """
    shown = list(labels)[:MOST]
    each = 2 if 2 * len(shown) <= MOST else 1
    return {label: _of_class(clips.filter(pc.equal(clips["label"], label)), each) for label in shown}


def _of_class(clips: pa.Table, count: int) -> list[dict[str, Any]]:
    first = _median(clips)
    others = _others(clips, first) if count > 1 else None
    return [first] if others is None else [first, _median(others)]


def _others(clips: pa.Table, first: Mapping[str, Any]) -> pa.Table | None:
    """Clips of other speakers than that of ``first``, of another gender if there are; None if there is no such clip."""
    if first["speaker"] is None:
        rest = clips.filter(pc.not_equal(clips["clip_id"], first["clip_id"]))
    else:
        rest = clips.filter(pc.not_equal(clips["speaker"], first["speaker"]))
    other = rest.filter(pc.not_equal(rest["gender"], pa.scalar(first["gender"], pa.string())))
    return next((found for found in (other, rest) if found.num_rows), None)


def _median(clips: pa.Table) -> dict[str, Any]:
    """The row whose duration is the median (upper of two), ties by clip id."""
    order = clips.select(["duration", "clip_id"]).sort_by([("duration", "ascending"), ("clip_id", "ascending")])
    chosen = order["clip_id"][order.num_rows // 2]
    row: dict[str, Any] = clips.filter(pc.equal(clips["clip_id"], chosen)).to_pylist()[0]
    return row


def images(mels: Sequence[Path], clip_ids: Sequence[str]) -> dict[str, npt.NDArray[Any]]:
    """Images (height, frames) of some clips, of the first kind and of the first window.

    Only the shards that hold one of them are read. Raises EarmarkError if a clip has no image.
    """
    missing = set(clip_ids)
    found: dict[str, npt.NDArray[Any]] = {}
    for path in mels:
        if missing and not missing.isdisjoint(_clips_in(path)):
            kind = first_kind(path)
            for row in read_images(path, [kind]):
                if row.clip_id in missing:
                    found[row.clip_id] = row.images[kind]
                    missing.remove(row.clip_id)
    if missing:
        raise EarmarkError(f"mel shards: {len(missing)} clips are missing, e.g. {min(missing)}; run `snakemake mel`")
    return found


def _clips_in(path: Path) -> Iterator[str]:
    try:
        yield from pq.ParquetFile(path).read(columns=["clip_id"])["clip_id"].to_pylist()
    except (OSError, pa.ArrowException) as error:
        raise EarmarkError(f"{path}: not a readable shard ({error}); remove the file and run again") from None


def sound(row: Mapping[str, Any], locate: Callable[[str], Path]) -> str | None:
    """The beginning of a manifest row's clip as an address that a browser plays; None if the recording is not here."""
    start = row["start"] or 0.0
    end = start + SECONDS if row["end"] is None else min(row["end"], start + SECONDS)
    try:
        samples, rate = decode(locate(row["path"]), None, start, end)
    except (DecodeError, OSError):
        return None
    target = next((known for known in RATES if known >= rate), RATES[-1])
    return _encoded(resample(samples, rate, target), target)


def _encoded(samples: npt.NDArray[Any], rate: int) -> str:
    name = next(name for name in KINDS if name in soundfile.available_formats())
    return data_uri(KINDS[name], encoded(samples, rate, name))
