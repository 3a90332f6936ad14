"""Extraction: mel shards to feature shards, one backbone loaded once for many shards."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from earmark import versions
from earmark.config import BackboneParams, FeatureParams
from earmark.digest import digest
from earmark.models.backbones import weights_digest
from earmark.models.engine import Engine, choose
from earmark.models.inputs import network_input
from earmark.provenance import Provenance, read_record
from earmark.shards.read import MelRow, read_mels
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
    """Write the feature shards of ``jobs``; returns (computed, copied) rows.

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
    """Content key of a clip's features, from that of its image and the weights' digest; equal keys, equal bytes."""
    section = {name: value for name, value in backbone.plain().items() if name not in ("weights", "engine")}
    return digest("embed", versions.EMBED, section, weights, mel_key)


class Extractor:
    """Features of single images; the backbone is loaded when the first is asked for."""

    def __init__(self, backbone: BackboneParams, features: FeatureParams, onnx: Path, threads: int | None) -> None:
        self.backbone, self.weights = backbone, weights_digest(backbone)
        self._top_db, self._onnx, self._threads = features.top_db, onnx, threads

    @cached_property
    def _engine(self) -> Engine:
        return choose(self.backbone, self._onnx, self._threads)

    def vector(self, row: MelRow) -> Vector:
        """Features (shape of the backbone's output) of one clip, float32."""
        return self._engine.features(network_input(row.mel, self.backbone, self._top_db)[None])[0]


class _Rows:
    """The rows of one feature shard, copied where the key is known, else computed."""

    def __init__(self, job: EmbedJob, extractor: Extractor) -> None:
        self._job, self._extractor = job, extractor
        self._earlier = [(EarlierRows([path], "vector"), _shape(path)) for path in job.previous]
        self.computed = self.copied = 0

    def __iter__(self) -> Iterator[tuple[str, str, Vector]]:
        for row in read_mels(self._job.mels):
            key = feature_key(row.row_key, self._extractor.backbone, self._extractor.weights)
            known = self._known(key)
            self.copied += known is not None
            self.computed += known is None
            yield row.clip_id, key, self._extractor.vector(row) if known is None else known

    def _known(self, key: str) -> Vector | None:
        for rows, shape in self._earlier:
            blob = rows.get(key)
            if blob is not None:
                return np.frombuffer(blob, np.float32).reshape(shape)
        return None


def _shape(shard: Path) -> list[int]:
    """Shape of a shard's vectors; a shard that is damaged or gone has no rows either."""
    return list((read_record(shard) or {}).get("shape", []))
