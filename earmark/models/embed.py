"""Extraction: mel shards to feature shards, one backbone loaded once for many shards; a vector per window.

A thread reads images and makes the network's inputs while the engine runs. Order and bytes are the same without it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from itertools import cycle, groupby, islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from earmark import versions
from earmark.config import BackboneParams, FeatureParams
from earmark.digest import digest
from earmark.errors import EarmarkError
from earmark.models.backbones import image_shape
from earmark.models.engine import Engine, choose, images_at_once
from earmark.models.inputs import Floats, Images, network_input
from earmark.models.prefetch import prefetch
from earmark.models.weight_files import weights_digest
from earmark.provenance import Provenance, read_record
from earmark.shards.read import read_images
from earmark.shards.reuse import EarlierRows
from earmark.shards.write import write_feature_shard

Vector = NDArray[Any]
"""Features of one window, float32 or float16 as ``backbone.dtype`` says."""

CHUNK = 8
"""Windows that are handed over together, if the engine does not want more: 5 MB of inputs at 224 pixels."""

AHEAD = 2
"""Chunks that may wait for the engine."""


@dataclass(frozen=True)
class EmbedJob:
    """One feature shard to make: from which mel shard, where to, and earlier shards whose rows may be copied."""

    mels: Path
    output: Path
    provenance: Provenance
    previous: Sequence[Path] = ()


def embed(
    jobs: Sequence[EmbedJob],
    backbone: BackboneParams,
    features: FeatureParams,
    onnx: Path,
    threads: int | None = None,
    ahead: int = AHEAD,
) -> tuple[int, int]:
    """Write the feature shards of ``jobs``; returns (computed, copied) clips.

    ``onnx`` is the exported backbone, ``threads`` those of the CPU engine (None: every core); it is loaded only if
    there is something to compute. ``ahead`` chunks may be read before the engine has room for them (0: none). Raises
    EarmarkError if a shard or the backbone is missing or damaged, or if features overflow ``backbone.dtype``.
    """
    extractor, reader = Extractor(backbone, onnx, threads), _Reader(jobs, backbone, features, ahead)
    with closing(prefetch(reader, ahead)) as chunks:
        for job in tqdm(jobs, "embed", disable=None, mininterval=1, unit="shard"):
            write_feature_shard(extractor.rows(iter(chunks.__next__, [])), job.provenance, job.output)
    return reader.computed, reader.copied


def feature_key(mel_key: str, backbone: BackboneParams, weights: str) -> str:
    """Content key of a clip's features, from that of its images and the weights' digest; equal keys, equal bytes."""
    return digest("embed", versions.EMBED, backbone.bottleneck(), weights, mel_key)


class Window(NamedTuple):
    """A row to be: what the network reads of a window, or its features where they are known from an earlier shard."""

    clip_id: str
    key: str
    first_frame: int
    input: Floats | None
    vector: Vector | None


class Extractor:
    """Features of windows in the type they are stored in; the backbone is loaded when the first are asked for."""

    def __init__(self, backbone: BackboneParams, onnx: Path, threads: int | None) -> None:
        self.backbone, self._onnx, self._threads = backbone, onnx, threads

    @cached_property
    def _engine(self) -> Engine:
        return choose(self.backbone, self._onnx, self._threads)

    def rows(self, chunks: Iterator[list[Window]]) -> Iterator[tuple[str, str, int, Vector]]:
        """Rows of a feature shard: (clip_id, row_key, first_frame, vector); raises EarmarkError if one overflows."""
        for chunk in chunks:
            inputs = [window.input for window in chunk if window.input is not None]
            made = iter(self._engine.features(inputs) if inputs else ())
            for window in chunk:
                vector = self._stored(next(made), window) if window.vector is None else window.vector
                yield window.clip_id, window.key, window.first_frame, vector

    def _stored(self, vector: Floats, window: Window) -> Vector:
        if self.backbone.dtype == "float32":
            return vector
        largest, limit = float(np.abs(vector).max()), float(np.finfo(np.float16).max)
        if largest > limit:
            raise EarmarkError(
                f"{window.clip_id}: features up to {largest:.4g} do not fit into float16, which ends at {limit:g}; "
                "set backbone.dtype: float32"
            )
        return vector.astype(np.float16)


class _Reader:
    """The windows of all jobs in chunks, an empty one after each job; the clips are counted as they are read.

    Rows of a clip whose key is known come from earlier shards, with all its windows.
    """

    def __init__(self, jobs: Sequence[EmbedJob], backbone: BackboneParams, features: FeatureParams, ahead: int) -> None:
        self._jobs, self._backbone, self._features = jobs, backbone, features
        self._chunk = max(CHUNK, images_at_once(backbone))
        self._under_way = self._chunk * (ahead + 2)  # that wait, are read, are computed
        self._weights, self._dtype = weights_digest(backbone), np.dtype(backbone.dtype)
        self.computed = self.copied = 0

    def __iter__(self) -> Iterator[list[Window]]:
        for job in self._jobs:
            windows = self._windows(job)
            while chunk := list(islice(windows, self._chunk)):
                yield chunk
            yield []

    def _windows(self, job: EmbedJob) -> Iterator[Window]:
        earlier = [(EarlierRows([path], ["first_frame", "vector"]), _shape(path)) for path in job.previous]
        for (clip_id, mel_key), windows in groupby(read_images(job.mels), lambda row: (row.clip_id, row.row_key)):
            key = feature_key(mel_key, self._backbone, self._weights)
            known = self._known(earlier, key)
            self.copied += known is not None
            self.computed += known is None
            if known is None:
                for row in windows:
                    yield Window(clip_id, key, row.first_frame, self._input(row.images), None)
            for first_frame, vector in known or ():
                yield Window(clip_id, key, first_frame, None, vector)

    def _input(self, images: Images) -> Floats:
        """What the network reads; images of one size lie where those lay that are done with.

        To a process, fresh memory costs more than all that is done in it here.
        """
        pixels = network_input(images, self._backbone, self._features)
        if self._backbone.image_size is None:
            return pixels
        slot = next(self._slots)
        np.copyto(slot, pixels)
        return slot

    @cached_property
    def _slots(self) -> Iterator[Floats]:
        height, width, channels = image_shape(self._backbone, self._features)
        return cycle(np.empty((self._under_way, height or 0, width or 0, channels), np.float32))

    def _known(self, earlier: list[tuple[EarlierRows, list[int]]], key: str) -> list[tuple[int, Vector]] | None:
        for shard, shape in earlier:
            rows = shard.get(key)
            if rows is not None:
                return [(first_frame, np.frombuffer(blob, self._dtype).reshape(shape)) for first_frame, blob in rows]
        return None


def _shape(shard: Path) -> list[int]:
    """Shape of a shard's vectors; a shard that is damaged or gone has no rows either."""
    return list((read_record(shard) or {}).get("shape", []))
