import keras
import numpy as np
import pytest
from keras import layers

from earmark.config import TrainParams
from earmark.models.optimiser import KINDS, optimiser


def step(params, factors):
    """How far one step moves the kernels of two equal layers."""
    keras.utils.set_random_seed(0)
    inputs = keras.Input((4,))
    parts = [layers.Dense(3, use_bias=False, kernel_initializer="ones", name=name)(inputs) for name in "ab"]
    model = keras.Model(inputs, layers.Add()(parts))
    model.compile(optimiser(params, factors), "mse")
    model.train_on_batch(np.ones((2, 4), np.float32), np.zeros((2, 3), np.float32))
    return [np.abs(1 - model.get_layer(name).get_weights()[0]).mean() for name in "ab"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_layer_moves_by_its_own_rate(kind):
    params = TrainParams(optimizer=kind, learning_rate=0.01, weight_decay=0)
    a, b = step(params, {"a/kernel": 0.1, "b/kernel": 1.0})
    assert a == pytest.approx(b / 10, rel=1e-3)
    assert step(params, None) == pytest.approx([b, b], rel=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_equal_factors_are_the_plain_optimiser(kind):
    assert type(optimiser(TrainParams(optimizer=kind), {"a": 1.0})) is KINDS[kind]


def test_settings_reach_the_optimiser():
    assert optimiser(TrainParams(optimizer="sgd", momentum=0.5)).momentum == 0.5
    assert optimiser(TrainParams(optimizer="adamw", weight_decay=0.1)).weight_decay == pytest.approx(0.1)
