"""Items made ahead: the same ones in the same order, and no thread is left behind."""

import itertools
import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.models.prefetch import prefetch


@given(st.lists(st.integers()), st.integers(0, 4))
def test_items_and_their_order_stay(items, depth):
    assert list(prefetch(items, depth)) == items


def test_what_making_an_item_raises_comes_in_its_place():
    def items():
        yield 1
        yield 2
        raise KeyError("third")

    found = prefetch(items(), 2)
    assert [next(found), next(found)] == [1, 2]
    with pytest.raises(KeyError, match="third"):
        next(found)


def test_no_more_than_the_depth_is_made_ahead():
    made = []
    found = prefetch((made.append(i) or i for i in itertools.count()), 3)
    assert next(found) == 0
    time.sleep(0.2)
    assert len(made) <= 1 + 3 + 1  # what was taken, what waits, and one that waits for room
    found.close()


def test_items_are_made_while_others_are_worked_on():
    def slow():
        for item in range(4):
            time.sleep(0.1)
            yield item

    start = time.perf_counter()
    for _ in prefetch(slow(), 2):
        time.sleep(0.1)
    assert time.perf_counter() - start < 0.75  # one after the other it would be 0.8


def test_closing_ends_the_thread():
    before = threading.active_count()
    found = prefetch(itertools.count(), 2)
    next(found)
    assert threading.active_count() == before + 1
    found.close()
    assert threading.active_count() == before
