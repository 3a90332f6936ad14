"""Training on images as a whole: what comes out, and that a killed training goes on to the same end."""

import importlib.util
import json
import os
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import soundfile

from earmark.config import Params
from earmark.errors import EarmarkError
from earmark.models.tune import tune
from earmark.provenance import Provenance
from earmark.serving.predictor import Predictor
from earmark.shards.read import read_images

PROVENANCE = Provenance("train", 2, "0" * 20)
SPLITS = ["train", "train", "train", "val", "test"]
PICTURE = {
    "name": "mobilenet_025", "weights": "none", "normalise": "none", "image_size": [32, 32], "fit": "squeeze",
    "pooling": "avg",
}  # fmt: skip


class Recorder:
    """Hears of a training, and stops it after an epoch."""

    def __init__(self, stop=None):
        self.stop, self.epochs, self.begun, self.ended = stop, [], None, None

    def on_begin(self, info):
        self.begun = info

    def on_epoch(self, epoch, metrics):
        self.epochs.append((epoch, metrics))
        if epoch == self.stop:
            raise KeyboardInterrupt

    def on_end(self, training):
        self.ended = training


@pytest.fixture(scope="module")
def study(tmp_path_factory, image_shard):
    """Manifest and a shard of 60 clips: rising or falling tones, which a mean over time does not tell apart."""
    folder = tmp_path_factory.mktemp("study")
    rng, rows, table = np.random.default_rng(0), [], {"clip_id": [], "label": [], "split": []}
    for number in range(60):
        frames, rising = int(rng.integers(32, 48)), number % 2
        place = np.linspace(5, 35, frames)[:: 1 if rising else -1] + rng.uniform(-3, 3)
        tone = np.exp(-((np.arange(40)[:, None] - place) ** 2) / 4)
        rows.append(
            (f"c{number:02}", 0, {"mel": (255 * np.maximum(tone, rng.random(tone.shape) * 0.4)).astype(np.uint8)})
        )
        table["clip_id"].append(f"c{number:02}")
        table["label"].append("up" if rising else "down")
        table["split"].append(SPLITS[number // 2 % 5])
    pq.write_table(pa.table(table), folder / "manifest.parquet")
    return folder / "manifest.parquet", [image_shard(folder / "all.parquet", rows)]


def params(backbone=None, features=None, **train):
    defaults = {"mode": "tune", "head": "linear", "epochs": 3, "batch_size": 16, "learning_rate": 3e-3}
    sections = {"backbone": backbone or {}, "features": features or {}, "train": defaults | train}
    return Params.model_validate({"task": "tiny", **sections})


def run(study, folder, settings, *listeners):
    tune(settings, *study, folder / "model", PROVENANCE, folder / "state", listeners)
    return json.loads((folder / "model" / "training.json").read_text())


def test_a_tuned_backbone_learns_what_frozen_pictures_do_not_tell(study, tmp_path):
    heard = Recorder()
    training = run(study, tmp_path, params(schedule="one_cycle", augment=["noise", "mask"], epochs=6), heard)
    assert training["val"]["accuracy"] >= 0.9
    assert heard.begun["parameters"]["trainable"] > 150_000 and heard.begun["clips"]["train"] == {"down": 18, "up": 18}
    assert [epoch for epoch, _ in heard.epochs] == list(range(6)) and heard.ended["val"] == training["val"]
    rates = [metrics["learning_rate"] for _, metrics in heard.epochs]
    assert max(rates) > 2 * rates[-1]
    assert not (tmp_path / "state").exists()
    best = heard.epochs[training["best_epoch"]][1]  # padded to the batch's length, and not: nearly the same
    assert best["val_accuracy"] == pytest.approx(training["val"]["accuracy"], abs=0.1)


def test_the_folder_serves_what_was_judged(study, tmp_path):
    training = run(study, tmp_path, params(epochs=1))
    predictor = Predictor.load(tmp_path / "model")
    rows = {row.clip_id: row.images for row in read_images(study[1][0])}
    table = pq.read_table(study[0]).to_pylist()
    val = [row for row in table if row["split"] == "val"]
    features = np.concatenate([predictor.features([rows[row["clip_id"]]]) for row in val])
    answers = [predictor.labels[i] for i in predictor.probabilities(features).argmax(axis=1)]
    right = np.mean([answer == row["label"] for answer, row in zip(answers, val, strict=True)])
    assert right == pytest.approx(training["val"]["accuracy"])


@pytest.fixture(scope="module")
def uninterrupted(pictures, scratch_params, tmp_path_factory):
    """Params of a training in two stages, and what is heard of it from its begin to its end."""
    stages = [{"epochs": 2, "learning_rate": 0.01}, {"epochs": 2, "layer_rates": [0.1, 0.3, 1]}]
    settings, whole = scratch_params(stages=stages, schedule="cosine", augment=["shift"]), Recorder()
    run(pictures, tmp_path_factory.mktemp("uninterrupted"), settings, whole)
    return settings, whole


@pytest.mark.parametrize("killed_after", [0, 2])
def test_a_killed_training_goes_on_to_the_same_end(pictures, uninterrupted, tmp_path, killed_after):
    (settings, whole), first, second = uninterrupted, Recorder(stop=killed_after), Recorder()
    with pytest.raises(KeyboardInterrupt):
        run(pictures, tmp_path / "parts", settings, first)
    assert not (tmp_path / "parts" / "model").exists()
    run(pictures, tmp_path / "parts", settings, second)
    again = max(0, killed_after)  # the epoch that was stopped while it was being told is done again
    assert [epoch for epoch, _ in second.epochs] == list(range(again, 4))
    for (_, found), (_, expected) in zip(second.epochs, whole.epochs[again:], strict=True):
        assert found == pytest.approx(expected, rel=1e-4, abs=1e-6)


def test_a_training_killed_after_its_last_epoch_is_not_done_again(pictures, scratch_params, tmp_path, monkeypatch):
    settings = scratch_params(epochs=2)
    whole, again = Recorder(), Recorder()

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("earmark.models.tune.save_trunk", killed)
        run(pictures, tmp_path, settings, whole)
    training = run(pictures, tmp_path, settings, again)
    assert again.epochs == [] and training["epochs"] == 2
    assert training["best_epoch"] == min((0, 1), key=lambda epoch: whole.epochs[epoch][1]["val_loss"])


def test_members_answer_together_and_a_killed_one_goes_on(pictures, scratch_params, tmp_path):
    settings, first, second = scratch_params(epochs=2, members=2), Recorder(stop=3), Recorder()
    with pytest.raises(KeyboardInterrupt):
        run(pictures, tmp_path, settings, first)
    training = run(pictures, tmp_path, settings, second)
    assert [epoch for epoch, _ in second.epochs] == [3], "the first member and an epoch of the second were done"
    assert second.begun["epochs"] == training["epochs"] == 4
    alone = Recorder()
    run(pictures, tmp_path / "alone", scratch_params(epochs=1), alone)
    assert second.begun["parameters"]["backbone"] == 2 * alone.begun["parameters"]["backbone"]
    assert first.epochs[0][1] != first.epochs[2][1], "each has a seed of its own"
    predictor, row = Predictor.load(tmp_path / "model"), next(iter(read_images(pictures[1][0])))
    assert predictor.predict_windows([row]).label in ("up", "down")
    assert list(tmp_path.glob("state*")) == []


def test_stages_freeze_and_thaw(study, tmp_path):
    stages = [{"epochs": 1, "unfreeze": 0}, {"epochs": 1, "unfreeze": 3}, {"epochs": 1, "unfreeze": "all"}]
    training = run(study, tmp_path, params(PICTURE, stages=stages))
    assert training["epochs"] == 3 and len(list((tmp_path / "model").iterdir())) == 10


def test_scratch_learns_everything_from_random_weights(study, tmp_path):
    heard = Recorder()
    run(study, tmp_path, params(PICTURE, mode="scratch", epochs=1, loss="binary", monitor="accuracy"), heard)
    assert heard.begun["parameters"]["trainable"] > 0.9 * heard.begun["parameters"]["backbone"]


def test_a_published_network_is_built_for_the_images_it_learns_from(tmp_path, image_shard):
    rng, rows, table = np.random.default_rng(0), [], {"clip_id": [], "label": [], "split": []}
    for number in range(40):
        image = rng.integers(0, 60, (12, 40)) + 190 * (np.arange(12)[:, None] // 6 == number % 2)
        rows.append((f"c{number:02}", 0, {"chroma": image.astype(np.uint8)}))
        table["clip_id"].append(f"c{number:02}")
        table["label"].append("up" if number % 2 else "down")
        table["split"].append(SPLITS[number // 2 % 5])
    pq.write_table(pa.table(table), tmp_path / "manifest.parquet")
    study = tmp_path / "manifest.parquet", [image_shard(tmp_path / "all.parquet", rows)]
    network = {"name": "simple_chroma_cnn", "weights": "none", "normalise": "none", "pooling": "none"}
    features = {"kinds": ["chroma"], "window": {"frames": 40}}
    training = run(study, tmp_path, params(network, features, mode="scratch", epochs=8, standardise=False))
    assert training["val"]["accuracy"] >= 0.9
    weights = [
        run(study, tmp_path / str(seed), params(network, features, mode="scratch", epochs=1, seed=seed))["val"]["loss"]
        for seed in (1, 2)
    ]
    assert weights[0] != weights[1]


def test_what_diverges_at_once_is_refused_and_leaves_no_folder(study, tmp_path):
    settings = params(optimizer="sgd", learning_rate=3e38, epochs=1, standardise=False)
    with pytest.raises(EarmarkError, match="not a number"):
        run(study, tmp_path, settings)
    assert not (tmp_path / "model").exists()


def stacked(folder, image_shard, heights, frames):
    """Manifest and a shard of 40 clips: in images of ``heights``, low or high rows are bright."""
    rng, rows, table = np.random.default_rng(0), [], {"clip_id": [], "label": [], "split": []}
    for number in range(40):
        images = {}
        for kind, height in heights.items():
            half = np.arange(height)[:, None] * 2 // height == number % 2
            images[kind] = (rng.integers(0, 100, (height, frames)) + 150 * half).astype(np.uint8)
        rows.append((f"c{number:02}", 0, images))
        table["clip_id"].append(f"c{number:02}")
        table["label"].append("up" if number % 2 else "down")
        table["split"].append(SPLITS[number // 2 % 5])
    pq.write_table(pa.table(table), folder / "manifest.parquet")
    return folder / "manifest.parquet", [image_shard(folder / "all.parquet", rows)]


SMALL = {"name": "simple_chroma_cnn", "weights": "none", "pooling": "none"}
STACK = {"mel": 40, "mfcc": 20, "chroma": 12, "contrast": 7}


@pytest.mark.parametrize("normalise", ["clip", "global"])
def test_what_is_normalised_is_served_as_it_was_trained(tmp_path, image_shard, normalise):
    study, heard = stacked(tmp_path, image_shard, {"mel": 12, "chroma": 12}, 40), Recorder()
    features = {"kinds": ["mel", "chroma"], "n_mels": 12, "window": {"frames": 40}}
    settings = params(SMALL | {"normalise": normalise}, features, mode="scratch")
    training = run(study, tmp_path, settings, heard)
    assert training["val"]["accuracy"] >= 0.9
    best = heard.epochs[training["best_epoch"]][1]
    assert best["val_loss"] == pytest.approx(training["val"]["loss"], rel=1e-3), (
        "by Keras and through the exported files"
    )
    row, predictor = next(iter(read_images(study[1][0]))), Predictor.load(tmp_path / "model")
    assert predictor.predict_windows([row]).label == "down"


def test_the_speech_backbone_learns_any_stack_of_images_from_scratch(tmp_path, image_shard):
    study, heard = stacked(tmp_path, image_shard, STACK, 30), Recorder()
    network = {"weights": "none", "normalise": "global", "image_size": [40, 24], "fit": "squeeze"}
    features = {"kinds": list(STACK), "scale": "minmax"}
    training = run(study, tmp_path, params(network, features, mode="scratch", epochs=2, batch_size=4), heard)
    assert training["train"]["accuracy"] >= 0.9, "as it serves, after few steps too"
    assert training["val"]["loss"] == pytest.approx(heard.epochs[training["best_epoch"]][1]["val_loss"], rel=1e-3)
    assert heard.begun["parameters"]["backbone"] == 202_816 + 3 * 25 * 32


def test_noise_and_rooms_come_from_folders(tmp_path, image_shard):
    study, rng = stacked(tmp_path, image_shard, {"mel": 40}, 40), np.random.default_rng(0)
    for name, samples in (("noise", rng.normal(0, 0.1, 16000)), ("rooms", 0.5 * np.exp(-np.arange(2000) / 400))):
        (tmp_path / name).mkdir()
        soundfile.write(tmp_path / name / "a.flac", samples, 16000)
    folders = {"noise": str(tmp_path / "noise"), "rooms": str(tmp_path / "rooms")}
    losses = []
    for added in ({}, folders, {**folders, "snr_db": [0, 5]}):
        added = {"mode": "scratch", "augment": ["noise", "reverberation"], "epochs": 1, **added}
        settings = params(SMALL | {"normalise": "none"}, {"window": {"frames": 40}}, **added)
        losses.append(run(study, tmp_path / str(len(losses)), settings)["val"]["loss"])
    assert len(set(losses)) == 3
    (tmp_path / "noise/b.wav").write_bytes(b"no sound")
    with pytest.raises(EarmarkError, match=r"train\.noise: .*b\.wav: not audio"):
        run(study, tmp_path / "damaged", settings)
    assert not (tmp_path / "damaged/model").exists()


@pytest.mark.parametrize("backend", ["torch", "jax"])
def test_steps_on_images_under_another_keras_backend(pictures, scratch_params, tmp_path, backend):
    """With everything that reaches into the optimiser: averaged weights, rates by layer, mixed precision."""
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    code = """
import json, sys, keras
from pathlib import Path
from earmark.config import Params
from earmark.models.checkpoint import Checkpoint
from earmark.models.images import TrainingImages
from earmark.models.tune import Tuning, augmenter_of
given, manifest, mels, folder = sys.argv[1:]
params, folder = Params.model_validate(json.loads(given)), Path(folder)
images = TrainingImages.load(Path(manifest), [Path(mels)], folder)
tuning = Tuning(params, images, Checkpoint(folder / "state"), augmenter_of(params, folder))
tuning.run(lambda *epoch: None)
assert tuning.course.best["val_accuracy"] > 0.8, tuning.course
print(keras.backend.backend())
"""
    head = {"head": "custom", "head_layers": ["batch_norm"]}
    settings = scratch_params(epochs=8, average=0.7, layer_rates=[0.5, 1], precision="mixed", **head)
    arguments = [json.dumps(settings.plain()), pictures[0], pictures[1][0], tmp_path]
    environment = {**os.environ, "KERAS_BACKEND": backend}
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[-1] == backend
