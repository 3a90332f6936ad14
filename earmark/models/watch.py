"""What a trained head must not keep quiet about, each with its likely cause."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from earmark.config import TrainParams
from earmark.models.fit import Course

IMBALANCE = 4
"""Most over least frequent class from which accuracy is dominated by the large classes."""

GREW = 4
"""Last over lowest training loss from which a training has lost what it had learned."""


@dataclass(frozen=True)
class Share:
    """A share of right answers among ``n`` clips, beside what always answering the most frequent class would score."""

    accuracy: float
    majority: float
    n: int

    @property
    def size(self) -> tuple[float, int]:
        """What it is a share of: the majority and the number of clips."""
        return self.majority, self.n

    def is_below(self, other: Share) -> bool:
        """Whether it is less by more than one standard error."""
        return self.accuracy < other.accuracy - standard_error(other.accuracy, self.n)

    @property
    def at_chance(self) -> bool:
        """Whether it is within two standard errors of always giving the same answer, unless nothing was wrong."""
        return self.accuracy < 1 and self.accuracy <= self.majority + 2 * standard_error(self.majority, self.n)


def standard_error(share: float, n: int) -> float:
    """Standard error of a share of ``n`` clips (binomial)."""
    return math.sqrt(share * (1 - share) / n)


@dataclass(frozen=True)
class Evidence:
    """What the causes are looked for in.

    Shares of the kept weights with dropout off on the ``train`` and ``val`` clips, and of logistic regression on the
    val clips: on the features that the head reads (``reference``), and on what the backbone gave before it learned
    (``untrained``), where it did.
    """

    course: Course
    params: TrainParams
    train: Share
    val: Share
    reference: Share
    untrained: Share | None

    @property
    def rate(self) -> str:
        """The highest learning rate of any stage, in words."""
        return f"learning_rate {max(stage.learning_rate or 0 for stage in self.params.plan()):g}"

    @property
    def cheap(self) -> Share:
        """The better of the two logistic regressions."""
        found = (self.reference, self.untrained or self.reference)
        return max(found, key=lambda share: share.accuracy)

    @property
    def was_destroyed(self) -> bool:
        """Whether the backbone's features tell less than before it learned."""
        return self.untrained is not None and self.reference.is_below(self.untrained)


def warnings(
    course: Course,
    train: Share,
    val: Share,
    reference: float,
    counts: Mapping[str, int],
    params: TrainParams,
    untrained: float | None = None,
) -> list[str]:
    """Sentences for training.json and the terminal; none if all is well.

    ``reference`` and ``untrained`` are the validation accuracies of ``Evidence``, ``counts`` the training clips per
    class.
    """
    before = None if untrained is None else Share(untrained, *val.size)
    seen = Evidence(course, params, train, val, Share(reference, *val.size), before)
    found = [_diverged(seen), _collapsed(seen), _chance(seen), _below_reference(seen), _imbalance(counts)]
    return [sentence for part in found for sentence in part]


def _diverged(seen: Evidence) -> Iterator[str]:
    course = seen.course
    if course.stopped == "diverged" and seen.params.members > 1:  # whose epochs are not numbered one by one
        yield (
            "the loss of a member was no longer a number; its best weights before that were kept. Likely cause: "
            f"{seen.rate} is too high."
        )
    elif course.stopped == "diverged":
        rate = seen.params.stage_of(len(course.history) - 1).learning_rate
        yield (
            f"the loss was no longer a number in epoch {len(course.history) - 1}; the weights of epoch "
            f"{course.best_epoch} were kept. Likely cause: learning_rate {rate:g} is too high."
        )


def _collapsed(seen: Evidence) -> Iterator[str]:
    """What was once learned is gone at the end; the kept weights are of an epoch before."""
    course, last = seen.course, seen.course.history[-1]
    if course.stopped == "diverged" or course.best_epoch == len(course.history) - 1 or seen.val.at_chance:
        return
    best, end = (Share(metrics["val_accuracy"], *seen.val.size) for metrics in (course.best, last))
    first, lowest, what = course.history[0]["loss"], min(metrics["loss"] for metrics in course.history), ""
    if last["loss"] > max(first, GREW * lowest):
        what = f"the training loss grew from {lowest:.3g} to {last['loss']:.3g}"
    if end.at_chance and end.is_below(best):
        what = f"validation accuracy fell from {best.accuracy:.3f} to chance ({end.accuracy:.3f})"
    if what:
        rate = seen.params.stage_of(len(course.history) - 1).learning_rate
        yield (
            f"training collapsed after epoch {course.best_epoch}, whose weights were kept: {what}. Likely cause: "
            f"learning_rate {rate:g} is too high."
        )


