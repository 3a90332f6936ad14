"""Export to ONNX with the largest weights kept out of the converter.

tf2onnx copies a graph for each of its optimisers and does not let the copies go: 49 times the weights in memory at its
peak, more than 14 GB for a head of 70 million parameters. Here it sees large matrices as inputs of the network, which
the file then gets as its constants. All else stays where the converter folds it into its neighbours.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np

PREFIX = "weight_"

LARGE = 2**20
"""Elements from which on a matrix, that of a dense layer, is kept out; 4 MB."""

EXAMPLE_FRAMES = 64
"""Any length that every layer can read."""


class OpenWeights(keras.Model):
    """``network`` as a function of its one input and of some of its variables: ``[input, *opened]`` → output."""

    def __init__(self, network: keras.Model, opened: list[Any]) -> None:
        super().__init__(name="open_weights")
        self._network = (network,)  # in a tuple, Keras does not see what is not to be exported
        # by identity: the members of an ensemble have layers, and so paths, of the same names
        self._places = {id(variable): place for place, variable in enumerate(opened)}

    def call(self, inputs: list[Any]) -> Any:
        """What the network answers where the variables have the given values."""
        (network,), (values, *opened) = self._network, inputs

        def given(variables: list[Any]) -> list[Any]:
            return [opened[self._places[id(each)]] if id(each) in self._places else each for each in variables]

        trainable, others = given(network.trainable_variables), given(network.non_trainable_variables)
        return network.stateless_call(trainable, others, values, training=False)[0]


def export(network: keras.Model, path: Path) -> None:
    """Write ``network``, of one input and one output, as an ONNX file at ``path``."""
    example = np.zeros([1, *(length or EXAMPLE_FRAMES for length in network.input_shape[1:])], np.float32)
    variables = [*network.trainable_variables, *network.non_trainable_variables]
    large = [each for each in variables if len(each.shape) == 2 and np.prod(each.shape) >= LARGE]
    if not large:
        network(example)  # Keras exports a network only after its first call
        network.export(path, format="onnx", verbose=False)
        return
    opened = OpenWeights(network, large)
    opened([example, *large])
    signature = [keras.InputSpec(shape=network.input_shape, dtype="float32", name="features")]
    signature += [
        keras.InputSpec(shape=variable.shape, dtype=variable.dtype, name=f"{PREFIX}{number:04d}")
        for number, variable in enumerate(large)
    ]
    opened.export(path, format="onnx", verbose=False, input_signature=[signature])
    _close(path, [keras.ops.convert_to_numpy(variable) for variable in large])


def _close(path: Path, weights: list[np.ndarray]) -> None:
    """Make constants of those inputs of the file that are weights."""
    import onnx

    model = onnx.load(path)
    graph = model.graph
    for tensor in [tensor for tensor in graph.input if tensor.name.startswith(PREFIX)]:
        graph.input.remove(tensor)
        weight = weights[int(tensor.name.removeprefix(PREFIX))]
        graph.initializer.append(onnx.numpy_helper.from_array(weight, tensor.name))
    path.write_bytes(model.SerializeToString())
