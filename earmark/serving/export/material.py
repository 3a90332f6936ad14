"""Recordings to measure an exported model with: the study's own clips where they are at hand, else made sounds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from earmark.audio.decode import FloatArray, decode
from earmark.config import DataParams
from earmark.errors import EarmarkError
from earmark.provenance import read_record
from earmark.recordings import Recordings
from earmark.serving.facts import manifest_of, results_of
from earmark.store import Store

COLUMNS = ["clip_id", "path", "start", "end", "label", "split"]

MADE_SECONDS = (0.3, 0.7, 1.0, 1.6, 2.5, 4.0)
"""Lengths of the sounds that are made where there are no recordings."""


class AbsentError(EarmarkError):
    """Recordings of the manifest are not at hand, as in a clone that pulled only results."""


@dataclass(frozen=True)
class Clip:
    """A sound and its true class ``label``, None if there is none.

    It is decoded by ``load`` when its samples are asked for: those of a large test set would fill the memory.
    """

    name: str
    load: Callable[[], FloatArray]
    label: str | None = None

    @property
    def samples(self) -> FloatArray:
        """Mono (n,), float32 at the model's rate; raises DecodeError naming a recording that cannot be read."""
        return self.load()


def clips(model: Path, split: str, rate: int, most: int | None = None) -> list[Clip]:
    """Clips of a ``split`` of the manifest that a model was made from, at ``rate`` (Hz); none if it is not beside it.

    ``most`` of them, evenly over the clips in order of class and id. Raises AbsentError naming the first
    recording that is missing.
    """
    manifest = manifest_of(model)
    if manifest is None:
        return []
    recordings = _recordings(model, manifest)
    rows = pq.ParquetFile(manifest / "manifest.parquet").read(columns=COLUMNS).to_pylist()
    rows = sorted((row for row in rows if row["split"] == split), key=lambda row: (row["label"], row["clip_id"]))
    if most is not None and len(rows) > most:
        rows = [rows[i] for i in np.linspace(0, len(rows) - 1, most).round().astype(int)]
    _require(split, [recordings.path(row["path"]) for row in rows])
    return [Clip(row["clip_id"], partial(_decoded, recordings, row, rate), row["label"]) for row in rows]


def made(rate: int) -> list[Clip]:
    """Tones that rise out of noise, with silence at both ends, of several lengths; noise; silence."""
    rng = np.random.default_rng(0)
    sounds = {f"tone of {seconds:g} s": _tone(rng, seconds, rate) for seconds in MADE_SECONDS}
    sounds["noise"] = 0.1 * rng.standard_normal(rate).astype(np.float32)
    sounds["silence"] = np.zeros(rate, np.float32)
    return [Clip(name, partial(np.asarray, samples)) for name, samples in sounds.items()]


def _require(split: str, paths: list[Path]) -> None:
    missing = [path for path in paths if not path.is_file()]
    if missing:
        raise AbsentError(
            f"{missing[0]}: no such file ({len(missing)} of {len(paths)} {split} clips have no recording here); "
            "bring them back, by dvc pull if DVC keeps them"
        )


def _decoded(recordings: Recordings, row: dict[str, Any], rate: int) -> FloatArray:
    return decode(recordings.path(row["path"]), rate, row["start"], row["end"])[0]


def _tone(rng: np.random.Generator, seconds: float, rate: int) -> FloatArray:
    time = np.arange(round(seconds * rate)) / rate
    pitches = rng.uniform(100, rate / 5, 3)
    wave = sum(np.sin(2 * np.pi * pitch * time * (1 + 0.1 * time)) for pitch in pitches)
    loudness = 0.1 * np.sin(np.pi * time / seconds) ** 4
    return (loudness * wave + 1e-4 * rng.standard_normal(len(time))).astype(np.float32)


def _recordings(model: Path, manifest: Path) -> Recordings:
    values = dict((read_record(manifest) or {})["params"]["data"])
    project = results_of(model).parent
    beside = project / values["root"]
    values["root"] = str(beside if beside.exists() else values["root"])
    return Recordings.of(DataParams(**values), Store.find(project if (project / ".store").is_dir() else Path()))
