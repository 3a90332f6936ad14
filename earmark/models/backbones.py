"""Backbones as Keras networks: built for the images of a study, with their weights and pooling.

The rows are in ``earmark.models.registry``, what they ask of the params in ``requirements``, where their weights come
from in ``weight_files``; the names that the rest of earmark uses can be had from here, without keras.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from earmark.config import BackboneParams, FeatureParams
from earmark.errors import EarmarkError
from earmark.models.registry import OWN, Backbone, Shape, get, names, rows
from earmark.models.requirements import check, height_problems
from earmark.models.weight_files import WEIGHTS, record, weights_digest, weights_file

if TYPE_CHECKING:
    import keras

__all__ = [
    "OWN", "WEIGHTS", "Backbone", "build", "check", "get", "image_shape", "names", "record", "rows", "weights_digest",
]  # fmt: skip


def build(backbone: BackboneParams, features: FeatureParams | None = None, seed: int = 0) -> keras.Model:
    """The network with its weights and pooling, frozen: (batch, height, width, channels) → vectors or maps.

    ``features`` are needed where the network reads images as they are. Random weights (``none``) of a ``seed`` are the
    same in every process; drawing them seeds Keras. Raises EarmarkError if the weights cannot be had or do not fit.
    """
    row, shape, source = get(backbone.name), image_shape(backbone, features), weights_file(backbone)

    import keras

    from earmark.models.pooling import pooled

    keras.utils.set_random_seed(seed)
    network = _untrained(row, shape)
    if source is not None:
        _load(network, source)
    model = pooled(row.finish(network) if row.finish else network, backbone.pooling)
    model.trainable = False
    return model


def image_shape(backbone: BackboneParams, features: FeatureParams | None = None) -> Shape:
    """Shape of what the network reads (``inputs.network_input``); raises EarmarkError where it depends on ``features``.

    Networks to train have as many channels as a clip has images, and without ``image_size`` the images' own size.
    """
    row = get(backbone.name)
    size = backbone.image_size or ([row.size, row.size] if row.size else None)
    if size and row.channels and row.name != OWN:
        return (size[0], size[1], row.channels)
    if features is None and row.name == OWN:
        return (FeatureParams().n_mels, None, 1)
    if features is None:
        raise EarmarkError(f"backbone {row.name}: it is built for the images it learns from; set train.mode: scratch")
    return _shape_of_images(row, size, features)


def _shape_of_images(row: Backbone, size: list[int] | None, features: FeatureParams) -> Shape:
    from earmark.audio.kinds import Kinds
    from earmark.audio.windows import Windows

    heights, windows = Kinds(features).heights(), Windows.of(features)
    if size:
        return (size[0], size[1], len(heights))
    if problems := height_problems(row, features):
        raise EarmarkError(f"backbone {row.name}: {problems[0]}")
    frames = windows.length if windows and row.name != OWN else None
    return (next(iter(heights.values())), frames, len(heights))


def _untrained(row: Backbone, shape: Shape) -> keras.Model:
    if not isinstance(row.builder, str):
        return row.builder(shape)
    import keras

    builder: Callable[..., keras.Model] = getattr(keras.applications, row.builder)
    return builder(weights=None, include_top=False, input_shape=shape, **row.options)


def _load(network: keras.Model, source: Path) -> None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", UserWarning)  # Keras only warns of layers that it leaves as they are
            network.load_weights(source)
    except (ValueError, OSError, KeyError, UserWarning) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise EarmarkError(f"{source}: not weights of {network.name} without its classifier: {reason}") from error
