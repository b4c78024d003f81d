"""What a column looks up is what trying each cell would find."""

from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as some

from qianshou.kernel.procedures.dmn.columns import Column, matching_rules
from qianshou.kernel.procedures.feel import compile_unary_tests

NUMBERS = some.integers(-3, 3).map(str)
CELLS = some.one_of(
    some.just("-"),
    NUMBERS,
    some.tuples(some.sampled_from(["<", "<=", ">", ">=", "=", "!="]), NUMBERS).map(" ".join),
    some.tuples(some.sampled_from("[(]"), NUMBERS, NUMBERS, some.sampled_from("])[")).map(
        lambda told: f"{told[0]}{told[1]}..{told[2]}{told[3]}"
    ),
    some.sampled_from(['"a"', '"a", "b"', 'not("a")', "null", "1, 2", "true", "? > 1", '1, "a"']),
)
VALUES = some.one_of(
    some.integers(-4, 4), some.sampled_from([Decimal("0.5"), 1.0, "a", "b", "c", None, True, [1]])
)


@settings(deadline=None)
@given(some.lists(CELLS, max_size=6), VALUES)
def test_a_column_finds_the_rules_that_trying_each_cell_finds(cells: list[str], value: Any) -> None:
    tests = [compile_unary_tests(cell) for cell in cells]
    column = Column(lambda facts: value, None, tests)
    tried = sum(1 << place for place, test in enumerate(tests) if test(value, {}) is True)
    assert matching_rules([column], {}, len(cells)) == tried
