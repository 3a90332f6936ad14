import shutil

from earmark.serving.app.model import Served
from earmark.serving.app.presets import presets
from earmark.serving.app.snapshot import snapshot
from earmark.serving.facts import read_facts


def test_what_is_known_of_a_model_stays_known_when_its_study_goes_on(pitch_study, tmp_path):
    study = shutil.copytree(pitch_study, tmp_path / "study")
    model = study / "results" / "model"
    before = Served(model, "results/model")
    expected = (before.about(), read_facts(model))
    kept = snapshot(model, tmp_path / "kept")
    shutil.rmtree(study / "results")
    after = Served(kept, "results/model")
    assert (after.about(), read_facts(kept)) == expected
    assert after.report is not None


def test_test_clips_are_found_through_it(pitch_study, tmp_path, monkeypatch):
    monkeypatch.chdir(pitch_study)
    assert [clip.label for clip in presets(snapshot(pitch_study / "results" / "model", tmp_path / "kept"))] == [
        "high",
        "low",
    ]


def test_what_is_no_folder_is_left_to_who_loads_it(tmp_path):
    assert snapshot(tmp_path / "nothing", tmp_path / "kept") == tmp_path / "nothing"
