"""Windows, pieces, segments and shares."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.serving.timeline import NO_SPEECH, Segment, cells, shares, spans, timeline


@given(st.integers(1, 500), st.integers(1, 60), st.integers(1, 60))
def test_windows_cover_everything_and_none_is_shorter(length, window, hop):
    hop = min(hop, window)
    found = spans(length, window, hop)
    assert (found[0][0], found[-1][1]) == (0, length)
    assert all(last - first == min(window, length) for first, last in found)
    assert all(after[0] <= before[1] for before, after in pairwise(found))
    assert len(set(found)) == len(found)


SPEECH = st.lists(st.integers(0, 400), max_size=8, unique=True).map(sorted)


@given(st.integers(1, 400), st.integers(1, 60), SPEECH)
def test_pieces_follow_each_other_without_a_gap(length, window, edges):
    speech = [(a, min(b, length)) for a, b in zip(edges[::2], edges[1::2], strict=False) if a < length]
    windows = spans(length, window, max(1, window // 2))
    pieces = cells(windows, speech, length)
    assert [piece[0][0] for piece in pieces] == [0, *(piece[0][1] for piece in pieces[:-1])]
    assert pieces[-1][0][1] == length
    for (first, last), over in pieces:
        assert bool(over) == any(a <= first and last <= b for a, b in speech)
        assert all(windows[n][0] <= first and last <= windows[n][1] for n in over)


def named(row):
    return "ab"[int(row.argmax())], float(row.max())


def test_neighbours_of_one_label_become_one_segment():
    pieces = [((0, 10), [0]), ((10, 20), [0, 1]), ((20, 30), [1]), ((30, 35), []), ((35, 40), [1])]
    rows = {0: np.array([0.9, 0.1]), 1: np.array([0.3, 0.7])}
    assert timeline(pieces, rows, named, 10) == [
        Segment(0.0, 2.0, "a", pytest.approx(0.75)),
        Segment(2.0, 3.0, "b", 0.7),
        Segment(3.0, 3.5, NO_SPEECH, 1.0),
        Segment(3.5, 4.0, "b", 0.7),
    ]


def test_windows_that_were_not_asked_do_not_count():
    pieces = [((0, 10), [0]), ((10, 20), [0, 1])]
    assert [part.label for part in timeline(pieces, {1: np.array([0.3, 0.7])}, named, 10)] == [NO_SPEECH, "b"]


def test_shares_are_of_the_time_with_speech():
    line = [Segment(0, 1, "a", 1), Segment(1, 5, NO_SPEECH, 1), Segment(5, 8, "b", 1)]
    assert shares(line) == {"b": 0.75, "a": 0.25}
    assert list(shares(line)) == ["b", "a"]
    assert shares(line[1:2]) == {}
