"""What a model must beat: answers at random, the most frequent class, logistic regression on the same features."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt

from earmark.errors import EarmarkError
from earmark.evaluation.metrics import Floats

REFERENCE_FILE = "reference.npz"


def majority(training_labels: Sequence[str], labels: Sequence[str], n: int) -> Floats:
    """Probabilities (n, k) of the answer that is always the most frequent training class (the first of equals)."""
    counts = Counter(training_labels)
    answer = max(range(len(labels)), key=lambda i: (counts[labels[i]], -i))
    return np.tile(np.eye(len(labels))[answer], (n, 1))


def random_answers(k: int, n: int, seed: int = 0) -> Floats:
    """Probabilities (n, k) of answers drawn at random, every class as likely as another, whatever the training clips.

    The same draws for the same seed.
    """
    return np.eye(k)[np.random.default_rng(seed).integers(k, size=n)]


@dataclass(frozen=True)
class LogisticRegression:
    """The reference that training fitted on the standardised features: ``coef`` (k or 1, d), ``intercept`` (k or 1)."""

    coef: Floats
    intercept: Floats
    mean: Floats
    scale: Floats

    @classmethod
    def load(cls, model: Path) -> Self:
        """The reference in a model folder; raises EarmarkError if it is missing or incomplete."""
        path = model / REFERENCE_FILE
        try:
            with np.load(path) as arrays:
                return cls(*(arrays[name].astype(float) for name in ("coef", "intercept", "mean", "scale")))
        except (OSError, KeyError, ValueError) as error:
            raise EarmarkError(f"{path}: no usable reference classifier ({error}); train the model again") from None

    def probabilities(self, features: npt.NDArray[np.float32]) -> Floats:
        """Class probabilities (n, k) of features (n, *shape): softmax, or the logistic function for two classes."""
        flat = features.reshape(len(features), -1)
        logits = (flat - self.mean) / self.scale @ self.coef.T + self.intercept
        if logits.shape[1] == 1:
            logits = np.hstack([np.zeros_like(logits), logits])
        shares = np.exp(logits - logits.max(axis=1, keepdims=True))
        return np.asarray(shares / shares.sum(axis=1, keepdims=True))
