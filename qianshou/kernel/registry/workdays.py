"""The district's calendar of working days, read from its table."""

import time
from functools import lru_cache

from qianshou.kernel.calendar import WorkCalendar
from qianshou.kernel.registry.models import CalendarDay, CalendarYear

SECONDS = 60


def work_calendar() -> WorkCalendar:
    """Return the calendar as the table has it now, at most a minute old."""
    return _read(int(time.monotonic() // SECONDS))


@lru_cache(maxsize=1)
def _read(minute: int) -> WorkCalendar:
    rows = list(CalendarDay.objects.values_list("day", "is_workday", "name"))
    return WorkCalendar(
        days={day: is_workday for day, is_workday, _ in rows},
        published=frozenset(
            CalendarYear.objects.filter(is_published=True).values_list("year", flat=True)
        ),
        names={day: name for day, _, name in rows},
    )


def forget_calendar() -> None:
    """Make the next reading see a changed table at once."""
    _read.cache_clear()
