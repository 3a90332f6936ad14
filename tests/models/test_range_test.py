"""The range test: on a loss whose limits are known, of a head, and of a later stage of a network."""

import math

import numpy as np
import pytest

from earmark.models import range_test as module
from earmark.models.range_test import EXPLODED, HIGHEST, LOWEST, SMOOTHING, STEPS, range_test, sweep


def descent(curvature=1.0):
    """Gradient descent with some noise on 1 + curvature · w² / 2, which diverges from a rate of 2 / curvature on."""
    w, noise = [math.sqrt(8 / curvature)], np.random.default_rng(0)

    def step(rate):
        loss = 1 + curvature / 2 * w[0] ** 2
        w[0] -= rate * (curvature * w[0] + 0.1 * noise.normal())
        return loss

    return step


@pytest.mark.parametrize("curvature", [1.0, 30.0])
def test_a_quadratic_has_known_limits(curvature):
    found = sweep(descent(curvature))
    assert found.exploded and found.rates[-1] > 2 / curvature
    assert 0.02 / curvature < found.steepest < found.lowest < 10 / curvature
    assert found.suggestion == pytest.approx(found.lowest / 10, rel=0.05)
    assert found.suggestion < 2 / curvature, "a rate that converges"
    assert found.smoothed[-1] <= EXPLODED * min(found.smoothed)


def test_the_rate_rises_from_end_to_end_by_equal_factors():
    found = sweep(lambda rate: 1.0)
    assert (found.rates[0], found.rates[-1]) == pytest.approx((LOWEST, HIGHEST)) and len(found.rates) == STEPS
    assert np.diff(np.log(found.rates)) == pytest.approx(math.log(HIGHEST / LOWEST) / (STEPS - 1))
    assert found.smoothed == pytest.approx([1.0] * STEPS) and not found.exploded


def test_the_smoothed_loss_is_a_moving_average_without_the_bias_of_its_beginning():
    losses = iter([4.0, 1.0, 3.0] + [2.0] * STEPS)
    smoothed = sweep(lambda rate: next(losses)).smoothed
    second = (SMOOTHING * 4 + 1) / (SMOOTHING + 1)
    assert smoothed[:2] == pytest.approx([4.0, second])


def test_a_loss_that_only_rises_suggests_nothing():
    losses = iter(np.linspace(1, 3, STEPS))
    found = sweep(lambda rate: next(losses))
    assert found.suggestion is None and found.plain()["steepest"] is None


def test_what_is_no_number_ends_it():
    found = sweep(lambda rate: 2.0 if rate < 1e-3 else float("nan"))
    assert found.exploded and max(found.rates) < 1e-3


def test_a_head_learns_at_what_is_suggested(study):
    from earmark.models import dataset
    from earmark.models.fit import fit
    from earmark.models.train import untrained

    tiny = study(clips=60, gap=6.0, train={"head": "first", "epochs": 8})
    manifest, features, _ = tiny.write()
    found = range_test(tiny.params, manifest, features)
    assert len(found.rates) > dataset.load(manifest, features).train.classes.size / 16, "more than one pass"
    assert found.exploded and 1e-3 < found.suggestion < 0.3
    train = tiny.params.train.model_copy(update={"learning_rate": found.suggestion})
    data, _, model = untrained(tiny.params.model_copy(update={"train": train}), manifest, features)
    assert fit(model, data, train, lambda *epoch: None).best["val_accuracy"] > 0.8


def test_a_later_stage_begins_where_the_one_before_ended(pictures, scratch_params, monkeypatch):
    monkeypatch.setattr(module, "STEPS", 20)
    params = scratch_params(stages=[{"epochs": 5}, {"epochs": 1, "layer_rates": [0.1, 1.0]}])
    first, second = (range_test(params, *pictures, stage) for stage in (1, 2))
    assert np.mean(second.losses[:4]) < 0.7 * np.mean(first.losses[:4])
