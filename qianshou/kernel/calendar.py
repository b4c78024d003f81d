"""Natural and working days, months and hours: when a span that starts now ends.

民法典 arts. 200-203, 民事诉讼法 art. 85: the first day is not counted; hours run from the
moment; a month ends on the corresponding day, or its last; a last day that is a rest day
moves to the day after the rest; a day lasts until 24:00, here written 23:59:59.
"""

import csv
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from pathlib import Path

from qianshou.kernel.clock import CHINA
from qianshou.kernel.refusal import Refusal

SHIPPED = Path(__file__).parent / "calendar_cn"
DAY_ENDS = time(23, 59, 59)
NEVER = datetime(9999, 1, 1, tzinfo=UTC)
AMBER_SHARE = 0.8
LONGEST_DAYS = 366 * 60
SPAN = re.compile(r"(\d{1,6})(min|h|wh|d|wd|mo|me|y)")
ISO = re.compile(
    r"P(?:(\d{1,4})Y)?(?:(\d{1,5})M)?(?:(\d{1,5})W)?(?:(\d{1,6})D)?"
    r"(?:T(?:(\d{1,6})H)?(?:(\d{1,6})M)?(?:(\d{1,8})(?:\.\d{1,9})?S)?)?"
)
ISO_UNITS = ("y", "mo", "d", "d", "h", "min", "min")
UNITS = {
    "min": "分钟", "h": "小时", "wh": "个工作小时", "d": "日（自然日，遇休息日顺延）",
    "wd": "个工作日", "mo": "个月（遇休息日顺延）", "y": "年（遇休息日顺延）",
    "me": "个月末的最后一个工作日",
}  # fmt: skip


@dataclass(frozen=True)
class WorkCalendar:
    """Which days are worked: exceptions to Monday-Friday, and the years that are published."""

    days: Mapping[date, bool] = field(default_factory=dict)
    published: frozenset[int] = frozenset()
    names: Mapping[date, str] = field(default_factory=dict)
    duty: tuple[time, time] = (time(9), time(18))

    def is_workday(self, day: date) -> bool:
        """Whether `day` is worked: by the notice, else by its weekday."""
        return self.days.get(day, day.weekday() < 5)

    def is_published(self, year: int) -> bool:
        """Whether the State Council's notice for `year` is in the table."""
        return year in self.published

    def name(self, day: date) -> str:
        """Return why a day is not worked."""
        return self.names.get(day) or ("节假日" if day in self.days else "周末")


@dataclass(frozen=True)
class Due:
    """When a span ends (aware, in China), by which rule, and which days it skipped and why.

    `provisional` where a year it depends on has no published holidays yet.
    """

    at: datetime
    rule: str
    skipped: tuple[tuple[date, str], ...] = ()
    provisional: bool = False


def read_span(span: str) -> tuple[int, str]:
    """Return the number and unit of a span such as "7d", "2wh", "P7D" or "now".

    Units: min, h, wh (duty hours), d (natural days), wd (working days), mo, y, and me: "1me" is
    the last working day of the month in which the span starts, "2me" that of the month after.
    An ISO 8601 duration of several parts is told in its finest unit: "P1DT12H" is 36 hours,
    "P1Y6M" 18 months; seconds end with their minute. Months have no number of days: "P1M3D" is
    none. Refuses anything else, and more than 60 years, with calendar.span.
    """
    number, unit = _read_parts(span)
    days = {"y": 366, "mo": 31, "me": 31, "d": 1, "wd": 2, "min": 1 / 1440}.get(unit, 1 / 24)
    if number * days > LONGEST_DAYS:
        raise Refusal(
            "calendar.span", f"时限“{span}”太长", f"The span “{span}” is too long", "span"
        )
    return number, unit


