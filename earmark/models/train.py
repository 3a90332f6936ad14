"""Training: manifest and feature shards to a model folder.

The folder holds ``head.keras`` (to go on with), ``head.onnx`` and ``backbone.onnx`` (to serve), ``labels.json``,
``params.yaml`` (what decided the model), ``history.csv``, ``training.json``, ``reference.npz``, ``timing.json`` and
``provenance.json``. All but the wall-clock time in ``timing.json`` (and its digest in the provenance) are the same
bytes in every run.
"""

from __future__ import annotations

import csv
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import yaml

from earmark.config import Params
from earmark.models import dataset, reference
from earmark.models.dataset import TrainingData
from earmark.models.listener import Listeners, TrainingListener
from earmark.models.reference import Reference
from earmark.models.standardise import Standardisation
from earmark.models.watch import Share, warnings
from earmark.provenance import Provenance
from earmark.store import link, replacing_folder

if TYPE_CHECKING:
    import keras

    from earmark.models.fit import Course, Metrics

COLUMNS = ("epoch", "loss", "accuracy", "val_loss", "val_accuracy", "learning_rate")


@dataclass(frozen=True)
class Trained:
    """A trained head, how it came about, the reference beside it, and its scores on the train and val clips."""

    head: keras.Model
    course: Course
    reference: Reference
    train: Metrics
    val: Metrics


def train(
    params: Params,
    manifest: Path,
    features: Sequence[Path],
    backbone_onnx: Path,
    output: Path,
    provenance: Provenance,
    listeners: Sequence[TrainingListener] = (),
) -> None:
    """Train the head that ``params`` ask for on the train clips, choosing the epoch on the val clips, into ``output``.

    ``manifest`` is the Parquet file, ``features`` the shards with its clips. Raises EarmarkError if they do not belong
    together or the training diverges at once. A clip's windows are examples of their own: ``train``, ``val`` and
    ``reference`` of training.json are scores of windows. Warnings go to training.json and to the terminal.
    """
    from earmark.models.exported import count_parameters

    compute_on_one_thread()
    told, data = Listeners(listeners), dataset.load(manifest, features)
    statistics = Standardisation.of(data.train.vectors)
    head = seeded_head(params, data, statistics)
    sizes = _sizes(head) | {"backbone": count_parameters(backbone_onnx)}
    told.on_begin({"labels": data.labels, **_numbers(data), "parameters": sizes, "epochs": params.train.epochs})
    trained = _fitted(head, params, data, statistics, told)
    training = _training(params, data, trained, sizes)
    timing = {"seconds": round(trained.course.seconds, 3)}
    with replacing_folder(output) as folder:
        _write(folder, params, data, trained, training, timing)
        link(backbone_onnx, folder / "backbone.onnx")
        provenance.write(folder)
    for warning in training["warnings"]:
        print(f"earmark: warning: {warning}", file=sys.stderr, flush=True)
    told.on_end(training | timing)


def compute_on_one_thread() -> None:
    """Make TensorFlow's CPU kernels give the same bits on any number of cores; it must not have run in this process.

    With more threads it sums matrix products in other orders, and a network this small is no faster for it.
    """
    os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")


def seeded_head(params: Params, data: TrainingData, statistics: Standardisation) -> keras.Model:
    """The untrained head; the same weights for the same seed."""
    import keras

    from earmark.models.networks import build_head

    keras.utils.set_random_seed(params.train.seed)
    scaling = statistics if params.train.standardise else None
    return build_head(params.train.head, data.shape, len(data.labels), scaling)


def _fitted(
    head: keras.Model, params: Params, data: TrainingData, statistics: Standardisation, told: Listeners
) -> Trained:
    from earmark.models.fit import compiled, fit, score
    from earmark.models.networks import without_pooling

    model = compiled(without_pooling(head), params.train)
    course = fit(model, data, params.train, told.on_epoch)
    train_score, val_score = score(model, data.train), score(model, data.val)
    return Trained(head, course, reference.fit_reference(data, statistics), train_score, val_score)


def _training(params: Params, data: TrainingData, trained: Trained, sizes: dict[str, int]) -> dict[str, Any]:
    """What training.json says."""
    course, counts, cheap = trained.course, data.counts(), trained.reference.accuracy(data.val)
    # windows of a clip are right or wrong together, so that only clips count as independent
    known = Share(trained.train["accuracy"], data.train.majority(), data.train.n_clips)
    new = Share(trained.val["accuracy"], data.val.majority(), data.val.n_clips)
    return {
        "epochs": len(course.history),
        "best_epoch": course.best_epoch,
        "stopped": course.stopped,
        "parameters": sizes,
        **_numbers(data),
        "train": trained.train,
        "val": trained.val,
        "reference": {"name": reference.NAME, "val_accuracy": cheap},
        "warnings": warnings(course, known, new, cheap, counts["train"], params.train),
    }


def _numbers(data: TrainingData) -> dict[str, Any]:
    """Clips per split and class, and windows where there are more of them."""
    windows = data.windows()
    return {"clips": data.counts()} | ({} if windows is None else {"windows": windows})


def _sizes(head: keras.Model) -> dict[str, int]:
    """Numbers of parameters."""
    groups = {"head": head.weights, "trainable": head.trainable_weights}
    return {name: int(sum(np.prod(weight.shape) for weight in weights)) for name, weights in groups.items()}


def _write(
    folder: Path,
    params: Params,
    data: TrainingData,
    trained: Trained,
    training: dict[str, Any],
    timing: dict[str, float],
) -> None:
    from earmark.models.exported import save_keras, save_onnx

    save_keras(trained.head, folder / "head.keras")
    save_onnx(trained.head, folder / "head.onnx")
    trained.reference.save(folder / reference.FILE, data.shape)
    _write_history(folder / "history.csv", trained.course.history)
    (folder / "params.yaml").write_text(yaml.safe_dump(decisive(params), sort_keys=False))
    for name, content in (("labels", data.labels), ("training", training), ("timing", timing)):
        (folder / f"{name}.json").write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n")


def decisive(params: Params) -> dict[str, Any]:
    """The params that decide a model and how it is served, which are those in its content key.

    The others (which clips are judged how, how many go into a shard, where the weights file lay) may differ between
    studies that share the model, so that they would be wrong for some of them.
    """
    backbone = {name: value for name, value in params.backbone.plain().items() if name not in ("weights", "engine")}
    return {"features": params.features.front_end(), "backbone": backbone, "train": params.train.plain()}


def _write_history(path: Path, history: Sequence[Metrics]) -> None:
    with path.open("w", newline="", encoding="utf-8") as stream:
        table = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
        table.writeheader()
        table.writerows({"epoch": epoch, **metrics} for epoch, metrics in enumerate(history))
