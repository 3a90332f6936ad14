import pytest

from earmark.comparison.measures import MEASURES
from earmark.comparison.outcome import Outcome, outcome_of
from earmark.config import Params

WANTED = {
    "accuracy": 0.75,
    "precision": 0.75,
    "recall": 0.5,
    "f1": 0.25,
    "interval": "0.250–1.000",
    "clips": 4,
    "speakers": 2,
    "leaks": "clean",
    "train_accuracy": 0.75,
    "train_loss": 0.5,
    "val_accuracy": 0.6,
    "val_loss": 1.25,
    "first_train_accuracy": 0.5,
    "first_train_loss": 1.0,
    "first_val_accuracy": 0.4,
    "first_val_loss": 1.5,
    "epochs": 3,
    "seconds": 12.5,
    "parameters": 1000,
    "trainable": 100,
    "non_trainable": 900,
    "unseen_accuracy": None,
}


def test_each_measure_is_read_where_the_run_has_it(judged):
    judged("plain")
    found = outcome_of("plain", {})
    assert {name: MEASURES[name].read(found) for name in WANTED} == WANTED


def test_of_a_run_that_is_not_there_nothing_is_known():
    empty = Outcome("plain", Params())
    assert {measure.read(empty) for measure in MEASURES.values() if measure.read} == {None}


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("accuracy", 0.94812, "0.948"),
        ("parameters", 723968, "723,968"),
        ("seconds", 549.691, "549.69"),
        ("leaks", "clean", "clean"),
        ("f1", None, "–"),
    ],
)
def test_values_are_written_for_people(name, value, text):
    assert MEASURES[name].text(value) == text
