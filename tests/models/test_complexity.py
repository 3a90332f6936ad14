"""Parameters as Keras counts them, operations as counted by hand and as published."""

import json

import keras
import pytest
from keras import layers

from earmark.errors import EarmarkError
from earmark.models.architectures import ARCHITECTURES, trunk
from earmark.models.complexity import comparison, complexity
from earmark.models.earmark_base import earmark_base
from earmark.models.networks import build_head
from earmark.models.pooling import pooled


def network(shape, *steps):
    image = x = keras.Input(shape)
    for step in steps:
        x = step(x)
    return keras.Model(image, x)


BY_HAND = {
    "dense": (network((5,), layers.Dense(3)), 5 * 3),
    "dense at every position": (network((2, 7, 5), layers.Dense(3)), 2 * 7 * 5 * 3),
    "convolution": (network((6, 8, 2), layers.Conv2D(4, 3)), (4 * 6) * (3 * 3 * 2) * 4),
    "stride": (network((6, 8, 2), layers.Conv2D(4, 3, strides=2, padding="same")), (3 * 4) * (3 * 3 * 2) * 4),
    "groups": (network((6, 8, 4), layers.Conv2D(8, 1, groups=2)), (6 * 8) * 2 * 8),
    "depthwise": (network((6, 8, 2), layers.DepthwiseConv2D(3)), (4 * 6) * (3 * 3) * 2),
    "separable": (network((6, 8, 2), layers.SeparableConv2D(5, 3)), (4 * 6) * (3 * 3 * 2 + 2 * 5)),
    "lstm": (network((10, 3), layers.LSTM(4)), 10 * 4 * (3 + 4) * 4),
    "gru": (network((10, 3), layers.GRU(4)), 10 * 3 * (3 + 4) * 4),
    "nothing": (network((6, 8, 2), layers.BatchNormalization(), layers.ReLU(), layers.MaxPooling2D()), 0),
    "a model inside": (network((5,), network((5,), layers.Dense(3)), layers.Dense(2)), 5 * 3 + 3 * 2),
}


@pytest.mark.parametrize("case", BY_HAND)
def test_operations_counted_by_hand(case):
    model, macs = BY_HAND[case]
    found = complexity(model)
    assert found.macs == macs
    assert found.parameters == model.count_params()


def test_published_operations_of_mobilenet():
    """569 million and 4.2 million parameters (Howard et al. 2017, table 4)."""
    found = complexity(keras.applications.MobileNet(weights=None))
    assert round(found.macs / 1e6) == 569
    assert round(found.parameters / 1e6, 1) == 4.3  # Keras counts batch norm's statistics too
    assert round(found.trainable / 1e6, 1) == 4.2


@pytest.mark.parametrize("name", ["light_cnn", "mandel_cnn", "lstm", "voxforge_cnn"])
def test_a_trunk_and_its_head_are_one_model(name):
    body = trunk(name, ARCHITECTURES[name].input_shape)
    head = build_head("linear", body.output_shape[1:], 5)
    found = complexity(body, head)
    whole = keras.Model(body.input, head(body.output))
    assert complexity(whole).layers == found.layers
    assert found.parameters == whole.count_params()
    assert found.trainable == sum(keras.ops.size(weight) for weight in whole.trainable_weights)
    assert found.macs == sum(layer.macs for layer in found.layers)


def test_a_frozen_trunk_is_not_trainable():
    body = trunk("light_cnn", (40, 40, 1))
    body.trainable = False
    head = build_head("linear", body.output_shape[1:], 5)
    assert complexity(body, head).trainable == head.count_params()


def test_images_of_any_length_are_counted_for_one():
    own = pooled(earmark_base(40), "stats")
    found = complexity(own, image=(40, 80, 1))
    assert found.parameters == own.count_params()
    assert found.macs == complexity(pooled(earmark_base(40, 80), "stats")).macs
    with pytest.raises(EarmarkError, match="earmark_base takes images of any length"):
        complexity(own)


def test_the_record_survives_json():
    record = complexity(BY_HAND["convolution"][0]).record()
    layer = {"kind": "Conv2D", "output_shape": [4, 6, 4], "parameters": 76, "trainable": 76, "macs": 1728}
    again = json.loads(json.dumps(record))
    assert {name: again["layers"][0][name] for name in layer} == layer
    assert {name: again[name] for name in again.keys() - {"layers"}} == {
        "parameters": 76, "trainable": 76, "non_trainable": 0, "macs": 1728
    }  # fmt: skip


def tiny():
    return complexity(
        network((6, 8, 1), layers.Conv2D(4, 3, name="conv"), layers.BatchNormalization(name="norm")),
        network((4, 6, 4), layers.Flatten(name="flat"), layers.Dense(12, name="dense")),
    )


def test_the_table_as_text():
    assert tiny().text().splitlines() == [
        "layer  kind                output     parameters   MACs",
        "conv   Conv2D              4 × 6 × 4          40    864",
        "norm   BatchNormalization  4 × 6 × 4          16      0",
        "flat   Flatten             96                  0      0",
        "dense  Dense               12              1,164  1,152",
        "",
        "1,220 parameters, 1,212 trainable, 8 not; 2,016 multiply-accumulates per image",
    ]


def test_the_table_as_markdown():
    lines = tiny().markdown().splitlines()
    assert lines[:3] == [
        "| layer | kind | output | parameters | MACs |",
        "| --- | --- | --- | ---: | ---: |",
        "| conv | Conv2D | 4 × 6 × 4 | 40 | 864 |",
    ]
    assert lines[-1] == tiny().summary()


def test_models_beside_each_other():
    assert comparison({"tiny": tiny()}).splitlines() == [
        "| model | total params | trainable | non-trainable | MACs |",
        "| --- | ---: | ---: | ---: | ---: |",
        "| tiny | 1,220 | 1,212 | 8 | 2,016 |",
    ]
    assert comparison({"tiny": tiny()}, markdown=False).splitlines()[1] == (
        "tiny          1,220      1,212              8  2,016"
    )


PUBLISHED = {
    "VGG16": (23_676_748, 23_659_340, 17_408),
    "InceptionV3": (29_185_836, 29_137_068, 48_768),
    "ResNet50": (75_182_988, 75_029_516, 153_472),
    "light_cnn": (723_968, 723_454, 514),
    "mnist_cnn": (55_038_988, 54_929_868, 109_120),
}
"""Total, trainable and other parameters of a comparison on Speech Commands."""


def compared(name):
    if name in ARCHITECTURES:
        return trunk(name, (161, 99, 1)), "linear"
    builder = getattr(keras.applications, name)
    return builder(weights=None, include_top=False, input_shape=(161, 99, 3)), "normalised"


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_published_complexity_table_of_a_keyword_comparison(name):
    body, head = compared(name)
    found = complexity(body, build_head(head, body.output_shape[1:], 12))
    assert (found.parameters, found.trainable, found.non_trainable) == PUBLISHED[name]
