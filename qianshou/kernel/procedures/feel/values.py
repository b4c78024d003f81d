"""FEEL's values on Python's: what equals, orders and adds to what (DMN 1.3, 10.3.2).

Numbers are int or Decimal (34 digits), never float; null is None; dates, times and durations
are those of `temporal`.
"""

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Context, Decimal
from math import isfinite
from typing import Any

from qianshou.kernel.procedures.feel.meter import LONGEST_TEXT, spend
from qianshou.kernel.procedures.feel.temporal import (
    DAY,
    UTC_ZONE,
    Date,
    DateTime,
    Duration,
    Months,
    Time,
    lift_native,
)

# Decimal128 of IEEE 754-2008, as 10.3.2.3.1 asks.
CONTEXT = Context(prec=34, Emin=-6143, Emax=6144)
WIDEST = 10**34
ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


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
        if self.low is None and self.high is None:
            return None
        if self.low is not None:
            found = compare(">=" if self.low_in else ">", value, self.low)
        if found is not False and self.high is not None:
            below = compare("<=" if self.high_in else "<", value, self.high)
            found = below if below is not True else found
        return found


@dataclass(frozen=True, slots=True)
class Function:
    """A function with its parameters' names and kinds (a Kind each; empty: any).

    Arguments from `needed` on may be left out; where `rest`, the last parameter takes all that
    are left, as a list. `strict` refuses null for a parameter of a kind. A parameter's name may
    be several, as "point|range". `others` are further signatures; `result` is the result's
    Kind, where it is known.
    """

    names: tuple[str, ...]
    call: Callable[..., Any]
    needed: int
    kinds: tuple[Any, ...] = ()
    rest: bool = False
    strict: bool = False
    others: tuple["Function", ...] = ()
    result: Any = None


KINDS: dict[type, str] = {
    bool: "boolean", int: "number", Decimal: "number", float: "number", str: "string",
    type(None): "null", DateTime: "date and time", Date: "date", Time: "time",
    Duration: "days and time duration", Months: "years and months duration", Range: "range",
    Function: "function", dict: "context", list: "list", tuple: "list",
}  # fmt: skip


def kind(value: Any) -> str:
    """Return the name of a value's FEEL type."""
    known = KINDS.get(type(value))
    return known or ("context" if isinstance(value, Mapping) else "list")


def lift(value: Any) -> Any:
    """Return a JSON or Python value as a FEEL value: floats are decimals (null where they are no
    finite number), dates are FEEL's.
    """
    if type(value) in KINDS:
        if type(value) is float:
            return Decimal(str(value)) if isfinite(value) else None
        return value
    return lift_native(value) if isinstance(value, date | datetime | time | timedelta) else value


