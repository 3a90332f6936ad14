import csv
import json
from pathlib import Path
from statistics import fmean, stdev

import pytest

from earmark.errors import EarmarkError
from earmark.sweeps.folds import folds, overrides_of
from earmark.sweeps.runner import Runner

pytestmark = pytest.mark.xdist_group("sweeps")  # one start of TensorFlow, one store


def test_all_folds_share_their_images_and_become_one_parent(study, commands, runs):
    plan = study(split__scheme="kfold")
    summary = folds(plan)
    assert commands.count("train") == commands.count("evaluate") == 3
    assert commands.count("embed") <= 1, "a clip's features are those of every fold"
    with Path("results/folds/folds.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    figures = [float(row["test_balanced_accuracy"]) for row in rows]
    found = summary["spread"]["test"]["balanced_accuracy"]
    assert found["mean"] == pytest.approx(fmean(figures), abs=1e-6)
    assert found["sd"] == pytest.approx(stdev(figures), abs=1e-6)
    assert summary["pooled"]["n"] == 36, "every clip is tested once"
    low, high = summary["pooled"]["ci95"]["accuracy"]
    assert low <= summary["pooled"]["accuracy"] <= high
    assert json.loads(Path("results/folds/folds.json").read_text()) == summary

    (parent,), children = runs()
    assert sorted(children) == ["fold=0", "fold=1", "fold=2"]
    assert {run.data.tags["mlflow.parentRunId"] for run in children.values()} == {parent.info.run_id}
    assert parent.data.metrics["test/balanced_accuracy"] == found["mean"]
    assert parent.data.metrics["test/balanced_accuracy.sd"] == found["sd"]
    assert parent.data.metrics["pooled/accuracy.low"] == low
    assert all("test/balanced_accuracy" in run.data.metrics for run in children.values())
    for stage in ("prepare", "mel", "embed", "train", "evaluate"):
        assert all(run.data.metrics[f"time/{stage}"] > 0 for run in children.values()), stage
    commands.clear()
    assert folds(plan) == summary and commands == []


def test_a_fold_that_fails_is_told_and_the_others_are_published(study, runs):
    plan = study(split__scheme="kfold", split__folds=19)  # of nine speakers a class
    with pytest.raises(EarmarkError, match="no run could be prepared"):
        folds(plan)


def test_seeds_repeat_what_is_split_once(study):
    runner = Runner()
    assert overrides_of(study(), 2, runner) == [{"train.seed": 0}, {"train.seed": 1}]
    both = overrides_of(study(split__scheme="kfold", train__seed=5), 2, runner)
    assert both[:2] == [{"split.fold": 0, "train.seed": 5}, {"split.fold": 0, "train.seed": 6}] and len(both) == 6
    with pytest.raises(EarmarkError, match=r"set split\.scheme: kfold, or repeat the study"):
        overrides_of(study(), 1, runner)


def test_every_group_is_left_out_once(study):
    assert len(overrides_of(study(split__scheme="leave_one_group_out"), 1, Runner())) == 18
    several = study(split__scheme="leave_one_group_out", split__by=["speaker", "label"])
    with pytest.raises(EarmarkError, match=r"name one in split\.by"):
        overrides_of(several, 1, Runner())
