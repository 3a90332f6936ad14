"""Parity: what counts as the same answer, intervals, and figures of a model that is made to differ."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from scipy.stats import binomtest

from earmark.errors import EarmarkError
from earmark.serving.export.material import Clip
from earmark.serving.export.parity import TOLERANCE, USUAL, answers, figures, judged, latency, wilson

CLIPS = [Clip(f"clip {n}", partial(np.full, 10 + n, n, np.float32), "ab"[n % 2]) for n in range(40)]


def pipeline(samples):
    share = 0.9 if samples[0] % 2 else 0.2
    return np.array([1 - share, share], np.float32)


def measured(run, path=None):
    return figures(answers({"pipeline": pipeline, "file": run}, CLIPS), "file", "pipeline", ["a", "b"], run, path)


def test_each_clip_is_decoded_once_for_all_models():
    decoded = []
    clips = [Clip(str(n), lambda n=n: decoded.append(n) or np.full(9 - n, n, np.float32)) for n in range(5)]
    given = answers({"pipeline": pipeline, "file": lambda samples: samples[:2]}, clips)
    assert decoded == [0, 1, 2, 3, 4]
    assert given.typical.name == "2"
    np.testing.assert_array_equal(given.rows["file"], [[n, n] for n in range(5)])
    assert given.rows["pipeline"].shape == (5, 2)


def test_the_same_answers_agree(tmp_path):
    (tmp_path / "model.onnx").write_bytes(b"x" * 1500)
    found = measured(pipeline, tmp_path / "model.onnx")
    assert (found.n, found.accuracy, found.disagreements, found.difference) == (40, 1.0, 0, 0.0)
    assert found.kilobytes == 1.5
    assert found.samples == 30, "of the clip in the middle"
    assert found.agrees


@pytest.mark.parametrize(
    ("change", "clips", "agrees"), [(0.9 * USUAL, 40, True), (2 * USUAL, 1, True), (2 * USUAL, 20, False),
                                    (2 * TOLERANCE, 1, False)]
)  # fmt: skip
def test_one_pixel_may_differ_and_no_more(change, clips, agrees):
    def run(samples):
        return pipeline(samples) + (np.array([change, -change]) if samples[0] < clips else 0)

    found = measured(run)
    assert found.agrees == agrees
    assert found.worst == "clip 0" or clips > 1


@pytest.mark.parametrize(("name", "fix"), [("model-int8.onnx", "without --int8"), ("model.onnx", "please report it")])
def test_what_is_no_number_is_refused(name, fix):
    runs = {"pipeline": pipeline, name: lambda samples: pipeline(samples) * (np.nan if samples[0] == 3 else 1)}
    with pytest.raises(EarmarkError, match=f"{name}: on the clip clip 3 a probability is no number.*{fix}"):
        answers(runs, CLIPS)


def test_another_class_is_counted_and_costs_accuracy():
    found = measured(lambda samples: np.array([0.9, 0.1]))
    assert (found.disagreements, found.accuracy) == (20, 0.5)
    assert found.interval == pytest.approx(wilson(20, 40))
    assert judged(np.eye(2)[:1], [replace(CLIPS[0], label=None)], ["a", "b"]) == (None, None)


@pytest.mark.parametrize(("right", "n"), [(0, 10), (154, 160), (413, 488), (10, 10)])
def test_the_interval_is_wilsons(right, n):
    low, high = wilson(right, n)
    exact = binomtest(right, n).proportion_ci(method="wilson")
    assert (low, high) == pytest.approx((exact.low, exact.high), abs=1e-4)


def test_latency_is_of_answers_after_the_first():
    calls = []
    median, p95 = latency(lambda samples: calls.append(len(samples)), CLIPS[0].samples)
    assert 0 <= median <= p95
    assert len(calls) == 33
