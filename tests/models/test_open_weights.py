"""A network whose weights the converter did not see says the same, and is held in memory a few times only."""

import resource
import subprocess
import sys

import keras
import numpy as np
import onnx
import pytest

from earmark.models import open_weights
from earmark.models.engine import load
from earmark.models.networks import HEADS, build_head


def trained(head):
    """``head`` with no weight at its first value, as biases of 0 and deviations of 1 would hide a mistake."""
    rng = np.random.default_rng(0)
    head.set_weights([rng.uniform(0.02, 0.2, w.shape).astype(w.dtype) for w in head.get_weights()])
    return head


@pytest.mark.parametrize("name", sorted(HEADS))
def test_the_file_says_what_the_network_says(tmp_path, name):
    head = trained(build_head(name, (2, 3, 4), 5))
    open_weights.export(head, path := tmp_path / "head.onnx")
    features = np.random.default_rng(1).normal(size=(6, 2, 3, 4)).astype(np.float32)
    expected = keras.ops.convert_to_numpy(head(features))
    np.testing.assert_allclose(load(path).features(features), expected, atol=1e-5)


def test_the_weights_are_constants_and_the_features_the_only_input(tmp_path):
    head = build_head("normalised", (2, 3, 4), 5)
    open_weights.export(head, path := tmp_path / "head.onnx")
    graph = onnx.load(path).graph
    assert [tensor.name for tensor in graph.input] == ["features"]
    weights = [tensor for tensor in graph.initializer if tensor.name.startswith(open_weights.PREFIX)]
    assert sum(int(np.prod(tensor.dims)) for tensor in weights) == head.count_params()


SCRIPT = """
import resource, sys
from pathlib import Path
from earmark.models import open_weights
from earmark.models.networks import build_head
open_weights.export(build_head("flat", (8,), 2), Path(sys.argv[1]))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
head = build_head("custom", (50_000,), 2, layers=[{"dense": 512}])
open_weights.export(head, Path(sys.argv[1]))
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 / (4 * head.count_params()))
"""


@pytest.mark.skipif(not hasattr(resource, "RUSAGE_SELF"), reason="peak memory is not told here")
def test_a_large_head_is_copied_a_few_times_only(tmp_path):
    found = subprocess.run(
        [sys.executable, "-c", SCRIPT, tmp_path / "head.onnx"], capture_output=True, text=True, check=True
    )
    assert float(found.stdout) < 8  # 49 where the converter sees the weights