def _read_parts(span: str) -> tuple[int, str]:
    text = span.strip()
    if text == "now":
        return 0, "min"
    found = SPAN.fullmatch(text)
    if found:
        return int(found[1]), found[2]
    parts = ISO.fullmatch(text)
    given = parts.groups() if parts else ()
    told = [unit for part, unit in zip(given, ISO_UNITS, strict=False) if part]
    if told and (told[0] in ("y", "mo")) == (told[-1] in ("y", "mo")):
        years, months, weeks, days, hours, minutes, seconds = (int(part or 0) for part in given)
        days += weeks * 7
        hours += days * 24
        minutes += hours * 60 + -(-seconds // 60)
        whole = {"y": years, "mo": years * 12 + months, "d": days, "h": hours, "min": minutes}
        return whole[told[-1]], told[-1]
    raise Refusal(
        "calendar.span",
        f"不认识的时限“{span}”，请写成 30min、2h、2wh、7d、7wd、2mo、1me、1y 或 P7D",
        f"Unknown span “{span}”: write 30min, 2h, 2wh, 7d, 7wd, 2mo, 1me, 1y or P7D",
        "span",
    )


def due_at(start: datetime, span: str, calendar: WorkCalendar) -> Due:
    """Return when `span` ends that starts at `start` (aware).

    Raises Refusal calendar.span for a span that `read_span` refuses.
    """
    number, unit = read_span(span)
    begin = start.astimezone(CHINA)
    rule = "立即" if span.strip() == "now" else f"{number} {UNITS[unit]}"
    if unit in ("min", "h"):
        return Due(begin + timedelta(**{"minutes" if unit == "min" else "hours": number}), rule)
    if unit == "wh":
        return _after_duty(begin, timedelta(hours=number), rule, calendar)
    if unit == "wd":
        return _after_workdays(begin.date(), number, rule, calendar)
    if unit == "me":
        return _month_end(begin.date(), number, rule, calendar)
    return _rolled(_last_day(start, number, unit), rule, calendar)


def _last_day(start: datetime, number: int, unit: str) -> date:
    """Return the last of so many natural days, months or years, rest days not looked at."""
    first = start.astimezone(CHINA).date()
    if unit == "d":
        return first + timedelta(days=number)
    return _months_after(first, number * (12 if unit == "y" else 1))


def _months_after(day: date, months: int) -> date:
    """Return the corresponding day `months` later, or that month's last day (民法典 202)."""
    total = day.year * 12 + day.month - 1 + months
    year, month = divmod(total, 12)
    following = date(year + (month + 1) // 12, (month + 1) % 12 + 1, 1)
    return date(year, month + 1, min(day.day, (following - timedelta(days=1)).day))


def _month_end(start: date, number: int, rule: str, calendar: WorkCalendar) -> Due:
    """Return the last working day of the month; its last day when no working day is left in it."""
    last = _months_after(start.replace(day=1), number) - timedelta(days=1)
    skipped: list[tuple[date, str]] = []
    day = last
    while not calendar.is_workday(day):
        skipped.append((day, calendar.name(day)))
        day -= timedelta(days=1)
    if day < start:
        day, skipped = last, []
    published = calendar.is_published(last.year)
    return Due(datetime.combine(day, DAY_ENDS, CHINA), rule, tuple(skipped), not published)


def _rolled(last: date, rule: str, calendar: WorkCalendar) -> Due:
    """Return the end on `last`, or on the first working day after the rest (民法典 203)."""
    skipped = []
    day = last
    while not calendar.is_workday(day):
        skipped.append((day, calendar.name(day)))
        day += timedelta(days=1)
    return Due(
        datetime.combine(day, DAY_ENDS, CHINA), rule, tuple(skipped),
        not all(calendar.is_published(year) for year in {last.year, day.year}),
    )  # fmt: skip


def _after_workdays(start: date, number: int, rule: str, calendar: WorkCalendar) -> Due:
    skipped: list[tuple[date, str]] = []
    day, counted, years = start, 0, {start.year}
    while counted < number:
        day += timedelta(days=1)
        years.add(day.year)
        if calendar.is_workday(day):
            counted += 1
        else:
            skipped.append((day, calendar.name(day)))
    provisional = not all(calendar.is_published(year) for year in years)
    return Due(datetime.combine(day, DAY_ENDS, CHINA), rule, tuple(skipped), provisional)


def _after_duty(start: datetime, left: timedelta, rule: str, calendar: WorkCalendar) -> Due:
    """Count duty hours on working days only."""
    opens, closes = calendar.duty
    skipped: list[tuple[date, str]] = []
    years, now = {start.year}, start
    while True:
        day = now.date()
        years.add(day.year)
        if calendar.is_workday(day):
            begin = max(now, datetime.combine(day, opens, CHINA))
            end = datetime.combine(day, closes, CHINA)
            if begin < end and left <= end - begin:
                published = all(calendar.is_published(year) for year in years)
                return Due(begin + left, rule, tuple(skipped), not published)
            left -= max(end - begin, timedelta())
        else:
            skipped.append((day, calendar.name(day)))
        now = datetime.combine(day + timedelta(days=1), time(), CHINA)


def amber_at(start: datetime, due: datetime) -> datetime:
    """Return the instant at which 80 % of the time from `start` to `due` has passed."""
    return start + (due - start) * AMBER_SHARE


def resume(
    start: datetime,
    span: str,
    pauses: Sequence[tuple[datetime, datetime]],
    calendar: WorkCalendar,
) -> Due:
    """Return the end of a span from `start` whose clock stood still during `pauses` (from, to).

    Hours move by the exact pauses; working days and ends of months by the working days in them;
    of natural days and months the last day moves by the days of the pauses, and only then rolls over a rest.
    """
    number, unit = read_span(span)
    rule = f"{number} {UNITS[unit]}，扣除停止的时间"
    if unit in ("min", "h"):
        stood = sum((end - begin for begin, end in pauses), timedelta())
        return Due(due_at(start, span, calendar).at + stood, rule)
    days = [
        day
        for begin, end in pauses
        for day in days_between(begin.astimezone(CHINA).date(), end.astimezone(CHINA).date())
    ]
    if unit in ("wd", "wh", "me"):
        end = due_at(start, span, calendar).at
        passed = sum(calendar.is_workday(day) for day in days)
        moved = _after_workdays(end.date(), passed, rule, calendar)
        at = datetime.combine(moved.at.date(), end.timetz())
        return Due(at, moved.rule, moved.skipped, moved.provisional)
    return _rolled(_last_day(start, number, unit) + timedelta(len(days)), rule, calendar)


def days_between(first: date, last: date) -> Iterable[date]:
    """Yield the days after `first` up to `last`."""
    for number in range(1, (last - first).days + 1):
        yield first + timedelta(days=number)


@cache
def shipped() -> WorkCalendar:
    """Return the calendar of the holiday notices shipped with the product (2004-2026)."""
    days: dict[date, bool] = {}
    names: dict[date, str] = {}
    years = set()
    for path in sorted(SHIPPED.glob("*.csv")):
        years.add(int(path.stem))
        with path.open(encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines):
                day = date.fromisoformat(row["date"])
                days[day] = row["kind"] == "work"
                names[day] = row["name"]
    return WorkCalendar(days, frozenset(years), names)