def _chance(seen: Evidence) -> Iterator[str]:
    train, val = seen.train, seen.val
    if train.at_chance:
        yield (
            f"training stayed at chance: accuracy {train.accuracy:.3f} on its own training clips, where the most "
            f"frequent class alone gives {train.majority:.3f}. Likely cause: {_cause_of_chance(seen)}."
        )
    elif val.at_chance:
        yield (
            f"validation stayed at chance ({val.accuracy:.3f}; the most frequent class alone gives {val.majority:.3f}) "
            f"while the training clips are known ({train.accuracy:.3f}). Likely cause: too few speakers to learn "
            "more than their voices, or splits that were recorded differently."
        )


def _cause_of_chance(seen: Evidence) -> str:
    if seen.cheap.at_chance:
        return _cause_in_the_data(seen.params)
    if seen.was_destroyed and seen.untrained:
        return (
            f"{seen.rate} is too high: logistic regression on the backbone's features gave "
            f"{seen.untrained.accuracy:.3f} before it learned, and {seen.reference.accuracy:.3f} after. "
            "`snakemake rates` finds a rate"
        )
    if seen.params.mode != "scratch" and not seen.params.standardise:
        return "features of very different size; set standardise: true"
    if _cut_off(seen.course):
        return f"{len(seen.course.history)} epochs are too few for {seen.rate}"
    return f"{seen.rate} is too high, as logistic regression does learn from these features"


def _cause_in_the_data(params: TrainParams) -> str:
    if params.mode == "scratch":
        return (
            "wrong labels, or too few clips to learn from random weights (logistic regression on their features fails "
            "too); try mode: tune"
        )
    return (
        "the features do not tell the classes apart (logistic regression fails too): "
        "wrong labels, or a backbone that does not fit the task"
    )


def _below_reference(seen: Evidence) -> Iterator[str]:
    """More than one standard error behind: less is a matter of a few clips."""
    cheap = seen.cheap
    if cheap.at_chance or not seen.val.is_below(cheap):
        return
    who, what = "the head", "on the same features"
    if cheap is not seen.reference:
        who, what = "training the backbone", "on its features from before"
    yield (
        f"{who} does not beat plain logistic regression {what}: validation accuracy {seen.val.accuracy:.3f} against "
        f"{cheap.accuracy:.3f}. Likely cause: {_cause_of_less(seen)}."
    )


def _cause_of_less(seen: Evidence) -> str:
    if seen.train.at_chance:
        return _cause_of_chance(seen)
    if seen.was_destroyed:
        return (
            f"{seen.rate} is too high, or too much learns from so few clips; see unfreeze, layer_rates, `snakemake "
            "rates`"
        )
    if _cut_off(seen.course):
        return "training ended while it still improved; raise epochs or learning_rate"
    if seen.cheap is seen.reference:
        if max(stage.learning_rate or 0 for stage in seen.params.plan()) > 1e-2:
            return f"{seen.rate} is too high"
        return "the head overfits or its dropout is too strong for so few clips; try head: linear"
    return "the head overfits what the backbone learned; try head: linear, or augment"


def _imbalance(counts: Mapping[str, int]) -> Iterator[str]:
    largest, smallest = max(counts, key=lambda name: counts[name]), min(counts, key=lambda name: counts[name])
    if counts[largest] >= IMBALANCE * counts[smallest]:
        yield (
            f"unequal classes: {counts[largest]} training clips of {largest}, {counts[smallest]} of {smallest}. "
            "Read balanced accuracy, or set data.balance: [label] or train.class_weights: balanced."
        )


def _cut_off(course: Course) -> bool:
    return course.stopped == "epochs" and course.best_epoch == len(course.history) - 1
