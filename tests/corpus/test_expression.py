from contextlib import suppress
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earmark.corpus.expression import parse_filter
from earmark.errors import EarmarkError


@dataclass
class Cells:
    cells: dict

    def value(self, column):
        return self.cells.get(column)


ROW = Cells({"gender": "male", "age": "twenties", "up_votes": 3, "word": "7", "sentence": "Good day"})


@pytest.mark.parametrize(
    ("text", "passes"),
    [
        ("gender == 'male'", True),
        ("gender != 'male'", False),
        ("gender == 'male' and up_votes >= 3", True),
        ("gender == 'female' or (up_votes > 2 and not age == 'fifties')", True),
        ("age in ['twenties', 'thirties']", True),
        ("age not in ('twenties',)", False),
        ("1 < up_votes <= 3", True),
        ("up_votes > -1", True),
        ("accent == None", True),
        ("accent is not None", False),
        ("accent != 'US'", True),
        ("missing > 2", False),
        ("word == 7", True),
        ("word < 10", True),
        ("'day' in sentence", True),
        ("'day' in accent", False),
    ],
)
def test_what_passes(text, passes):
    assert parse_filter(text).test(ROW) is passes


def test_the_columns_are_named():
    assert parse_filter("a == 1 and b < c").columns == {"a", "b", "c"}


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')",
        "gender.upper() == 'MALE'",
        "gender == @name",
        "[x for x in ()] == 1",
        "(lambda: 1)() == 1",
        "gender",
        "'male'",
        "gender == 'male' & age == 'twenties'",
        "up_votes + 1 > 2",
        "f'{gender}' == 'male'",
        "gender[0] == 'm'",
        "(x := 1) == 1",
        "",
        "gender = 'male'",
        "a == b'x'",
    ],
)
def test_everything_else_is_refused_in_words(text):
    with pytest.raises(EarmarkError, match=r"data\.filter"):
        parse_filter(text)


def test_ordering_text_and_number_is_refused_in_words():
    with pytest.raises(EarmarkError, match="cannot be compared"):
        parse_filter("gender > 2").test(ROW)


@settings(deadline=None, max_examples=50)
@given(st.text(max_size=40))
def test_no_text_gets_past_with_a_traceback(text):
    with suppress(EarmarkError):
        parse_filter(text)
