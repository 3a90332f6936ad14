import csv
from pathlib import Path

import numpy as np
import pytest
import soundfile

from earmark.config import Params, parse
from earmark.corpus.prepare import prepare
from earmark.provenance import Provenance
from earmark.recordings import Recordings
from earmark.store import Store

CV_HEADER = ["client_id", "path", "sentence", "up_votes", "down_votes", "age", "gender", "accents", "locale"]


@pytest.fixture(scope="session")
def sound():
    """Write a short recording, different for each name unless a seed is given."""

    def write(
        path: Path,
        seconds: float = 0.2,
        seed: int | None = None,
        rate: int = 8000,
        channels: int = 1,
        gain: float = 0.1,
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        rng = np.random.default_rng(list("/".join(path.parts[-2:]).encode()) if seed is None else seed)
        shape = (round(seconds * rate), channels)
        soundfile.write(path, (gain * rng.uniform(-1, 1, shape)).astype(np.float32), rate)
        return path

    return write


@pytest.fixture(scope="session")
def rows():
    """Write a CSV (or TSV) of dictionaries."""

    def write(path: Path, table: list[dict[str, object]]):
        path.parent.mkdir(parents=True, exist_ok=True)
        delimiter = "\t" if path.suffix == ".tsv" else ","
        with path.open("w", newline="") as stream:
            writer = csv.DictWriter(stream, list(table[0]), delimiter=delimiter, lineterminator="\n")
            writer.writeheader()
            writer.writerows(table)
        return path

    return write


@pytest.fixture
def release(tmp_path, sound, rows):
    """A Common Voice release: two locales, six speakers each, two clips a speaker."""
    for locale in ("en", "es"):
        table = []
        for speaker in range(6):
            for clip in range(2):
                name = f"{locale}_{speaker}{clip}.mp3"
                sound(tmp_path / "cv" / locale / "clips" / name, rate=48000)
                cells = [
                    f"{locale}{speaker}",
                    name,
                    f"{locale} sentence {speaker}{clip}",
                    clip + speaker,
                    0,
                    "twenties",
                ]
                gender = ("male_masculine", "female_feminine")[speaker % 2]
                table.append(dict(zip(CV_HEADER, [*cells, gender, "", locale], strict=True)))
        rows(tmp_path / "cv" / locale / "validated.tsv", table)
    return tmp_path / "cv"


@pytest.fixture
def run(tmp_path):
    """Prepare a data set; returns the summary and the output folder."""

    def prepared(values: dict[str, object], name: str = "out"):
        params: Params = parse(values)
        output = tmp_path / "store" / "prepare" / name
        provenance = Provenance("prepare", 1, name)
        recordings = Recordings.of(params.data, Store(tmp_path / "store"))
        return prepare(params, recordings, output, provenance), output

    return prepared
