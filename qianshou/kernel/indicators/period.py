"""Spans of days in China that are counted and compared."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from qianshou.kernel.clock import CHINA

STEPS = ("day", "week", "month")


@dataclass(frozen=True)
class Period:
    """From the first day to the last, both counted."""

    first: date
    last: date

    @property
    def start(self) -> datetime:
        """The instant at which the first day begins in China."""
        return datetime.combine(self.first, time(), CHINA)

    @property
    def end(self) -> datetime:
        """The instant at which the last day is over."""
        return datetime.combine(self.last + timedelta(days=1), time(), CHINA)

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.last - self.first).days + 1

    def step(self) -> str:
        """Return the step that gives a readable line: day, week or month."""
        return "day" if self.days <= 31 else "week" if self.days <= 120 else "month"

    def before(self) -> "Period":
        """Return the span of the same length just before: whole months for whole months."""
        if self.first.day == 1 and _is_month_end(self.last):
            months = (self.last.year - self.first.year) * 12 + self.last.month - self.first.month
            return Period(_shifted(self.first, -months - 1), _month_end(_shifted(self.first, -1)))
        return Period(self.first - timedelta(days=self.days), self.first - timedelta(days=1))

    def year_earlier(self) -> "Period":
        """Return the same days a year ago; a month's last day stays a month's last day."""
        last = _shifted(self.last, -12)
        return Period(
            _shifted(self.first, -12), _month_end(last) if _is_month_end(self.last) else last
        )

    def parts(self, step: str) -> list["Period"]:
        """Return the days, weeks (from Monday) or months that the period touches, cut to it."""
        found = []
        first = self.first
        while first <= self.last:
            if step == "day":
                last = first
            elif step == "week":
                last = first + timedelta(days=6 - first.weekday())
            else:
                last = _month_end(first)
            found.append(Period(first, min(last, self.last)))
            first = last + timedelta(days=1)
        return found


def month_of(day: date) -> Period:
    """Return the calendar month of a day."""
    return Period(day.replace(day=1), _month_end(day))


def months_until(day: date, months: int) -> Period:
    """Return the `months` calendar months that end with the month of `day`, up to `day`."""
    return Period(_shifted(day.replace(day=1), 1 - months), day)


def _month_end(day: date) -> date:
    return day.replace(day=monthrange(day.year, day.month)[1])


def _is_month_end(day: date) -> bool:
    return day == _month_end(day)


def _shifted(day: date, months: int) -> date:
    number = day.year * 12 + day.month - 1 + months
    year, month = divmod(number, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
