"""How the learning rate changes within a training, step by step."""

from __future__ import annotations

import math
from typing import Literal

Kind = Literal["constant", "cosine", "one_cycle"]

WARM_UP = 0.25
"""Share of the steps in which one-cycle rises."""

START = 1 / 25
"""Of the peak: where one-cycle begins."""

END = 1e-5
"""Of the peak: where one-cycle and cosine end."""


def rate(kind: Kind, peak: float, step: int, steps: int) -> float:
    """Learning rate of ``step`` (from 0) of ``steps``.

    ``cosine`` falls from the peak to nearly nothing (Loshchilov and Hutter 2017); ``one_cycle`` rises for a quarter of
    the steps before (Smith 2018, with the half cosines and constants of fastai's ``fit_one_cycle``).
    """
    if kind == "constant":
        return peak
    done = step / max(1, steps - 1)
    if kind == "cosine":
        return _half_cosine(peak, peak * END, done)
    if done < WARM_UP:
        return _half_cosine(peak * START, peak, done / WARM_UP)
    return _half_cosine(peak, peak * END, (done - WARM_UP) / (1 - WARM_UP))


def _half_cosine(start: float, end: float, done: float) -> float:
    """From ``start`` to ``end`` as ``done`` goes from 0 to 1, level at both."""
    return end + (start - end) * (1 + math.cos(math.pi * done)) / 2
