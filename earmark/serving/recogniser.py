"""Recordings of any kind and length to answers: what the command line, the stream and a page have in common.

A recording that is no longer than the study's longest clip is one clip, and its probabilities are those with which the
model was judged. A longer one is cut into overlapping windows as long as the clips that the model learned from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from earmark.audio.decode import FloatArray
from earmark.audio.limits import LOCAL, UPLOAD, Limits
from earmark.audio.parts import Parts
from earmark.audio.windows import Windows
from earmark.serving.activity import SpeechActivity, overlap
from earmark.serving.calibration import calibrated
from earmark.serving.decoding import decode_any
from earmark.serving.facts import Facts, read_facts
from earmark.serving.options import STANDARD, Options
from earmark.serving.predictor import Predictor, mean_over_windows
from earmark.serving.timeline import NO_SPEECH, UNKNOWN, Segment, Span, cells, shares, spans, timeline

WINDOW_SECONDS = 3.0
"""Of a model about whose clips nothing is known."""

LEAST_SPEECH = 0.2
"""Share of a window that must be speech for the model to be asked."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Answer:
    """What a recording is.

    ``label`` is a class, ``unknown`` (``is_known`` is then false, and so it is for ``no speech``), or ``no speech``.
    ``confidence`` is the calibrated probability of the best class, ``probabilities`` are the model's own of every class
    (the mean over windows with speech; empty without speech), ``shares`` each label's share of the time with speech.
    ``seconds`` and ``speech_seconds`` are the recording's length and how much of it is speech; ``is_calibrated`` tells
    whether the temperature of the confidence is known.
    """

    label: str
    confidence: float
    is_known: bool
    probabilities: dict[str, float]
    shares: dict[str, float]
    seconds: float
    speech_seconds: float
    is_calibrated: bool
    timeline: list[Segment] = field(default_factory=list)

    def plain(self) -> dict[str, Any]:
        """As JSON-serialisable values."""
        return asdict(self)


class Recogniser:
    """A predictor for recordings of any length. Make it once; any number of threads may use it."""

    def __init__(self, predictor: Predictor, facts: Facts, options: Options = STANDARD) -> None:
        """Raises EarmarkError if an option makes no sense, or a detector's package is missing."""
        self.predictor, self.facts, self.options = predictor, facts, options
        self.rate = predictor.params.features.sample_rate
        self.window_seconds, self.hop_seconds = options.cut(facts.typical_seconds or _own_window(predictor))
        self.whole_seconds = self.window_seconds if options.window else (facts.longest_seconds or self.window_seconds)
        self.activity = SpeechActivity(predictor.params.features, options.vad)

    @classmethod
    def load(cls, model: Path, options: Options = STANDARD, threads: int | None = None) -> Self:
        """The model in a folder with what lies beside it; raises EarmarkError if it is not a whole model."""
        return cls(Predictor.load(model, threads), read_facts(model), options)

    def of_bytes(self, audio: bytes, limits: Limits = UPLOAD) -> Answer:
        """Answer for the bytes of an audio file, decoded in this process; raises DecodeError."""
        return self.of_samples(decode_any(audio, self.rate, limits))

    def of_file(self, path: Path, limits: Limits = LOCAL) -> Answer:
        """Answer for a file, decoded in this process; raises DecodeError naming it."""
        return self.of_samples(decode_any(path, self.rate, limits))

    def of_samples(self, samples: FloatArray) -> Answer:
        """Answer for mono ``samples`` (n,), float32 at ``rate``, one or more."""
        speech = self.activity.parts(samples)
        windows = self.windows(len(samples))
        rows = {
            number: self.probabilities(samples[first:last])
            for number, (first, last) in enumerate(windows)
            if overlap(speech, first, last) >= (LEAST_SPEECH * (last - first) if len(windows) > 1 else 1)
        }
        line = timeline(cells(windows, speech, len(samples)), rows, self.named, self.rate)
        return self._answer(line, list(rows.values()), speech, len(samples))

    def probabilities(self, samples: FloatArray) -> Floats:
        """The model's probabilities (k,) of one clip, as in training and when it was judged."""
        answer = self.predictor.predict_windows(self.predictor.frontend.windows(samples))
        return np.array(list(answer.probabilities.values()))

    def named(self, probabilities: Floats) -> tuple[str, float]:
        """Label, or ``unknown``, and calibrated confidence of a clip's ``probabilities`` (k,)."""
        row = calibrated(probabilities, self.facts.temperature or 1)
        best = int(row.argmax())
        confidence = float(row[best])
        return (self.predictor.labels[best] if confidence >= self.options.unknown else UNKNOWN), confidence

    def windows(self, length: int) -> list[Span]:
        """Where a recording of ``length`` samples is cut: the whole of it if it is no longer than a clip."""
        if length <= self.whole_seconds * self.rate:
            return [(0, length)]
        return spans(length, *(max(1, round(s * self.rate)) for s in (self.window_seconds, self.hop_seconds)))

    def _answer(self, line: list[Segment], rows: Sequence[Floats], speech: Parts, length: int) -> Answer:
        probabilities = mean_over_windows(np.stack(rows)) if rows else None
        label, confidence = (NO_SPEECH, 1.0) if probabilities is None else self.named(probabilities)
        values = [] if probabilities is None else zip(self.predictor.labels, probabilities.tolist(), strict=True)
        return Answer(
            label,
            confidence,
            is_known=probabilities is not None and confidence >= self.options.unknown,
            probabilities=dict(values),
            shares=shares(line),
            seconds=length / self.rate,
            speech_seconds=overlap(speech, 0, length) / self.rate,
            is_calibrated=self.facts.temperature is not None,
            timeline=line,
        )


def _own_window(predictor: Predictor) -> float:
    """Length (s) of the windows that the front end cuts clips into; ``WINDOW_SECONDS`` if it does not."""
    features = predictor.params.features
    cut = Windows.of(features)
    return WINDOW_SECONDS if cut is None else cut.length * features.hop_length / features.sample_rate
