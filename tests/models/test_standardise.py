"""Standardising: the statistics, and features that do not vary."""

import numpy as np

from earmark.models.standardise import Standardisation


def test_training_features_get_mean_0_and_deviation_1():
    vectors = np.random.default_rng(0).normal(5, 3, (50, 4)).astype(np.float32)
    scaled = Standardisation.of(vectors).apply(vectors)
    np.testing.assert_allclose(scaled.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(scaled.std(axis=0), 1, atol=1e-12)


def test_a_constant_feature_is_shifted_but_not_blown_up():
    vectors = np.array([[0.1, 0.0], [0.1, 0.0]], np.float32)
    scaled = Standardisation.of(vectors).apply(vectors + np.float32(0.5))
    np.testing.assert_allclose(scaled, 0.5, atol=1e-6)
