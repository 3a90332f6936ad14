"""The script beside an exported model, in a Python that has neither earmark nor TensorFlow."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from earmark.serving.calibration import calibrated
from earmark.serving.export import run
from earmark.serving.facts import Facts
from earmark.serving.predictor import Predictor
from earmark.serving.recogniser import Recogniser

pytestmark = pytest.mark.xdist_group("export")  # one worker makes the files

BLOCKED = """
import runpy, sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ABSENT:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

ABSENT = sys.argv[1].split(",")
sys.meta_path.insert(0, Absent())
sys.argv = sys.argv[2:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""
NEVER = "earmark,tensorflow,keras,librosa,scipy,onnx,pandas,numba"
OTHER = {"onnx": "ai_edge_litert", "tflite": "onnxruntime"}


def script(folder, *words, absent=NEVER, fails=False):
    """What ``run.py`` prints, in a process from elsewhere."""
    command = [sys.executable, "-I", "-c", BLOCKED, absent, str(folder / "run.py"), *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, cwd="/", check=False)
    assert (done.returncode != 0) == fails, done.stderr
    lines = [line.split("\t") for line in done.stdout.splitlines()]
    return (lines, done.stderr) if fails else lines


@pytest.mark.parametrize("suffix", ["onnx", "tflite"])
def test_answers_without_earmark_and_tensorflow(exported, project, served, suffix):
    files = [served.files[0], served.files[-1]]
    lines = script(exported, "--model", f"model.{suffix}", "--unknown", 0, *files, absent=f"{NEVER},{OTHER[suffix]}")
    expected = Predictor.load(served.folder).predict_files(files)
    assert [(path, label) for path, label, _ in lines] == [
        (str(path), one.label) for path, one in zip(files, expected, strict=True)
    ]
    for (_, _, confidence), one in zip(lines, expected, strict=True):
        assert float(confidence) == pytest.approx(one.confidence, abs=1e-3)


def test_long_recordings_calibration_and_the_threshold(exported, tmp_path):
    shutil.copytree(exported, folder := tmp_path / "device")
    card = json.loads((folder / "card.json").read_text())
    rate = card["sample_rate"]
    time = np.arange(rate * 9) / rate
    soundfile.write(tmp_path / "long.wav", 0.3 * np.sin(2 * np.pi * (900 + 20 * time) * time), rate)
    ((_, label, plain),) = script(folder, tmp_path / "long.wav", "--model", "model.onnx", "--unknown", 0)
    (folder / "card.json").write_text(json.dumps(card | {"temperature": 3.0, "unknown_below": 0.0}))
    ((_, same, softer),) = script(folder, tmp_path / "long.wav", "--model", "model.onnx")
    row = calibrated(np.array([float(plain), 1 - float(plain)]), 3.0)
    assert same == label
    assert float(softer) == pytest.approx(row.max(), abs=0.02)
    ((_, unknown, _),) = script(folder, tmp_path / "long.wav", "--unknown", 1.01)
    assert unknown == "unknown"


def test_another_rate_is_resampled_or_refused_in_words(exported, tmp_path):
    soundfile.write(tmp_path / "clip.wav", np.stack([0.1 * np.sin(np.arange(24000) / 5)] * 2, axis=1), 24000)
    assert len(script(exported, tmp_path / "clip.wav")) == 1
    _, refusal = script(exported, tmp_path / "clip.wav", absent=f"{NEVER},soxr", fails=True)
    assert "24000 Hz; the model wants 16000 Hz: convert it, or pip install soxr" in refusal


def test_files_of_no_use_are_named_and_the_others_answered(exported, served, tmp_path):
    tone = 0.1 * np.sin(np.arange(16000) / 5)
    sounds = {"empty": tone[:0], "holes": np.where(np.arange(16000) == 9, np.nan, tone), "loud": tone * 1e20}
    for name, samples in sounds.items():
        soundfile.write(tmp_path / f"{name}.wav", samples, 16000, subtype="FLOAT")
    (tmp_path / "text.wav").write_text("no sound")
    bad = [tmp_path / f"{name}.wav" for name in (*sounds, "text", "absent")]
    lines, said = script(exported, *bad, served.files[0], fails=True)
    assert [path for path, _, _ in lines] == [str(served.files[0])]
    reasons = [
        "no sound in it",
        *2 * ["samples that are not numbers, or beyond 1e+09"],
        "cannot be read",
        "no such file",
    ]
    named = [line for line in said.splitlines() if line.startswith(str(tmp_path))]
    for line, path, reason in zip(named, bad, reasons, strict=True):
        assert line.startswith(f"{path}: {reason}")


def test_the_usual_model_is_one_that_runs_here(exported, served):
    for other in OTHER.values():
        assert len(script(exported, served.files[0], absent=f"{NEVER},{other}")) == 1
    none = ",".join([NEVER, *OTHER.values()])
    _, said = script(exported, served.files[0], absent=none, fails=True)
    assert said == "model.tflite needs a library that is not installed: pip install ai-edge-litert\n"
    _, said = script(exported, served.files[0], "--model", "model-int8.onnx", absent=none, fails=True)
    assert said == "model-int8.onnx needs a library that is not installed: pip install onnxruntime\n"


def test_it_is_short_and_has_help(exported):
    assert len(Path(run.__file__).read_text().splitlines()) <= 120
    done = subprocess.run([sys.executable, exported / "run.py", "--help"], capture_output=True, text=True, check=True)
    assert "--unknown" in done.stdout
    assert "model-int8.tflite" in done.stdout


@pytest.mark.parametrize("seconds", [1.5, 1.5000875, 0.33333])
def test_a_long_recording_is_cut_where_predict_cuts_it(served, seconds):
    recogniser = Recogniser(Predictor.load(served.folder), Facts(typical_seconds=seconds, longest_seconds=seconds))
    card = {name: getattr(recogniser, name) for name in ("window_seconds", "hop_seconds")}
    parts = run.windows(np.arange(100_000), card | {"longest_seconds": seconds, "sample_rate": recogniser.rate})
    assert [(part[0], part[-1] + 1) for part in parts] == recogniser.windows(100_000)


def test_windows_cover_a_recording_and_calibration_is_that_of_serving():
    card = {"window_seconds": 2, "hop_seconds": 1, "longest_seconds": 3, "sample_rate": 10}
    assert [len(part) for part in run.windows(np.arange(30), card)] == [30]
    parts = run.windows(np.arange(47), card)
    assert [(part[0], part[-1]) for part in parts] == [(0, 19), (10, 29), (20, 39), (27, 46)]
    row = np.array([0.7, 0.2, 0.1])
    np.testing.assert_allclose(run.calibrated(row, 2.5), calibrated(row, 2.5))
