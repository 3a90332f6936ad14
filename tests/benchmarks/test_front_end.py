"""The benchmark of the front end: on a few clips and without its peers it works, and says everything that it should."""

import json
import subprocess
import sys

import numpy as np
import pytest
import soundfile

OWN_ROWS = (
    "decode + soxr HQ alone",
    "earmark → Parquet shard",
    "earmark → shard and PNG",
    "librosa loop → .npy",
    "librosa loop → Pillow PNG (naive)",
    "MP3 48 kHz, one warm process",
    "MP3 48 kHz, two warm processes",
    "MP3: earmark / decode + resample alone",
    "MP3: naive librosa loop / earmark",
    "WAV: naive librosa loop / earmark",
    "FLAC: naive librosa loop / earmark",
    "MP3, 6 clips end to end: librosa loop → .npy / earmark",
    "MP3, 60 clips end to end: librosa loop → .npy / earmark",
    "MP3: throughput of 2 processes / 1",
    "start-up to the first clip",
    "peak memory, a shard of 60 clips",
)


@pytest.fixture(scope="module")
def written(tmp_path_factory, project_root):
    """The folder of the results of a quick run."""
    folder = tmp_path_factory.mktemp("bench")
    command = [sys.executable, "benchmarks/front_end.py", "--quick", "--no-peers", "--output", str(folder)]
    done = subprocess.run(command, cwd=project_root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == (folder / "front_end.md").read_text().strip()
    return folder


@pytest.fixture
def front_end(project_root, monkeypatch):
    """Makes ``import front_end`` mean the benchmark."""
    monkeypatch.syspath_prepend(project_root / "benchmarks")


def first_cells(markdown):
    return {line.split("|")[1].strip() for line in markdown.splitlines() if line.startswith("|")}


def test_the_table_has_every_row(written):
    assert set(OWN_ROWS) <= first_cells((written / "front_end.md").read_text())


def test_every_round_is_kept_and_costs_something(written):
    results = json.loads((written / "front_end.json").read_text())
    rounds = [
        ms for found in results["per_clip"].values() for format in found.values() for r in format.values() for ms in r
    ]
    assert len(rounds) == 2 * 3 * 5
    assert min(rounds) > 0


def test_a_picture_is_drawn(written):
    assert (written / "front_end.png").read_bytes().startswith(b"\x89PNG")


def test_peers_and_snakemake_have_rows_and_goals(written, front_end):
    from front_end.goals import goals
    from front_end.picture import picture
    from front_end.tables import markdown

    results = json.loads((written / "front_end.json").read_text())
    for peer in ("lhotse", "datasets"):
        for found in results["per_clip"]["image"].values():
            found[peer] = [3 * ms for ms in found["earmark"]]
        for costs in results["end_to_end"]["mp3"].values():
            costs[peer] = [cost | {"cpu": 1.5 * cost["cpu"]} for cost in costs["earmark"]]
    results["orchestrated"] = {"clips": 24, "cores": 2, "rounds": [{"snakemake": 11.0, "bare": 10.0}] * 3}
    verdicts = {goal.what: goal.reached for goal in goals(results)}
    assert {*OWN_ROWS[7:], "wall with Snakemake / without"} <= verdicts.keys() <= first_cells(markdown(results))
    assert verdicts["wall with Snakemake / without"]
    assert not verdicts["MP3, 6 clips end to end: lhotse Fbank → NumpyFilesWriter / earmark"]
    assert picture(results) != (written / "front_end.png").read_bytes()


def test_spread_is_median_smallest_and_largest(front_end):
    from front_end.tables import spread

    assert spread([3.0, 1.0, 2.0]) == "2 (1–3)"
    assert spread([1.0]) == "1"


def test_clips_are_spoken_where_nothing_is_recorded(tmp_path, project_root):
    command = [sys.executable, "-m", "front_end.clips", str(tmp_path / "clips"), "3"]
    subprocess.run(command, cwd=project_root / "benchmarks", check=True)
    assert (tmp_path / "clips" / "speech.txt").read_text() == "espeak-ng"
    sounds = [soundfile.read(path)[0] for path in sorted((tmp_path / "clips" / "wav").iterdir())]
    assert [5 <= len(samples) / 16000 <= 7 for samples in sounds] == [True] * 3
    assert len({samples[:1000].tobytes() for samples in sounds}) == 3
    for name, rate in (("mp3", 48000), ("flac", 16000)):
        for path, samples in zip(sorted((tmp_path / "clips" / name).iterdir()), sounds, strict=True):
            info = soundfile.info(path)
            assert (info.samplerate, info.format) == (rate, name.upper())
            assert np.isclose(info.duration, len(samples) / 16000, atol=0.001)
