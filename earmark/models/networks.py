"""Heads: small classifiers on a backbone's bottleneck features.

A head is a list of layers, those with a name like those of one's own. Most average a spatial map over its positions
first and work on one vector per clip; those that flatten it also learn where in the map something is. All layers have
fixed names, so that a head's file does not depend on what else its process built.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import keras
from keras import layers as keras_layers

from earmark.errors import EarmarkError
from earmark.models.standardise import Standardisation

Layer = str | Mapping[str, Any]
"""``gap`` (average over the positions) or ``flatten``, as the first; ``batch_norm``; ``{"dropout": rate}``;
``{"dense": units}``, which is ReLU unless ``"activation"`` names another. A key whose value is None counts as absent.
"""

HEADS: dict[str, tuple[Layer, ...]] = {
    "final": (
        "gap",
        {"dropout": 0.5}, {"dense": 128},
        {"dropout": 0.5}, {"dense": 64},
        {"dropout": 0.4}, {"dense": 128},
        {"dropout": 0.2},
    ),
    "first": ("gap", {"dropout": 0.5}, {"dense": 512}, {"dropout": 0.2}),
    "linear": ("gap",),
    "flat": ("flatten", {"dense": 256}, {"dropout": 0.5}),
    "normalised": ("flatten", "batch_norm", {"dense": 1024}, "batch_norm", {"dense": 1024}),
}  # fmt: skip
"""``first`` and ``final`` are the heads of a published language classifier on ResNet50 (its 61.8 % and 67.3 %).

``flat`` is that of a gender classifier on VGG16 (94.8 %). ``normalised`` gives VGG16, InceptionV3 and ResNet50 the
parameters that a comparison on Speech Commands published, total and trainable; the order of its layers is a guess.
"""

CUSTOM = "custom"
"""The head whose layers the caller gives."""

POOL, FLATTEN = "pool", "flatten"
FIRST = ("gap", FLATTEN)


def build_head(
    name: str,
    input_shape: tuple[int, ...],
    n_classes: int,
    standardise: Standardisation | None = None,
    layers: Sequence[Layer] | None = None,
) -> keras.Model:
    """An untrained head: (batch, *input_shape) → class probabilities (batch, n_classes), which are always float32.

    ``input_shape`` is (channels,), or (height, width, channels) of a spatial map, which is averaged or flattened first.
    ``standardise`` scales each channel by fixed statistics and has no weights. ``layers`` are those of the head
    ``custom``, without its softmax layer. ``final`` on (7, 7, 2048) with three classes has 279,235 parameters, all
    trainable. Seed Keras before the call for the same weights every time. Raises EarmarkError if there is no such head
    or layer.
    """
    first, entries = _entries(name, layers)
    is_map = len(input_shape) == 3
    features = keras.Input(input_shape, name="features")
    x = pooling()(features) if is_map and first == "gap" else features
    x = standardising(standardise)(x) if standardise else x
    x = keras_layers.Flatten(name=FLATTEN)(x) if is_map and first == FLATTEN else x
    for layer in _built(entries):
        x = layer(x)
    softmax = keras_layers.Dense(n_classes, activation="softmax", name="softmax", dtype="float32")
    return keras.Model(features, softmax(x), name="head")


def averages(name: str, layers: Sequence[Layer] | None = None) -> bool:
    """Whether the head averages a spatial map first, so that it can be trained on averages; else it needs the map.

    Raises EarmarkError if there is no such head.
    """
    return _entries(name, layers)[0] == "gap"


def without_pooling(head: keras.Model) -> keras.Model:
    """A model of the part of ``head`` after its pooling, sharing its weights: (batch, channels) → (batch, n_classes).

    Pooling has no parameters: training on vectors that were pooled once gives the same head in a fraction of the time
    and memory (a ResNet50 map is 49 times its mean). ``head`` itself stays free of optimizer and loss. Raises
    ValueError for a head that flattens its map, which has no such part; see ``averages``.
    """
    names = {layer.name for layer in head.layers}
    if POOL not in names and len(head.input_shape) == 4:
        raise ValueError("this head flattens its map; train it on maps")
    vectors = head.get_layer(POOL).output if POOL in names else head.input
    return keras.Model(vectors, head.output, name="pooled_head")


def _entries(name: str, layers: Sequence[Layer] | None) -> tuple[str, Sequence[Layer]]:
    """What is done to a map first, and the layers after that."""
    if name != CUSTOM and name not in HEADS:
        raise EarmarkError(f"no head '{name}'; known: {', '.join(HEADS)}, {CUSTOM}")
    if (name == CUSTOM) != (layers is not None):
        raise EarmarkError(f"head {name}: a list of layers belongs to head {CUSTOM}, and to no other")
    entries = HEADS[name] if layers is None else layers
    first = entries[0] if entries else None
    return (first, entries[1:]) if isinstance(first, str) and first in FIRST else ("gap", entries)


def _built(entries: Sequence[Layer]) -> Iterator[keras.layers.Layer]:
    """The layers, each kind numbered from 1; dropout right before the softmax layer is ``dropout_last``."""
    counts: Counter[str] = Counter()
    for left, entry in zip(reversed(range(len(entries))), entries, strict=True):
        kind, value, activation = _read(entry)
        counts[kind] += 1
        label = f"{kind}_{counts[kind]}"
        if kind == "dense":
            yield keras_layers.Dense(value, activation=activation, name=label)
        elif kind == "dropout":
            yield keras_layers.Dropout(value, name=label if left else "dropout_last")
        else:
            yield keras_layers.BatchNormalization(name=label)


def _read(entry: Layer) -> tuple[str, Any, str]:
    """Kind, value and activation of one entry."""
    fields = {entry: True} if isinstance(entry, str) else entry
    given: dict[str, Any] = {key: value for key, value in fields.items() if value is not None}
    activation = given.pop("activation", None)
    kind, known = next(iter(given), ""), ("batch_norm",) if isinstance(entry, str) else ("dense", "dropout")
    if len(given) != 1 or kind not in known or (activation and kind != "dense"):
        raise EarmarkError(
            f"head layer {entry!r}: one of batch_norm, {{dropout: 0.5}}, {{dense: 512}} "
            f"(with activation, if not relu); {' or '.join(FIRST)} only as the first"
        )
    return kind, given[kind], activation or "relu"


def pooling() -> keras.layers.Layer:
    """The layer that averages a map over its positions, in float32."""
    return keras_layers.GlobalAveragePooling2D(name=POOL, dtype="float32")


def standardising(statistics: Standardisation) -> keras.layers.Layer:
    """A layer that does what ``statistics`` say.

    Rescaling and not Normalization: Keras 3.15 exports the latter's fixed statistics as missing ONNX inputs."""
    scale = 1 / statistics.deviation
    offset = (-statistics.mean * scale).tolist()
    return keras_layers.Rescaling(scale.tolist(), offset, name="standardise", dtype="float32")
