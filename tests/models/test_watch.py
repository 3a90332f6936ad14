"""Warnings: each trouble is told once, with the cause that the evidence points to."""

import json

import pytest

from earmark.config import TrainParams
from earmark.models.fit import Course
from earmark.models.tune import tune
from earmark.models.watch import Share, warnings
from earmark.provenance import Provenance

EVEN = {"de": 50, "en": 50}


def course(epochs=20, best=10, stopped="early"):
    return Course([{"loss": 0.5, "val_accuracy": 0.9}] * epochs, best, stopped)


def told(train=0.95, val=0.9, reference=0.88, counts=EVEN, went=None, n=100, untrained=None, **params):
    went, shares = went or course(), (Share(train, 0.5, n), Share(val, 0.5, n))
    return warnings(went, *shares, reference, counts, TrainParams(**params), untrained)


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


def test_a_member_that_diverged_is_told_whichever_it_was():
    (only,) = told(went=course(12, 11, "diverged"), learning_rate=0.5, mode="tune", members=3)
    assert "the loss of a member was no longer a number" in only and "learning_rate 0.5 is too high" in only


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


CHANCE = {"train": 0.52, "val": 0.51}


@pytest.mark.parametrize(
    ("settings", "cause"),
    [
        (
            CHANCE | {"reference": 0.52, "untrained": 0.9, "mode": "tune"},
            "gave 0.900 before it learned, and 0.520 after",
        ),
        (CHANCE | {"reference": 0.52, "untrained": 0.5, "mode": "tune"}, "the features do not tell the classes apart"),
        (
            CHANCE | {"reference": 0.52, "untrained": 0.5, "mode": "scratch"},
            "too few clips to learn from random weights",
        ),
        (CHANCE | {"standardise": False, "untrained": 0.5, "mode": "scratch"}, "learning_rate 0.0001 is too high"),
        ({"val": 0.7, "reference": 0.7, "untrained": 0.9, "mode": "tune"}, "too much learns from so few clips"),
        ({"val": 0.7, "reference": 0.88, "untrained": 0.9, "mode": "tune"}, "the head overfits what the backbone"),
    ],
)
def test_a_network_is_held_against_its_features_from_before(settings, cause):
    assert cause in told(**settings)[0]


def test_two_warnings_do_not_name_two_causes():
    first, second = told(**CHANCE, reference=0.52, untrained=0.9, mode="tune", went=course(5, 4, "epochs"))
    assert first.split("Likely cause")[1] == second.split("Likely cause")[1]


def test_the_rate_is_that_of_the_stage():
    stages = [{"epochs": 5}, {"epochs": 5, "learning_rate": 0.5}]
    (only,) = told(went=course(7, 4, "diverged"), mode="tune", stages=stages)
    assert "learning_rate 0.5 is too high" in only


def test_a_loss_that_grows_is_a_collapse():
    went = Course([{"loss": loss, "val_accuracy": 0.9} for loss in (0.8, 0.2, 1.5)], 1)
    (only,) = told(went=went)
    assert "collapsed after epoch 1, whose weights were kept: the training loss grew from 0.2 to 1.5" in only


@pytest.mark.parametrize(
    ("train", "words"),
    [
        ({"optimizer": "adamw", "learning_rate": 0.2}, ["stayed at chance", "learning_rate 0.2 is too high"]),
        (
            {"stages": [{"epochs": 8}, {"epochs": 3, "learning_rate": 0.5}]},
            ["training collapsed after epoch", "to chance (0.500)", "learning_rate 0.5 is too high"],
        ),
    ],
)
def test_a_real_training_that_collapses_says_so(pictures, scratch_params, tmp_path, train, words):
    params = scratch_params(epochs=6, **train)
    tune(params, *pictures, tmp_path / "model", Provenance("train", 2, "0" * 20), tmp_path / "state")
    first, *_ = json.loads((tmp_path / "model" / "training.json").read_text())["warnings"]
    assert all(part in first for part in words), first
