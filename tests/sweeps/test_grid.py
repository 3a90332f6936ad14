import csv
from pathlib import Path

import pytest

from earmark import config
from earmark.errors import EarmarkError
from earmark.sweeps.grid import combinations, grid, members_of, parse_axis

pytestmark = pytest.mark.xdist_group("sweeps")  # one start of TensorFlow, one store


def test_a_grid_runs_every_combination_and_names_the_best_by_validation(study, commands, runs):
    plan = study()
    axes = [parse_axis("train.learning_rate=1e-3,1e-2"), parse_axis("evaluate.bootstrap=20,30")]
    summary = grid(plan, members_of(plan, axes))
    assert (commands.count("evaluate"), commands.count("mel")) in ((4, 0), (4, 1))
    assert commands.count("train") <= 2, "what does not decide the model shares it"
    with Path("results/grid/grid.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert [(row["train.learning_rate"], row["evaluate.bootstrap"]) for row in rows] == [
        ("0.001", "20"), ("0.001", "30"), ("0.01", "20"), ("0.01", "30"),
    ]  # fmt: skip
    assert len({row["run_id"] for row in rows}) == 2, "one run per model"
    best = max(rows, key=lambda row: float(row["val_balanced_accuracy"]))
    assert summary["best"]["run_id"] == best["run_id"]
    recipe = config.load(Path("params.yaml"), Path("results/grid/best.yaml"))
    assert recipe == config.vary(plan.params, summary["best"]["params"])

    (parent,), children = runs()
    assert parent.data.tags["earmark.best_run"] == best["run_id"]
    assert {run.data.tags["mlflow.parentRunId"] for run in children.values()} == {parent.info.run_id}


@pytest.mark.parametrize(
    ("axes", "words"),
    [
        (["train.learning_rate"], "say PARAM=VALUE,VALUE"),
        (["train.learning_rate="], "say PARAM=VALUE,VALUE"),
        (["train.seed=1", "train.seed=2"], "train.seed comes twice"),
        (["task=a,b"], "a grid is one task"),
        (["train.sed=1"], "unknown key; did you mean 'seed'"),
        (["train.seed=-1"], "train.seed: "),
        ([], "nothing varies"),
    ],
)
def test_what_is_wrong_with_a_grid_is_said_before_it_runs(study, axes, words):
    with pytest.raises(EarmarkError, match=words):
        members_of(study(), [parse_axis(axis) for axis in axes])


def test_values_are_yaml():
    assert parse_axis("features.window=null,{seconds: 2}") == ("features.window", [None, {"seconds": 2}])
    assert combinations([("a", [1, 2]), ("b", [3])]) == [{"a": 1, "b": 3}, {"a": 2, "b": 3}]
