"""DMN 1.3, 10.3.2.3.3 to 8, 10.3.2.13 and 10.3.4.7: dates, times, durations."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from qianshou.kernel.procedures.feel.temporal import Date
from tests.kernel.procedures.feel.examples import rows, told

READING = r"""
date("2012-02-30") => null
date("2012-02-29") => 2012-02-29
date("2011-2-9") => null
date("-2012-02-29") => -2012-02-29
date("99999-12-31") => 99999-12-31
date("012345-12-31") => null
date("999999999-12-31") => 999999999-12-31
date("1999999999-12-31") => null
date("2012-12-24T00:00:00") => null
date(2012, 2, 29) => 2012-02-29
date(2011, 2, 29) => null
date(-1, 1, 1) => -0001-01-01
date(@"2012-12-24T23:59:00Z") => 2012-12-24
date(@"2012-12-24") => 2012-12-24
date(1) => null
time(@"2012-12-24") => 00:00:00Z
time(@"10:00:00") => 10:00:00
time(1, 1, 1, @"PT19H") => null
date and time(@"2012-12-24") => 2012-12-24T00:00:00Z
date and time(@"2012-12-24T01:00:00") => 2012-12-24T01:00:00
date and time(1) => null
date and time("999999999-12-31T24:00:00") => null
time("23:59:00.123456789Z") => 23:59:00.123456789Z
time("23:59:00z") => 23:59:00Z
time("23:59:00+00:00") => 23:59:00Z
time("23:59:00-08:30") => 23:59:00-08:30
time("23:59:00+19:00") => null
time("10:00:00@Asia/Shanghai") => 10:00:00@Asia/Shanghai
time("10:00:00@Nowhere/At") => null
time("24:00:00") => 00:00:00
time("24:00:01") => null
time("23:60:00") => null
time("7:00:00") => null
time(11, 59, 45.5, @"-PT2H") => 11:59:45.5-02:00
time(11, 59, 45) => 11:59:45
time(24, 0, 0) => null
time(@"2024-01-01T10:20:30+01:00") => 10:20:30+01:00
date and time("2024-12-31T24:00:00") => 2025-01-01T00:00:00
date and time("2024-12-31") => 2024-12-31T00:00:00
date and time("2024-12-31T10:00") => null
date and time(@"2024-12-31", @"10:00:00Z") => 2024-12-31T10:00:00Z
date and time("-2016-01-30T09:05:00@Europe/Paris") => -2016-01-30T09:05:00@Europe/Paris
duration("P1Y14M") => P2Y2M
duration("-P0Y") => P0M
duration("P0D") => PT0S
duration("PT90M") => PT1H30M
duration("P1DT25H0M0.50S") => P2DT1H0.5S
duration("P1Y1D") => null
duration("P") => null
duration("P1DT") => null
duration("P1W") => null
duration("P99999999999999999999D") => null
"""

ARITHMETIC = r"""
@"2024-01-31" + @"P1M" => 2024-02-29
@"2024-03-31" - @"P1M" => 2024-02-29
@"P1Y" + @"2024-02-29" => 2025-02-28
@"2024-01-01" + @"PT25H" => 2024-01-02
@"2024-01-01" - @"PT1H" => 2023-12-31
@"2024-01-01T00:00:00" - @"PT0.5S" => 2023-12-31T23:59:59.5
@"23:30:00+08:00" + @"PT1H" => 00:30:00+08:00
@"10:00:00" - @"11:30:00" => -PT1H30M
@"10:00:00Z" - @"10:00:00" => null
@"2024-03-01" - @"2024-02-01" => P29D
@"2024-03-01T00:00:00Z" - @"2024-02-29" => P1D
@"2024-03-01T00:00:00" - @"2024-02-29" => null
@"2024-07-01T12:00:00@Europe/Paris" - @"2024-07-01T10:00:00Z" => PT0S
@"2024-03-31T01:30:00@Europe/Paris" + @"PT1H" => 2024-03-31T03:30:00@Europe/Paris
@"2024-03-30T01:30:00@Europe/Paris" + @"P1M" => 2024-04-30T01:30:00@Europe/Paris
@"-0100-03-31T01:30:00@Europe/Paris" + @"PT1H" => -0100-03-31T02:30:00@Europe/Paris
@"999999999-12-31" + @"P1D" => null
@"P1Y2M" + @"P10M" => P2Y
@"P1Y" + @"P1D" => null
@"10:00:00" + @"P1Y" => null
@"2024-01-31T10:00:00" + @"P1M" => 2024-02-29T10:00:00
@"P1Y" * 1E40 => null
@"P1D" * 1E17 => null
@"P1D" * "a" => null
@"P1Y" * 1.5 => P1Y6M
@"P1Y" / @"P5M" => 2.4
@"P1Y" / 0 => null
3 * @"PT20M" => PT1H
@"PT1H" / 7 => PT8M34.285714285S
@"P1D" / @"PT6H" => 4
-@"P1D" => -P1D
-"a" => null
@"2024-01-01" + 1 => null
@"2024-01-01" + @"2024-01-01" => null
@"2024-01-02" > @"2024-01-01" => true
@"2024-01-01" < @"2024-01-01T00:00:00" => null
@"10:00:00Z" = @"11:00:00+01:00" => true
@"10:00:00Z" = @"10:00:00" => false
@"10:00:00Z" < @"10:00:00" => null
@"2024-01-01T00:00:00Z" < @"2024-01-01T00:00:00+01:00" => false
@"P30D" < @"P1M" => null
@"-0001-12-31" + @"P1D" => 0000-01-01
"""

PROPERTIES = r"""
@"2024-11-18".year => 2024
@"2024-11-18".weekday => 1
@"2024-11-18T10:20:30.5".second => 30.5
@"2024-11-18T10:20:30+08:00".time offset => PT8H
@"2024-07-18T10:20:30@Europe/Paris".time offset => PT2H
@"2024-07-18T10:20:30@Europe/Paris".timezone => Europe/Paris
@"10:20:30".timezone => null
@"-P1DT2H3M4.5S".seconds => -4.5
@"-P1DT2H3M4S".hours => -2
@"P1DT26H".days => 2
@"-P1Y2M".months => -2
@"P1Y".days => null
@"2024-11-18".hour => null
[1..5).end => 5
[1..5).end included => false
(< 5).start => null
day of year(@"2024-12-31") => 366
day of week(@"2024-11-18T00:00:00Z") => Monday
month of year(@"2024-11-18") => November
week of year(@"2005-01-01") => 53
week of year(@"2018-12-31") => 1
day of week("Monday") => null
years and months duration(@"2011-12-22", @"2013-08-24") => P1Y8M
years and months duration(@"2013-08-24", @"2011-12-22") => -P1Y8M
years and months duration(@"2024-01-31", @"2024-02-29") => P0M
years and months duration(@"2024-03-15", @"2024-01-20") => -P1M
years and months duration(@"2024-01-01T10:00:00", @"2024-02-01T09:00:00") => P0M
years and months duration(1, 2) => null
abs(@"-PT5H") => PT5H
"""


@pytest.mark.parametrize(
    ("text", "value"),
    [
        row
        for table in (READING, ARITHMETIC, PROPERTIES)
        for row in rows(table)
        if row[1] != "refused"
    ],
)
def test_times_are_read_and_reckoned_as_the_standard_says(text: str, value: str) -> None:
    assert told(text) == value


@settings(deadline=None)
@given(some.integers(-400_000_000, 400_000_000))
def test_days_are_counted_without_a_gap(days: int) -> None:
    day = Date.on(days)
    assert day.days == days
    assert Date.on(days + 1) > day


@settings(deadline=None)
@given(some.dates())
def test_our_calendar_is_the_one_of_python(day: date) -> None:
    ours = Date(day.year, day.month, day.day)
    assert ours.days == day.toordinal() - date(1970, 1, 1).toordinal()
    assert ours.weekday == day.isoweekday()
    assert told("week of year(d)", d=ours) == str(day.isocalendar()[1])
