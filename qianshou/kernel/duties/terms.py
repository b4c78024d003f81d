"""The periods by which duties come round, as days in China."""

from datetime import date, timedelta

from qianshou.kernel.pack import Term

EVERY = {"month": 1, "quarter": 3, "year": 12, "day": 0}  # how many months, none for a day


def term_of(every: str, day: date) -> Term:
    """Return the calendar day, month, quarter or year in which `day` lies."""
    months = EVERY[every]
    if not months:
        return Term(day, day)
    first = date(day.year, (day.month - 1) // months * months + 1, 1)
    year, month = divmod(first.year * 12 + first.month - 1 + months, 12)
    return Term(first, date(year, month + 1, 1) - timedelta(days=1))
