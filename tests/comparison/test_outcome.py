import pytest

from earmark.comparison.outcome import of_baseline, outcome_of, values_of
from earmark.errors import EarmarkError


def test_a_run_is_found_as_far_as_it_came(study, trained):
    assert outcome_of("plain", {}).missing == "not trained"
    trained("plain")
    found = outcome_of("plain", {})
    assert (found.missing, found.training["seconds"], found.history["loss"][0]) == ("not judged", 12.5, 1.0)
    assert found.judged == {}


def test_a_judged_run_lacks_nothing(judged):
    judged("plain")
    found = outcome_of("plain", {})
    assert (found.missing, found.judged["test"]["accuracy"]) == ("", 0.75)


def test_a_run_under_other_params_is_another(judged):
    judged("plain")
    assert outcome_of("fast", {}).missing == "not trained"
    assert outcome_of("plain", {"train": {"epochs": 3}}).missing == "not trained"
    assert outcome_of("plain", {"data": {"top": 3}}).missing == "not run"


def test_data_that_is_not_there_is_named(study):
    assert outcome_of("elsewhere", {}).missing == "no data: nowhere"


def test_settings_come_last(study):
    assert values_of("fast", {"train": {"learning_rate": 0.2}})["train"]["learning_rate"] == 0.2


def test_an_unknown_recipe_is_an_error(study):
    with pytest.raises(EarmarkError, match="did you mean 'plain'"):
        outcome_of("plan", {})


def test_answers_that_learn_nothing_are_judged_on_the_same_clips(judged):
    judged("plain")
    found = outcome_of("plain", {})
    constant = of_baseline(found, "majority").judged["test"]
    assert (constant["accuracy"], constant["macro_f1"]) == (0.5, pytest.approx(1 / 3))
    assert [row["recall"] for row in constant["per_class"]] == [0, 1]  # low has more training clips
    assert of_baseline(found, "random").judged["test"]["n"] == 4
    assert of_baseline(found, "random").training == {}


def test_without_a_judgement_there_are_no_baselines(trained):
    trained("plain")
    assert of_baseline(outcome_of("plain", {}), "random").judged == {}
