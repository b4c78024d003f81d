"""Unary tests that hold or do not by their text alone, so that a table can look them up."""

from decimal import Decimal, DecimalException

from qianshou.kernel.procedures.feel.grammar import Node
from qianshou.kernel.procedures.feel.tokens import unescape
from qianshou.kernel.procedures.feel.values import CONTEXT, Range


def texts_named(tree: Node) -> frozenset[str]:
    """Return the texts that unary tests name; empty where they say anything else."""
    if tree[0] != "tests" or not all(
        test[0] == "test" and test[1][0] == "string" for test in tree[1]
    ):
        return frozenset()
    return frozenset(unescape(test[1][1]) for test in tree[1])


def interval_of(tree: Node) -> Range | None:
    """Return the interval of numbers that a single test is, or None."""
    if tree[0] != "tests" or len(tree[1]) != 1:
        return None
    test = tree[1][0]
    try:
        if test[0] == "compare":
            return _beside(test[1], _number(test[2]))
        if test[1][0] == "range":
            _, low_in, low, high, high_in = test[1]
            return Range(_number(low), _number(high), low_in, high_in)
        only = _number(test[1])
    except (ValueError, DecimalException):
        return None
    return Range(only, only)


def _beside(sign: str, value: Decimal) -> Range | None:
    if sign in ("<", "<="):
        return Range(None, value, False, sign == "<=")
    if sign in (">", ">="):
        return Range(value, None, sign == ">=", False)
    return Range(value, value) if sign == "=" else None


def _number(node: Node) -> Decimal:
    """Return the number that a literal is; raises ValueError for anything else."""
    if node[0] == "negate" and node[1][0] == "number":
        return -CONTEXT.create_decimal(node[1][1])
    if node[0] != "number":
        raise ValueError
    return CONTEXT.create_decimal(node[1])
