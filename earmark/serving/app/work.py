"""What the page's worker processes do: decode what a stranger sent, answer it, and draw it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

from earmark.audio.limits import Limits
from earmark.serving.app.picture import picture
from earmark.serving.decoding import decode_any, limited_cpu
from earmark.serving.options import Options
from earmark.serving.recogniser import Recogniser
from earmark.serving.worker import Handler, Values
from earmark.serving.workers import Job

SECONDS = 120.0
"""A worker that takes longer for a recording is ended; half an hour of sound takes some seconds."""


def job(models: Sequence[Path], options: Options, limits: Limits) -> Job:
    """Workers that answer with each of ``models`` (folders), by their number."""
    settings = {"models": [str(model) for model in models], "options": asdict(options), "limits": asdict(limits)}
    return Job(f"{__name__}:working", settings, limits.memory_bytes, SECONDS)


def working(models: Sequence[str], options: Values, limits: Values) -> Handler:
    """Handler in a worker: the bytes of a file to the values of an ``Answer``.

    A question says which ``model`` (a number), the confidence below which there is no label (``unknown``, None: as in
    ``options``), and whether a ``picture`` is wanted.
    """
    recognisers, most = (
        [Recogniser.load(Path(model), Options(**options), threads=1) for model in models],
        Limits(**limits),
    )

    def work(question: Values, data: bytes) -> tuple[Values, bytes]:
        recogniser = _less_sure(recognisers[question["model"]], question["unknown"])
        with limited_cpu(most.cpu_seconds):
            samples = decode_any(data, recogniser.rate, most)
        answer = recogniser.of_samples(samples).plain()
        return answer | ({"picture": picture(recogniser, samples)} if question["picture"] else {}), b""

    return work


def _less_sure(recogniser: Recogniser, unknown: float | None) -> Recogniser:
    if unknown is None:
        return recogniser
    options = replace(recogniser.options, unknown=unknown)
    return Recogniser(recogniser.predictor, recogniser.facts, options)
