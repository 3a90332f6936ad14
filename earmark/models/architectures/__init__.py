"""Networks that are trained from scratch, as trunks: everything up to but without the softmax layer, which is the head.

The sources draw time downwards and frequency to the right; here a row is a frequency and a column a frame. Kernels and
pools are square, so that a network has the same parameters either way round. Where a source is silent on a number, the
network's own docstring says what was chosen. Nothing here imports keras before a network is built.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from earmark.errors import EarmarkError

if TYPE_CHECKING:
    import keras

Shape = tuple[int, int, int]
"""Height (frequency rows, row 0 the lowest), frames, channels of an image."""


@dataclass(frozen=True)
class Architecture:
    """One row: ``build`` makes the untrained trunk for images of a shape, ``input_shape`` is the published one.

    ``smallest`` is the height and the number of frames below which the last layers would have nothing left to read.
    """

    name: str
    source: str
    input_shape: Shape
    smallest: int
    build: Callable[[Shape], keras.Model]


def _row(name: str, module: str, input_shape: Shape, smallest: int, source: str) -> Architecture:
    """The network that is the function ``name`` of ``module``, which is imported when it is built."""

    def build(shape: Shape) -> keras.Model:
        return getattr(import_module(f"{__name__}.{module}"), name)(shape)

    return Architecture(name, source, input_shape, smallest, build)


_KEYWORDS = "keyword spotting on Speech Commands v0.01, 12 labels"
_GENDER = "speaker gender on Common Voice 2018"
_CHROMA = (12, 100, 1)

_ROWS = (
    _row("light_cnn", "keywords", (161, 99, 1), 26, f"{_KEYWORDS}: Light CNN, validation accuracy .940"),
    _row("mnist_cnn", "keywords", (161, 99, 1), 12, f"{_KEYWORDS}: MNIST-style CNN, validation accuracy .882"),
    _row("simple_chroma_cnn", "chroma", _CHROMA, 2, f"{_GENDER}: simple CNN, F1 .64"),
    _row("mandel_cnn", "chroma", _CHROMA, 5, f"{_GENDER}: CNN after Mandel 2017, F1 .81"),
    _row("small_mandel_cnn", "chroma", _CHROMA, 4, f"{_GENDER}: CNN after Mandel with fewer layers, F1 .79"),
    _row("lstm", "recurrent", _CHROMA, 1, f"{_GENDER}: LSTM, F1 .73"),
    _row("voxforge_cnn", "voxforge", (128, 172, 1), 16, "spoken language on VoxForge: CNN on 4 s mel windows"),
    _row("speech_cnn", "speech", (80, 120, 1), 1, "earmark's own, for voices: frequency is kept up to the features"),
)

ARCHITECTURES: dict[str, Architecture] = {row.name: row for row in _ROWS}


def trunk(name: str, input_shape: Shape) -> keras.Model:
    """The untrained network ``name``: float32 images 0..1 (batch, height, frames, channels) → (batch, features).

    All layers have fixed names. Seed Keras before the call for the same weights every time. Raises EarmarkError if
    there is no such network or the images are too small for it.
    """
    if name not in ARCHITECTURES:
        raise EarmarkError(f"no network '{name}'; known: {', '.join(ARCHITECTURES)}")
    row, (height, frames, _) = ARCHITECTURES[name], input_shape
    if min(height, frames) < row.smallest:
        raise EarmarkError(
            f"{name}: images of {height} rows and {frames} frames are too small for its pooling layers; "
            f"the smallest have {row.smallest} rows and {row.smallest} frames"
        )
    return row.build(input_shape)
