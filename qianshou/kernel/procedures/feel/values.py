"""FEEL's values on Python's: what equals, orders and adds to what (DMN 1.3, 10.3.2).

Numbers are int or Decimal (34 digits), never float; null is None; a months duration is
`Months`, a days-time duration is timedelta.
"""

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Context, Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

CONTEXT = Context(prec=34)
ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


@dataclass(frozen=True, order=True, slots=True)
class Months:
    """A years and months duration."""

    months: int


@dataclass(frozen=True, slots=True)
class Range:
    """An interval; an end that is None is open to infinity."""

    low: Any
    high: Any
    low_in: bool = True
    high_in: bool = True

    def holds(self, value: Any) -> bool | None:
        """Whether `value` lies inside; None where they cannot be compared."""
        found: bool | None = True
        if self.low is not None:
            found = compare(">=" if self.low_in else ">", value, self.low)
        if found and self.high is not None:
            found = compare("<=" if self.high_in else "<", value, self.high)
        return found


@dataclass(frozen=True, slots=True)
class Function:
    """A function with its parameters' names; extra arguments where `rest`."""

    names: tuple[str, ...]
    call: Callable[..., Any]
    needed: int
    rest: bool = False


def kind(value: Any) -> str:
    """Return the name of a value's FEEL type."""
    given = type(value)
    if given is bool:
        return "boolean"
    if given in (int, Decimal, float):
        return "number"
    if given is str:
        return "string"
    if value is None:
        return "null"
    if given is datetime:
        return "date and time"
    if given is date:
        return "date"
    if given is time:
        return "time"
    if given is timedelta:
        return "days and time duration"
    if given is Months:
        return "years and months duration"
    if given is Range:
        return "range"
    if given is Function:
        return "function"
    return "list" if isinstance(value, list | tuple) else "context"


def lift(value: Any) -> Any:
    """Return a JSON value as a FEEL value: floats become decimals."""
    if type(value) is float:
        return Decimal(str(value))
    return value


def equals(left: Any, right: Any) -> bool | None:
    """Return left = right; None where their types differ."""
    left, right = lift(left), lift(right)
    if left is None or right is None:
        return left is right
    if kind(left) != kind(right):
        return None
    if isinstance(left, list | tuple):
        return len(left) == len(right) and all(
            equals(a, b) is True for a, b in zip(left, right, strict=True)
        )
    if isinstance(left, Mapping):
        return left.keys() == right.keys() and all(
            equals(left[key], right[key]) is True for key in left
        )
    if isinstance(left, datetime | time) and (left.tzinfo is None) != (right.tzinfo is None):
        return False
    return bool(left == right)


ORDERED = {
    "number", "string", "date", "time", "date and time", "days and time duration",
    "years and months duration",
}  # fmt: skip


def compare(sign: str, left: Any, right: Any) -> bool | None:
    """Return the comparison `left sign right`; None where it makes no sense."""
    left, right = lift(left), lift(right)
    of = kind(left)
    if of not in ORDERED or of != kind(right):
        return None
    try:
        return bool(ORDERS[sign](left, right))
    except TypeError:
        return None


def number(value: Any) -> Decimal | int | None:
    """Return a finite number, or None for anything else."""
    value = lift(value)
    if type(value) is int:
        return value
    if type(value) is Decimal and value.is_finite():
        return value
    return None


def arithmetic(sign: str, left: Any, right: Any) -> Any:
    """Return `left sign right`; None where it makes no sense (10.3.2.13)."""
    left, right = lift(left), lift(right)
    a, b = number(left), number(right)
    try:
        if a is not None and b is not None:
            return _calculate(sign, a, b)
        if sign == "+" and type(left) is str and type(right) is str:
            return left + right
        return _calendar(sign, left, right)
    except (InvalidOperation, ZeroDivisionError, OverflowError, TypeError, ValueError):
        return None


def _calculate(sign: str, a: Decimal | int, b: Decimal | int) -> Any:
    left, right = Decimal(a), Decimal(b)
    if sign == "+":
        return CONTEXT.add(left, right)
    if sign == "-":
        return CONTEXT.subtract(left, right)
    if sign == "*":
        return CONTEXT.multiply(left, right)
    if sign == "/":
        return CONTEXT.divide(left, right) if right else None
    found = CONTEXT.power(left, right)
    return found if found.is_finite() else None


def _calendar(sign: str, left: Any, right: Any) -> Any:
    of, other = kind(left), kind(right)
    if sign == "+" and of.endswith("duration") and not other.endswith("duration"):
        left, right, of, other = right, left, other, of
    if sign in "+-" and other == "years and months duration":
        months = right.months if sign == "+" else -right.months
        if of == "years and months duration":
            return Months(left.months + months)
        if of in ("date", "date and time"):
            return add_months(left, months)
        return None
    if sign in "+-" and other == "days and time duration":
        span = right if sign == "+" else -right
        if of == "time":
            moved = datetime.combine(date(2000, 1, 1), left) + span
            return moved.timetz() if left.tzinfo else moved.time()
        if of == "date":
            return (datetime.combine(left, time()) + span).date()
        if of in ("date and time", "days and time duration"):
            return left + span
        return None
    if sign == "-" and of == other and of in ("date", "date and time"):
        return left - right
    if sign == "-" and of == other == "time":
        day = date(2000, 1, 1)
        return datetime.combine(day, left) - datetime.combine(day, right)
    return _scale(sign, left, right)


