import json
from dataclasses import replace
from shutil import copy, copytree

import numpy as np
import pyarrow.parquet as pq
import pytest

from earmark.errors import EarmarkError
from earmark.evaluation.evaluate import evaluate
from earmark.provenance import read_record
from earmark.serving.predictor import Predictor
from earmark.serving.recogniser import Recogniser

FILES = [
    "metrics.json",
    "plots/calibration.csv",
    "plots/calibration.png",
    "plots/confusion.csv",
    "plots/confusion.png",
    "plots/curves.png",
    "plots/examples.png",
    "plots/roc.csv",
    "predictions.parquet",
    "provenance.json",
    "report/index.html",
]


def judge(study, output, **changes):
    mels = [study.mel_path(shard) for shard in study.shards]
    arguments = {"params": study.params, "prepared": study.prepared, "mels": mels, "confounds": study.confounds}
    return evaluate(
        **{**arguments, "model": study.model, **changes}, output=output, provenance=study.provenance("evaluate")
    )


@pytest.fixture(scope="module")
def judged(study, tmp_path_factory):
    folder = tmp_path_factory.mktemp("judged") / "evaluation"
    return folder, judge(study, folder)


def test_the_folder_holds_what_is_promised(judged, study):
    folder, card = judged
    assert sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()) == FILES
    assert json.loads((folder / "metrics.json").read_text()) == card
    assert read_record(folder)["key"] == read_record(folder / "predictions.parquet")["key"] == study.evaluation_key


def test_the_card_names_what_was_judged(judged, study):
    _, card = judged
    assert (card["task"], card["n_classes"], card["quarantined"]) == ("tones", 3, 1)
    assert card["params_digest"] == study.params.digest()
    assert (card["data_digest"], card["model_key"]) == (study.prepare_key, study.model_key)
    assert card["test"]["accuracy"] > 0.9


def test_what_is_judged_is_what_is_served(judged, study):
    """The figures come from the stored images; a file that is served today must get the same answer."""
    folder, _ = judged
    rows = pq.read_table(folder / "predictions.parquet", filters=[("split", "==", "test")]).to_pylist()
    predictor = Predictor.load(study.model, threads=1)
    for row in rows[:5]:
        (answer,) = predictor.predict_files([study.prepared.parents[2] / row["clip_id"]])
        served = [answer.probabilities[label] for label in predictor.labels]
        np.testing.assert_allclose(served, [row[f"p_{label}"] for label in predictor.labels], atol=1e-6)


def test_recordings_are_answered_as_they_were_judged(judged, study, tmp_path):
    """Every judged clip, through the way that files take when the model is used, from what is published."""
    folder, _ = judged
    for source, target in ((study.model, "results/model"), (study.prepared, "data/manifest")):
        copytree(source, tmp_path / target)
    copy(folder / "predictions.parquet", tmp_path / "results")
    recogniser = Recogniser.load(tmp_path / "results/model", threads=1)
    assert recogniser.facts.temperature is not None and recogniser.facts.longest_seconds > 0.9
    for row in pq.read_table(folder / "predictions.parquet").to_pylist():
        answer = recogniser.of_file(study.prepared.parents[2] / row["clip_id"])
        served = [answer.probabilities[label] for label in recogniser.predictor.labels]
        np.testing.assert_allclose(served, [row[f"p_{label}"] for label in recogniser.predictor.labels], atol=1e-5)
        assert answer.label == row["predicted"]


def test_clips_that_are_cut_get_one_answer_that_is_the_served_one(cut_study, tmp_path):
    card = judge(cut_study, tmp_path / "cut")
    assert card["test"]["n"] == len(
        set(pq.read_table(cut_study.manifest, filters=[("split", "==", "test")])["clip_id"])
    )
    rows = pq.read_table(tmp_path / "cut/predictions.parquet").to_pylist()
    assert len(rows) == len({row["clip_id"] for row in rows})
    predictor = Predictor.load(cut_study.model, threads=1)
    windows = {row["clip_id"]: 0 for row in rows}
    for row in rows:
        path = cut_study.prepared.parents[2] / row["clip_id"]
        windows[row["clip_id"]] = len(predictor.frontend.windows_of(path))
        (answer,) = predictor.predict_files([path])
        served = [np.float32(answer.probabilities[label]) for label in predictor.labels]
        assert served == [row[f"p_{label}"] for label in predictor.labels]
    assert min(windows.values()) > 1 and len(set(windows.values())) > 1
    text = (tmp_path / "cut/report/index.html").read_text()
    assert "the first of its windows (pitch classes; there are mel too)" in text
    assert "A clip&#39;s answer is the mean of those to its windows." in text


def test_training_and_probes_see_the_windows(cut_study):
    training = json.loads((cut_study.model / "training.json").read_text())
    for split in ("train", "val"):
        assert all(n > training["clips"][split][label] for label, n in training["windows"][split].items())
    assert json.loads((cut_study.confounds / "confounds.json").read_text())["probes"].keys() >= {"silence", "spectrum"}


def test_val_and_test_are_predicted_and_train_is_not(judged):
    folder, _ = judged
    assert set(pq.read_table(folder / "predictions.parquet")["split"].to_pylist()) == {"val", "test"}


def test_twice_is_the_same_bytes(judged, study, tmp_path):
    folder, _ = judged
    judge(study, tmp_path / "again")
    for name in FILES:
        assert (tmp_path / "again" / name).read_bytes() == (folder / name).read_bytes(), name


def test_the_validation_figures_are_those_of_the_training(judged, study):
    """The engine that serves and the framework that trained agree on every validation clip."""
    training = json.loads((study.model / "training.json").read_text())
    assert judged[1]["val"]["accuracy"] == pytest.approx(training["val"]["accuracy"], abs=1e-5)
    assert judged[1]["val"]["loss"] == pytest.approx(training["val"]["loss"], abs=1e-3)


def test_missing_images_are_counted(study, tmp_path):
    with pytest.raises(EarmarkError, match=r"mel shards: \d+ clips are missing"):
        judge(study, tmp_path / "none", mels=[])
    assert not (tmp_path / "none").exists()


def test_half_a_model_is_refused(study, tmp_path):
    half = tmp_path / "model"
    copytree(study.model, half)
    (half / "training.json").unlink()
    with pytest.raises(EarmarkError, match=r"not a complete model folder.*earmark train"):
        judge(study, tmp_path / "none", model=half)


def test_nothing_to_judge_is_refused(study, tmp_path):
    prepared = tmp_path / "prepared"
    copytree(study.prepared, prepared)
    table = pq.read_table(study.manifest)
    pq.write_table(
        table.filter([split != "test" for split in table["split"].to_pylist()]), prepared / "manifest.parquet"
    )
    with pytest.raises(EarmarkError, match="no clip is in the test split"):
        judge(study, tmp_path / "none", prepared=prepared)


def test_other_params_leave_their_digest(study, tmp_path):
    params = study.params.model_copy(update={"evaluate": study.params.evaluate.model_copy(update={"bootstrap": 0})})
    card = judge(replace(study, params=params), tmp_path / "other")
    assert card["params_digest"] == params.digest() != study.params.digest()
    assert "ci95" not in card["test"]
