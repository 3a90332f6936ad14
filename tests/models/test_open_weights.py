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


@pytest.mark.parametrize("shape", [(2, 3, 4), (8, 8, 64)], ids=["small", "large"])
@pytest.mark.parametrize("name", sorted(HEADS))
def test_the_file_says_what_the_network_says(tmp_path, name, shape):
    head = trained(build_head(name, shape, 5))
    open_weights.export(head, path := tmp_path / "head.onnx")
    features = np.random.default_rng(1).normal(size=(6, *shape)).astype(np.float32)
    expected = keras.ops.convert_to_numpy(head(features))
    np.testing.assert_allclose(load(path).features(features), expected, atol=1e-5)


def test_large_matrices_are_constants_and_the_features_the_only_input(tmp_path):
    head = build_head("normalised", (8, 8, 64), 5)
    open_weights.export(head, path := tmp_path / "head.onnx")
    graph = onnx.load(path).graph
    assert [tensor.name for tensor in graph.input] == ["features"]
    weights = {tensor.name: list(tensor.dims) for tensor in graph.initializer}
    assert weights["weight_0000"] == [4096, 1024]
    assert weights["weight_0001"] == [1024, 1024]


def test_a_trunk_of_any_length_with_a_large_matrix(tmp_path):
    image = keras.Input((12, None, 1))
    flat = keras.layers.Reshape((-1, 12))(keras.layers.Permute((2, 1, 3))(image))
    vectors = keras.layers.Dense(1024)(keras.layers.Dense(1024)(flat))
    trunk = trained(keras.Model(image, keras.layers.GlobalAveragePooling1D()(vectors), name="trunk"))
    open_weights.export(trunk, path := tmp_path / "trunk.onnx")
    batch = np.random.default_rng(1).normal(size=(2, 12, 37, 1)).astype(np.float32)
    expected = keras.ops.convert_to_numpy(trunk(batch))
    np.testing.assert_allclose(load(path).features(batch), expected, atol=1e-5 * np.abs(expected).max())


def test_members_of_an_ensemble_have_large_matrices_of_their_own(tmp_path):
    features = keras.Input((2 * 1024,), name="features")
    members = [build_head("custom", (1024,), 2, layers=[{"dense": 1024}]) for _ in range(2)]
    assert members[0].layers[-2].kernel.path == members[1].layers[-2].kernel.path
    for seed, member in enumerate(members):
        rng = np.random.default_rng(seed)
        member.set_weights([rng.normal(0, 0.05, w.shape) for w in member.get_weights()])
    named = [keras.Model(each.input, each.output, name=f"head_{number}") for number, each in enumerate(members)]
    answers = [each(features[:, 1024 * i : 1024 * (i + 1)]) for i, each in enumerate(named)]
    head = keras.Model(features, keras.layers.Average()(answers))
    open_weights.export(head, path := tmp_path / "head.onnx")
    values = np.random.default_rng(2).normal(size=(6, 2048)).astype(np.float32)
    np.testing.assert_allclose(load(path).features(values), keras.ops.convert_to_numpy(head(values)), atol=1e-5)


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
