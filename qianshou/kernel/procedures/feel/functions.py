"""FEEL's built-in functions (DMN 1.3, 10.3.4) for numbers, times, truth and conversion."""

import re
from collections.abc import Callable
from decimal import (
    ROUND_CEILING,
    ROUND_DOWN,
    ROUND_FLOOR,
    ROUND_HALF_DOWN,
    ROUND_HALF_EVEN,
    ROUND_HALF_UP,
    ROUND_UP,
    Decimal,
)
from typing import Any

from qianshou.kernel.procedures.feel.grammar import Parser
from qianshou.kernel.procedures.feel.registry import feel
from qianshou.kernel.procedures.feel.temporal import (
    NANOS,
    UTC_ZONE,
    Date,
    DateTime,
    Duration,
    Months,
    Time,
    Zone,
    make_date,
    read_date,
    read_date_time,
    read_duration,
    read_temporal,
    read_time,
)
from qianshou.kernel.procedures.feel.tokens import unescape
from qianshou.kernel.procedures.feel.values import (
    CONTEXT,
    Range,
    compare,
    kind,
    number,
    write,
)
from qianshou.kernel.refusal import Refusal


def whole(value: Any) -> int:
    """Return a number without its fraction."""
    return int(value)


@feel("not(negand: boolean)")
def _not(value: Any) -> bool:
    return not value


@feel("number(from: Any)")
def _number(text: Any) -> Any:
    if number(text) is not None:
        return text
    return _read_number(text) if type(text) is str else None


@feel("number(from: string, grouping separator: Any, decimal separator: Any)")
def _number_grouped(text: str, grouping: Any, point: Any) -> Decimal | None:
    if grouping not in (" ", ",", ".", None) or point not in (",", ".", None):
        return None
    if grouping is not None and grouping == point:
        return None
    if grouping is not None:
        text = text.replace(grouping, "")
    return _read_number(text.replace(point, ".") if point else text)


def _read_number(text: str) -> Decimal | None:
    signs = text.removeprefix("-").removeprefix("+")
    if len(text) > 10_000 or not signs[:1].strip() or signs[0] not in "0123456789.":
        return None
    if not set(signs) <= set("0123456789.eE+-"):
        return None
    found = CONTEXT.create_decimal(text)
    return found if found.is_finite() else None


@feel("string(from: Any)")
def _string(value: Any) -> str | None:
    return None if value is None else write(value)


@feel("date(from: Any)")
def _date(value: Any) -> Date | None:
    if type(value) is str:
        return read_date(value)
    if type(value) is DateTime:
        return value.date
    return value if type(value) is Date else None


@feel("date(year: number, month: number, day: number)")
def _date_of(year: Any, month: Any, day: Any) -> Date | None:
    return make_date(whole(year), whole(month), whole(day))


@feel("time(from: Any)")
def _time(value: Any) -> Time | None:
    if type(value) is str:
        return read_time(value)
    if type(value) is DateTime:
        return value.time
    if type(value) is Date:
        return Time(0, UTC_ZONE)
    return value if type(value) is Time else None


