"""Bad input through the real commands: a quarantine entry with its reason or one clear error, never a traceback."""

import json
import shutil

import numpy as np
import pyarrow.parquet as pq
import pytest
import soundfile

pytestmark = [pytest.mark.workflow, pytest.mark.xdist_group("study")]

CLIPS = "data/raw/clips"


@pytest.fixture
def spoilt(project):
    """The project with one of each bad file added to its table; yields the project and the reasons expected."""
    folder = project.root / CLIPS
    good = sorted(folder.glob("*.wav"))[-1]  # not a clip that other tests change: products stay in the store
    quiet = np.zeros(16000, np.float32)
    (folder / "text.wav").write_text("this is not audio")
    (folder / "zero.wav").write_bytes(b"")
    soundfile.write(folder / "no-samples.wav", quiet[:0], 16000)
    soundfile.write(folder / "silent.wav", quiet, 16000)
    soundfile.write(folder / "crowd.wav", np.random.default_rng(0).normal(0, 0.1, (800, 200)), 16000)
    (folder / "cut.wav").write_bytes(good.read_bytes()[:9000])
    shutil.copy(good, folder / "again.wav")
    reasons = {
        "text.wav": "unreadable",
        "zero.wav": "empty",
        "no-samples.wav": "empty",
        "silent.wav": "silent",
        "crowd.wav": "too_many_channels",
        "cut.wav": "truncated",
        "nowhere.wav": "missing_file",
    }
    add_rows(project, [f"{name},de,stranger,{name}" for name in [*reasons, "again.wav"]])
    yield project, reasons
    for name in [*reasons, "again.wav"]:
        (folder / name).unlink(missing_ok=True)


def add_rows(project, lines) -> None:
    path = project.root / CLIPS / "clips.csv"
    text = path.read_text()
    path.unlink()
    path.write_text(text + "\n".join(lines) + "\n")


def test_every_bad_file_is_in_quarantine_with_its_reason_and_counted(spoilt):
    project, reasons = spoilt
    assert "Traceback" not in project.run("snakemake")
    rows = pq.read_table(project.root / "data/manifest/quarantine.parquet").to_pylist()
    found = {row["path"]: row["reason"] for row in rows}
    duplicates = [path for path, reason in found.items() if reason == "duplicate"]
    assert {path: found[path] for path in reasons} == reasons
    assert len(duplicates) >= 1, "a copy with another label puts both aside, with the same label one"
    metrics = json.loads((project.root / "results/metrics.json").read_text())
    assert metrics["quarantined"] == len(rows)
    manifest = pq.read_table(project.root / "data/manifest/manifest.parquet")["path"].to_pylist()
    listed = (project.root / CLIPS / "clips.csv").read_text().splitlines()[1:]
    assert len(manifest) + len(rows) == len(listed), "every row is in the manifest or in quarantine"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda text: text.replace("path,label", "path,lable"), "lable"),
        (lambda text: text.splitlines()[0] + "\n", "data/raw/clips: no usable clip"),
        (lambda text: text.replace("de-0-0.wav,de,", "de-0-0.wav,klingon,"), "klingon"),
    ],
    ids=["missing column", "no rows", "a class with one clip"],
)
def test_hopeless_input_is_one_clear_error(project, change, words):
    path = project.root / CLIPS / "clips.csv"
    text = change(path.read_text())
    path.unlink()
    path.write_text(text)
    output = project.run("snakemake", "prepare", fails=True)
    assert words in output
    assert "Traceback" not in output
    assert "MissingOutputException" not in output, "the command's own exit code fails the job, though it is piped"


def test_a_typo_in_the_params_stops_every_tool_with_the_right_name(project):
    params = project.root / "params.yaml"
    params.write_text(params.read_text().replace("n_mels:", "n_mel:"))
    for command in (["snakemake"], ["earmark", "prepare"]):
        output = project.run(*command, fails=True)
        assert "did you mean 'n_mels'" in output
        assert "Traceback" not in output
