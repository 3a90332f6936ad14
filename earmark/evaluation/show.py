"""One clip under the magnifying glass: what the file holds, what the front end cuts, and the images it makes."""

from __future__ import annotations

import difflib
import math
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from earmark.audio.decode import FloatArray, decode, resample
from earmark.audio.frontend import Frontend
from earmark.audio.probe import probe
from earmark.audio.vad import VoiceActivity
from earmark.config import FeatureParams
from earmark.errors import EarmarkError
from earmark.evaluation.clip_plot import Clip, clip, cuts
from earmark.evaluation.style import png
from earmark.store import replacing


def show(
    source: Path, features: FeatureParams, output: Path, start: float | None = None, end: float | None = None
) -> dict[str, Any]:
    """Draw the clip (``start`` to ``end``, s, of a file) as a PNG to ``output``; returns what ``explain`` words.

    ``file``: duration (s), sample_rate (Hz), channels, codec, bytes, reason and detail of a defect. Of the clip:
    duration (s), peak (dBFS of the mono mix, None for silence), cut (s at the ends and inside), parts (s, kept),
    images by kind (rows, frames) of each of the windows, windows (first frames; one for a whole clip). Raises
    DecodeError for what is no usable audio.
    """
    recorded, rate = decode(source, None, start, end)
    samples = resample(recorded, rate, features.sample_rate)
    shown = _clip(source.name, samples, features)
    facts = {
        "path": str(source),
        "start": start,
        "end": end,
        "file": _file(source),
        "duration": len(recorded) / rate,
        "peak": _decibels(float(np.abs(recorded).max())),
        "sample_rate": features.sample_rate,
        "cut": {
            place: sum(last - first for first, last in spans) / features.sample_rate
            for place, spans in cuts(shown.parts, len(samples)).items()
        },
        "parts": [[first / features.sample_rate, last / features.sample_rate] for first, last in shown.parts],
        "images": {kind: [len(image), shown.windows[0][1]] for kind, image in shown.images.items()},
        "windows": [first for first, _ in shown.windows],
        "output": str(output),
    }
    with replacing(output) as part:
        part.write_bytes(png(lambda theme: clip(theme, shown)))
    return facts


def explain(facts: dict[str, Any]) -> str:
    """The facts of ``show`` for people."""
    file = facts["file"]
    channels = {1: "mono", 2: "stereo"}.get(file["channels"], f"{file['channels']} channels")
    peak = "no sound" if facts["peak"] is None else f"{facts['peak']:.1f} dBFS"
    duration, windows, (ends, inside) = facts["duration"], facts["windows"], facts["cut"].values()
    times = f"{len(windows)} windows of " if len(windows) > 1 else ""
    whole = facts["start"] is None and facts["end"] is None
    lines = [
        ("file", f"{facts['path']}  ({file['codec']}, {file['bytes']:,} bytes)"),
        ("sound", f"{file['duration']:.2f} s, {file['sample_rate']:,} Hz, {channels}"),
        *([] if whole else [("part", f"{facts['start'] or 0:g} s to {_end(facts)}, {duration:.2f} s")]),
        ("peak", peak),
        ("kept", f"{duration - ends - inside:.2f} s; cut {ends:.2f} s at the ends, {inside:.2f} s inside"),
        ("images", times + ", ".join(f"{kind} {rows} × {frames}" for kind, (rows, frames) in facts["images"].items())),
        *([("defect", f"{file['reason']}: {file['detail']}")] if file["reason"] else []),
        ("picture", facts["output"]),
    ]
    return "\n".join(f"{name:8} {text}" for name, text in lines)


def find_clip(manifest: Path, clip_id: str) -> tuple[str, float | None, float | None]:
    """Path (relative to the data set's root), start and end (s) of a clip; raises EarmarkError if it is unknown."""
    table = pq.ParquetFile(manifest).read(columns=["clip_id", "path", "start", "end"])
    clips = table["clip_id"].to_pylist()
    if clip_id not in clips:
        near = difflib.get_close_matches(clip_id, clips, n=1)
        hint = f"did you mean '{near[0]}'?" if near else f"clip ids look like '{clips[0]}'" if clips else "it is empty"
        raise EarmarkError(f"'{clip_id}' is neither a file nor a clip of {manifest}; {hint}")
    row = table.slice(clips.index(clip_id), 1).to_pylist()[0]
    return row["path"], row["start"], row["end"]


def _clip(name: str, samples: FloatArray, features: FeatureParams) -> Clip:
    """The whole clip's images in the units of their kinds, and where its windows lie."""
    plain = features.model_copy(update={"window": None, "dtype": "float16", "scale": "top_db"})
    images = Frontend(plain).windows(samples)[0].images
    windows = [(row.first_frame, _frames(row.images)) for row in Frontend(features).windows(samples)]
    return Clip(name, samples, VoiceActivity(features).parts(samples), images, windows, features)


def _frames(images: dict[str, Any]) -> int:
    return int(next(iter(images.values())).shape[1])


def _file(source: Path) -> dict[str, Any]:
    found = probe(source)
    names = ("duration", "sample_rate", "channels", "codec", "bytes", "reason", "detail")
    return {name: getattr(found, name) for name in names}


def _decibels(peak: float) -> float | None:
    return 20 * math.log10(peak) if peak > 0 else None


def _end(facts: dict[str, Any]) -> str:
    return "the end" if facts["end"] is None else f"{facts['end']:g} s"
