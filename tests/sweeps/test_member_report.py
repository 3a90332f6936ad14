import csv
from dataclasses import replace
from types import SimpleNamespace

import pytest

from earmark.config import parse
from earmark.plan import Plan
from earmark.store import Store
from earmark.sweeps import member_report
from earmark.sweeps.members import Member, Outcome


@pytest.fixture
def outcomes(tmp_path):
    plan = Plan(parse({}), Store(tmp_path))
    judged = {
        seed: {
            "model_key": f"m{seed}",
            "test": {"n": 8, "balanced_accuracy": 0.5 + seed / 4, "ci95": {"balanced_accuracy": [0.25, 1.0]}},
            "val": {"balanced_accuracy": 0.75},
        }
        for seed in (0, 1)
    }
    found = [Outcome(Member({"train.seed": seed}, plan), f"r{seed}", metrics) for seed, metrics in judged.items()]
    return [*found, Outcome(Member({"train.seed": 2}, plan), error="disk full\nmore")]


def test_every_member_is_a_line(outcomes, tmp_path):
    member_report.write_members(tmp_path / "x.csv", outcomes)
    with (tmp_path / "x.csv").open() as stream:
        first, _, failed = csv.DictReader(stream)
    assert (first["train.seed"], first["test_balanced_accuracy"], first["run_id"]) == ("0", "0.5", "r0")
    assert (first["test_balanced_accuracy_low"], first["test_n"], first["model_key"]) == ("0.25", "8", "m0")
    assert (failed["test_balanced_accuracy"], failed["error"]) == ("", "disk full\nmore")


def test_the_spread_is_that_of_a_sample(outcomes):
    found = member_report.spread(outcomes)["test"]["balanced_accuracy"]
    assert found == {"mean": 0.625, "sd": 0.176777, "min": 0.5, "max": 0.75, "n": 2}
    alone = member_report.spread(outcomes[:1])["test"]["balanced_accuracy"]
    assert alone["sd"] == 0
    assert member_report.as_metrics({"test": {"loss": alone}}) == {"test/loss": 0.5, "test/loss.sd": 0}


def test_runs_are_linked_and_failures_named(outcomes):
    parent = SimpleNamespace(link=lambda run_id, text: f"[{text}]({run_id})")
    lines = member_report.table(outcomes, parent)
    assert lines[0].startswith("| balanced accuracy of |"), "what the figures are"
    assert lines[2] == "| [seed=0](r0) | 0.7500 | 0.5000 |  |"
    assert lines[4] == "| seed=2 | – | – | disk full |"


def test_rows_keep_what_has_no_figure(outcomes):
    failed = member_report.rows(outcomes)[2]
    assert failed["error"] and failed["model_key"] is None and "test" not in failed
    assert member_report.values_of([replace(outcomes[0], metrics=None)], "test", "loss") == []
