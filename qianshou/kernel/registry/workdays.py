"""The district's calendar of working days, read from its table."""

from django.core.cache import cache

from qianshou.kernel.calendar import WorkCalendar
from qianshou.kernel.registry.models import CalendarDay, CalendarYear

KEY = "registry.work_calendar"
SECONDS = 60


def work_calendar() -> WorkCalendar:
    """Return the calendar as the table has it now, at most a minute old."""
    kept: WorkCalendar | None = cache.get(KEY)
    if kept is None:
        kept = WorkCalendar(
            days=dict(CalendarDay.objects.values_list("day", "is_workday")),
            published=frozenset(
                CalendarYear.objects.filter(is_published=True).values_list("year", flat=True)
            ),
        )
        cache.set(KEY, kept, SECONDS)
    return kept


def forget_calendar() -> None:
    """Make the next reading see a changed table at once."""
    cache.delete(KEY)