def equals(left: Any, right: Any) -> bool | None:
    """Return left = right; None where their types differ (10.3.2.13, table of equality)."""
    left, right = lift(left), lift(right)
    if left is None or right is None:
        return left is right
    of = kind(left)
    if of != kind(right):
        return None
    if of == "list":
        spend(len(left) + 1)
        return len(left) == len(right) and all(
            equals(a, b) is True for a, b in zip(left, right, strict=True)
        )
    if of == "context":
        spend(len(left) + 1)
        return left.keys() == right.keys() and all(
            equals(left[key], right[key]) is True for key in left
        )
    if of in ("time", "date and time"):
        return (left.zone is None) == (right.zone is None) and left.moment == right.moment
    if of == "range":
        return (
            (left.low_in, left.high_in) == (right.low_in, right.high_in)
            and equals(left.low, right.low) is True
            and equals(left.high, right.high) is True
        )
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
    if of in ("time", "date and time"):
        if (left.zone is None) != (right.zone is None):
            return None
        return ORDERS[sign](left.moment, right.moment)
    return bool(ORDERS[sign](left, right))


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
            spend((len(left) + len(right)) // 100)
            return left + right if len(left) + len(right) <= LONGEST_TEXT else None
        return _calendar(sign, left, right)
    except (ArithmeticError, TypeError, ValueError):
        return None


def _calculate(sign: str, a: Decimal | int, b: Decimal | int) -> Any:
    if type(a) is type(b) is int and sign in ("+", "-", "*"):
        whole = a + b if sign == "+" else a - b if sign == "-" else a * b
        if -WIDEST < whole < WIDEST:
            return whole
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
        if of == "date":
            return left.plus_months(months)
        if of == "date and time":
            return DateTime(left.date.plus_months(months), left.nanos, left.zone)
        return None
    if sign in "+-" and other == "days and time duration":
        nanos = right.nanos if sign == "+" else -right.nanos
        if of == "time":
            return Time((left.nanos + nanos) % DAY, left.zone)
        if of == "date":
            return DateTime(left, 0).plus(nanos).date
        if of == "date and time":
            return left.plus(nanos)
        return Duration(left.nanos + nanos) if of == "days and time duration" else None
    if sign == "-" and {of, other} <= {"date", "date and time"}:
        return _between(left, right)
    if sign == "-" and of == other == "time":
        if (left.zone is None) != (right.zone is None):
            return None
        return Duration(left.moment - right.moment)
    return _scale(sign, left, right)


def _between(left: Any, right: Any) -> Duration | None:
    """Return left - right; beside a date and time a date is its midnight in UTC."""
    if type(left) is type(right) is Date:
        return Duration((left.days - right.days) * DAY)
    left, right = with_time(left), with_time(right)
    if (left.zone is None) != (right.zone is None):
        return None
    return Duration(left.moment - right.moment)


def with_time(value: Any) -> DateTime:
    """Return a date as its midnight in UTC (10.3.2.9.4), a date and time as it is."""
    return DateTime(value, 0, UTC_ZONE) if type(value) is Date else value


def _scale(sign: str, left: Any, right: Any) -> Any:
    if sign == "*" and number(left) is not None:
        left, right = right, left
    by = number(right)
    amount = _amount(left)
    if amount is None:
        return None
    if by is not None and sign in ("*", "/"):
        if sign == "/" and not by:
            return None
        wide = Context(prec=100)
        exact = wide.multiply(amount, Decimal(by)) if sign == "*" else wide.divide(amount, by)
        if abs(exact) > WIDEST:
            return None
        return type(left)(int(exact))
    if sign == "/" and type(left) is type(right) and _amount(right):
        return CONTEXT.divide(Decimal(amount), Decimal(_amount(right) or 1))
    return None


def _amount(value: Any) -> int | None:
    if type(value) is Months:
        return value.months
    return value.nanos if type(value) is Duration else None


def write_number(value: Decimal | int) -> str:
    """Return a number without exponent or trailing zeros."""
    if type(value) is int:
        return str(value)
    plain = format(value, "f")
    plain = plain.rstrip("0").rstrip(".") if "." in plain else plain
    return "0" if plain == "-0" else plain


def write(value: Any) -> str:
    """Return a value as FEEL's `string` function gives it."""
    value = lift(value)
    of = kind(value)
    if of == "string":
        return str(value)
    if of == "boolean":
        return "true" if value else "false"
    if of == "null":
        return "null"
    if of == "number":
        return write_number(value)
    if of == "list":
        spend(len(value) + 1)
        return "[" + ", ".join(_quoted(part) for part in value) + "]"
    if of == "context":
        spend(len(value) + 1)
        return "{" + ", ".join(f"{key}: {_quoted(part)}" for key, part in value.items()) + "}"
    if of == "range":
        return _write_range(value)
    return "function" if of == "function" else str(value)


def _write_range(value: Range) -> str:
    low = "" if value.low is None else _quoted(value.low)
    high = "" if value.high is None else _quoted(value.high)
    return f"{'[' if value.low_in else '('}{low}..{high}{']' if value.high_in else ')'}"


def _quoted(value: Any) -> str:
    return f'"{value}"' if type(value) is str else write(value)


def _json_number(value: Decimal | int) -> int | float | None:
    if isinstance(value, int):
        return value
    near = float(value)
    if not isfinite(near):
        return None
    return int(value) if value == value.to_integral_value() else near


def to_json(value: Any) -> Any:
    """Return a FEEL value as JSON: whole numbers as int, other numbers as float, null for one that
    is too large for a float, times as text.
    """
    value = lift(value)
    of = kind(value)
    if of == "number":
        return _json_number(value)
    if of in ("null", "boolean", "string"):
        return value
    if of == "list":
        spend(len(value) + 1)
        return [to_json(part) for part in value]
    if of == "context":
        spend(len(value) + 1)
        return {key: to_json(part) for key, part in value.items()}
    return write(value)
