"""The cheap reference: logistic regression on the features that the head learns from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from earmark.models.dataset import Part, TrainingData
from earmark.models.standardise import Standardisation

FILE = "reference.npz"
NAME = "logistic_regression"
ITERATIONS = 1000
"""L-BFGS steps at most; on standardised features it converges in some dozens."""


@dataclass(frozen=True)
class Reference:
    """``coef`` (k, channels) and ``intercept`` (k) on standardised vectors; for two classes, one row for the second."""

    coef: NDArray[np.float64]
    intercept: NDArray[np.float64]
    statistics: Standardisation

    def accuracy(self, part: Part) -> float:
        """Share of the clips that it classifies right."""
        logits = self.statistics.apply(part.vectors) @ self.coef.T + self.intercept
        answers = logits.argmax(axis=1) if logits.shape[1] > 1 else (logits[:, 0] > 0).astype(np.int64)
        return float((answers == part.classes).mean())

    def save(self, path: Path, shape: tuple[int, ...]) -> None:
        """Write coef, intercept, mean and scale for flattened features of ``shape``.

        For a spatial map the same channel statistics hold at every position, and a weight is shared among the
        positions: that equals the regression on the map's average.
        """
        positions = int(np.prod(shape[:-1]))
        np.savez(
            path,
            coef=np.tile(self.coef / positions, positions),
            intercept=self.intercept,
            mean=np.tile(self.statistics.mean, positions),
            scale=np.tile(self.statistics.deviation, positions),
        )


def fit_reference(data: TrainingData, statistics: Standardisation) -> Reference:
    """Logistic regression (L2, C = 1) on the training clips; one thread, so that every run gives the same bits."""
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    with threadpool_limits(1):
        model = LogisticRegression(max_iter=ITERATIONS)
        model.fit(statistics.apply(data.train.vectors), data.train.classes)
    return Reference(model.coef_, model.intercept_, statistics)
