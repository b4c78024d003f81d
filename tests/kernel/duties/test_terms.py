"""Terms are calendar days, months, quarters and years."""

from datetime import date

import pytest

from qianshou.kernel.duties.terms import term_of


@pytest.mark.parametrize(
    ("every", "day", "first", "last"),
    [
        ("day", date(2026, 2, 28), date(2026, 2, 28), date(2026, 2, 28)),
        ("month", date(2028, 2, 29), date(2028, 2, 1), date(2028, 2, 29)),
        ("month", date(2026, 12, 31), date(2026, 12, 1), date(2026, 12, 31)),
        ("quarter", date(2026, 3, 31), date(2026, 1, 1), date(2026, 3, 31)),
        ("quarter", date(2026, 10, 1), date(2026, 10, 1), date(2026, 12, 31)),
        ("year", date(2026, 11, 23), date(2026, 1, 1), date(2026, 12, 31)),
    ],
)
def test_a_day_lies_in_its_term(every: str, day: date, first: date, last: date) -> None:
    assert term_of(every, day) == (first, last)
