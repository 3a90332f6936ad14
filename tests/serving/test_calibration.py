"""Temperature scaling: what it keeps, what it finds, and that few clips do not make it sure."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from earmark.serving.calibration import calibrated, fit_temperature


def drawn(temperature, n=4000, k=3, seed=0):
    """Probabilities (n, k) that are wrong by ``temperature``, and classes drawn from the right ones."""
    random = np.random.default_rng(seed)
    logits = 2 * random.normal(size=(n, k))
    right = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    classes = (right.cumsum(axis=1) < random.random((n, 1))).sum(axis=1)
    return calibrated(right, 1 / temperature), classes


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_the_temperature_is_found(temperature):
    assert fit_temperature(*drawn(temperature)) == pytest.approx(temperature, rel=0.1)


@given(
    arrays(np.float64, st.tuples(st.integers(1, 5), st.integers(2, 5)), elements=st.floats(0.01, 1)),
    st.floats(0.2, 5),
)
def test_classes_keep_their_order_and_sums_are_one(rows, temperature):
    rows /= rows.sum(axis=1, keepdims=True)
    after = calibrated(rows, temperature)
    np.testing.assert_allclose(after.sum(axis=1), 1)
    for before, now in zip(rows, after, strict=True):
        assert (np.diff(now[np.argsort(before)]) >= -1e-12).all()
    np.testing.assert_array_equal(calibrated(rows, 1), rows)


def test_no_error_in_a_few_clips_does_not_make_sure():
    rows = np.tile([[0.9, 0.1], [0.1, 0.9]], (5, 1))
    temperature = fit_temperature(rows, np.array([0, 1] * 5))
    assert 0.6 < calibrated(rows, temperature).max() < 0.99


def test_certainty_has_no_infinite_logits():
    assert np.isfinite(calibrated(np.array([[1.0, 0.0]]), 2.0)).all()
