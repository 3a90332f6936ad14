"""A real server of a small study: tones that are low or high, a model that tells them apart, and what it reached."""

from __future__ import annotations

import http.client
import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import soundfile

from earmark.provenance import Provenance
from tests.serving.app.chromium import Page

RATE = 16000
MODEL, MANIFEST = "ab" * 10, "cd" * 10
METRICS = {
    "task": "pitch",
    "test": {"n": 2, "speakers": 2, "balanced_accuracy": 0.5, "ci95": {"balanced_accuracy": [0.25, 0.75]}},
    "leaks": "clean",
    "model_key": MODEL,
}


@dataclass(frozen=True)
class Server:
    """A running `earmark app`."""

    port: int
    study: Path
    process: subprocess.Popen

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def ask(self, method, path, body=None, headers=None):
        """Status, headers and body of an answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def predict(self, audio, query="", **headers):
        """Status and JSON of the answer to the bytes of a file."""
        status, _, body = self.ask("POST", f"/api/predict{query}", audio, headers)
        return status, json.loads(body)


def tone(pitch: float, seconds: float) -> np.ndarray:
    return (0.3 * np.sin(2 * np.pi * pitch * np.arange(int(seconds * RATE)) / RATE)).astype(np.float32)


@pytest.fixture(scope="session")
def pitch_study(pitch_model, tmp_path_factory) -> Path:
    """A project's folder with recordings, manifest, model and figures, as after a run."""
    root = tmp_path_factory.mktemp("project")
    model, manifest, tones = root / "results" / "model", root / "data" / "manifest", root / "tones"
    shutil.copytree(pitch_model, model)
    manifest.mkdir(parents=True)
    tones.mkdir()
    rows = []
    for label, pitch in (("low", 300), ("high", 4000)):
        for split in ("train", "test"):
            name = f"{label}-{split}.wav"
            soundfile.write(tones / name, tone(pitch, 1), RATE, subtype="PCM_16")
            row = {"clip_id": name, "path": name, "start": None, "end": None, "label": label, "split": split}
            rows.append(row | {"duration": 1.0, "bytes": (tones / name).stat().st_size})
    columns = {"start": pa.float64(), "end": pa.float64()}
    schema = pa.Table.from_pylist(rows).schema
    for name, kind in columns.items():
        schema = schema.set(schema.get_field_index(name), pa.field(name, kind))
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), manifest / "manifest.parquet")
    Provenance("prepare", 1, MANIFEST, {"data": {"adapter": "demo", "root": "tones"}}).write(manifest)
    (model / "training.json").write_text(json.dumps({"clips": {"train": {"low": 1, "high": 1}}}))
    Provenance("train", 1, MODEL, inputs={"manifest": MANIFEST}).write(model)
    (root / "results" / "metrics.json").write_text(json.dumps(METRICS))
    (root / "results" / "report").mkdir()
    (root / "results" / "report" / "index.html").write_text("<!doctype html><title>Report</title><p>The report")
    return root


@pytest.fixture(scope="session")
def server(pitch_study, pitch_model):
    """`earmark app` as it is typed, with a second model to compare."""
    command = [sys.executable, "-m", "earmark", "app", "--port", "0", "--workers", "2", "--compare", str(pitch_model)]
    with subprocess.Popen(command, cwd=pitch_study, stdout=subprocess.PIPE, text=True) as process:
        line = process.stdout.readline()
        yield Server(int(line.split("/")[2].split(":")[1]), pitch_study, process)
        process.terminate()


@pytest.fixture(scope="session")
def long_recording(tmp_path_factory) -> Path:
    """Four seconds of a low tone, two of silence, four of a high tone."""
    path = tmp_path_factory.mktemp("recordings") / "long.flac"
    soundfile.write(path, np.concatenate([tone(300, 4), np.zeros(2 * RATE, np.float32), tone(4000, 4)]), RATE)
    return path


@pytest.fixture
def page(tmp_path):
    """A page of a headless Chromium whose microphone hears a high tone; the test is skipped without one."""
    soundfile.write(tmp_path / "spoken.wav", tone(4000, 10), RATE, subtype="PCM_16")
    fake = ("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream")
    made = Page(tmp_path / "profile", *fake, f"--use-file-for-fake-audio-capture={tmp_path / 'spoken.wav'}")
    yield made
    made.close()
