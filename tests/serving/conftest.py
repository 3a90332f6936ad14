"""A model trained through the real chain: synthetic sounds, mel and feature shards, head."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import soundfile

from earmark.config import BackboneParams, Params
from earmark.digest import file_digest
from earmark.models.embed import EmbedJob, embed
from earmark.models.engine import export
from earmark.models.train import train
from earmark.provenance import Provenance
from earmark.serving.predictor import Predictor
from earmark.shards.schema import ClipRow
from earmark.shards.write import write_mel_shard

RATE = 16000
PARAMS = Params(
    backbone=BackboneParams(engine="onnx"),
    train={"head": "linear", "epochs": 20, "learning_rate": 0.01},
)


@dataclass(frozen=True)
class Served:
    """A model folder and what it was made from; the label of a file is the first word of its name."""

    folder: Path
    params: Params
    files: list[Path]
    mels: Path
    features: Path


def sound(label: str, number: int) -> np.ndarray:
    """A rising or falling tone, a second long or longer, with some noise."""
    rng = np.random.default_rng(number)
    time = np.arange(RATE + 800 * number) / RATE
    sweep = 400 * time * (1 if label == "up" else -1)
    return 0.3 * np.sin(2 * np.pi * (900 + 20 * number + sweep) * time) + rng.normal(0, 0.003, len(time))


def clips(folder: Path) -> list[ClipRow]:
    """Written sounds of two classes."""
    for label in ("down", "up"):
        for number in range(8):
            soundfile.write(folder / f"{label}-{number}.wav", sound(label, number), RATE, subtype="PCM_16")
    return [ClipRow(p.name, p.name, None, None, file_digest(p)) for p in sorted(folder.glob("*.wav"))]


@pytest.fixture(scope="session")
def served(tmp_path_factory) -> Served:
    root = tmp_path_factory.mktemp("served")
    rows, provenance = clips(root), Provenance("test", 1, "0" * 20)
    mels, features, backbone, model = (root / name for name in ("mel.parquet", "features.parquet", "b.onnx", "model"))
    write_mel_shard(rows, PARAMS.features, root.joinpath, provenance, mels)
    export(PARAMS.backbone, backbone)
    embed([EmbedJob(mels, features, provenance, [])], PARAMS.backbone, PARAMS.features, backbone, 1)
    manifest = root / "manifest.parquet"
    splits = [{"clip_id": r.clip_id, "label": r.clip_id.split("-")[0], "split": _split(r.clip_id)} for r in rows]
    pq.write_table(pa.Table.from_pylist(splits), manifest)
    train(PARAMS, manifest, [features], backbone, model, provenance)
    return Served(model, PARAMS, [root / row.path for row in rows], mels, features)


def _split(clip_id: str) -> str:
    return "val" if "-6" in clip_id or "-7" in clip_id else "train"


@pytest.fixture(scope="session")
def by_pitch(pitch_model) -> Predictor:
    """A predictor of ``low`` and ``high`` tones, wherever they are cut."""
    return Predictor.load(pitch_model, threads=1)


@pytest.fixture(scope="session")
def melody() -> np.ndarray:
    """Four seconds of a low tone, two of silence, four of a high tone; float32 at 16 kHz."""
    time = np.arange(4 * RATE) / RATE
    low, high = (0.3 * np.sin(2 * np.pi * pitch * time) for pitch in (300, 4000))
    return np.concatenate([low, np.zeros(2 * RATE), high]).astype(np.float32)
