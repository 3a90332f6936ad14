"""Values as they are stored: grey levels of one byte, or half-precision numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from earmark.audio import compiled
from earmark.audio.decode import FloatArray

HALF_MAX = 65504.0
"""The largest number of half precision."""


def grey(values: FloatArray, low: float | None = None, high: float | None = None) -> NDArray[np.uint8]:
    """Grey levels 0..255 of ``values`` between ``low`` and ``high``, by default their own extremes; all equal: 0."""
    values = np.ascontiguousarray(values, np.float32)
    low = float(values.min(initial=np.inf)) if low is None else low
    span = (float(values.max(initial=-np.inf)) if high is None else high) - low
    if not 0 < span < np.inf:
        return np.zeros(values.shape, np.uint8)
    out = np.empty(values.shape, np.uint8)
    compiled.function("grey")(values.ctypes.data, out.ctypes.data, out.size, low, 255 / span)
    return out


def half(values: FloatArray) -> NDArray[Any]:
    """``values`` in half precision, limited to what it can hold."""
    return np.clip(values, -HALF_MAX, HALF_MAX).astype(np.float16)
