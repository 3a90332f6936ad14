"""What is said of a model."""

import json
import shutil

import pytest

from earmark.serving.app.model import Served


@pytest.fixture
def changed(pitch_study, tmp_path):
    """A copy of the study's results whose metrics can be replaced."""
    shutil.copytree(pitch_study / "results", tmp_path / "results")

    def served(**metrics):
        path = tmp_path / "results" / "metrics.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | metrics))
        return Served(tmp_path / "results" / "model", "changed")

    return served


def test_a_judged_model(pitch_study):
    about = Served(pitch_study / "results" / "model", "pitch").about()
    texts = [finding["text"] for finding in about["findings"]]
    assert [finding["level"] for finding in about["findings"]] == ["warn", "note", "note", "good"]
    assert "never heard a person" in texts[0]
    assert "50.0 % (95 % interval 25.0 % to 75.0 %) of 2 test clips of 2 speakers" in texts[1]
    assert texts[2].startswith("Trained on 2 clips (low 1, high 1).")
    assert (about["task"], about["report"], about["image"]["kind"]) == ("pitch", True, "mel")


def test_a_leak_is_a_warning(changed):
    levels = {text: level for level, text in changed(leaks="leaks").findings()}
    assert levels["Part of the test clips is known to the model (the splits leak): the figure flatters it."] == "warn"


def test_figures_of_another_model_are_not_its_own(changed):
    served = changed(model_key="another")
    assert served.metrics is None and not served.about()["report"]
    assert any(level == "warn" and text.startswith("Nobody knows how good") for level, text in served.findings())


def test_a_folder_on_its_own(pitch_model):
    found = list(Served(pitch_model, "alone").findings())
    assert ("note", "Knows low, high. Whatever else is said gets one of these 2 classes, or “unknown”.") in found
