"""Several networks as one: it answers with the mean of their answers, and its files say the same."""

import keras
import numpy as np
import pytest

from earmark.config import Params
from earmark.models.engine import load
from earmark.models.ensemble import STRIDE, Network, joined, members_of
from earmark.models.exported import save_keras, save_onnx, save_trunk
from earmark.models.fit import Course
from earmark.models.networks import build_head, without_pooling


def params(members=3, **train):
    return Params.model_validate({"task": "t", "train": {"mode": "tune", "members": members, "seed": 5, **train}})


def trunk(seed, spatial):
    keras.utils.set_random_seed(seed)
    image = keras.Input((8, 12, 1), name="image")
    x = keras.layers.Conv2D(4, 3, activation="relu", name="conv")(image)
    x = x if spatial else keras.layers.GlobalAveragePooling2D(name="mean")(x)
    return keras.Model(image, x, name="tiny")


def network(seed, spatial=False):
    model = trunk(seed, spatial)
    course = Course([{"loss": float(seed)}] * 3, seed % 3, "early", [1.0] * 3)
    return Network(model, build_head("linear", model.output_shape[1:], 2), course)


def test_each_member_is_a_training_of_its_own():
    found = [(member.train.seed, member.train.members) for member in members_of(params())]
    assert found == [(5, 1), (5 + STRIDE, 1), (5 + 2 * STRIDE, 1)]
    assert members_of(params(1)) == [params(1)]


def test_one_network_stays_what_it_is():
    only = network(0)
    assert joined([only], params(1)) is only


@pytest.mark.parametrize("spatial", [False, True])
def test_many_answer_with_their_mean_in_keras_and_as_files(tmp_path, spatial):
    members = [network(seed, spatial) for seed in range(3)]
    images = np.random.default_rng(0).random((5, 8, 12, 1), np.float32)
    expected = np.mean([each.head(each.trunk(images)) for each in members], axis=0)
    assert np.ptp([np.asarray(each.head(each.trunk(images)))[0, 0] for each in members]) > 1e-3
    whole = joined(members, params())
    features = np.asarray(whole.trunk(images))
    assert features.shape[-1] == 12
    np.testing.assert_allclose(whole.head(features), expected, rtol=1e-5)
    if spatial:  # as heads are trained and judged: on averages
        means = features.mean(axis=(1, 2))
        np.testing.assert_allclose(without_pooling(whole.head)(means), expected, rtol=1e-4)
    save_trunk(whole.trunk, tmp_path / "trunk.onnx")
    save_onnx(whole.head, tmp_path / "head.onnx")
    save_keras(whole.head, tmp_path / "head.keras")
    exported = load(tmp_path / "trunk.onnx").features(images)
    np.testing.assert_allclose(exported, features, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(keras.saving.load_model(tmp_path / "head.keras")(features), expected, rtol=1e-5)


def test_the_course_tells_of_all_members():
    whole = joined([network(seed) for seed in (0, 1, 2)], params()).course
    assert [metrics["loss"] for metrics in whole.history] == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert whole.best_epoch == 8 and whole.stopped == "early" and len(whole.seconds) == 9


def test_a_member_that_diverged_is_not_forgotten():
    first, last = network(0), network(1)
    first.course.stopped = "diverged"
    assert joined([first, last], params(2)).course.stopped == "diverged"
