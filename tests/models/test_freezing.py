import keras
import pytest
from keras import layers

from earmark.models.freezing import rate_factors, shorten_memory, unfreeze


def small():
    x = inputs = keras.Input((8,), name="in")
    for number in range(4):
        x = layers.BatchNormalization(name=f"norm_{number}")(layers.Dense(8, name=f"dense_{number}")(x))
    return keras.Model(inputs, layers.ReLU()(x), name="trunk")


def learning(trunk):
    return [layer.name for layer in trunk.layers if layer.trainable_weights]


@pytest.mark.parametrize(
    ("layers_", "expected"),
    [
        (0, []),
        (1, []),
        (2, ["dense_3"]),
        (5, ["dense_2", "dense_3"]),
        ("all", ["dense_0", "dense_1", "dense_2", "dense_3"]),
    ],
)
def test_the_last_layers_learn_and_batch_norm_never_by_itself(layers_, expected):
    trunk = small()
    unfreeze(trunk, layers_)
    assert learning(trunk) == expected


def test_batch_norm_learns_where_everything_does():
    trunk = small()
    unfreeze(trunk, "all", batch_norm=True)
    assert len(learning(trunk)) == 8


def test_what_was_thawed_can_be_frozen_again():
    trunk = small()
    for layers_ in ("all", 0, 2):
        unfreeze(trunk, layers_)
    assert learning(trunk) == ["dense_3"]


def test_frozen_batch_norm_keeps_its_statistics():
    import numpy as np

    trunk = small()
    unfreeze(trunk, "all")
    model = keras.Model(trunk.input, layers.Dense(2, name="out")(trunk.output))
    model.compile("sgd", "mse")
    before = [w.copy() for layer in trunk.layers if "norm" in layer.name for w in layer.get_weights()]
    model.train_on_batch(np.ones((4, 8), "float32") * 5, np.zeros((4, 2), "float32"))
    after = [w for layer in trunk.layers if "norm" in layer.name for w in layer.get_weights()]
    assert all((a == b).all() for a, b in zip(before, after, strict=True))


def test_groups_of_layers_have_rates_of_their_own():
    trunk, head = small(), keras.Sequential([keras.Input((8,)), layers.Dense(2, name="softmax")])
    factors = rate_factors(trunk, head, [1 / 9, 1 / 6, 1])
    by_layer = {path.split("/")[-2]: factor for path, factor in factors.items()}
    assert by_layer["dense_0"] == by_layer["norm_1"] == 1 / 9
    assert by_layer["dense_2"] == by_layer["norm_3"] == 1 / 6
    assert by_layer["softmax"] == 1


def test_one_factor_is_that_of_all():
    trunk, head = small(), keras.Sequential([keras.Input((8,)), layers.Dense(2, name="softmax")])
    assert set(rate_factors(trunk, head, [0.5]).values()) == {0.5}


@pytest.mark.parametrize(("steps", "momentum"), [(3, 0.5), (40, 0.75), (400, 0.975), (10_000, 0.99)])
def test_a_short_training_has_a_short_memory(steps, momentum):
    trunk = small()
    shorten_memory(trunk, steps)
    assert [layer.momentum for layer in trunk.layers if "norm" in layer.name] == pytest.approx([momentum] * 4)
