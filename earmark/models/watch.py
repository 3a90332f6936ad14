"""What a trained head must not keep quiet about, each with its likely cause."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from earmark.config import TrainParams
from earmark.models.fit import Course

IMBALANCE = 4
"""Most over least frequent class from which accuracy is dominated by the large classes."""


@dataclass(frozen=True)
class Share:
    """A share of right answers among ``n`` clips, beside what always answering the most frequent class would score."""

    accuracy: float
    majority: float
    n: int

    @property
    def at_chance(self) -> bool:
        """Whether it is within two standard errors of always giving the same answer, unless nothing was wrong."""
        return self.accuracy < 1 and self.accuracy <= self.majority + 2 * standard_error(self.majority, self.n)


def standard_error(share: float, n: int) -> float:
    """Standard error of a share of ``n`` clips (binomial)."""
    return math.sqrt(share * (1 - share) / n)


def warnings(
    course: Course, train: Share, val: Share, reference: float, counts: Mapping[str, int], params: TrainParams
) -> list[str]:
    """Sentences for training.json and the terminal; none if all is well.

    ``train`` and ``val`` are the kept weights' shares with dropout off, ``reference`` is the validation accuracy of
    logistic regression, ``counts`` the training clips per class.
    """
    known = Share(reference, val.majority, val.n)
    found = [_diverged(course, params), _chance(train, val, known, course, params)]
    found += [_below_reference(val, known, course, params), _imbalance(counts)]
    return [sentence for part in found for sentence in part]


def _diverged(course: Course, params: TrainParams) -> Iterator[str]:
    if course.stopped == "diverged":
        yield (
            f"the loss was no longer a number in epoch {len(course.history) - 1}; the weights of epoch "
            f"{course.best_epoch} were kept. Likely cause: learning_rate {params.learning_rate:g} is too high."
        )


def _chance(train: Share, val: Share, reference: Share, course: Course, params: TrainParams) -> Iterator[str]:
    if train.at_chance:
        cause = _cause_of_chance(reference, course, params)
        yield (
            f"training stayed at chance: accuracy {train.accuracy:.3f} on its own training clips, where the most "
            f"frequent class alone gives {train.majority:.3f}. Likely cause: {cause}."
        )
    elif val.at_chance:
        yield (
            f"validation stayed at chance ({val.accuracy:.3f}; the most frequent class alone gives {val.majority:.3f}) "
            f"while the training clips are known ({train.accuracy:.3f}). Likely cause: too few speakers to learn "
            "more than their voices, or splits that were recorded differently."
        )


def _cause_of_chance(reference: Share, course: Course, params: TrainParams) -> str:
    if reference.at_chance:
        return (
            "the features do not tell the classes apart (logistic regression fails too): "
            "wrong labels, or a backbone that does not fit the task"
        )
    if not params.standardise:
        return "features of very different size; set standardise: true"
    if _cut_off(course):
        return f"{len(course.history)} epochs are too few for learning_rate {params.learning_rate:g}"
    return f"learning_rate {params.learning_rate:g} is too high, as logistic regression does learn from these features"


def _below_reference(val: Share, reference: Share, course: Course, params: TrainParams) -> Iterator[str]:
    """More than one standard error behind: less is a matter of a few clips."""
    if val.accuracy >= reference.accuracy - standard_error(reference.accuracy, val.n) or reference.at_chance:
        return
    cause = "the head overfits or its dropout is too strong for so few clips; try head: linear"
    if _cut_off(course):
        cause = "training ended while it still improved; raise epochs or learning_rate"
    elif params.learning_rate > 1e-2:
        cause = f"learning_rate {params.learning_rate:g} is too high"
    yield (
        f"the head does not beat plain logistic regression on the same features: validation accuracy "
        f"{val.accuracy:.3f} against {reference.accuracy:.3f}. Likely cause: {cause}."
    )


def _imbalance(counts: Mapping[str, int]) -> Iterator[str]:
    largest, smallest = max(counts, key=lambda name: counts[name]), min(counts, key=lambda name: counts[name])
    if counts[largest] >= IMBALANCE * counts[smallest]:
        yield (
            f"unequal classes: {counts[largest]} training clips of {largest}, {counts[smallest]} of {smallest}. "
            "Read balanced accuracy, or set data.balance: [label] or train.class_weights: balanced."
        )


def _cut_off(course: Course) -> bool:
    return course.stopped == "epochs" and course.best_epoch == len(course.history) - 1