def _scale(sign: str, left: Any, right: Any) -> Any:
    if sign == "*" and number(left) is not None:
        left, right = right, left
    by = number(right)
    if by is not None and sign in "*/":
        factor = Decimal(by) if sign == "*" else CONTEXT.divide(Decimal(1), Decimal(by))
        if type(left) is Months:
            return Months(int(left.months * factor))
        if type(left) is timedelta:
            return timedelta(seconds=float(Decimal(str(left.total_seconds())) * factor))
    if sign == "/" and type(left) is type(right) is timedelta and right:
        return CONTEXT.divide(
            Decimal(str(left.total_seconds())), Decimal(str(right.total_seconds()))
        )
    if sign == "/" and type(left) is type(right) is Months and right.months:
        return CONTEXT.divide(Decimal(left.months), Decimal(right.months))
    return None


def add_months(day: Any, months: int) -> Any:
    """Return a date (and time) moved by whole months, to the month's last day at most."""
    total = day.year * 12 + day.month - 1 + months
    year, month = divmod(total, 12)
    month += 1
    first_next = date(year + month // 12, month % 12 + 1, 1)
    last = (first_next - timedelta(days=1)).day
    return day.replace(year=year, month=month, day=min(day.day, last))


DURATION = re.compile(
    r"(-?)P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?"
)


def read_duration(text: str) -> timedelta | Months | None:
    """Return an ISO 8601 duration of one of FEEL's two kinds, or None."""
    match = DURATION.fullmatch(text)
    if match is None or text[-1] in "PT":
        return None
    sign = -1 if match[1] else 1
    years, months, days, hours, minutes = (int(part or 0) for part in match.groups()[1:6])
    if match[2] or match[3]:
        if match[4] or "T" in text:
            return None
        return Months(sign * (years * 12 + months))
    try:
        return sign * timedelta(
            days=days, hours=hours, minutes=minutes, seconds=float(match[7] or 0)
        )
    except OverflowError:
        return None


TIME = re.compile(r"(\d\d):(\d\d):(\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d(?::\d\d)?|@[\w/+-]+)?")


def read_time(text: str) -> time | None:
    """Return an ISO 8601 time, perhaps with an offset or @zone, or None."""
    match = TIME.fullmatch(text)
    if match is None:
        return None
    zone: timezone | ZoneInfo | None = None
    told = match[5]
    try:
        if told == "Z":
            zone = UTC
        elif told and told[0] == "@":
            zone = ZoneInfo(told[1:])
        elif told:
            hours, minutes = int(told[1:3]), int(told[4:6])
            span = timedelta(hours=hours, minutes=minutes)
            zone = timezone(-span if told[0] == "-" else span)
        micro = int(float(match[4] or 0) * 1_000_000)
        return time(int(match[1]), int(match[2]), int(match[3]), micro, zone)
    except (ValueError, ZoneInfoNotFoundError):
        return None


def read_date(text: str) -> date | None:
    """Return an ISO 8601 date of years 1-9999, or None."""
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def read_instant(text: str) -> datetime | None:
    """Return an ISO 8601 date and time, or None; a bare date is its midnight."""
    day_text, sep, time_text = text.partition("T")
    day = read_date(day_text)
    clock = read_time(time_text) if sep else time()
    return None if day is None or clock is None else datetime.combine(day, clock)


def write_number(value: Decimal | int) -> str:
    """Return a number without exponent or trailing zeros."""
    if type(value) is int:
        return str(value)
    plain = format(value, "f")
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def write_duration(value: timedelta | Months) -> str:
    """Return a duration in ISO 8601."""
    if isinstance(value, Months):
        sign, total = ("-", -value.months) if value.months < 0 else ("", value.months)
        years, months = divmod(total, 12)
        text = (f"{years}Y" if years else "") + (f"{months}M" if months else "")
        return f"{sign}P{text or '0M'}"
    sign = "-" if value < timedelta() else ""
    value = abs(value)
    hours, rest = divmod(value.seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    exact = Decimal(seconds) + Decimal(value.microseconds) / 1_000_000
    clock = (
        (f"{hours}H" if hours else "")
        + (f"{minutes}M" if minutes else "")
        + (f"{write_number(exact)}S" if exact else "")
    )
    days = f"{value.days}D" if value.days else ""
    return f"{sign}P{days}{'T' + clock if clock else ''}" if days or clock else "PT0S"


def write(value: Any) -> str:
    """Return a value as FEEL's `string` function gives it."""
    of = kind(value)
    if of == "string":
        return str(value)
    if of == "boolean":
        return "true" if value else "false"
    if of == "null":
        return "null"
    if of == "number":
        return write_number(lift(value))
    if of.endswith("duration"):
        return write_duration(value)
    if of in ("date", "time", "date and time"):
        return str(value.isoformat()).replace("+00:00", "Z")
    if of == "list":
        return "[" + ", ".join(_quoted(part) for part in value) + "]"
    if of == "context":
        return "{" + ", ".join(f"{key}: {_quoted(part)}" for key, part in value.items()) + "}"
    return repr(value)


def _quoted(value: Any) -> str:
    return f'"{value}"' if type(value) is str else write(value)


def to_json(value: Any) -> Any:
    """Return a FEEL value as JSON: whole numbers as int, other numbers as float, times as text."""
    of = kind(value)
    if of == "number":
        exact = Decimal(lift(value))
        return int(exact) if exact == exact.to_integral_value() else float(exact)
    if of in ("null", "boolean", "string"):
        return value
    if of == "list":
        return [to_json(part) for part in value]
    if of == "context":
        return {key: to_json(part) for key, part in value.items()}
    return write(value)
