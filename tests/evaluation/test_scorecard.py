import json
from dataclasses import replace

import pytest

from earmark.config import parse
from earmark.evaluation import metrics
from earmark.evaluation.predictions import Answers
from earmark.evaluation.scorecard import scorecard


@pytest.fixture
def card(params, material, answers):
    return scorecard(params, material, answers, "m" * 20)


def test_it_says_what_it_belongs_to(card, params, material):
    assert (card["task"], card["n_classes"], card["quarantined"], card["leaks"]) == ("toy", 4, 3, "clean")
    assert (card["params_digest"], card["data_digest"], card["model_key"]) == (
        params.digest(),
        material.digest,
        "m" * 20,
    )
    assert "unseen" not in card


def test_it_survives_json(card):
    assert json.loads(json.dumps(card)) == card


def test_the_same_input_gives_the_same_card(card, params, material, answers):
    assert scorecard(params, material, answers, "m" * 20) == card


def test_intervals_hold_the_score(card):
    for name, (low, high) in card["test"]["ci95"].items():
        assert low <= card["test"][name] <= high


def test_the_test_set_is_judged_and_nothing_else(card, answers):
    test = answers.head.of("test")
    expected = metrics.summary(test.truth, test.probabilities)
    assert {name: card["test"][name] for name in expected} == expected
    assert card["test"]["speakers"] == 12
    assert [row["label"] for row in card["test"]["per_class"]] == test.labels


def test_baselines_and_the_gain_over_the_reference(card, answers):
    assert card["baselines"]["majority"]["balanced_accuracy"] == 0.25
    assert 0 < card["baselines"]["random"]["balanced_accuracy"] < 0.6
    reference = card["baselines"]["logistic_regression"]
    gain = card["test"]["balanced_accuracy"] - reference["balanced_accuracy"]
    assert reference["gain"]["balanced_accuracy"] == pytest.approx(gain, abs=2e-6)
    low, high = reference["gain"]["ci95"]["balanced_accuracy"]
    assert low <= gain <= high


def test_a_model_equal_to_the_reference_gains_exactly_nothing(params, material, answers):
    gain = scorecard(params, material, Answers(answers.head, answers.head), "m")["baselines"]["logistic_regression"][
        "gain"
    ]
    assert gain["ci95"]["accuracy"] == [0, 0]


def test_no_bootstrap_no_intervals(material, answers):
    card = scorecard(parse({"evaluate": {"bootstrap": 0}}), material, answers, "m")
    assert "ci95" not in card["test"]
    assert "ci95" not in card["baselines"]["logistic_regression"]["gain"]


def test_the_unseen_split_is_reported_where_it_exists(params, material, answers):
    def renamed(rows):
        return [{**row, "split": "unseen" if row["split"] == "val" else row["split"]} for row in rows]

    head = replace(answers.head, rows=renamed(answers.head.rows))
    card = scorecard(params, replace(material, rows=renamed(material.rows)), Answers(head, head), "m")
    assert card["unseen"]["n"] == 24
    assert "val" not in card


def test_external_sets_are_judged_by_name_also_without_some_classes(params, material, answers):
    first = min(answers.head.labels)

    def moved(rows):
        return [{**row, "split": f"external/{row['label']}" if row["split"] == "val" else row["split"]} for row in rows]

    head = replace(answers.head, rows=moved(answers.head.rows))
    card = scorecard(params, replace(material, rows=moved(material.rows)), Answers(head, head), "m")
    assert list(card["external"]) == sorted(answers.head.labels)
    only = card["external"][first]
    assert only["balanced_accuracy"] == only["accuracy"] and only["roc_auc"] == 0.5
    assert sum(found["n"] for found in card["external"].values()) == 24 and "val" not in card
