"""Runners: both libraries, sounds of changing length, and the same answers."""

import numpy as np
import pytest

from earmark.serving.export.runner import interpreter_class, runner

pytestmark = pytest.mark.xdist_group("export")  # one worker makes the files


def test_both_libraries_answer_alike_for_any_length_and_again(exported, sounds):
    onnx, tflite = (runner(exported / f"model.{suffix}") for suffix in ("onnx", "tflite"))
    first = [(onnx(samples), tflite(samples)) for samples in (*sounds, sounds[0], sounds[0])]
    for a, b in first:
        assert a.shape == b.shape == (2,)
        np.testing.assert_allclose(a, b, atol=1e-3)
        np.testing.assert_allclose([a.sum(), b.sum()], 1, atol=1e-5)
    np.testing.assert_array_equal(first[0][1], first[-1][1])


def test_the_interpreter_is_litert_and_not_tensorflow():
    assert interpreter_class().__module__.startswith("ai_edge_litert")
