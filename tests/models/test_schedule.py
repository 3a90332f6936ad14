import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.models.schedule import END, START, WARM_UP, rate


@given(st.integers(2, 500), st.floats(1e-5, 1))
def test_constant_stays(steps, peak):
    assert {rate("constant", peak, step, steps) for step in range(steps)} == {peak}


@given(st.integers(2, 500), st.floats(1e-5, 1))
def test_cosine_falls_from_the_peak_to_nearly_nothing(steps, peak):
    rates = [rate("cosine", peak, step, steps) for step in range(steps)]
    assert rates == sorted(rates, reverse=True)
    assert rates[0] == pytest.approx(peak) and rates[-1] == pytest.approx(peak * END)


@given(st.integers(20, 500), st.floats(1e-5, 1))
def test_one_cycle_rises_for_a_quarter_and_falls(steps, peak):
    rates = [rate("one_cycle", peak, step, steps) for step in range(steps)]
    top = rates.index(max(rates))
    assert abs(top / (steps - 1) - WARM_UP) <= 1 / (steps - 1)
    assert rates[: top + 1] == sorted(rates[: top + 1]) and rates[top:] == sorted(rates[top:], reverse=True)
    assert rates[0] == pytest.approx(peak * START) and rates[-1] == pytest.approx(peak * END)


def test_a_single_step_has_a_rate():
    assert rate("cosine", 0.1, 0, 1) == pytest.approx(0.1)
    assert rate("one_cycle", 0.1, 0, 1) == pytest.approx(0.1 * START)
