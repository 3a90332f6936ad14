"""Training on frozen features: manifest and feature shards to a model folder."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from earmark.config import Params
from earmark.models import dataset
from earmark.models.dataset import TrainingData
from earmark.models.folder import judged, learner, numbers, sizes_of, write_model
from earmark.models.listener import Listeners, TrainingListener
from earmark.models.machine import engine
from earmark.models.standardise import Standardisation
from earmark.provenance import Provenance

if TYPE_CHECKING:
    import keras


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
    data, head, model = untrained(params, manifest, features)
    from earmark.models.exported import count_parameters
    from earmark.models.fit import fit

    told = Listeners(listeners)
    sizes = sizes_of(head, head.trainable_weights, count_parameters(backbone_onnx))
    about = {"labels": data.labels, "engine": engine(), "epochs": params.train.epochs}
    told.on_begin({**about, **numbers(data), "parameters": sizes})
    course = fit(model, data, params.train, told.on_epoch)
    write_model(output, params, data, judged(head, course, data, params), sizes, backbone_onnx, provenance, told)


def untrained(
    params: Params, manifest: Path, features: Sequence[Path]
) -> tuple[TrainingData, keras.Model, keras.Model]:
    """What a head learns from, the head, and the part of it that is trained on that, compiled."""
    compute_on_one_thread()
    from earmark.models.fit import compiled
    from earmark.models.networks import averages

    needs_maps = not averages(params.train.head, params.train.layers())
    data = dataset.load(manifest, features, needs_maps)
    head = seeded_head(params, data, Standardisation.of(data.train.averaged().vectors))
    return data, head, compiled(learner(head, data), params.train)


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
    return build_head(params.train.head, data.shape, len(data.labels), scaling, params.train.layers())
