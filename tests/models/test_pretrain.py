"""Pretraining on a tiny corpus: it runs, records itself, and its weights are usable; here and under other backends."""

import importlib.util
import json
import os
import subprocess
import sys

import numpy as np
import pytest

from earmark.config import BackboneParams, FeatureParams
from earmark.digest import file_digest
from earmark.models import backbones, pretrain
from earmark.models.engine import KerasEngine


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pretrain") / "backbone"
    return folder, pretrain.pretrain(folder, workers=1, epochs=1, voices=2, words=2)


def test_record_and_weights_lie_in_the_folder(tiny):
    folder, record = tiny
    assert sorted(path.name for path in folder.iterdir()) == [pretrain.RECORD_FILE, pretrain.WEIGHTS_FILE]
    assert json.loads((folder / pretrain.RECORD_FILE).read_text()) == record
    assert record["weights_sha256"] == file_digest(folder / pretrain.WEIGHTS_FILE)
    assert record["front_end"] == FeatureParams().front_end()
    assert len(record["classes"]) == 24
    assert len(record["history"]) == 1


def test_own_weights_can_be_used_by_path(tiny):
    folder, _ = tiny
    params = BackboneParams(weights=str(folder / pretrain.WEIGHTS_FILE))
    backbones.check(params, FeatureParams())
    assert KerasEngine(params).features(np.zeros((1, 40, 30, 1), np.float32)).shape == (1, 768)


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="processes cannot be kept to a core here")
def test_one_core_gives_the_same_bytes_as_all(tmp_path):
    environment = {name: value for name, value in os.environ.items() if name != "TF_NUM_INTRAOP_THREADS"}
    options = ("--epochs", "1", "--voices", "2", "--words", "2")
    cores = os.sched_getaffinity(0)
    for name, kept in (("one", {min(cores)}), ("all", cores)):
        command = [sys.executable, "-m", "earmark", "backbone", tmp_path / name, *options]
        process = subprocess.Popen(command, env=environment, preexec_fn=lambda kept=kept: os.sched_setaffinity(0, kept))
        assert process.wait() == 0
    one, every = (file_digest(tmp_path / name / pretrain.WEIGHTS_FILE) for name in ("one", "all"))
    assert one == every


def test_embedded_record_tells_the_recipe():
    record = backbones.record()
    assert len(record["classes"]) == 600
    assert record["epochs_done"] == record["epochs"] == pretrain.EPOCHS
    assert record["voices"] == 12 * pretrain.VOICES
    assert record["held_out_accuracy"] > 0.5


@pytest.mark.parametrize("backend", ["torch", "jax"])
def test_another_keras_backend_trains_a_step(backend, tmp_path):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    code = (
        "from pathlib import Path; from earmark.models.pretrain import pretrain;"
        f"pretrain(Path({str(tmp_path)!r}), 1, epochs=1, voices=2, words=1)"
    )
    environment = {**os.environ, "KERAS_BACKEND": backend}
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)
    assert (tmp_path / pretrain.WEIGHTS_FILE).is_file()
