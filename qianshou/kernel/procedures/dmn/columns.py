"""The input columns of a decision table, indexed: which rules a value passes, without trying each.

A set of rules is the bits of a number. Cells that name texts are looked up; cells that are one
interval of numbers are cut at all their ends, so that a value falls between two of them or on
one; what other cells say is tried for the rules that are left.
"""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from qianshou.kernel.procedures.dmn.reader import Logic
from qianshou.kernel.procedures.feel import UnaryTests
from qianshou.kernel.procedures.feel.meter import spend
from qianshou.kernel.procedures.feel.unary import INPUT
from qianshou.kernel.procedures.feel.values import Range, number

MOST_INDEXED = 2_000


class Column:
    """A column: its input's expression, what it may give, and its cells (None passes nothing)."""

    def __init__(
        self, logic: Logic, allowed: UnaryTests | None, cells: Sequence[UnaryTests | None]
    ) -> None:
        self.logic = logic
        self.allowed = allowed
        self.cells = cells
        self.always = self.tried = 0
        self.texts: dict[str, int] = {}
        intervals: list[tuple[int, Range]] = []
        for place, cell in enumerate(cells):
            bit = 1 << place
            if cell is None:
                continue
            if cell.passes_all:
                self.always |= bit
            elif cell.texts:
                for text in cell.texts:
                    self.texts[text] = self.texts.get(text, 0) | bit
            elif cell.interval is not None and len(cells) <= MOST_INDEXED:
                intervals.append((bit, cell.interval))
            else:
                self.tried |= bit
        self.ends = sorted(
            {end for _, one in intervals for end in (one.low, one.high) if end is not None}
        )
        self.between = self._cut(intervals)

    def _cut(self, intervals: list[tuple[int, Range]]) -> list[int]:
        """Return the rules for each place: before the first end, on it, behind it, …"""
        last = 2 * len(self.ends)
        begin, stop = [0] * (last + 2), [0] * (last + 2)
        for bit, one in intervals:
            low = 0 if one.low is None else 2 * self._place(one.low) + (1 if one.low_in else 2)
            high = last if one.high is None else 2 * self._place(one.high) + one.high_in
            if low <= high:
                begin[low] |= bit
                stop[high + 1] |= bit
        found, rules = [], 0
        for place in range(last + 1):
            rules = (rules & ~stop[place]) | begin[place]
            found.append(rules)
        return found

    def _place(self, value: Any) -> int:
        return bisect_left(self.ends, value)

    def rules_for(self, value: Any) -> int:
        """Return the rules whose cell a value passes, and those that are to be tried."""
        found = self.always | self.tried
        if type(value) is str:
            return found | self.texts.get(value, 0)
        exact = number(value)
        if exact is None or not self.ends:
            return found
        place = self._place(exact)
        on = place < len(self.ends) and self.ends[place] == exact
        return found | self.between[2 * place + on]


def matching_rules(columns: Sequence[Column], facts: Mapping[str, Any], rules: int) -> int | None:
    """Return the rules of which every cell passes; None where an input may not have its value."""
    left, scopes = (1 << rules) - 1, []
    for column in columns:
        value = column.logic(facts)
        left &= column.rules_for(value)
        if column.tried or column.allowed is not None:
            scopes.append((column, {**facts, INPUT: value}))
            if column.allowed is not None and column.allowed.holds(scopes[-1][1]) is not True:
                return None
    for column, scope in scopes:
        for place in places_of(left & column.tried):
            spend()
            cell = column.cells[place]
            if cell is None or cell.holds(scope) is not True:
                left ^= 1 << place
    return left


def places_of(rules: int) -> Iterator[int]:
    """Yield the places of the rules in a set, in order."""
    while rules:
        bit = rules & -rules
        yield bit.bit_length() - 1
        rules ^= bit
