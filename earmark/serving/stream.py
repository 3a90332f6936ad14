"""A running sound: a window that slides over it, answered anew with each hop."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from earmark.audio.decode import FloatArray, resample
from earmark.serving.activity import overlap
from earmark.serving.recogniser import LEAST_SPEECH, Floats, Recogniser
from earmark.serving.timeline import NO_SPEECH

CONTEXT_SECONDS = 10.0
"""Of sound that is remembered: what is silence is judged beside the loudest moment in it."""

SMOOTHING = 1 / 3
"""Of a window, over which the probabilities are averaged: alone they flicker, and over a whole one a word is lost."""

CHANGE = 0.1
"""Of the confidence, from which it counts as another."""


class Heard(NamedTuple):
    """What the window that ends ``seconds`` after the start says."""

    seconds: float
    label: str
    confidence: float


class Stream:
    """A sliding window over mono samples at ``rate`` (Hz); not for several threads.

    ``hop`` (s) is how often there is an answer; the window is that of the ``recogniser``.
    """

    def __init__(self, recogniser: Recogniser, rate: int, hop: float) -> None:
        self._recogniser, self._rate = recogniser, rate
        self._window, self._hop = round(recogniser.window_seconds * rate), max(1, round(hop * rate))
        self._memory = np.zeros(0, np.float32)
        self._most = max(self._window, round(CONTEXT_SECONDS * rate))
        self._heard = 0
        self._recent: deque[Floats] = deque(maxlen=max(1, round(SMOOTHING * recogniser.window_seconds / hop)))

    def feed(self, samples: FloatArray) -> Iterator[Heard]:
        """Take the next ``samples`` (n,), float32; an answer after each whole hop."""
        while len(samples):
            part, samples = np.split(samples, [self._hop - self._heard % self._hop])
            self._memory = np.concatenate([self._memory, part])[-self._most :]
            self._heard += len(part)
            if self._heard % self._hop == 0:
                yield Heard(self._heard / self._rate, *self._answer())

    def _answer(self) -> tuple[str, float]:
        recogniser = self._recogniser
        context = resample(self._memory, self._rate, recogniser.rate)
        size = round(recogniser.window_seconds * recogniser.rate)
        spoken = overlap(recogniser.activity.parts(context), len(context) - size, len(context))
        if spoken < LEAST_SPEECH * size:
            self._recent.clear()
            return NO_SPEECH, 1.0
        self._recent.append(recogniser.probabilities(context[-size:]))
        return recogniser.named(np.mean(self._recent, axis=0))


def changes(answers: Iterable[Heard]) -> Iterator[Heard]:
    """Those of ``answers`` that say something new: another label, or a confidence that differs by ``CHANGE``."""
    last: Heard | None = None
    for heard in answers:
        if last is None or heard.label != last.label or abs(heard.confidence - last.confidence) >= CHANGE:
            last = heard
            yield heard
