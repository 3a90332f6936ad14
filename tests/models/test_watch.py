"""Warnings: each trouble is told once, with the cause that the evidence points to."""

import pytest

from earmark.config import TrainParams
from earmark.models.fit import Course
from earmark.models.watch import Share, warnings

EVEN = {"de": 50, "en": 50}


def course(epochs=20, best=10, stopped="early"):
    return Course([{}] * epochs, best, stopped)


def told(train=0.95, val=0.9, reference=0.88, counts=EVEN, went=None, n=100, **params):
    went = went or course()
    return warnings(went, Share(train, 0.5, n), Share(val, 0.5, n), reference, counts, TrainParams(**params))


def test_all_is_well():
    assert told() == []


@pytest.mark.parametrize(
    ("settings", "cause"),
    [
        ({"reference": 0.52}, "the features do not tell the classes apart"),
        ({"standardise": False}, "set standardise: true"),
        ({"went": course(5, 4, "epochs")}, "5 epochs are too few for learning_rate 0.0001"),
        ({"learning_rate": 1.0}, "learning_rate 1 is too high"),
    ],
)
def test_training_at_chance(settings, cause):
    first = told(train=0.52, val=0.51, **settings)[0]
    assert first.startswith("training stayed at chance: accuracy 0.520")
    assert cause in first


def test_validation_at_chance():
    (only,) = told(val=0.55, reference=0.56)
    assert "validation stayed at chance (0.550" in only
    assert "too few speakers" in only


def test_divergence_names_the_epoch():
    (only,) = told(went=course(7, 5, "diverged"), learning_rate=0.5)
    assert "no longer a number in epoch 6; the weights of epoch 5 were kept" in only


@pytest.mark.parametrize(
    ("settings", "cause"),
    [
        ({}, "try head: linear"),
        ({"went": course(20, 19, "epochs")}, "raise epochs or learning_rate"),
        ({"learning_rate": 0.1}, "learning_rate 0.1 is too high"),
    ],
)
def test_worse_than_the_reference(settings, cause):
    (only,) = told(val=0.8, reference=0.9, **settings)
    assert "0.800 against 0.900" in only
    assert cause in only


def test_a_few_clips_behind_the_reference_are_no_warning():
    assert told(val=0.88, reference=0.9) == []


def test_unequal_classes():
    (only,) = told(counts={"de": 100, "en": 20})
    assert "100 training clips of de, 20 of en" in only
