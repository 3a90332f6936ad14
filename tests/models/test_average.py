"""Averaged weights: the formula, the statistics of batch normalisation, and a training that is judged by them."""

import keras
import numpy as np
import pytest
from keras import layers

from earmark.config import TrainParams
from earmark.models.average import averaged
from earmark.models.checkpoint import Checkpoint
from earmark.models.images import TrainingImages
from earmark.models.optimiser import optimiser
from earmark.models.tune import Tuning, augmenter_of

MOMENTUM = 0.8


@pytest.fixture
def inputs():
    return np.random.default_rng(0).normal(3, 2, (3, 8, 4)).astype(np.float32)


def network(average=MOMENTUM, factors=None, scaled=False):
    """A dense layer, a norm that learns and one that is frozen; compiled."""
    keras.utils.set_random_seed(0)
    image = keras.Input((4,))
    frozen = layers.BatchNormalization(name="frozen")
    inner = keras.Model(image, layers.BatchNormalization(name="norm")(layers.Dense(3, name="dense")(image)))
    model = keras.Model(image, layers.Dense(1, name="last")(frozen(inner(image))))
    frozen.trainable = False
    params = TrainParams(mode="tune", optimizer="sgd", learning_rate=0.05, average=average)
    found = optimiser(params, factors)
    model.compile(keras.optimizers.LossScaleOptimizer(found) if scaled else found, "mse")
    return model, inner.get_layer("norm"), frozen


@pytest.mark.parametrize("scaled", [False, True])
@pytest.mark.parametrize("factors", [None, {"dense/kernel": 0.1}])
def test_within_the_weights_are_their_moving_average(inputs, factors, scaled):
    model, norm, frozen = network(factors=factors, scaled=scaled)
    expected = None
    for batch in inputs:
        model.train_on_batch(batch, np.ones((8, 1), np.float32))
        now = [keras.ops.convert_to_numpy(weight).copy() for weight in model.trainable_weights]
        average = expected or now
        expected = [MOMENTUM * a + (1 - MOMENTUM) * b for a, b in zip(average, now, strict=True)]
    own, untouched = model.get_weights(), np.array(frozen.moving_mean)
    with averaged(model, iter(inputs)):
        for weight, value in zip(model.trainable_weights, expected, strict=True):
            np.testing.assert_allclose(np.array(weight), value, rtol=1e-4, atol=1e-6)
        kernel, bias = (np.array(weight) for weight in model.trainable_weights[:2])
        values = inputs @ kernel + bias
        np.testing.assert_allclose(np.array(norm.moving_mean), values.mean((0, 1)), rtol=1e-4)
        np.testing.assert_allclose(np.array(norm.moving_variance), values.var(1).mean(0), rtol=1e-4)
        np.testing.assert_array_equal(np.array(frozen.moving_mean), untouched)
    for weight, value in zip(model.get_weights(), own, strict=True):
        np.testing.assert_array_equal(weight, value)
    assert norm.momentum == 0.99


def test_without_an_average_and_before_the_first_step_nothing_happens(inputs):
    for average in (None, MOMENTUM):
        model, *_ = network(average)
        model.optimizer.build(model.trainable_variables)
        before = model.get_weights()
        with averaged(model, iter(inputs)):
            for weight, value in zip(model.get_weights(), before, strict=True):
                np.testing.assert_array_equal(weight, value)


class Killed(Exception):
    pass


def test_a_training_is_judged_by_the_average_and_goes_on_after_a_kill(pictures, scratch_params, tmp_path):
    """With batch norm that learns, and rates by layer."""
    images = TrainingImages.load(*pictures, tmp_path)

    def trained(folder, average=0.9, stop=None):
        settings = scratch_params(
            average=average, epochs=3, layer_rates=[0.3, 1], head="custom", head_layers=["batch_norm", {"dropout": 0.2}]
        )
        tuning = Tuning(settings, images, Checkpoint(tmp_path / folder), augmenter_of(settings, tmp_path))

        def on_epoch(epoch, metrics):
            if epoch == stop:
                raise Killed

        try:
            tuning.run(on_epoch)
        except Killed:
            return None
        return tuning

    whole = trained("whole")
    history = whole.course.history
    assert whole._score()["val_loss"] == pytest.approx(whole.course.best["val_loss"], rel=1e-4), "the average is kept"
    plain = trained("plain", average=None).course.history
    assert history[0]["loss"] == pytest.approx(plain[0]["loss"], rel=1e-4), "the same steps"
    assert history[0]["val_loss"] != pytest.approx(plain[0]["val_loss"], rel=1e-2), "but judged by other weights"
    trained("parts", stop=2)
    again = trained("parts")
    for found, expected in zip(again.course.history, history, strict=True):
        assert found == pytest.approx(expected, rel=1e-4, abs=1e-6)
    for found, expected in zip(again.model.get_weights(), whole.model.get_weights(), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-5)
