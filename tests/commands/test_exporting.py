"""`earmark export` as it is typed: a table or JSON, and one sentence where a model cannot be exported."""

import json
import shutil

import pytest
from click.testing import CliRunner

from earmark.cli import main


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def run(*words):
        return CliRunner().invoke(main, ["export", *map(str, words)])

    return run


def test_a_folder_and_its_table(run, pitch_model, tmp_path):
    answer = run(pitch_model, "--out", "device", "--unknown", "0.7")
    assert answer.exit_code == 0, answer.output
    assert "comparing with the pipeline on made sounds" in answer.stderr
    lines = answer.stdout.splitlines()
    assert [line.split("`")[1] for line in lines if line.startswith("| `")] == ["pipeline", "model.onnx"]
    assert lines[-1] == "device: python device/run.py RECORDING"
    assert json.loads((tmp_path / "device" / "card.json").read_text())["unknown_below"] == 0.7
    answer = run(pitch_model, "--out", "device", "--json")
    assert json.loads(answer.stdout)["model.onnx"]["n"] == 8


def test_refusals_are_one_sentence(run, pitch_model, tmp_path):
    answer = run(tmp_path / "absent")
    assert answer.exit_code == 1
    assert "not a model folder (params.yaml is missing)" in answer.output
    answer = run(pitch_model, "--int8")
    assert answer.exit_code == 1
    assert "--int8: the ranges of an int8 model are measured on training clips" in answer.output
    shutil.copytree(pitch_model, tmp_path / "model")
    (tmp_path / "model" / "params.yaml").write_text("features: {vad: webrtc}")
    answer = run(tmp_path / "model")
    assert answer.exit_code == 1
    assert "features.vad: webrtc has no form on a device" in answer.output
    assert not (tmp_path / "results").exists() or not any((tmp_path / "results").iterdir())
