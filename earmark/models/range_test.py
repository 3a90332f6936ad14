"""The learning-rate range test: which rates a training can have (Smith 2017, "Cyclical learning rates", section 3.3).

The rate rises from step to step, exponentially, and the loss tells what each does: nothing while the rate is too low,
then it falls, then the training comes apart. Numbers are those of fastai's ``lr_find`` (Howard & Gugger 2020), but for
the smoothing: fastai's remembers half of the 100 steps, so that its curve lags by decades.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np

from earmark.config import Params
from earmark.models.train import untrained

if TYPE_CHECKING:
    import keras

LOWEST, HIGHEST = 1e-7, 10.0
"""First and last learning rate."""

STEPS = 150
"""From one to the other; as many passes over the clips as that takes."""

SMOOTHING = 0.9
"""Momentum of the loss's moving average, which lags by nine steps, half a decade of the rate."""

EXPLODED = 4
"""The test ends where the smoothed loss is so many times its lowest value."""

WARM_UP = STEPS // 10
"""First steps in which no rate is looked for, as the average is still that of a few batches."""


@dataclass(frozen=True)
class Sweep:
    """Learning rates, the loss of the batch before each step, its moving average, and whether the loss exploded."""

    rates: list[float]
    losses: list[float]
    smoothed: list[float]
    exploded: bool

    @property
    def lowest(self) -> float:
        """The rate at which the smoothed loss is lowest."""
        return self.rates[self._bottom]

    @property
    def steepest(self) -> float | None:
        """The rate at which the smoothed loss falls fastest, by log(rate), before its lowest; None if it never falls.

        It is fastai's ``steep``.
        """
        start = min(WARM_UP, self._bottom)
        slopes = np.gradient(self.smoothed[start : self._bottom + 1]) if self._bottom > start else np.zeros(1)
        return self.rates[start + int(slopes.argmin())] if slopes.min() < 0 else None

    @property
    def suggestion(self) -> float | None:
        """A tenth of ``lowest``, fastai's ``minimum``, to two digits; None if no rate made the loss fall."""
        return None if self.steepest is None else float(f"{self.lowest / 10:.1e}")

    @property
    def _bottom(self) -> int:
        return int(np.argmin(self.smoothed))

    def plain(self) -> dict[str, Any]:
        """The findings as JSON-serialisable values."""
        found = {"suggestion": self.suggestion, "steepest": self.steepest, "lowest": self.lowest}
        return found | {"steps": len(self.rates), "exploded": self.exploded}


def sweep(step: Callable[[float], float]) -> Sweep:
    """The range test of a training whose ``step`` learns at a rate and returns the loss before that."""
    rates: list[float] = []
    losses: list[float] = []
    smoothed: list[float] = []
    average = 0.0
    for number in range(STEPS):
        rate = LOWEST * (HIGHEST / LOWEST) ** (number / (STEPS - 1))
        loss = step(rate)
        average = SMOOTHING * average + (1 - SMOOTHING) * loss
        current = average / (1 - SMOOTHING ** (number + 1))  # as if it had begun with the first loss, not with zero
        if not math.isfinite(current) or current > EXPLODED * min(smoothed, default=math.inf):
            return Sweep(rates, losses, smoothed, True)
        rates.append(rate)
        losses.append(loss)
        smoothed.append(current)
    return Sweep(rates, losses, smoothed, False)


def range_test(params: Params, manifest: Path, shards: Sequence[Path], stage: int = 1) -> Sweep:
    """The range test of a stage (from 1) of the training that ``params`` ask for, on its training clips.

    ``shards`` are what ``train.mode`` learns from, features or images. Stages before it are trained first. Raises
    EarmarkError if ``shards`` and ``manifest`` do not belong together, or if such a stage diverges at once.
    """
    if params.train.mode == "frozen":
        return _of_head(params, manifest, shards)
    with TemporaryDirectory() as folder:
        return _of_network(params, manifest, shards, stage, Path(folder))


def _of_head(params: Params, manifest: Path, features: Sequence[Path]) -> Sweep:
    data, _, model = untrained(params, manifest, features)
    from earmark.models.fit import batches

    rng = np.random.default_rng(params.train.seed)

    def endless() -> Iterator[Any]:
        while True:
            yield from batches(model, data.train, rng.permutation(len(data.train)), params.train)

    return sweep(_step_of(model, endless()))


def _of_network(params: Params, manifest: Path, mels: Sequence[Path], stage: int, folder: Path) -> Sweep:
    from earmark.models.checkpoint import Checkpoint
    from earmark.models.images import TrainingImages
    from earmark.models.tune import Tuning, augmenter_of

    images, augmenter = TrainingImages.load(manifest, mels, folder), augmenter_of(params, folder)
    tuning = Tuning(params, images, Checkpoint(folder / "state"), augmenter)
    return sweep(_step_of(tuning.model, tuning.at_stage(stage)))


def _step_of(model: keras.Model, examples: Iterator[Any]) -> Callable[[float], float]:
    from earmark.models.fit import learn

    return lambda rate: float(learn(model, next(examples), rate)["loss"])