@feel("time(hour: number, minute: number, second: number, offset?: days and time duration)")
def _time_of(hour: Any, minute: Any, second: Any, offset: Duration | None = None) -> Time | None:
    hour, minute, nanos = whole(hour), whole(minute), int(Decimal(second) * NANOS)
    if not (0 <= hour < 24 and 0 <= minute < 60 and 0 <= nanos < 60 * NANOS):
        return None
    zone = None
    if offset is not None:
        if abs(offset.nanos) > 18 * 3600 * NANOS:
            return None
        zone = Zone(offset.nanos // NANOS)
    return Time((hour * 60 + minute) * 60 * NANOS + nanos, zone)


@feel("date and time(from: Any)")
def _date_and_time(value: Any) -> DateTime | None:
    if type(value) is str:
        return read_date_time(value)
    if type(value) is Date:
        return DateTime(value, 0, UTC_ZONE)
    return value if type(value) is DateTime else None


@feel("date and time(date: Any, time: time)")
def _joined(day: Any, clock: Time) -> DateTime | None:
    day = day.date if type(day) is DateTime else day
    return DateTime(day, clock.nanos, clock.zone) if type(day) is Date else None


@feel("duration(from: string)")
def _duration(text: str) -> Duration | Months | None:
    return read_duration(text)


@feel("years and months duration(from: Any, to: Any)")
def _months_between(start: Any, end: Any) -> Months | None:
    first, last = _moment(start), _moment(end)
    months = (last[0].year - first[0].year) * 12 + last[0].month - first[0].month
    if months > 0 and (last[0].day, last[1]) < (first[0].day, first[1]):
        months -= 1
    elif months < 0 and (last[0].day, last[1]) > (first[0].day, first[1]):
        months += 1
    return Months(months)


def _moment(value: Any) -> tuple[Date, int]:
    if type(value) is DateTime:
        return value.date, value.nanos
    if type(value) is not Date:
        raise TypeError
    return value, 0


ENDS = re.compile(r"([\[(\]])(.*?)\.\.(.*)([\])\[])", re.DOTALL)


@feel("range(from: string)")
def _range(text: str) -> Range | None:
    """Return the range that a text like "[18..21)" is: its ends are literals of one kind, or one
    of them is missing and open (DMN 1.4, rule 66).
    """
    match = ENDS.fullmatch(text.strip())
    if match is None:
        return None
    low_in, high_in = match[1] == "[", match[4] == "]"
    low, high = (_end(part) if part.strip() else None for part in (match[2], match[3]))
    if (low is None and (low_in or high is None)) or (high is None and high_in):
        return None
    if low is not None and high is not None and compare("<=", low, high) is not True:
        return None
    return Range(low, high, low_in, high_in)


def _end(text: str) -> Any:
    """Return the value of a literal; raises ValueError for anything else."""
    try:
        node = Parser(text, frozenset({"date and time"})).whole_expression()
    except Refusal:
        raise ValueError from None
    if node[0] == "negate" and node[1][0] == "number":
        return -CONTEXT.create_decimal(node[1][1])
    if node[0] == "number":
        return CONTEXT.create_decimal(node[1])
    found: Any = None
    if node[0] == "string":
        found = unescape(node[1])
    elif node[0] == "at":
        found = read_temporal(unescape(node[1][1:]))
    elif node[0] == "call" and len(node[2]) == 1 and node[2][0][0] == "string":
        reader = READERS.get(node[1][1])
        found = reader(unescape(node[2][0][1])) if reader else None
    if found is None:
        raise ValueError
    return found


READERS: dict[str, Callable[[str], Any]] = {
    "date": read_date, "time": read_time, "date and time": read_date_time,
    "duration": read_duration,
}  # fmt: skip


def _rounded(value: Any, scale: Any, how: str) -> Decimal | None:
    places = whole(scale)
    if not -6111 <= places <= 6176:
        return None
    exact = Decimal(value)
    if -int(exact.as_tuple().exponent) <= places:
        return exact
    return exact.quantize(Decimal(1).scaleb(-places), how, CONTEXT)


@feel("decimal(n: number, scale: number)")
def _decimal(value: Any, scale: Any) -> Decimal | None:
    return _rounded(value, scale, ROUND_HALF_EVEN)


@feel("floor(n: number)")
def _floor(value: Any) -> Decimal | None:
    return _rounded(value, 0, ROUND_FLOOR)


@feel("floor(n: number, scale: number)")
def _floor_to(value: Any, scale: Any) -> Decimal | None:
    return _rounded(value, scale, ROUND_FLOOR)


@feel("ceiling(n: number)")
def _ceiling(value: Any) -> Decimal | None:
    return _rounded(value, 0, ROUND_CEILING)


@feel("ceiling(n: number, scale: number)")
def _ceiling_to(value: Any, scale: Any) -> Decimal | None:
    return _rounded(value, scale, ROUND_CEILING)


@feel("round up(n: number, scale: number)")
def _round_up(value: Any, scale: Any) -> Decimal | None:
    return _rounded(value, scale, ROUND_UP)


@feel("round down(n: number, scale: number)")
def _round_down(value: Any, scale: Any) -> Decimal | None:
    return _rounded(value, scale, ROUND_DOWN)


@feel("round half up(n: number, scale: number)")
def _round_half_up(value: Any, scale: Any) -> Decimal | None:
    return _rounded(value, scale, ROUND_HALF_UP)


@feel("round half down(n: number, scale: number)")
def _round_half_down(value: Any, scale: Any) -> Decimal | None:
    return _rounded(value, scale, ROUND_HALF_DOWN)


@feel("abs(n: Any)")
def _abs(value: Any) -> Any:
    if type(value) is list and len(value) == 1:
        value = value[0]
    if type(value) is Months:
        return Months(abs(value.months))
    if type(value) is Duration:
        return Duration(abs(value.nanos))
    return None if number(value) is None else abs(value)


@feel("modulo(dividend: number, divisor: number)")
def _modulo(dividend: Any, divisor: Any) -> Decimal | None:
    a, b = Decimal(dividend), Decimal(divisor)
    if not b:
        return None
    left = CONTEXT.remainder(a, b)  # has the sign of the dividend; FEEL's that of the divisor
    return left + b if left and (left < 0) is not (b < 0) else left


@feel("sqrt(number: number)")
def _sqrt(value: Any) -> Decimal | None:
    return CONTEXT.sqrt(Decimal(value)) if value >= 0 else None


@feel("log(number: number)")
def _log(value: Any) -> Decimal | None:
    return CONTEXT.ln(Decimal(value)) if value > 0 else None


@feel("exp(number: number)")
def _exp(value: Any) -> Decimal:
    return CONTEXT.exp(Decimal(value))


@feel("odd(number: number)")
def _odd(value: Any) -> bool:
    return CONTEXT.remainder(Decimal(value), Decimal(2)) in (1, -1)


@feel("even(number: number)")
def _even(value: Any) -> bool:
    return CONTEXT.remainder(Decimal(value), Decimal(2)) == 0


@feel("is(value1: Any, value2: Any)")
def _is(left: Any, right: Any) -> bool:
    return kind(left) == kind(right) and bool(left == right)


def _day(value: Any) -> Date:
    if type(value) is DateTime:
        return value.date
    if type(value) is not Date:
        raise TypeError
    return value


DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip


@feel("day of week(date: Any)")
def _day_of_week(value: Any) -> str:
    return DAYS[_day(value).weekday - 1]


@feel("month of year(date: Any)")
def _month_of_year(value: Any) -> str:
    return MONTHS[_day(value).month - 1]


@feel("day of year(date: Any)")
def _day_of_year(value: Any) -> int:
    day = _day(value)
    return day.days - Date(day.year, 1, 1).days + 1


@feel("week of year(date: Any)")
def _week_of_year(value: Any) -> int:
    """Return the week of ISO 8601: that of the year to which the week's Thursday belongs."""
    day = _day(value)
    thursday = Date.on(day.days - day.weekday + 4)
    return (thursday.days - Date(thursday.year, 1, 1).days) // 7 + 1
