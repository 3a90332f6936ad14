"""The epochs: learning, the best weights, early stopping, divergence, and the same course from the same seed."""

import keras
import numpy as np
import pytest

from earmark.config import TrainParams
from earmark.errors import EarmarkError
from earmark.models import dataset
from earmark.models.fit import Mean, compiled, fit, score
from earmark.models.networks import build_head
from earmark.models.optimiser import KINDS

SETTINGS = {"epochs": 8, "learning_rate": 0.01, "batch_size": 16}


def run(study, head="linear", shape=(16,), **settings):
    params = TrainParams.model_validate({**SETTINGS, **settings})
    data = dataset.load(*study(shape=shape).write()[:2])
    keras.utils.set_random_seed(params.seed)
    model = compiled(build_head(head, shape, 3), params)
    heard = []
    return model, data, fit(model, data, params, lambda *epoch: heard.append(epoch)), heard


@pytest.mark.parametrize("optimizer", KINDS)
def test_it_learns(study, optimizer):
    _, _, course, heard = run(study, optimizer=optimizer, epochs=10, learning_rate=0.1)
    assert course.best["val_accuracy"] > 0.75
    assert heard == list(enumerate(course.history))
    assert course.best["learning_rate"] == pytest.approx(0.1)


def test_the_weights_of_the_lowest_validation_loss_are_kept(study):
    model, data, course, _ = run(study, "first", epochs=15, learning_rate=0.1)
    losses = [metrics["val_loss"] for metrics in course.history]
    assert course.best_epoch == int(np.argmin(losses)) < len(losses) - 1
    assert score(model, data.val, TrainParams())["loss"] == pytest.approx(min(losses), rel=1e-5)


def test_training_stops_when_validation_no_longer_improves(study):
    _, _, course, _ = run(study, "first", epochs=200, learning_rate=0.1, early_stopping=3)
    assert course.stopped == "early"
    assert len(course.history) == course.best_epoch + 4


def test_without_early_stopping_every_epoch_is_run(study):
    _, _, course, _ = run(study, "first", epochs=15, learning_rate=0.1, early_stopping=None)
    assert (course.stopped, len(course.history)) == ("epochs", 15)


def test_equal_seeds_give_equal_bits_and_others_do_not(study):
    weights = [run(study, "first", seed=seed, epochs=2)[0].get_weights() for seed in (1, 1, 2)]
    for one, same in zip(weights[0], weights[1], strict=True):
        np.testing.assert_array_equal(one, same)
    assert any((one != other).any() for one, other in zip(weights[0], weights[2], strict=True))


def test_divergence_keeps_the_last_good_weights(study, monkeypatch):
    from earmark.models import fit as module

    real, calls = module.run_epoch, []

    def breaks_in_the_third(*arguments):
        calls.append(1)
        metrics = real(*arguments)
        return {**metrics, "loss": float("nan")} if len(calls) == 3 else metrics

    monkeypatch.setattr(module, "run_epoch", breaks_in_the_third)
    model, data, course, _ = run(study)
    assert (course.stopped, len(course.history), course.best_epoch) == ("diverged", 3, 1)
    assert score(model, data.val, TrainParams())["loss"] == pytest.approx(course.best["val_loss"], rel=1e-5)


def test_divergence_at_once_is_an_error(study):
    with pytest.raises(EarmarkError, match="not a number from the first epoch on; learning_rate 1e\\+30"):
        run(study, "first", optimizer="sgd", learning_rate=1e30)


def test_figures_of_an_epoch_are_those_of_all_its_batches():
    mean = Mean()
    mean.add({"loss": 1.0, "accuracy": 0.5}, 2)
    mean.add({"loss": 4.0, "accuracy": 1.0}, 1)
    assert mean.values() == pytest.approx({"loss": 2.0, "accuracy": 2 / 3})


@pytest.mark.parametrize(
    "settings",
    [{"loss": "binary"}, {"label_smoothing": 0.1}, {"class_weights": "balanced"}, {"schedule": "one_cycle"}],
)
def test_every_loss_weight_and_schedule_learns(study, settings):
    _, _, course, _ = run(study, epochs=10, learning_rate=0.1, **settings)
    assert course.best["val_accuracy"] > 0.75


def test_the_schedule_reaches_the_optimiser(study):
    _, _, course, _ = run(study, epochs=4, learning_rate=0.1, schedule="cosine")
    rates = [metrics["learning_rate"] for metrics in course.history]
    assert rates == sorted(rates, reverse=True) and rates[-1] < 1e-3


def test_the_monitor_chooses_the_epoch(study):
    _, _, course, _ = run(study, "first", epochs=15, learning_rate=0.1, monitor="accuracy")
    assert course.best["val_accuracy"] == max(metrics["val_accuracy"] for metrics in course.history)
