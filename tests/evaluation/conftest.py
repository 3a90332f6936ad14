"""Small judged material: 4 classes, 3 speakers per class and split, probabilities drawn from a seed."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import soundfile

from earmark.config import Params, parse
from earmark.corpus.catalogue import CATALOGUE, MANIFEST, QUARANTINE
from earmark.corpus.prepare import prepare
from earmark.evaluation.census import Census
from earmark.evaluation.confounds import confounds
from earmark.evaluation.material import Material
from earmark.evaluation.predictions import Answers, Predictions
from earmark.models.embed import EmbedJob, embed
from earmark.models.engine import export
from earmark.models.train import train
from earmark.plan import Plan
from earmark.provenance import Provenance
from earmark.shards.write import write_mel_shard
from earmark.store import Store

LABELS = ["de", "en", "es", "zh"]


def manifest_rows(labels: list[str], clips: dict[str, int]) -> list[dict]:
    rows = [
        {
            "clip_id": f"{split}/{label}/{i:02d}.wav",
            "path": f"{split}/{label}/{i:02d}.wav",
            "start": None,
            "end": None,
            "label": label,
            "split": split,
            "speaker": f"{split}-{label}-{i % 3}",
            "sentence": f"sentence {i}",
            "source": "table",
            "duration": 1.0 + 0.1 * i,
        }
        for split, n in clips.items()
        for label in labels
        for i in range(n)
    ]
    return sorted(rows, key=lambda row: row["clip_id"])


def drawn_probabilities(rows: list[dict], labels: list[str], sharpness: float, seed: int) -> np.ndarray:
    truth = np.array([labels.index(row["label"]) for row in rows])
    logits = np.random.default_rng(seed).normal(size=(len(rows), len(labels)))
    logits[np.arange(len(rows)), truth] += sharpness
    shares = np.exp(logits)
    return shares / shares.sum(axis=1, keepdims=True)


@pytest.fixture
def params() -> Params:
    return parse({"task": "toy", "evaluate": {"bootstrap": 200}})


@pytest.fixture
def material() -> Material:
    quarantine = [
        {"path": "a.wav", "clip_id": None, "reason": "silent", "detail": "peak -71 dBFS"},
        {"path": "b.wav", "clip_id": None, "reason": "unreadable", "detail": "not audio: it starts with <html>"},
        {"path": "c.wav", "clip_id": None, "reason": "silent", "detail": "peak -90 dBFS"},
    ]
    leaks = {"verdict": "clean", "policy": "error", "split_by": "speaker", "filtered": {"top": 7}}
    leaks["crossing"] = {"speaker": {"count": 0}}
    return Material(manifest_rows(LABELS, {"train": 9, "val": 6, "test": 12}), quarantine, leaks, "d" * 20)


@pytest.fixture
def answers(material: Material) -> Answers:
    rows = material.of("val", "test", "unseen")
    head, reference = (drawn_probabilities(rows, LABELS, sharp, seed) for sharp, seed in ((3.0, 1), (1.0, 2)))
    return Answers(Predictions(rows, LABELS, head), Predictions(rows, LABELS, reference))


@pytest.fixture(scope="session")
def study(tmp_path_factory) -> Plan:
    """A study of tones in three pitches by five speakers, trained by the real steps: everything but its evaluation."""
    return trained(tmp_path_factory.mktemp("study"), backbone={"weights": "none"})


@pytest.fixture(scope="session")
def cut_study(tmp_path_factory) -> Plan:
    """The same, the clips cut into windows with two kinds of images, which an image network reads."""
    features = {"kinds": ["chroma", "mel"], "window": {"seconds": 0.4, "hop": 0.3, "rest": "shift"}}
    network = {"name": "mobilenet_025", "weights": "none", "normalise": "none", "fit": "squeeze", "pooling": "avg"}
    return trained(
        tmp_path_factory.mktemp("cut"),
        features=features,
        backbone={**network, "image_size": [32, 32], "engine": "onnx"},
    )


def trained(folder, **sections) -> Plan:
    """A study of tones in ``folder`` with these params."""
    rng, lines = np.random.default_rng(0), ["path,label,speaker,sentence"]
    for label, pitch in {"high": 900, "low": 200, "middle": 400}.items():
        for i in range(20):
            t = np.arange(8000 + 400 * i) / 16000
            tone = 0.3 * np.sin(2 * np.pi * pitch * (1 + 0.05 * rng.normal()) * t) * np.sin(9 * t) ** 2
            soundfile.write(folder / f"{label}{i:02d}.wav", tone + 0.01 * rng.normal(size=len(t)), 16000)
            lines.append(f"{label}{i:02d}.wav,{label},{label}-{i // 4},tone {i}")
    (folder / "clips.csv").write_text("\n".join([*lines, "gone.wav,low,low-0,nothing"]) + "\n")
    data = {"adapter": "table", "root": str(folder), "table": "clips.csv", "label": "label"}
    training = {"head": "linear", "epochs": 20, "learning_rate": 0.01}
    values = {"task": "tones", "data": data, "train": training, **sections}
    plan = Plan(parse(values), Store(folder / ".store"))
    prepare(plan.params, plan.recordings, plan.prepared, plan.provenance("prepare"))
    (shard,) = plan.shards
    features = plan.params.features
    write_mel_shard(shard.clips, features, plan.recordings.path, plan.provenance("mel", shard), plan.mel_path(shard))
    confounds(plan.manifest, [plan.mel_path(shard)], plan.params.split, plan.confounds, plan.provenance("confounds"))
    export(plan.params.backbone, plan.backbone)
    job = EmbedJob(plan.mel_path(shard), plan.feature_path(shard), plan.provenance("embed", shard))
    embed([job], plan.params.backbone, features, plan.backbone, threads=1)
    train(plan.params, plan.manifest, [plan.feature_path(shard)], plan.backbone, plan.model, plan.provenance("train"))
    return plan


@pytest.fixture
def surveyed(tmp_path):
    """Writes a manifest folder of the given clips (missing columns filled) and reads it as a census."""

    def survey(clips, fates=(), quarantine=(), **leaks):
        usual = {"split": "train", "duration": 1.8, "level": -20.0, "codec": "WAV PCM_16", "sample_rate": 16000}
        rows = [
            {"clip_id": f"{i:03d}", "path": f"{i:03d}.wav", "channels": 1, **usual, **row}
            for i, row in enumerate(clips)
        ]
        fated = [{**row, "fate": "kept"} for row in rows] + list(fates)
        tables = {"manifest": (rows, MANIFEST), "catalogue": (fated, CATALOGUE), "quarantine": (quarantine, QUARANTINE)}
        for name, (content, schema) in tables.items():
            full = [{column: row.get(column) for column in schema.names} for row in content]
            pq.write_table(pa.Table.from_pylist(full, schema=schema), tmp_path / f"{name}.parquet")
        audit = {"verdict": "clean", "policy": "error", "split_by": "speaker", "crossing": {}, **leaks}
        (tmp_path / "leaks.json").write_text(json.dumps(audit))
        Provenance("prepare", 2, "p" * 20).write(tmp_path)
        return Census.read(tmp_path)

    return survey
