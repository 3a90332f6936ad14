"""Extraction: mel shards to feature shards, one backbone loaded once for many shards; a vector per window."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from earmark import versions
from earmark.config import BackboneParams, FeatureParams
from earmark.digest import digest
from earmark.models.backbones import weights_digest
from earmark.models.engine import Engine, choose
from earmark.models.inputs import Images, network_input
from earmark.provenance import Provenance, read_record
from earmark.shards.read import read_images
from earmark.shards.reuse import EarlierRows
from earmark.shards.write import write_feature_shard

Vector = NDArray[np.float32]


@dataclass(frozen=True)
class EmbedJob:
    """One feature shard to make: from which mel shard, where to, and earlier shards whose rows may be copied."""

    mels: Path
    output: Path
    provenance: Provenance
    previous: Sequence[Path] = ()


def embed(
    jobs: Sequence[EmbedJob], backbone: BackboneParams, features: FeatureParams, onnx: Path, threads: int | None = None
) -> tuple[int, int]:
    """Write the feature shards of ``jobs``; returns (computed, copied) clips.

    ``onnx`` is the exported backbone, ``threads`` those of the CPU engine (None: every core); it is loaded only if
    there is something to compute. Raises EarmarkError if a shard or the backbone is missing or damaged.
    """
    extractor, computed, copied = Extractor(backbone, features, onnx, threads), 0, 0
    for job in tqdm(jobs, "embed", disable=None, mininterval=1, unit="shard"):
        rows = _Rows(job, extractor)
        write_feature_shard(rows, job.provenance, job.output)
        computed, copied = computed + rows.computed, copied + rows.copied
    return computed, copied


def feature_key(mel_key: str, backbone: BackboneParams, weights: str) -> str:
    """Content key of a clip's features, from that of its images and the weights' digest; equal keys, equal bytes."""
    section = {name: value for name, value in backbone.plain().items() if name not in ("weights", "engine")}
    return digest("embed", versions.EMBED, section, weights, mel_key)


class Extractor:
    """Features of single windows; the backbone is loaded when the first is asked for."""

    def __init__(self, backbone: BackboneParams, features: FeatureParams, onnx: Path, threads: int | None) -> None:
        self.backbone, self.weights = backbone, weights_digest(backbone)
        self._features, self._onnx, self._threads = features, onnx, threads

    @cached_property
    def _engine(self) -> Engine:
        return choose(self.backbone, self._onnx, self._threads)

    def vector(self, images: Images) -> Vector:
        """Features (shape of the backbone's output) of one window, float32."""
        return self._engine.features(network_input(images, self.backbone, self._features)[None])[0]


class _Rows:
    """The rows of one feature shard, those of a clip copied where its key is known, else computed."""

    def __init__(self, job: EmbedJob, extractor: Extractor) -> None:
        self._job, self._extractor = job, extractor
        self._earlier = [(EarlierRows([path], ["first_frame", "vector"]), _shape(path)) for path in job.previous]
        self.computed = self.copied = 0

    def __iter__(self) -> Iterator[tuple[str, str, int, Vector]]:
        clips = groupby(read_images(self._job.mels), lambda row: (row.clip_id, row.row_key))
        for (clip_id, mel_key), windows in clips:
            key = feature_key(mel_key, self._extractor.backbone, self._extractor.weights)
            known = self._known(key)
            self.copied += known is not None
            self.computed += known is None
            made = ((row.first_frame, self._extractor.vector(row.images)) for row in windows)
            for first_frame, vector in made if known is None else known:
                yield clip_id, key, first_frame, vector

    def _known(self, key: str) -> list[tuple[int, Vector]] | None:
        for earlier, shape in self._earlier:
            rows = earlier.get(key)
            if rows is not None:
                return [(first_frame, np.frombuffer(blob, np.float32).reshape(shape)) for first_frame, blob in rows]
        return None


def _shape(shard: Path) -> list[int]:
    """Shape of a shard's vectors; a shard that is damaged or gone has no rows either."""
    return list((read_record(shard) or {}).get("shape", []))
