import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from earmark.audio.parts import runs, scaled, widened, within

flags = st.lists(st.booleans(), max_size=60).map(lambda values: np.array(values, bool))


def filled(parts, length):
    covered = np.zeros(length, bool)
    for first, last in parts:
        covered[first:last] = True
    return covered


def apart(parts, length):
    """Whether parts are not empty, in order, not touching and inside."""
    bounds = [bound for part in parts for bound in part]
    return bounds == sorted(set(bounds)) and all(0 <= bound <= length for bound in bounds)


@given(flags)
def test_runs_are_where_the_flags_hold(given_flags):
    parts = runs(given_flags)
    assert apart(parts, len(given_flags))
    assert np.array_equal(filled(parts, len(given_flags)), given_flags)


@given(flags, st.integers(0, 9))
def test_widened_parts_have_the_margin_and_do_not_touch(given_flags, margin):
    length = len(given_flags)
    parts = widened(runs(given_flags), margin, length)
    assert apart(parts, length)
    near = [given_flags[max(0, i - margin) : i + margin + 1].any() for i in range(length)]
    # a gap of no width between two widened parts closes them up, which changes nothing in what is covered
    assert np.array_equal(filled(parts, length), np.array(near, bool))


@given(flags, st.integers(0, 70), st.integers(0, 70))
def test_parts_within_bounds_are_cut_there(given_flags, start, end):
    length = len(given_flags)
    parts = within(runs(given_flags), start, end)
    assert apart(parts, length)
    assert np.array_equal(filled(parts, length), given_flags & filled([(start, end)], length))


@given(flags, st.integers(1, 600))
def test_whole_factors_keep_every_part(given_flags, factor):
    length = factor * len(given_flags)
    parts = scaled(runs(given_flags), factor, length)
    assert np.array_equal(filled(parts, length), np.repeat(given_flags, factor))


def test_between_equal_bounds_there_is_nothing():
    assert within([(0, 2)], 1, 1) == within([(0, 2)], 2, 1) == []


def test_parts_beyond_the_end_are_cut_or_left_out():
    assert scaled([(0, 2), (3, 5), (7, 8)], 10, 42) == [(0, 20), (30, 42)]
