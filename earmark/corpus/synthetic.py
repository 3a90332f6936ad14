"""Synthetic training speech: texts spoken by many espeak-ng voices, made once per content, and for training only.

A clip is a 16 kHz FLAC file in the store, at ``synthetic/<key>/<language>/<speaker>/<text>.flac``. They are no
recordings: the selection does not choose among them, and they are not compared with other clips' sound.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from tqdm import tqdm

from earmark import versions
from earmark.audio import espeak
from earmark.audio.casting import Speaker, speakers
from earmark.audio.encode import encoded
from earmark.audio.espeak import Samples
from earmark.audio.probe import SILENT_PEAK, Probe
from earmark.config import SyntheticParams
from earmark.corpus.catalogue import BadRow, Clip, Measured
from earmark.corpus.texts import Text, by_language, drawn, read_texts
from earmark.digest import digest
from earmark.errors import EarmarkError
from earmark.provenance import Provenance
from earmark.recordings import SPOKEN, SYNTHETIC
from earmark.store import Store, replacing_folder

SAMPLE_RATE = 16000
"""Hz of the clips."""

INDEX = "clips.parquet"

SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in ("path", "label", "language", "speaker", "gender", "sentence")),
        ("duration", pa.float64()),
        ("level", pa.float64()),
        ("bytes", pa.int64()),
        ("audio_digest", pa.string()),
    ]
)
"""One clip per row; of a text that a voice says nothing of, ``bytes`` is 0 and there is no file."""


@dataclass(frozen=True)
class SyntheticSpeech:
    """The clips that ``params`` ask for, in the store; all that decides them is in their key."""

    params: SyntheticParams
    store: Store

    @classmethod
    def of(cls, params: SyntheticParams | None, store: Store) -> Self | None:
        """The synthetic speech of a study, if it has any."""
        return None if params is None else cls(params, store)

    @cached_property
    def texts(self) -> dict[str, list[Text]]:
        """The texts of each language."""
        return by_language(read_texts(Path(self.params.texts)))

    @cached_property
    def key(self) -> str:
        """Content key: texts, settings, and the versions of espeak-ng and of what is done to its voices.

        Raises EarmarkError if the texts cannot be read or espeak-ng is missing.
        """
        texts = [[text.label, text.language, text.text] for own in self.texts.values() for text in own]
        settings = {name: value for name, value in self.params.plain().items() if name != "texts"}
        return digest(SYNTHETIC, versions.SYNTHETIC, espeak.version(), settings, texts)

    @property
    def folder(self) -> Path:
        """Where the clips are, or will be."""
        return self.store.path(SYNTHETIC, self.key, "")

    def speak(self, workers: int = 1) -> None:
        """Make the clips unless they are there, speaking in ``workers`` processes.

        Raises EarmarkError for a language that espeak-ng does not have.
        """
        if self.store.has(SYNTHETIC, self.key, ""):
            return
        cast = list(self._cast())
        batches = ([(speaker.voice, text.text) for text in texts] for _, speaker, texts in cast)
        spoken = zip(cast, espeak.speak_apart(batches, workers), strict=True)
        with replacing_folder(self.folder) as folder:
            written = espeak.map_ahead(lambda job: self._write(folder, *job[0], job[1]), spoken, max(1, workers))
            progress = tqdm(written, total=len(cast), desc="synthetic speech", unit="voice", disable=None)
            rows = [row for clips in progress for row in clips]
            provenance = Provenance(SYNTHETIC, versions.SYNTHETIC, self.key, self.params.plain())
            pq.write_table(pa.Table.from_pylist(rows, provenance.stamp(SCHEMA)), folder / INDEX, compression="zstd")
            provenance.write(folder)

    def clips(self) -> tuple[list[Measured], list[BadRow]]:
        """The clips as the manifest needs them, and texts of which nothing is heard.

        Raises EarmarkError if they are not made yet.
        """
        try:
            rows = pq.ParquetFile(self.folder / INDEX).read().to_pylist()
        except OSError:
            raise EarmarkError(f"{self.folder}: no synthetic speech; run `earmark speak`") from None
        heard = [self._measured(row) for row in rows if row["bytes"]]
        return heard, [self._silent(row) for row in rows if not row["bytes"]]

    def _cast(self) -> Iterator[tuple[str, Speaker, list[Text]]]:
        """Each speaker with a name and the texts that it says."""
        for language, texts in self.texts.items():
            for number, speaker in enumerate(speakers(language, self.params.voices, self.params.seed)):
                rng = np.random.default_rng([self.params.seed, number, *language.encode()])
                yield f"{language}/{number:03d}", speaker, drawn(texts, self.params.texts_per_voice, rng)

    def _write(
        self, folder: Path, name: str, speaker: Speaker, texts: Sequence[Text], spoken: Sequence[Samples]
    ) -> list[dict[str, Any]]:
        """Write one speaker's clips; returns their rows of the index."""
        (folder / name).mkdir(parents=True)
        rows = []
        for number, (text, samples) in enumerate(zip(texts, spoken, strict=True)):
            place = f"{name}/{number:03d}.flac"
            who = {"speaker": f"{SYNTHETIC}-{name.replace('/', '-')}", "gender": speaker.voice.gender}
            what = {"label": text.label, "language": text.language, "sentence": text.text}
            rows.append({"path": place, **who, **what, **_write_clip(folder / place, samples, speaker.speed)})
        return rows

    def _measured(self, row: Mapping[str, Any]) -> Measured:
        stated = {name: row[name] for name in ("label", "language", "speaker", "gender", "sentence")}
        probe = Probe(row["duration"], SAMPLE_RATE, 1, row["level"], "FLAC PCM_16", row["bytes"])
        return Measured(Clip(self._path(row), source=SYNTHETIC, **stated), row["audio_digest"], probe)

    def _silent(self, row: Mapping[str, Any]) -> BadRow:
        path, detail = self._path(row), f"espeak-ng says nothing in {row['language']}: '{row['sentence']}'"
        return BadRow(path, path, "silent", detail)

    def _path(self, row: Mapping[str, Any]) -> str:
        return f"{SPOKEN}{self.key}/{row['path']}"


def _write_clip(path: Path, samples: Samples, speed: float) -> dict[str, Any]:
    """Write what espeak-ng spoke as FLAC, played ``speed`` times as fast; its part of the index's row."""
    import soxr

    heard = soxr.resample(samples, espeak.SAMPLE_RATE * speed, SAMPLE_RATE, quality="HQ")
    if np.abs(heard).max(initial=0) < SILENT_PEAK:
        return {"duration": 0.0, "level": 0.0, "bytes": 0, "audio_digest": ""}
    quantised = np.rint(np.clip(heard, -1, 1) * 32767).astype(np.int16)
    content = encoded(quantised, SAMPLE_RATE, "FLAC")
    path.write_bytes(content)
    power = float(np.square(quantised / 32768, dtype=np.float64).mean())
    return {
        "duration": len(quantised) / SAMPLE_RATE,
        "level": 10 * np.log10(power),
        "bytes": len(content),
        "audio_digest": hashlib.sha256(content).hexdigest(),
    }
