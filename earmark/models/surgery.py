"""What is changed in networks of ``keras.applications`` once their weights are loaded; what they compute stays."""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import layers, ops


def from_layer(network: keras.Model, name: str) -> keras.Model:
    """The part of ``network`` from its layer ``name`` on, sharing its weights."""
    return keras.Model(network.get_layer(name).input, network.output, name=network.name)


@keras.saving.register_keras_serializable("earmark")
def gelu(x: Any) -> Any:
    """Gaussian error linear unit (Hendrycks & Gimpel 2016) by erf; TensorFlow's own uses erfc, which ONNX has not."""
    return 0.5 * x * (1 + ops.erf(x / math.sqrt(2)))


def in_plain_operators(network: keras.Model) -> keras.Model:
    """A copy of ``network`` in operators that ONNX has: ``gelu``, and depthwise instead of grouped convolutions."""
    plain = keras.models.clone_model(network, clone_function=_plain)
    for before, after in zip(network.layers, plain.layers, strict=True):
        weights = before.get_weights()
        if _is_depthwise(before):
            weights[0] = weights[0].swapaxes(2, 3)  # (height, width, 1, channels) → (height, width, channels, 1)
        after.set_weights(weights)
    return plain


def _plain(layer: layers.Layer) -> layers.Layer:
    config = layer.get_config()
    if _is_depthwise(layer):
        kept = ("name", "kernel_size", "strides", "padding", "dilation_rate", "use_bias", "activation")
        return layers.DepthwiseConv2D(**{key: config[key] for key in kept})
    if config.get("activation") == "gelu":
        return type(layer).from_config(config | {"activation": gelu})
    return type(layer).from_config(config)


def _is_depthwise(layer: layers.Layer) -> bool:
    """Whether each channel has a filter of its own."""
    return isinstance(layer, layers.Conv2D) and layer.groups == layer.filters > 1
