import csv

import pytest

from earmark.config import parse
from earmark.sweeps.trial_report import describe, summarise, write_trials
from earmark.sweeps.trials import Trials

PARAMS = parse({"train": {"head": "linear"}, "search": {"space": {"train.head": ["linear", "final", "first"]}}})


class Linked:
    """Links as a parent run makes them."""

    def link(self, run_id, text):
        return f"[{text}]({run_id})"


@pytest.fixture
def trials(tmp_path):
    """Two finished trials, the first of the params as they are, and a failed one."""
    found = Trials(tmp_path / "trials.db", PARAMS.search)
    found.begin_with(PARAMS)
    for number, figure in enumerate((0.5, 0.75)):
        proposal = found.propose()
        facts = {"params_digest": PARAMS.digest() if not number else "x", "run_id": f"r{number}", "name": f"n{number}"}
        found.note(proposal, {**facts, "model_key": "m", "epochs": 3, "val": {"accuracy": figure}})
        found.finish(proposal, figure)
    found.give_up(found.propose(), "failed", "disk full")
    return found


def test_the_summary_names_the_best_and_what_it_gained(trials):
    summary = summarise(PARAMS, trials)
    assert summary["trials"] == {"failed": 1, "finished": 2}
    assert (summary["best"]["trial"], summary["best"]["value"]) == (1, 0.75)
    assert summary["params_as_they_are"] == {"trial": 0, "value": 0.5}


def test_every_trial_is_a_line(trials, tmp_path):
    write_trials(tmp_path / "trials.csv", trials.records(), PARAMS)
    with (tmp_path / "trials.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert [(row["state"], row["balanced_accuracy"], row["reason"]) for row in rows] == [
        ("finished", "0.5", ""), ("finished", "0.75", ""), ("failed", "", "disk full"),
    ]  # fmt: skip
    assert rows[0]["train.head"] == "linear" and rows[0]["val_accuracy"] == "0.5"


def test_the_description_ranks_and_links(trials):
    text = describe(PARAMS, trials.records(), trials.best(), Linked())
    assert "by validation balanced accuracy 0.750 (trial 1)**: [n1](r1)" in text
    assert text.index("[1](r1)") < text.index("[0](r0)")
    assert describe(PARAMS, [], None, Linked()) == "No trial has come to an end yet."
