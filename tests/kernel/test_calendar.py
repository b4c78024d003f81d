"""Deadlines: the measured vectors of the statutes, roll-over, suspension, provisional years."""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from qianshou.kernel.calendar import amber_at, due_at, read_span, resume, shipped
from qianshou.kernel.clock import CHINA
from qianshou.kernel.refusal import Refusal

VECTORS = [
    ("2024-09-27", "7d", "2024-10-08"),
    ("2025-09-26", "7d", "2025-10-09"),
    ("2025-01-02", "30d", "2025-02-05"),
    ("2024-06-20", "2mo", "2024-08-20"),
    ("2024-12-31", "2mo", "2025-02-28"),
    ("2024-09-20", "15d", "2024-10-08"),
    ("2025-01-20", "15d", "2025-02-05"),
    ("2025-09-28", "7wd", "2025-10-14"),
    ("2025-01-24", "7wd", "2025-02-10"),
    ("2025-09-30", "7d", "2025-10-09"),
    ("2025-09-22", "15wd", "2025-10-17"),
    ("2025-08-05", "60d", "2025-10-09"),
    ("2026-11-01", "1me", "2026-11-30"),
    ("2026-01-01", "1me", "2026-01-30"),
    ("2025-08-31", "1me", "2025-08-31"),
    ("2024-02-29", "1me", "2024-02-29"),
    ("2025-12-31", "2me", "2026-01-30"),
    ("2025-09-01", "1me", "2025-09-30"),
]
INSTANTS = some.dates(date(2005, 1, 1), date(2026, 6, 30)).flatmap(
    lambda day: some.times().map(lambda clock: datetime.combine(day, clock, CHINA))
)


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=CHINA)


@pytest.mark.parametrize(("start", "span", "end"), VECTORS)
def test_a_vector_of_the_statutes(start: str, span: str, end: str) -> None:
    due = due_at(instant(start), span, shipped())
    assert due.at.date() == date.fromisoformat(end)
    assert due.at.tzinfo == CHINA
    assert not due.provisional


def test_the_days_skipped_are_named() -> None:
    due = due_at(instant("2024-09-27"), "7d", shipped())
    assert [day.isoformat() for day, _ in due.skipped] == [
        f"2024-10-0{number}" for number in range(4, 8)
    ]
    assert all(name for _, name in due.skipped)


def test_a_year_without_a_notice_makes_the_end_provisional() -> None:
    assert due_at(instant("2026-12-20"), "30d", shipped()).provisional


def test_hours_run_on_and_duty_hours_stop_at_night() -> None:
    evening = datetime(2024, 11, 15, 16, 30, tzinfo=CHINA)
    assert due_at(evening, "2h", shipped()).at == evening + timedelta(hours=2)
    monday = due_at(evening, "2wh", shipped()).at
    assert monday.date() == date(2024, 11, 18)


def test_a_clock_that_stood_still_moves_the_end() -> None:
    start = instant("2024-11-11")
    pause = (instant("2024-11-12"), instant("2024-11-14"))
    later = resume(start, "5wd", [pause], shipped())
    assert later.at.date() == date(2024, 11, 20)
    hours = resume(start, "2h", [(start, start + timedelta(hours=3))], shipped())
    assert hours.at == start + timedelta(hours=5)


def test_a_month_ends_on_its_last_working_day_or_where_none_is_left_on_its_last() -> None:
    due = due_at(instant("2026-01-05"), "1me", shipped())
    assert [day.isoformat() for day, _ in due.skipped] == ["2026-01-31"]
    assert due_at(instant("2026-01-31"), "1me", shipped()).at.date() == date(2026, 1, 31)


def test_a_month_end_moves_by_the_working_days_of_a_pause() -> None:
    start = instant("2026-01-05")
    pause = (instant("2026-01-08"), instant("2026-01-12"))
    assert resume(start, "1me", [pause], shipped()).at.date() == date(2026, 2, 3)


def test_several_pauses_add_up() -> None:
    start = instant("2024-11-11")
    first = (instant("2024-11-12"), instant("2024-11-13"))
    second = (instant("2024-11-14"), instant("2024-11-15"))
    assert resume(start, "5wd", [first, second], shipped()).at.date() == date(2024, 11, 20)
    assert resume(start, "10d", [first, second], shipped()).at.date() == date(2024, 11, 25)


def test_a_rest_day_is_skipped_after_the_pause_not_before_it() -> None:
    start, pause = instant("2024-11-11"), (instant("2024-11-12"), instant("2024-11-14"))
    assert due_at(start, "5d", shipped()).at.date() == date(2024, 11, 18)
    assert resume(start, "5d", [pause], shipped()).at.date() == date(2024, 11, 18)


@pytest.mark.parametrize(
    "span", ["", "x", "7 d", "-1d", "7q", "P1M3D", "P", "9999999y", "P61Y", "1.5d"]
)
def test_what_is_no_span_is_refused(span: str) -> None:
    with pytest.raises(Refusal) as refused:
        due_at(instant("2024-09-27"), span, shipped())
    assert refused.value.code == "calendar.span"


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("P7D", (7, "d")), ("PT2H", (2, "h")), ("now", (0, "min")), ("P2W", (14, "d")),
        ("P1DT12H", (36, "h")), ("PT1H30M", (90, "min")), ("P1Y2M", (14, "mo")),
        ("PT1M1.5S", (2, "min")), ("PT0M", (0, "min")),
    ],
)  # fmt: skip
def test_iso_spans_are_read(text: str, read: tuple[int, str]) -> None:
    assert read_span(text) == read


@given(INSTANTS, some.sampled_from(["d", "wd", "mo", "h", "min", "wh"]), some.integers(1, 60))
def test_an_end_is_later_and_never_on_a_rest_day(start: datetime, unit: str, number: int) -> None:
    due = due_at(start, f"{number}{unit}", shipped())
    assert due.at > start
    if unit in ("d", "wd", "mo", "wh"):
        assert shipped().is_workday(due.at.date())
    longer = due_at(start, f"{number + 1}{unit}", shipped())
    assert longer.at >= due.at
    assert start <= amber_at(start, due.at) < due.at
