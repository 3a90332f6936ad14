"""The folder for a device: whole or not at all, with the proof that it answers as the pipeline does."""

import json
import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from earmark.digest import file_digest
from earmark.errors import EarmarkError
from earmark.serving.export import bundle, parity
from earmark.serving.export.bundle import export, losses, refuse_other
from earmark.serving.export.parity import Figures
from earmark.serving.predictor import Predictor

pytestmark = pytest.mark.xdist_group("export")  # one worker makes the files

NAMES = ["model.onnx", "model-int8.onnx", "model.tflite", "model-int8.tflite"]


@pytest.fixture(scope="module")
def measured(exported):
    return json.loads((exported.parent / "measured.json").read_text())


def test_everything_that_was_asked_for_is_in_it(exported, measured):
    assert sorted(path.name for path in exported.iterdir()) == sorted([*NAMES, "README.md", "card.json", "run.py"])
    assert list(measured) == ["pipeline", *NAMES]
    assert all(each["n"] == 4 for each in measured.values()), "the test clips"


def test_float_models_agree_and_int8_models_are_smaller(measured):
    for name in ("model.onnx", "model.tflite"):
        assert measured[name]["difference"] < 1e-4
        assert measured[name]["disagreements"] == 0
        assert measured[name]["accuracy"] == measured["pipeline"]["accuracy"]
    assert measured["model-int8.onnx"]["kilobytes"] < 0.4 * measured["model.onnx"]["kilobytes"]
    assert measured["model-int8.tflite"]["kilobytes"] < 0.4 * measured["model.tflite"]["kilobytes"]


def test_the_card_says_what_a_program_needs_and_where_it_comes_from(exported, project, measured):
    card = json.loads((exported / "card.json").read_text())
    predictor = Predictor.load(project / "results" / "model")
    assert card["labels"] == predictor.labels
    assert (card["sample_rate"], card["unknown_below"]) == (16000, 0.55)
    assert card["window_seconds"] == card["longest_seconds"] == 1.5
    assert card["hop_seconds"] == 0.75
    assert card["temperature"] is None, "there are no predictions of validation clips"
    assert (card["model"], card["inputs"]["manifest"]) == ("ab" * 10, "cd" * 10)
    assert card["features"] == predictor.params.features.front_end()
    assert card["files"] == {name: file_digest(exported / name) for name in NAMES}
    assert card["measured"].keys() == measured.keys()


def test_a_model_that_answers_otherwise_is_not_written(project, tmp_path, monkeypatch):
    monkeypatch.setattr(parity, "TOLERANCE", 0.0)
    with pytest.raises(EarmarkError, match=r"model\.onnx does not answer as the pipeline does: on the clip"):
        export(project / "results" / "model", tmp_path / "out", ["onnx"])
    assert list(tmp_path.iterdir()) == []


def test_without_recordings_made_sounds_are_compared_and_int8_is_refused(served, tmp_path):
    found = export(served.folder, tmp_path / "out", ["onnx"])
    assert found["model.onnx"].accuracy is None
    assert found["model.onnx"].agrees
    assert "made sounds" in (tmp_path / "out" / "README.md").read_text()
    with pytest.raises(EarmarkError, match="--int8: the ranges of an int8 model are measured on training clips"):
        export(served.folder, tmp_path / "small", ["onnx"], int8=True)


def test_a_study_without_its_recordings_is_compared_on_made_sounds_and_told_so(project, tmp_path):
    for name in ("data", "results"):
        shutil.copytree(project / name, tmp_path / name)
    said, out = [], tmp_path / "out"
    found = export(tmp_path / "results" / "model", out, ["onnx"], say=said.append)
    assert found["model.onnx"].accuracy is None and found["model.onnx"].agrees
    warning, comparing = said
    assert warning.startswith("warning: sounds/down-6.wav: no such file (4 of 4 test clips have no recording here)")
    assert "dvc pull" in warning
    assert comparing == "comparing with the pipeline on made sounds"
    with pytest.raises(EarmarkError, match=r"--int8: sounds/down-0.wav: no such file .*dvc pull.* without --int8"):
        export(tmp_path / "results" / "model", out, ["onnx"], int8=True)


def test_nothing_but_an_earlier_export_is_replaced(exported, tmp_path):
    shutil.copytree(exported, tmp_path / "earlier")
    (tmp_path / "empty").mkdir()
    for name in ("earlier", "empty", "absent"):
        refuse_other(tmp_path / name)
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "to my mother.txt").write_text("…")
    with pytest.raises(EarmarkError, match="letters: is there and is no earlier export"):
        refuse_other(tmp_path / "letters")


def test_a_folder_that_cannot_be_written_is_named(served, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for out in (".", "..", str(tmp_path)):
        with pytest.raises(EarmarkError, match=r"--out: \S+ holds the folder you are in.*name another folder"):
            export(served.folder, Path(out), ["onnx"])
    (tmp_path / "file").write_text("…")
    with pytest.raises(EarmarkError, match=r"--out: file/device cannot be written \(.*file'\); name another folder"):
        export(served.folder, Path("file/device"), ["onnx"])
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_loss_beyond_the_interval_is_said():
    def row(accuracy, interval):
        return Figures(100, accuracy, interval, 0, 0.0, 0.0, 0.0, "a", 1.0, 1.0, 1.0, 16000)

    measured = {
        "pipeline": row(0.9, (0.83, 0.94)),
        "model-int8.onnx": row(0.84, (0.7, 0.9)),
        "model-int8.tflite": row(0.8, (0.7, 0.9)),
    }
    (sentence,) = losses(measured)
    assert sentence.startswith("model-int8.tflite: accuracy 0.800 is below the interval of the float model, 0.830 to")
    assert losses({name: row(None, None) for name in measured}) == []


def test_without_labels_another_class_is_said_where_it_is_frequent():
    def row(n, disagreements):
        return Figures(n, None, None, disagreements, 0.2, 0.2, 0.1, "a", 1.0, 1.0, 1.0, 16000)

    measured = {"pipeline": row(8, 0), "model-int8.onnx": row(8, 2), "model-int8.tflite": row(40, 2)}
    (sentence,) = losses(measured)
    assert sentence.startswith("model-int8.onnx: on 2 of 8 made sounds it says another class than the float model")


def test_an_int8_file_that_answers_no_numbers_is_not_written(project, tmp_path, monkeypatch):
    def broken(source, target, clips):
        network = onnx.load(source)
        weights = [t for t in network.graph.initializer if t.name.startswith("head") and t.data_type == 1]
        for tensor in weights:
            array = numpy_helper.to_array(tensor)
            tensor.CopyFrom(numpy_helper.from_array(np.full_like(array, np.nan), tensor.name))
        onnx.save(network, target)

    monkeypatch.setattr(bundle, "quantise", broken)
    with pytest.raises(EarmarkError, match=r"model-int8\.onnx: on the clip down-6\.wav a probability is no number"):
        export(project / "results" / "model", tmp_path / "out", ["onnx"], int8=True)
    assert list(tmp_path.iterdir()) == []


def test_the_pipelines_own_row_is_what_it_is_compared_with(measured):
    assert (measured["pipeline"]["difference"], measured["pipeline"]["disagreements"]) == (0, 0)
    assert np.isfinite(measured["model.onnx"]["median_ms"])
    assert bundle.PIPELINE == "pipeline"
