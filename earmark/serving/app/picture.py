"""What the page draws of a recording: its wave, and the very images that the front end made of it."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from earmark.audio import pixels
from earmark.audio.decode import FloatArray
from earmark.serving.recogniser import Recogniser

COLUMNS = 900
"""Of the wave: each is drawn from its lowest to its highest sample."""

MOST_WINDOWS = 40
"""Of a long recording that images are sent of, spread over it: half a megabyte."""

Item = TypeVar("Item")

FULL = 127
"""Amplitude 1, as it is sent."""


def picture(recogniser: Recogniser, samples: FloatArray) -> dict[str, Any]:
    """``wave`` as [lowest, highest] of each column, -127 … 127, and ``windows``: start, end (s), images.

    Images are PNG files in base64, the highest row on top, of the front end's first kind: one of a window, or several
    where the study cuts its clips. Levels 0..255 are what the network saw where its images have a byte per pixel.
    """
    rate = recogniser.rate
    windows = [
        {"start": first / rate, "end": last / rate, "images": _images(recogniser, samples[first:last])}
        for first, last in spread(recogniser.windows(len(samples)), MOST_WINDOWS)
    ]
    return {"wave": wave(samples), "windows": windows}


def wave(samples: FloatArray, columns: int = COLUMNS) -> list[list[int]]:
    """The outline of ``samples`` (n,), one or more, in ``columns`` at most."""
    edges = np.linspace(0, len(samples), min(columns, len(samples)) + 1).astype(int)[:-1]
    outline = np.stack([np.minimum.reduceat(samples, edges), np.maximum.reduceat(samples, edges)], axis=1)
    levels: list[list[int]] = np.rint(np.clip(outline, -1, 1) * FULL).astype(int).tolist()
    return levels


def spread(items: Sequence[Item], most: int) -> list[Item]:
    """``most`` of the items at even distances, first and last among them; all if there are no more."""
    if len(items) <= most:
        return list(items)
    return [items[round(place)] for place in np.linspace(0, len(items) - 1, most)]


def png(image: NDArray[Any]) -> bytes:
    """An image (rows, frames), row 0 the lowest, as an 8-bit grey PNG; what is no byte is scaled to its own range."""
    from PIL import Image

    grey = image if image.dtype == np.uint8 else pixels.grey(image)
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(grey[::-1])).save(buffer, "PNG")
    return buffer.getvalue()


def _images(recogniser: Recogniser, samples: FloatArray) -> list[str]:
    kind = recogniser.predictor.params.features.kinds[0]
    windows = recogniser.predictor.frontend.windows(samples)
    return [base64.b64encode(png(window.images[kind])).decode() for window in windows]
