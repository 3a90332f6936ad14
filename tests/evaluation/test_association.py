import numpy as np
import pytest

from earmark.evaluation.association import cramers_v, eta_squared


def test_a_value_that_is_the_class_is_one():
    assert cramers_v([[1000, 0], [0, 1000]]) == pytest.approx(1, abs=0.01)


def test_an_even_mixture_is_nothing():
    assert cramers_v([[50, 50], [500, 500]]) == 0


def test_chance_is_not_taken_for_an_association():
    rng = np.random.default_rng(0)
    biased, corrected = [], []
    for _ in range(50):
        table = rng.multinomial(60, [1 / 12] * 12).reshape(2, 6)
        corrected.append(cramers_v(table.tolist()))
        expected = np.outer(table.sum(1), table.sum(0)) / table.sum()
        biased.append(np.sqrt(((table - expected) ** 2 / np.maximum(expected, 1e-9)).sum() / table.sum()))
    assert np.mean(corrected) < 0.5 * np.mean(biased)


@pytest.mark.parametrize("counts", [[], [[5]], [[5, 5]], [[5, 0], [7, 0]], [[0, 0], [0, 0]], [[1, 0], [0, 0]]])
def test_nothing_to_compare_is_none(counts):
    assert cramers_v(counts) is None


def test_variance_between_classes():
    rng = np.random.default_rng(0)
    same = {label: rng.normal(size=1000) for label in "ab"}
    apart = {"a": rng.normal(size=1000), "b": rng.normal(3, 1, 1000)}
    assert eta_squared(same) < 0.01
    assert eta_squared(apart) == pytest.approx(2.25 / 3.25, abs=0.05)


def test_constants_and_empty_classes_vary_not_at_all():
    assert eta_squared({"a": np.ones(3), "b": np.ones(2), "c": np.empty(0)}) == 0
    assert eta_squared({}) == 0
