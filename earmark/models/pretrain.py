"""Pretraining of ``earmark_base`` on synthetic speech; one command rebuilds the weights that the package carries.

The network learns two things at once from each word: which of the 600 words of twelve languages it is, and, with a
smaller weight, which of the voices spoke it. The first is what keyword and language tasks need, the second keeps what
gender and speaker tasks need. Both classifiers are thrown away afterwards.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers
from numpy.typing import NDArray

from earmark import __version__, versions
from earmark.config import FeatureParams
from earmark.digest import file_digest
from earmark.models import synthetic
from earmark.models.augment import Augmenter
from earmark.models.earmark_base import earmark_base
from earmark.models.inputs import decibels
from earmark.models.normalise import band_mean_removed
from earmark.models.pooling import Statistics
from earmark.models.synthetic import WordImages
from earmark.models.train import compute_on_one_thread
from earmark.store import replacing

EPOCHS, VOICES, BATCH = 6, 80, 64
"""Passes over the corpus, speakers per language, clips per step."""

PEAK_RATE, WARM_UP, WEIGHT_DECAY, SMOOTHING, DROPOUT = 3e-3, 0.15, 0.01, 0.05, 0.1
"""One cycle of AdamW: highest learning rate, share of the steps until it is reached; label smoothing of the words."""

VOICE_WEIGHT = 0.2
"""Weight of the loss for the voices; the words count 1."""

FIGURES = ("voice_loss", "word_loss", "word_accuracy", "val_word_loss", "val_word_accuracy")
"""Recorded of every epoch; a held-out voice cannot be told, so its loss says nothing."""

WEIGHTS_FILE, RECORD_FILE = "earmark_base.weights.h5", "earmark_base.json"

Clips = NDArray[np.int64]
Batch = tuple[NDArray[np.float32], dict[str, NDArray[Any]]]


def pretrain(
    output: Path, workers: int, epochs: int | None = None, voices: int | None = None, words: int | None = None
) -> dict[str, Any]:
    """Speak the corpus, train, and write ``earmark_base.weights.h5`` and ``earmark_base.json`` into ``output``.

    ``workers`` processes speak. ``epochs``, ``voices`` (per language) and ``words`` (per language) make a smaller
    run. Returns the record of the JSON file; the weights of every epoch replace those of the last one. Raises
    EarmarkError if espeak-ng is missing.
    """
    compute_on_one_thread()
    features = FeatureParams()
    corpus = synthetic.speak_words(features, voices or VOICES, words, workers=workers)
    return learn(corpus, features, output, epochs or EPOCHS)


def learn(corpus: WordImages, features: FeatureParams, output: Path, epochs: int) -> dict[str, Any]:
    """Train on ``corpus``, whose images ``features`` made, and write the files of ``pretrain``; returns the record."""
    keras.utils.set_random_seed(0)
    model, backbone = _networks(features.n_mels, corpus)
    training = TrainingBatches(corpus, features)
    validation = ValidationBatches(corpus, features) if corpus.held_out.any() else None
    _compile(model, epochs * len(training))
    output.mkdir(parents=True, exist_ok=True)
    saved = SavedRecord(backbone, output, _recipe(features, corpus, epochs, backbone))
    model.fit(training, epochs=epochs, validation_data=validation, callbacks=[saved], verbose=2, shuffle=False)
    return saved.record


class TrainingBatches(keras.utils.PyDataset):
    """Augmented clips of the voices that are not held out, about equally long ones together, new in every epoch."""

    def __init__(self, corpus: WordImages, features: FeatureParams) -> None:
        super().__init__()
        self._corpus, self._augment = corpus, Augmenter.of(features)
        self._clips, self._lengths = np.flatnonzero(~corpus.held_out), np.diff(corpus.starts)
        self._epoch = -1
        self.on_epoch_end()

    def __len__(self) -> int:
        return len(self._batches)

    def on_epoch_end(self) -> None:
        """Put the clips together anew."""
        self._epoch += 1
        rng = np.random.default_rng([0, self._epoch])
        jittered = self._lengths[self._clips] * rng.uniform(0.8, 1.25, len(self._clips))
        batches = np.array_split(self._clips[np.argsort(jittered)], math.ceil(len(self._clips) / BATCH))
        self._batches = _extremes_first([batches[i] for i in rng.permutation(len(batches))], self._frames)

    def __getitem__(self, index: int) -> Batch:
        rng, clips = np.random.default_rng([0, self._epoch, index]), self._batches[index]
        images = [self._corpus.clip(clip) for clip in clips]
        batch = self._augment(images, self._frames(clips), rng)
        return batch[..., None], _targets(self._corpus, clips)

    def _frames(self, clips: Clips) -> int:
        """The longest tenth of a batch is cut."""
        return _rounded_up(np.quantile(self._lengths[clips], 0.9))


class ValidationBatches(keras.utils.PyDataset):
    """The clips of the held-out voices as they are, equally long ones together."""

    def __init__(self, corpus: WordImages, features: FeatureParams) -> None:
        super().__init__()
        self._corpus, self._top_db, self._lengths = corpus, features.top_db, np.diff(corpus.starts)
        clips = np.flatnonzero(corpus.held_out)
        clips = clips[np.argsort(self._lengths[clips], kind="stable")]
        self._batches = _extremes_first(np.array_split(clips, math.ceil(len(clips) / BATCH)), self._frames)

    def __len__(self) -> int:
        return len(self._batches)

    def __getitem__(self, index: int) -> Batch:
        clips = self._batches[index]
        batch = np.zeros((len(clips), self._corpus.pixels.shape[0], self._frames(clips), 1), np.float32)
        for row, clip in zip(batch, clips, strict=True):
            row[:, : self._lengths[clip], 0] = band_mean_removed(decibels(self._corpus.clip(clip), self._top_db))
        return batch, _targets(self._corpus, clips)

    def _frames(self, clips: Clips) -> int:
        return _rounded_up(self._lengths[clips].max())


class SavedRecord(keras.callbacks.Callback):
    """Writes weights and record after every epoch."""

    def __init__(self, backbone: keras.Model, output: Path, recipe: dict[str, Any]) -> None:
        super().__init__()
        self._backbone, self._output, self.record = backbone, output, recipe

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Replace the files of the epoch before."""
        weights = self._output / WEIGHTS_FILE
        part = weights.with_name(f".part.{WEIGHTS_FILE}")  # Keras insists on the ending
        self._backbone.save_weights(part)
        part.replace(weights)
        figures = {name: round(float(value), 4) for name, value in sorted((logs or {}).items()) if name in FIGURES}
        self.record["history"].append(figures)
        self.record["epochs_done"] = epoch + 1
        self.record["held_out_accuracy"] = figures.get("val_word_accuracy")
        self.record["weights_sha256"] = file_digest(weights)
        with replacing(self._output / RECORD_FILE) as record:
            record.write_text(json.dumps(self.record, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _networks(n_mels: int, corpus: WordImages) -> tuple[keras.Model, keras.Model]:
    """The network with its two classifiers, and the backbone inside that is kept."""
    backbone = earmark_base(n_mels)
    x = layers.Dropout(DROPOUT)(Statistics()(backbone.output))
    outputs = {"word": layers.Dense(len(corpus.classes), name="word")(x)}
    outputs["voice"] = layers.Dense(int(corpus.speakers.max()) + 1, name="voice")(x)
    return keras.Model(backbone.input, outputs), backbone


def _compile(model: keras.Model, steps: int) -> None:
    warm_up = int(WARM_UP * steps)
    rate = keras.optimizers.schedules.CosineDecay(
        PEAK_RATE / 25, steps - warm_up, warmup_target=PEAK_RATE, warmup_steps=warm_up
    )
    losses = {
        "word": keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=SMOOTHING),
        "voice": keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    }
    model.compile(
        keras.optimizers.AdamW(rate, weight_decay=WEIGHT_DECAY),
        losses,
        loss_weights={"word": 1.0, "voice": VOICE_WEIGHT},
        metrics={"word": ["accuracy"]},
        jit_compile=False,
    )


def _targets(corpus: WordImages, clips: Clips) -> dict[str, NDArray[Any]]:
    words = np.eye(len(corpus.classes), dtype=np.float32)[corpus.labels[clips]]
    return {"word": words, "voice": corpus.speakers[clips]}


def _extremes_first(batches: list[Clips], frames: Callable[[Clips], int]) -> list[Clips]:
    """The longest, then the shortest batch first: Keras takes a size that the first batches share for that of all."""
    by_length = sorted(range(len(batches)), key=lambda i: frames(batches[i]))
    first = [by_length[-1], *by_length[:1]] if len(batches) > 1 else by_length
    return [batches[i] for i in [*first, *(i for i in range(len(batches)) if i not in first)]]


def _rounded_up(frames: float) -> int:
    """Few different lengths, so that few kernels are prepared."""
    return 8 * math.ceil(frames / 8)


def _recipe(features: FeatureParams, corpus: WordImages, epochs: int, backbone: keras.Model) -> dict[str, Any]:
    return {
        "name": "earmark_base",
        "front_end": features.front_end(),
        "mel_version": versions.MEL,
        "parameters": backbone.count_params(),
        "epochs": epochs,
        "voices": int(corpus.speakers.max()) + 1,
        "clips": {"train": int((~corpus.held_out).sum()), "held_out": int(corpus.held_out.sum())},
        "held_out_variants": list(synthetic.HELD_OUT_VARIANTS),
        "classes": corpus.classes,
        "seed": 0,
        "keras": keras.__version__,
        "earmark": __version__,
        "history": [],
    }
