"""The model folder: what every kind of training leaves, and serving and evaluation read.

It holds ``head.keras`` (to go on with), ``head.onnx`` and ``backbone.onnx`` (to serve), ``labels.json``,
``params.yaml`` (what decided the model), ``history.csv``, ``training.json``, ``reference.npz``, ``timing.json`` and
``provenance.json``. Where the backbone stayed frozen, all but the wall-clock time in ``timing.json`` (and its digest in
the provenance) are the same bytes in every run.
"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import yaml

from earmark.config import Params
from earmark.models import reference
from earmark.models.dataset import Splits, TrainingData
from earmark.models.listener import Listeners
from earmark.models.reference import Reference
from earmark.models.standardise import Standardisation
from earmark.models.watch import Share, warnings
from earmark.provenance import Provenance
from earmark.store import link, replacing_folder

if TYPE_CHECKING:
    import keras

    from earmark.models.fit import Course, Metrics

FIRST = ("loss", "accuracy", "val_loss", "val_accuracy")
"""What training.json tells of the first epoch."""

COLUMNS = ("epoch", *FIRST, "learning_rate")


@dataclass(frozen=True)
class Trained:
    """A trained head, how it came about, the reference beside it, and its scores on the train and val clips.

    ``untrained`` is the reference's validation accuracy on what the backbone gave before it learned, where it did.
    """

    head: keras.Model
    course: Course
    reference: Reference
    train: Metrics
    val: Metrics
    untrained: float | None = None


def learner(head: keras.Model, data: TrainingData) -> keras.Model:
    """What of ``head`` reads the examples in ``data``: all of it, or the part after the average of a map."""
    from earmark.models.networks import without_pooling

    if data.train.vectors.ndim == 2:
        return without_pooling(head)
    import keras

    return keras.Model(head.input, head.output, name="map_head")  # the head itself stays free of optimizer and loss


def judged(
    head: keras.Model, course: Course, data: TrainingData, params: Params, untrained: float | None = None
) -> Trained:
    """The scores of a trained ``head`` on the features in ``data``, and those of the reference beside it."""
    from earmark.models.fit import compiled, score

    model, vectors = compiled(learner(head, data), params.train), data.averaged()
    cheap = reference.fit_reference(vectors, Standardisation.of(vectors.train.vectors))
    train, val = (score(model, part, params.train) for part in (data.train, data.val))
    return Trained(head, course, cheap, train, val, untrained)


def write_model(
    output: Path,
    params: Params,
    data: TrainingData,
    trained: Trained,
    sizes: dict[str, int],
    backbone_onnx: Path,
    provenance: Provenance,
    told: Listeners,
) -> None:
    """Write the folder ``output`` whole or not at all, say what is wrong with the model, and tell the listeners."""
    training = _training(params, data, trained, sizes)
    timing = trained.course.timing()
    with replacing_folder(output) as folder:
        _write(folder, params, data, trained, training, timing)
        link(backbone_onnx, folder / "backbone.onnx")
        provenance.write(folder)
    for warning in training["warnings"]:
        print(f"earmark: warning: {warning}", file=sys.stderr, flush=True)
    told.on_end(training | timing)


def _training(params: Params, data: TrainingData, trained: Trained, sizes: dict[str, int]) -> dict[str, Any]:
    """What training.json says."""
    course, counts, cheap = trained.course, data.counts(), trained.reference.accuracy(data.val.averaged())
    # windows of a clip are right or wrong together, so that only clips count as independent
    known = Share(trained.train["accuracy"], data.train.majority(), data.train.n_clips)
    new = Share(trained.val["accuracy"], data.val.majority(), data.val.n_clips)
    cheaply = {"name": reference.NAME, "val_accuracy": cheap}
    cheaply |= {} if trained.untrained is None else {"untrained_val_accuracy": trained.untrained}
    return {
        "epochs": len(course.history),
        "best_epoch": course.best_epoch,
        "stopped": course.stopped,
        "first_epoch": {name: course.history[0][name] for name in FIRST},
        "parameters": sizes,
        **numbers(data),
        "train": trained.train,
        "val": trained.val,
        "reference": cheaply,
        "warnings": warnings(course, known, new, cheap, counts["train"], params.train, trained.untrained),
    }


def numbers(data: Splits) -> dict[str, Any]:
    """Clips per split and class, and windows where there are more of them."""
    windows = data.windows()
    return {"clips": data.counts()} | ({} if windows is None else {"windows": windows})


def sizes_of(head: keras.Model, trainable: Sequence[Any], backbone: int, members: int = 1) -> dict[str, int]:
    """Numbers of parameters of so many networks: of the heads, of what learns, of the backbones."""
    groups = {"head": head.weights, "trainable": trainable}
    counted = {name: int(sum(np.prod(weight.shape) for weight in weights)) for name, weights in groups.items()}
    return {name: members * count for name, count in (counted | {"backbone": backbone}).items()}


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
    backbone, front_end = params.backbone.decisive(), params.features.front_end()
    return {"features": front_end, "backbone": backbone, "train": params.train.plain()}


def _write_history(path: Path, history: Sequence[Metrics]) -> None:
    with path.open("w", newline="", encoding="utf-8") as stream:
        table = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
        table.writeheader()
        table.writerows({"epoch": epoch, **metrics} for epoch, metrics in enumerate(history))
