"""Training as a whole: the folder, its reproducibility, what listeners hear, and a second Keras backend."""

import csv
import importlib.util
import json
import os
import subprocess
import sys

import pytest
import yaml

from earmark.config import Params, parse
from earmark.digest import file_digest
from earmark.errors import EarmarkError
from earmark.models.folder import COLUMNS, decisive
from earmark.models.train import train
from earmark.provenance import Provenance

PROVENANCE = Provenance("train", 1, "0" * 20)
FILES = {
    *("head.keras", "head.onnx", "backbone.onnx", "labels.json", "params.yaml", "history.csv", "training.json"),
    *("timing.json", "reference.npz", "provenance.json"),
}


class Recorder:
    def __init__(self):
        self.heard = []

    def on_begin(self, info):
        self.heard.append(("begin", info))

    def on_epoch(self, epoch, metrics):
        self.heard.append((epoch, metrics))

    def on_end(self, training):
        self.heard.append(("end", training))


def run(study, output="model", listeners=()):
    folder = study.folder / output
    train(study.params, *study.write(), folder, PROVENANCE, listeners)
    return folder


def read(folder):
    return json.loads((folder / "training.json").read_text())


def contents(folder):
    return {p.name: file_digest(p) for p in folder.iterdir() if p.name not in ("timing.json", "provenance.json")}


def test_golden_numbers_of_this_version(study):
    """Bump ``versions.TRAIN`` when these change."""
    training = read(run(study(gap=6.0, train={"epochs": 15})))
    found = (training["val"]["accuracy"], training["val"]["loss"], training["reference"]["val_accuracy"])
    assert found == pytest.approx(GOLDEN, abs=0.02)


GOLDEN = (1.0, 0.084, 1.0)


def test_the_model_folder(study):
    tiny = study(shape=(2, 2, 16))
    folder = run(tiny)
    training, labels = read(folder), json.loads((folder / "labels.json").read_text())
    assert {path.name for path in folder.iterdir()} == FILES
    assert (folder / "backbone.onnx").samefile(tiny.folder / "backbone.onnx")
    assert labels == ["de", "en", "zh"]
    assert training["parameters"] == {"head": 19139, "trainable": 19139, "backbone": 6}
    assert training["stopped"] == "epochs"
    assert training["warnings"] == []
    with (folder / "history.csv").open() as stream:
        history = list(csv.DictReader(stream))
    assert tuple(history[0]) == COLUMNS
    assert [int(row["epoch"]) for row in history] == list(range(training["epochs"]))
    assert float(history[training["best_epoch"]]["val_loss"]) == pytest.approx(training["val"]["loss"], rel=1e-5)
    assert yaml.safe_load((folder / "params.yaml").read_text()) == decisive(tiny.params)
    outputs = json.loads((folder / "provenance.json").read_text())["outputs"]
    assert outputs.keys() == FILES - {"provenance.json"}


def test_another_process_and_other_sharding_give_the_same_bytes(study):
    """Enough channels that a matrix product would be split among threads, where there is more than one."""
    settings = {"shape": (768,), "clips": 300, "train": {"epochs": 2, "batch_size": 50}}
    here = contents(run(study(**settings)))
    assert here == contents(in_another_process(study(**settings, shards=3)))


def test_windows_are_told_beside_the_clips(study):
    recorder = Recorder()
    training = read(run(study(windows=3, gap=6.0, train={"epochs": 15}), listeners=[recorder]))
    assert training["clips"]["val"] == {"de": 6, "en": 6, "zh": 6}
    assert training["windows"]["val"] == {"de": 6, "en": 12, "zh": 18}
    assert {name: recorder.heard[0][1][name] for name in ("clips", "windows")} == {
        name: training[name] for name in ("clips", "windows")
    }
    assert training["val"]["accuracy"] > 0.9
    assert "windows" not in read(run(study(train={"epochs": 1}), "whole"))


def test_what_only_other_products_depend_on_is_not_in_the_model(study):
    tiny = study(train={"epochs": 1})
    other = tiny.params.model_copy(update={"task": "other", "evaluate": type(tiny.params.evaluate)(bootstrap=7)})
    assert decisive(other) == decisive(tiny.params)


