import csv
import json
import threading
from collections import Counter
from pathlib import Path

import pytest

from earmark import config
from earmark.errors import EarmarkError
from earmark.sweeps.search import key_of, search

pytestmark = pytest.mark.xdist_group("sweeps")  # one start of TensorFlow, one store

SPACE = {"train.learning_rate": {"low": 0.001, "high": 0.1, "log": True}, "train.head": ["linear", "final"]}


def trials():
    with Path("results/search/trials.csv").open() as stream:
        return list(csv.DictReader(stream))


def test_a_search_chooses_by_validation_and_leaves_a_recipe(study, commands, runs):
    plan = study({"trials": 2, "space": SPACE})
    search(plan)
    assert (commands.count("validate"), commands.count("evaluate")) == (2, 0)
    assert commands.count("train") in (1, 2), "the study as it is may have been trained by an earlier test"
    found = trials()
    assert [row["state"] for row in found] == ["finished"] * 2
    assert (found[0]["train.learning_rate"], found[0]["train.head"]) == ("0.01", "linear"), "first the study as it is"
    summary = json.loads(Path("results/search/search.json").read_text())
    assert summary["best"]["value"] == max(float(row["balanced_accuracy"]) for row in found)
    recipe = config.load(Path("params.yaml"), Path("results/search/best.yaml"))
    assert recipe == config.vary(plan.params, summary["best"]["params"])
    assert Path("results/search/search.png").read_bytes().startswith(b"\x89PNG")

    (parent,), children = runs()
    assert parent.info.status == "FINISHED" and len(children) == 2
    assert {run.data.tags["mlflow.parentRunId"] for run in children.values()} == {parent.info.run_id}
    assert {"lr=0.01 head=linear"} <= children.keys(), "named by what was changed"
    best = children[summary["best"]["name"]]
    assert parent.data.tags["earmark.best_run"] == best.info.run_id
    assert best.data.metrics["val/balanced_accuracy"] == parent.data.metrics["val/balanced_accuracy"]
    assert not any(name.startswith("test/") for name in best.data.metrics)
    assert best.data.metrics["time/train"] > 0
    assert "train.head" not in parent.data.params and "varied.train.head" in parent.data.params

    commands.clear()
    search(plan)
    assert commands == [] and trials() == found, "a finished search has nothing to do"
    search(study({"trials": 3, "space": SPACE}))
    assert commands.count("train") == 1 and trials()[:2] == found, "more trials go on"


def test_a_killed_search_goes_on_to_the_same_end(study, commands, runs, monkeypatch):
    plan = study({"trials": 3, "seed": 7, "space": {"train.batch_size": [8, 16, 32], "train.seed": [0, 1]}})
    original = search.__globals__["Runner"]

    class Killed(original):
        def validate(self, plan):
            super().validate(plan)
            self.train = self.interrupt

        def interrupt(self, plan):
            raise KeyboardInterrupt

    monkeypatch.setattr("earmark.sweeps.search.Runner", Killed)
    with pytest.raises(KeyboardInterrupt):
        search(plan)
    assert [row["state"] for row in trials()] == ["finished", "running"]
    (parent,), _ = runs()
    assert (parent.info.status, parent.data.tags["earmark.reason"]) == ("KILLED", "KeyboardInterrupt")
    interrupted = trials()

    monkeypatch.setattr("earmark.sweeps.search.Runner", original)
    search(plan)
    assert trials()[0] == interrupted[0]
    resumed = {name: trials()[1][name] for name in ("trial", "train.batch_size", "train.seed", "run_id")}
    assert resumed.items() <= interrupted[1].items()
    assert [row["state"] for row in trials()] == ["finished"] * 3
    (again,), children = runs()
    assert again.info.run_id == parent.info.run_id and again.info.status == "FINISHED"
    assert "earmark.reason" not in again.data.tags and len(children) == 3


def test_failed_and_impossible_trials_are_listed_and_the_others_go_on(study, runs, monkeypatch, capsys):
    space = {
        "train.head": ["linear", "custom"],
        "train.head_layers": [None, ["gap"]],
        "train.learning_rate": [0.01, 1e39],
    }
    monkeypatch.setattr("earmark.sweeps.search.FRUITLESS", 30)
    search(study({"trials": 9, "space": space}))
    states = Counter(row["state"] for row in trials())
    assert (states["finished"], states["failed"]) == (2, 2) and states["refused"] > 0
    assert "every combination in the space was tried" in capsys.readouterr().err
    for row in trials():
        assert (row["state"] == "refused") == ((row["train.head"] == "custom") != (row["train.head_layers"] != "null"))
        assert row["state"] != "failed" or row["train.learning_rate"] == "1e+39"
    (parent,), children = runs()
    assert parent.info.status == "FINISHED"
    failed = [run for run in children.values() if run.info.status == "FAILED"]
    assert failed and all("learning_rate" in run.data.tags["earmark.reason"] for run in failed)


def test_a_search_of_failures_fails_and_can_be_tried_again(study, commands, runs):
    plan = study({"trials": 1, "space": {"train.learning_rate": [1e39]}})
    for times in (1, 2):
        with pytest.raises(EarmarkError, match="no trial of 1 came to an end; the first: train: exit 1"):
            search(plan)
        assert commands.count("train") == times
    (parent,), _ = runs()
    assert parent.info.status == "FAILED" and "no trial of 1" in parent.data.tags["earmark.reason"]


def test_hopeless_trials_are_pruned(study, runs, monkeypatch):
    monkeypatch.setattr("earmark.sweeps.search.LOOK", 0.05)
    monkeypatch.setattr("earmark.sweeps.trials.SPARED", (1, 0))
    stopped = threading.Event()

    class Long(search.__globals__["Runner"]):
        """A training that learns nothing and goes on until it is stopped."""

        def train(self, plan):
            super().train(plan)
            if plan.params.train.learning_rate < 1e-6:
                assert stopped.wait(60)
                raise EarmarkError("train: stopped")

        def stop(self, model_key=None):
            stopped.set()

    monkeypatch.setattr("earmark.sweeps.search.Runner", Long)
    space = {"train.learning_rate": [0.02, 0.03, 1e-9]}
    search(study({"trials": 3, "metric": "loss", "pruning": "median", "space": space}, train__learning_rate=0.02))
    (pruned,) = (row for row in trials() if row["state"] == "pruned")
    assert pruned["train.learning_rate"] == "1e-09"
    assert "worse than half of the earlier trials at epoch" in pruned["reason"]
    _, children = runs()
    run = children["lr=1e-09"]
    assert run.info.status == "KILLED" and run.data.tags["earmark.reason"].startswith("pruned: ")


def test_without_a_space_it_is_said_how_to_write_one(study):
    with pytest.raises(EarmarkError, match=r"search.space is empty; .*(\n.*)*low: 1.0e-5"):
        search(study())


def test_the_key_knows_what_decides_the_trials_but_not_their_number(study):
    space = {"train.head": ["linear", "final"]}
    first = key_of(study({"trials": 3, "space": space}))
    assert first == key_of(study({"trials": 9, "jobs": 2, "hours": 1, "space": space}))
    assert first != key_of(study({"trials": 3, "seed": 1, "space": space}))
    assert first != key_of(study({"trials": 3, "space": space}, train__epochs=5))
