"""Filter expressions such as ``gender == 'male' and age in ['twenties', 'thirties']``.

The text is Python's own syntax restricted to comparisons of columns with literals, joined by and, or, not: it is
checked node by node and nothing of it is ever executed.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from earmark.errors import EarmarkError


class Row(Protocol):
    """What an expression is applied to."""

    def value(self, column: str) -> str | float | None:
        """The row's value in a column; None if it has none."""


Value = Callable[[Row], Any]
Test = Callable[[Row], bool]


@dataclass(frozen=True)
class Filter:
    """A checked expression: the columns it reads and the test."""

    columns: frozenset[str]
    test: Test


def parse_filter(text: str) -> Filter:
    """The filter that ``text`` describes; raises EarmarkError naming what is not allowed."""
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise EarmarkError(f"data.filter: cannot read {text!r} ({error}); write e.g. gender == 'male'") from None
    test = _test(tree.body)
    return Filter(frozenset(node.id for node in ast.walk(tree) if isinstance(node, ast.Name)), test)


def _test(node: ast.expr) -> Test:
    if isinstance(node, ast.BoolOp):
        tests = [_test(part) for part in node.values]
        decide = all if isinstance(node.op, ast.And) else any
        return lambda row: decide(test(row) for test in tests)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        negated = _test(node.operand)
        return lambda row: not negated(row)
    if isinstance(node, ast.Compare):
        return _comparison(node)
    raise _refused(node, "expected a comparison, or comparisons joined by and, or, not")


def _comparison(node: ast.Compare) -> Test:
    """One comparison, or a chain such as ``1 < duration <= 5``."""
    sides = [_value(side) for side in (node.left, *node.comparators)]
    links: list[Test] = []
    for left, kind, right in zip(sides, node.ops, sides[1:], strict=False):
        if type(kind) not in _COMPARISONS:
            raise _refused(node, "use ==, !=, <, <=, >, >=, in, not in")
        links.append(_link(left, _COMPARISONS[type(kind)], right))
    return lambda row: all(link(row) for link in links)


def _link(left: Value, compare: Callable[[Any, Any], bool], right: Value) -> Test:
    return lambda row: compare(left(row), right(row))


def _value(node: ast.expr) -> Value:
    if isinstance(node, ast.Name):
        column = node.id
        return lambda row: row.value(column)
    literal = _literal(node)
    return lambda row: literal


def _literal(node: ast.expr) -> Any:
    if isinstance(node, ast.Constant) and isinstance(node.value, str | int | float | None):
        return node.value
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Constant):
        if isinstance(node.operand.value, int | float):
            return -node.operand.value
    elif isinstance(node, ast.List | ast.Tuple | ast.Set):
        return [_literal(part) for part in node.elts]
    raise _refused(node, "expected a column, a number, a 'text' or a list of these")


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    """An order in which an empty cell is neither before nor after anything."""

    def ordered(left: Any, right: Any) -> bool:
        if left is None or right is None:
            return False
        try:
            return bool(compare(*_alike(left, right)))
        except TypeError:
            raise EarmarkError(f"data.filter: {left!r} and {right!r} cannot be compared; quote texts only") from None

    return ordered


def _equal(left: Any, right: Any) -> bool:
    left, right = _alike(left, right)
    return bool(left == right)


def _contained(left: Any, right: Any) -> bool:
    """A value in a list, or a text in a text."""
    if isinstance(right, str):
        return isinstance(left, str) and left in right
    if not isinstance(right, list):
        return False
    return any(_equal(left, item) for item in right)


def _alike(left: Any, right: Any) -> tuple[Any, Any]:
    """Both as numbers if one is a number and the other a text that spells one (a table's cells are texts)."""
    try:
        if isinstance(left, str) and isinstance(right, int | float):
            return float(left), right
        if isinstance(right, str) and isinstance(left, int | float):
            return left, float(right)
    except ValueError:
        pass
    return left, right


_COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: _equal,
    ast.NotEq: lambda left, right: not _equal(left, right),
    ast.Lt: _ordered(operator.lt),
    ast.LtE: _ordered(operator.le),
    ast.Gt: _ordered(operator.gt),
    ast.GtE: _ordered(operator.ge),
    ast.In: _contained,
    ast.NotIn: lambda left, right: not _contained(left, right),
    ast.Is: _equal,
    ast.IsNot: lambda left, right: not _equal(left, right),
}


def _refused(node: ast.expr, hint: str) -> EarmarkError:
    return EarmarkError(f"data.filter: '{ast.unparse(node)}' is not allowed: {hint}")
