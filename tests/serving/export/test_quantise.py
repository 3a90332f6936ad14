"""Eight bits: smaller, close, only in the learned part, and never without training clips."""

import logging

import numpy as np
import onnx
import pytest

from earmark.errors import EarmarkError
from earmark.serving.export import material
from earmark.serving.export.graph import OPSET
from earmark.serving.export.quantise import OPERATIONS, quantise
from earmark.serving.export.runner import runner
from earmark.serving.export.waveform import NETWORK

pytestmark = pytest.mark.xdist_group("export")  # one worker makes the files


def test_the_learned_part_has_8_bits_and_the_front_end_floats(exported):
    small = onnx.load(exported / "model-int8.onnx")
    producer = {output: node for node in small.graph.node for output in node.output}
    quantised = {
        node.name
        for node in small.graph.node
        if node.op_type in OPERATIONS and producer.get(node.input[1], node).op_type == "DequantizeLinear"
    }
    products = {node.name for node in small.graph.node if node.op_type in OPERATIONS}
    assert quantised == {name for name in products if name.startswith(NETWORK)}
    assert products - quantised
    assert (exported / "model-int8.onnx").stat().st_size < 0.4 * (exported / "model.onnx").stat().st_size


def test_answers_are_close_on_clips_that_gave_no_ranges(exported, project):
    large, small = (runner(exported / name) for name in ("model.onnx", "model-int8.onnx"))
    for clip in material.clips(project / "results" / "model", "test", 16000):
        expected, found = large(clip.samples), small(clip.samples)
        assert expected.argmax() == found.argmax()
        assert 0 < np.abs(expected - found).max() < 0.1


def test_logging_is_as_before(exported, sounds, tmp_path):
    before = logging.getLogger().level
    quantise(exported / "model.onnx", tmp_path / "small.onnx", [material.Clip("a", lambda: sounds[0])])
    assert logging.getLogger().level == before != logging.ERROR


def test_refused_without_clips_or_without_anything_to_quantise(exported, tmp_path, sounds):
    with pytest.raises(EarmarkError, match="--int8: the ranges of an int8 model are measured on training clips"):
        quantise(exported / "model.onnx", tmp_path / "small.onnx", [])
    taken, given = (onnx.helper.make_tensor_value_info(name, 1, [None]) for name in ("waveform", "probabilities"))
    node = onnx.helper.make_node("Abs", ["waveform"], ["probabilities"], name="head_0_Abs")
    graph = onnx.helper.make_graph([node], "g", [taken], [given])
    onnx.save(onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", OPSET)]), tmp_path / "a.onnx")
    with pytest.raises(EarmarkError, match="has none of Conv, Gemm, MatMul"):
        quantise(tmp_path / "a.onnx", tmp_path / "small.onnx", [material.Clip("a", lambda: sounds[0])])
