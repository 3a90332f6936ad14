"""Training on images: the backbone learns with its head, in stages, or everything from random weights.

What comes out is a model folder like that of ``train``, with a backbone of its own: serving and evaluation need not
know how a model was trained. The layers that learn, their rates and the schedule are those of ``TrainParams.plan``.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import chain, count
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory
from typing import Any

import keras
import numpy as np
from tqdm import tqdm

from earmark.config import Params, StageParams
from earmark.models import backbones
from earmark.models.augment import Augmenter
from earmark.models.average import averaged
from earmark.models.batches import Batch, Batches
from earmark.models.checkpoint import Arrays, Checkpoint
from earmark.models.dataset import Part, TrainingData, pooled
from earmark.models.engine import Engine, load
from earmark.models.ensemble import Network, joined, members_of
from earmark.models.exported import save_trunk
from earmark.models.fit import Course, Mean, Metrics, is_better, learn, loss, refuse_hopeless
from earmark.models.folder import judged, numbers, sizes_of, write_model
from earmark.models.freezing import rate_factors, shorten_memory, unfreeze
from earmark.models.images import ImagePart, TrainingImages
from earmark.models.inputs import Floats, network_input
from earmark.models.listener import Listeners, TrainingListener
from earmark.models.machine import engine
from earmark.models.networks import averages, build_head
from earmark.models.noise import Noise
from earmark.models.normalise import over_training_clips
from earmark.models.optimiser import optimiser
from earmark.models.precision import computing_in, in_float32
from earmark.models.reference import fit_reference
from earmark.models.rooms import Rooms
from earmark.models.schedule import rate
from earmark.models.standardise import Standardisation
from earmark.provenance import Provenance


def tune(
    params: Params,
    manifest: Path,
    mels: Sequence[Path],
    output: Path,
    provenance: Provenance,
    checkpoint: Path,
    listeners: Sequence[TrainingListener] = (),
) -> None:
    """Train backbone and head on the images of the train clips, choosing the epoch on the val clips, into ``output``.

    Where ``train.members`` says so, several networks are trained one after the other and joined to one. ``mels`` are
    the shards with the clips of the ``manifest``; a training that was killed goes on from the folder ``checkpoint``,
    which is removed at the end. Raises EarmarkError if they do not belong together or the training diverges at once.
    Warnings go to training.json and to the terminal.
    """
    told = Listeners(listeners)
    checkpoint.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=checkpoint.parent) as scratch:
        folder = Path(scratch)
        images, augmenter = TrainingImages.load(manifest, mels, folder), augmenter_of(params, folder)
        members = (  # built one at a time, as each holds a network and its optimiser
            Tuning(member, images, Checkpoint(checkpoint / str(number)), augmenter)
            for number, member in enumerate(members_of(params), 1)
        )
        first, count = next(members), params.train.members
        sizes = sizes_of(first.head, first.learning(), first.trunk.count_params(), count)
        about = {"labels": images.labels, "engine": engine(), "epochs": first.epochs * count}
        told.on_begin({**about, **numbers(images), "parameters": sizes})
        network = joined(_run(chain([first], members), told), params)
        save_trunk(network.trunk, onnx := folder / "backbone.onnx", first.scaling)
        data = features_of(images, params, onnx)
        trained = judged(network.head, network.course, data, params, first.untrained)
        write_model(output, params, data, trained, sizes, onnx, provenance, told)
    rmtree(checkpoint)


def _run(members: Iterable[Tuning], told: Listeners) -> list[Network]:
    """Train one after the other; the listeners hear of one long training."""
    networks: list[Network] = []
    for tuning in members:
        before = sum(len(network.course.history) for network in networks)
        tuning.run(partial(_tell, told, before))
        networks.append(Network(in_float32(tuning.trunk), in_float32(tuning.head), tuning.course))
    return networks


def _tell(told: Listeners, before: int, epoch: int, metrics: Metrics) -> None:
    told.on_epoch(before + epoch, metrics)


def features_of(images: TrainingImages, params: Params, onnx: Path) -> TrainingData:
    """What the exported backbone makes of the images, clip by clip as in serving."""
    engine = load(onnx)
    train, val = (_features(part, params, engine) for part in (images.train, images.val))
    shape = train.vectors.shape[1:]
    if averages(params.train.head, params.train.layers()):
        train, val = train.averaged(), val.averaged()
    return TrainingData(images.labels, shape, train, val)


def _features(part: ImagePart, params: Params, engine: Engine) -> Part:
    features = [engine.features(one[None]) for one in _inputs(part, params)]
    return Part(np.concatenate(features), part.classes, part.clips)


def _inputs(part: ImagePart, params: Params) -> Iterator[Floats]:
    return (network_input(part.image(row), params.backbone, params.features) for row in range(len(part)))


def augmenter_of(params: Params, folder: Path) -> Augmenter:
    """What ``train.augment`` asks for, with the recordings it draws from; those of noise are kept in ``folder``."""
    train, features = params.train, params.features
    folders = train.folders()
    noise = Noise.load(folders["noise"], features, folder / "noise.bin") if "noise" in folders else None
    rooms = Rooms.load(folders["rooms"], features) if "rooms" in folders else None
    return Augmenter.of(features, train, noise, rooms)


class Tuning:
    """One training: the network, its two kinds of batches, and how far it has come."""

    def __init__(self, params: Params, images: TrainingImages, checkpoint: Checkpoint, augmenter: Augmenter) -> None:
        self.params, self.images, self._checkpoint = params, images, checkpoint
        with computing_in(params.train.precision):
            self.trunk = backbones.build(params.backbone, params.features, params.train.seed)
        is_global = params.backbone.normalise == "global"
        self.scaling = over_training_clips(_inputs(images.train, params)) if is_global else None
        any_length = None in self.trunk.input_shape[1:3]
        self._train, self._val = (
            Batches(part, params, len(images.labels), any_length, augmenter, self.scaling)
            for part in (images.train, images.val)
        )
        before = self._vectors()
        self.untrained = fit_reference(before, Standardisation.of(before.train.vectors)).accuracy(before.val)
        with computing_in(params.train.precision):  # of the whole too: a loss is scaled as its model's policy says
            self.head = self._head(before)
            self.model = keras.Model(self.trunk.input, self.head(self.trunk.output), name="network")
        if params.train.mode == "scratch":
            for part in (self.trunk, self.head):
                shorten_memory(part, self.epochs * len(self._train))
        self.course = Course()
        self._best: Arrays = self.model.get_weights()

    def run(self, on_epoch: Any) -> None:
        """Train all stages, from the last checkpoint where there is one, and keep the best epoch's weights."""
        earlier = self._checkpoint.course()
        if earlier is not None and self._is_over(earlier):
            self.course, self._best = earlier, self._checkpoint.best()
        else:
            self._go_on(earlier, on_epoch)
        refuse_hopeless(self.course, self.params.train)
        self.model.set_weights(self._best)

    def _is_over(self, course: Course) -> bool:
        return course.stopped != "epochs" or len(course.history) == self.epochs

    def _go_on(self, earlier: Course | None, on_epoch: Any) -> None:
        done, first = 0 if earlier is None else len(earlier.history), 0
        with tqdm(total=self.epochs, desc="train", unit="epoch", disable=None, mininterval=1) as progress:
            for stage in self.params.train.plan():
                if done < first + stage.epochs and self.course.stopped == "epochs":
                    self._stage(stage, first, max(0, done - first), earlier, on_epoch, progress)
                    earlier = None
                first += stage.epochs

    def at_stage(self, number: int) -> Iterator[Batch]:
        """Train the stages before stage ``number`` (from 1), make that one ready, and give its batches without end.

        Raises EarmarkError if a stage before it diverges at once.
        """
        stages, first = self.params.train.plan(), 0
        for stage in stages[: number - 1]:
            self._stage(stage, first, 0, None, lambda *_: None, tqdm(disable=True))
            refuse_hopeless(self.course, self.params.train)
            first += stage.epochs
        self._compile(stages[number - 1])
        return (batch for epoch in count(first) for batch in self._train.epoch(epoch))

    @property
    def epochs(self) -> int:
        """Of all stages, at most."""
        return sum(stage.epochs for stage in self.params.train.plan())

    def learning(self) -> list[Any]:
        """The weights that learn in the stage in which most of them do."""
        found = []
        for stage in self.params.train.plan():
            self._unfreeze(stage)
            found.append(self.model.trainable_weights)
        return max(found, key=len)

    def _unfreeze(self, stage: StageParams) -> None:
        unfreeze(self.trunk, stage.unfreeze or 0, batch_norm=self.params.train.mode == "scratch")

    def _head(self, before: TrainingData) -> keras.Model:
        """The untrained head; it scales features by what the pretrained backbone gives, where that is asked for."""
        train, shape = self.params.train, self.trunk.output_shape[1:]
        is_known = train.standardise and train.mode == "tune"  # random weights have no scale worth keeping
        scaling = Standardisation.of(before.train.vectors) if is_known else None
        keras.utils.set_random_seed(train.seed)
        return build_head(train.head, shape, len(self.images.labels), scaling, train.layers())

    def _vectors(self) -> TrainingData:
        """What the backbone gives before it learns, averaged over its map."""
        train, val = (self._vectors_of(batches) for batches in (self._train, self._val))
        return TrainingData(self.images.labels, train.vectors.shape[1:], train, val)

    def _vectors_of(self, batches: Batches) -> Part:
        vectors, classes = [], []
        for batch in batches.plain():
            output = keras.ops.convert_to_numpy(self.trunk(batch.inputs, training=False))
            vectors.append(pooled(output))
            classes.append(batch.targets.argmax(axis=1))
        numbers = np.concatenate(classes)
        return Part(np.concatenate(vectors), numbers, np.arange(len(numbers)))

    def _compile(self, stage: StageParams) -> None:
        train = self.params.train
        self._unfreeze(stage)
        factors = rate_factors(self.trunk, self.head, stage.layer_rates or [1.0])
        self.model.compile(
            optimizer=optimiser(train, factors),
            loss=loss(train),
            weighted_metrics=[],
            metrics=["accuracy"],
            jit_compile=keras.backend.backend() == "jax",
        )
        self.model.optimizer.build(self.model.trainable_variables)

    def _stage(
        self, stage: StageParams, first: int, done: int, earlier: Course | None, on_epoch: Any, progress: Any
    ) -> None:
        """The epochs of one stage that are not ``done``; ``earlier`` is the course to go on with."""
        self._compile(stage)
        if earlier is not None:
            memory = self.model.optimizer.variables if done else None  # a stage begins with an optimiser of its own
            self.course, self._best = earlier, self._checkpoint.restore(self._variables(), memory)
            progress.update(len(earlier.history))
        for epoch in range(done, stage.epochs):
            goes_on = self._epoch(stage, first, epoch)
            on_epoch(first + epoch, self.course.history[-1])
            progress.update()
            self._checkpoint.save(self.course, self._variables(), self.model.optimizer.variables, self._best)
            if not goes_on:
                return

    def _epoch(self, stage: StageParams, first: int, epoch: int) -> bool:
        """One pass over the training images, then the validation of what they made; whether training goes on."""
        started = time.monotonic()
        metrics = self._learn(stage, first, epoch)
        with averaged(self.model, (batch.inputs for batch in self._train.plain())):
            self.course.add(self._score() | metrics, started)
            return self._goes_on(first + epoch)

    def _learn(self, stage: StageParams, first: int, epoch: int) -> Metrics:
        """The steps of an epoch: means over its batches, and the last learning rate."""
        steps, logs, learning_rate = len(self._train), Mean(), 0.0
        for step, batch in enumerate(self._train.epoch(first + epoch)):
            learning_rate = rate(
                stage.schedule or "constant", stage.learning_rate or 0.0, epoch * steps + step, stage.epochs * steps
            )
            logs.add(learn(self.model, batch, learning_rate), len(batch.inputs))
        return logs.values() | {"learning_rate": learning_rate}

    def _score(self) -> Metrics:
        logs = Mean()
        for batch in self._val.plain():
            found = self.model.test_on_batch(batch.inputs, batch.targets, batch.weights, return_dict=True)
            logs.add(found, len(batch.inputs))
        return {f"val_{name}": value for name, value in logs.values().items()}

    def _goes_on(self, epoch: int) -> bool:
        """Note the epoch if it is the best so far; whether training goes on."""
        course, train = self.course, self.params.train
        if not all(map(np.isfinite, course.history[-1].values())):
            course.stopped = "diverged"
            return False
        if is_better(course, train.monitor):
            course.best_epoch, self._best = epoch, self.model.get_weights()
        elif train.early_stopping and epoch - course.best_epoch >= train.early_stopping:
            course.stopped = "early"
            return False
        return True

    def _variables(self) -> list[Any]:
        """Those of the network that the next epoch depends on: weights and random seeds, no metrics."""
        metrics = {id(variable) for metric in self.model.metrics for variable in metric.variables}
        return [variable for variable in self.model.variables if id(variable) not in metrics]