def test_what_decided_a_model_can_be_read_back():
    features = {"kinds": ["chroma", "stft"], "sample_rate": 8000, "fmax": 4000, "window": {"seconds": 1, "hop": 0.5}}
    params = Params.model_validate({"features": features})
    again = parse(decisive(params))
    assert again.features.front_end() == params.features.front_end()
    assert decisive(again) == decisive(params)


def test_listeners_hear_of_the_whole_training(study):
    recorder, tiny = Recorder(), study(train={"epochs": 2})
    training = read(run(tiny, listeners=[recorder]))
    names = [event[0] for event in recorder.heard]
    assert names == ["begin", 0, 1, "end"]
    assert recorder.heard[0][1]["clips"]["val"] == {"de": 6, "en": 6, "zh": 6}
    assert recorder.heard[1][1].keys() == set(COLUMNS) - {"epoch"}
    ending = recorder.heard[-1][1]
    times = {name: ending.pop(name) for name in ("seconds", "first_epoch_seconds", "epoch_seconds")}
    assert times == json.loads((tiny.folder / "model" / "timing.json").read_text()) and min(times.values()) > 0
    assert ending == training
    assert recorder.heard[1][1] == training["first_epoch"] | {"learning_rate": pytest.approx(0.01)}


def test_features_without_meaning_are_reported(study, capsys):
    training = read(
        run(study(gap=0.0, clips=150, train={"early_stopping": 3, "head": "linear", "learning_rate": 1e-5}))
    )
    assert "stayed at chance" in training["warnings"][0]
    assert f"earmark: warning: {training['warnings'][0]}" in capsys.readouterr().err


def test_a_failed_training_leaves_no_folder(study):
    tiny = study(train={"head": "linear", "optimizer": "sgd", "learning_rate": 3e38, "standardise": False})
    with pytest.raises(EarmarkError, match="not a number"):
        run(tiny)
    assert sorted(path.name for path in tiny.folder.iterdir() if "model" in path.name) == []


def test_an_interrupted_training_leaves_no_folder(study):
    class Impatient(Recorder):
        def on_epoch(self, epoch, metrics):
            raise KeyboardInterrupt

    tiny = study()
    with pytest.raises(KeyboardInterrupt):
        run(tiny, listeners=[Impatient()])
    assert not (tiny.folder / "model").exists()


@pytest.mark.parametrize("backend", ["torch", "jax"])
def test_a_step_under_another_keras_backend(study, backend):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    code = """
import sys, keras
from pathlib import Path
from earmark.config import TrainParams
from earmark.models import dataset
from earmark.models.fit import compiled, fit
from earmark.models.networks import build_head
params = TrainParams(epochs=2, learning_rate=0.01)
data = dataset.load(Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]])
keras.utils.set_random_seed(0)
model = compiled(build_head("final", data.shape, len(data.labels)), params)
course = fit(model, data, params, lambda *epoch: None)
assert course.best["val_loss"] < 2, course
print(keras.backend.backend())
"""
    manifest, features, _ = study().write()
    printed = subprocess.run(
        [sys.executable, "-c", code, manifest, *features],
        env={**os.environ, "KERAS_BACKEND": backend},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert printed.stdout.split()[-1] == backend


def in_another_process(study):
    """Train in a process of its own, where nothing was built before."""
    manifest, features, backbone = study.write()
    folder = study.folder / "elsewhere"
    code = """
import json, sys
from pathlib import Path
from earmark.config import Params
from earmark.models.train import train
from earmark.provenance import Provenance
params, manifest, backbone, output, *features = sys.argv[1:]
train(Params.model_validate(json.loads(params)), Path(manifest), [Path(f) for f in features], Path(backbone),
      Path(output), Provenance("train", 1, "0" * 20))
"""
    arguments = [json.dumps(study.params.plain()), manifest, backbone, folder, *features]
    subprocess.run([sys.executable, "-c", code, *map(str, arguments)], check=True, capture_output=True)
    return folder
