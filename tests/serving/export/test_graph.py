"""The writer of graphs: constants of the two types, names by order, and what its short forms compute."""

import numpy as np

from earmark.serving.export.graph import Graph


def test_constants_are_float32_or_int64_and_names_say_where_they_belong():
    graph = Graph("front")
    assert graph("Add", "waveform", 1.5) == "front_0_Add"
    graph("Gather", "front_0_Add", [1, 2])
    assert [node.name for node in graph.nodes] == ["front_0_Add", "front_1_Gather"]
    assert [array.dtype for array in graph.constants.values()] == [np.float32, np.int64]
    assert [tensor.name for tensor in graph.initializers()] == list(graph.constants)


def test_short_forms(computed):
    graph = Graph("g")
    outputs = [
        graph.maximum("x"),
        graph.maximum("x", [1]),
        graph.minimum("x", [1]),
        graph.mean("x", [0, 1]),
        graph.length("x", 1),
        graph.count(graph.length("x", 1)),
        graph.part("x", [1], [3], 1),
        graph.padded("x", [1], [2], 2, -1.0),
    ]
    x = np.arange(8, dtype=np.float32).reshape(2, 4)
    expected = [
        [[7]],
        [[3], [7]],
        [[0], [4]],
        [[3.5]],
        [4],
        [0, 1, 2, 3],
        x[:, 1:3],
        np.pad(x, ((0, 0), (1, 2)), constant_values=-1),
    ]
    for found, wanted in zip(computed(graph, outputs, x=x), expected, strict=True):
        np.testing.assert_array_equal(found, wanted)
