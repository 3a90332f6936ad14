"""Export to ONNX with the weights kept out of the converter.

tf2onnx copies a graph for each of its optimisers and does not let the copies go: 49 times the weights in memory at its
peak, more than 14 GB for a head of 70 million parameters. Here it sees the weights as inputs of the network, which the
file then gets as its constants; onnxruntime folds them when it loads the file.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np

PREFIX = "weight_"


class OpenWeights(keras.Model):
    """``network`` as a function of its one input and of all its variables: ``[input, *variables]`` → output."""

    def __init__(self, network: keras.Model) -> None:
        super().__init__(name="open_weights")
        self._network = (network,)  # in a tuple, Keras does not see the variables and does not export them

    def call(self, inputs: list[Any]) -> Any:
        """What the network answers where its variables have the given values."""
        (network,), (values, *variables) = self._network, inputs
        trainable = len(network.trainable_variables)
        output, _ = network.stateless_call(variables[:trainable], variables[trainable:], values, training=False)
        return output


def export(network: keras.Model, path: Path) -> None:
    """Write ``network``, of one input and one output, as an ONNX file at ``path``, which ends in ``.onnx``."""
    variables = [*network.trainable_variables, *network.non_trainable_variables]
    opened, (batch, *shape) = OpenWeights(network), network.input_shape
    opened([np.zeros((1, *shape), np.float32), *variables])  # Keras exports a network only after its first call
    signature = [keras.InputSpec(shape=(batch, *shape), dtype="float32", name="features")]
    signature += [
        keras.InputSpec(shape=variable.shape, dtype=variable.dtype, name=f"{PREFIX}{number:04d}")
        for number, variable in enumerate(variables)
    ]
    opened.export(path, format="onnx", verbose=False, input_signature=[signature])
    _close(path, [keras.ops.convert_to_numpy(variable) for variable in variables])


def _close(path: Path, weights: list[np.ndarray]) -> None:
    """Make constants of those inputs of the file that are weights; one that nothing reads (a seed) is left out."""
    import onnx

    model = onnx.load(path)
    graph, used = model.graph, {name for node in model.graph.node for name in node.input}
    for tensor in [tensor for tensor in graph.input if tensor.name.startswith(PREFIX)]:
        graph.input.remove(tensor)
        if tensor.name in used:
            weight = weights[int(tensor.name.removeprefix(PREFIX))]
            graph.initializer.append(onnx.numpy_helper.from_array(weight, tensor.name))
    onnx.save(model, path)
