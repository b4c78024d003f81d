"""FEEL's built-in functions (DMN 1.3, 10.3.4), by name. Wrong arguments give null."""

import math
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta, timezone
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from typing import Any, TypeVar

from qianshou.kernel.procedures.feel.values import (
    CONTEXT,
    Function,
    Months,
    Range,
    compare,
    equals,
    kind,
    number,
    read_date,
    read_duration,
    read_instant,
    read_time,
    write,
)

Given = TypeVar("Given", bound=Callable[..., Any])
FUNCTIONS: dict[str, Function] = {}


def feel(
    name: str, *names: str, needed: int | None = None, rest: bool = False
) -> Callable[[Given], Given]:
    """Register a function under its FEEL name with the names of its parameters."""

    def register(function: Given) -> Given:
        least = len(names) if needed is None else needed
        FUNCTIONS[name] = Function(names, function, least, rest)
        return function

    return register


def strings(*values: Any) -> bool:
    """Whether all values are strings."""
    return all(type(value) is str for value in values)


@feel("not", "negand")
def _not(value: Any) -> bool | None:
    return (not value) if type(value) is bool else None


@feel("number", "from", "grouping separator", "decimal separator", needed=1)
def _number(text: Any, grouping: Any = None, point: Any = None) -> Any:
    if number(text) is not None:
        return text
    if not strings(text):
        return None
    if grouping:
        text = text.replace(grouping, "")
    if point:
        text = text.replace(point, ".")
    return Decimal(text) if re.fullmatch(r"-?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", text) else None


@feel("string", "from")
def _string(value: Any) -> str | None:
    return None if value is None else write(value)


@feel("date", "year", "month", "day", needed=1)
def _date(first: Any, month: Any = None, day: Any = None) -> date | None:
    if strings(first):
        return read_date(first)
    if isinstance(first, datetime):
        return first.date()
    if isinstance(first, date):
        return first
    return date(int(first), int(month), int(day))


@feel("time", "hour", "minute", "second", "offset", needed=1)
def _time(first: Any, minute: Any = None, second: Any = None, offset: Any = None) -> time | None:
    if strings(first):
        return read_time(first)
    if isinstance(first, datetime):
        return first.timetz()
    if isinstance(first, time):
        return first
    if type(first) is date:
        return time()
    zone = timezone(offset) if isinstance(offset, timedelta) else None
    return time(int(first), int(minute), int(second), tzinfo=zone)


@feel("date and time", "date", "time", needed=1)
def _date_and_time(day: Any, clock: Any = None) -> datetime | None:
    if strings(day) and clock is None:
        return read_instant(day)
    if isinstance(day, datetime):
        day = day.date()
    if isinstance(day, date) and isinstance(clock, time):
        return datetime.combine(day, clock)
    return None


@feel("duration", "from")
def _duration(text: Any) -> Any:
    return read_duration(text) if strings(text) else None


@feel("years and months duration", "from", "to")
def _months_between(start: date, end: date) -> Months:
    months = (end.year - start.year) * 12 + end.month - start.month
    if months > 0 and end.day < start.day:
        months -= 1
    elif months < 0 and end.day > start.day:
        months += 1
    return Months(months)


@feel("substring", "string", "start position", "length", needed=2)
def _substring(text: Any, start: Any, length: Any = None) -> str | None:
    if not strings(text) or number(start) in (None, 0):
        return None
    begin = int(start) - 1 if start > 0 else max(len(text) + int(start), 0)
    return str(text[begin:] if length is None else text[begin : begin + int(length)])


@feel("string length", "string")
def _string_length(text: Any) -> int | None:
    return len(text) if strings(text) else None


@feel("upper case", "string")
def _upper_case(text: Any) -> str | None:
    return str(text.upper()) if strings(text) else None


@feel("lower case", "string")
def _lower_case(text: Any) -> str | None:
    return str(text.lower()) if strings(text) else None


@feel("substring before", "string", "match")
def _substring_before(text: Any, match: Any) -> str | None:
    return (
        text.partition(match)[0]
        if strings(text, match) and match in text and match
        else ("" if strings(text, match) else None)
    )


@feel("substring after", "string", "match")
def _substring_after(text: Any, match: Any) -> str | None:
    if not strings(text, match):
        return None
    return text.partition(match)[2] if match else str(text)


@feel("contains", "string", "match")
def _contains(text: Any, match: Any) -> bool | None:
    return match in text if strings(text, match) else None


@feel("starts with", "string", "match")
def _starts_with(text: Any, match: Any) -> bool | None:
    return text.startswith(match) if strings(text, match) else None


@feel("ends with", "string", "match")
def _ends_with(text: Any, match: Any) -> bool | None:
    return text.endswith(match) if strings(text, match) else None


@feel("split", "string", "delimiter")
def _split(text: Any, delimiter: Any) -> list[str] | None:
    return text.split(delimiter) if strings(text, delimiter) and delimiter else None


@feel("string join", "list", "delimiter", needed=1)
def _string_join(values: Any, delimiter: Any = "") -> str | None:
    kept = [value for value in values if value is not None]
    return (delimiter or "").join(kept) if strings(*kept) else None


@feel("list contains", "list", "element")
def _list_contains(values: Any, element: Any) -> bool:
    return any(equals(value, element) is True for value in values)


@feel("count", "list")
def _count(values: Any) -> int | None:
    if values is None:
        return None
    return len(values) if isinstance(values, list | tuple) else 1


def _spread(values: tuple[Any, ...]) -> list[Any]:
    if len(values) == 1:
        return list(values[0]) if isinstance(values[0], list | tuple) else [values[0]]
    return list(values)


@feel("min", "list", rest=True, needed=1)
def _min(*values: Any) -> Any:
    return _extreme(_spread(values), "<")


@feel("max", "list", rest=True, needed=1)
def _max(*values: Any) -> Any:
    return _extreme(_spread(values), ">")


def _extreme(values: list[Any], sign: str) -> Any:
    if not values:
        return None
    best = values[0]
    for value in values[1:]:
        better = compare(sign, value, best)
        if better is None:
            return None
        best = value if better else best
    return best


def _numbers(values: tuple[Any, ...]) -> list[Decimal] | None:
    found = [number(value) for value in _spread(values)]
    return (
        None
        if None in found or not found
        else [Decimal(value) for value in found if value is not None]
    )


@feel("sum", "list", rest=True, needed=1)
def _sum(*values: Any) -> Decimal | None:
    found = _numbers(values)
    return None if found is None else sum(found, Decimal(0))


@feel("mean", "list", rest=True, needed=1)
def _mean(*values: Any) -> Decimal | None:
    found = _numbers(values)
    return None if found is None else CONTEXT.divide(sum(found, Decimal(0)), Decimal(len(found)))


@feel("median", "list", rest=True, needed=1)
def _median(*values: Any) -> Decimal | None:
    found = _numbers(values)
    if found is None:
        return None
    found.sort()
    half = len(found) // 2
    return (
        found[half] if len(found) % 2 else CONTEXT.divide(found[half - 1] + found[half], Decimal(2))
    )


@feel("all", "list", rest=True, needed=1)
def _all(*values: Any) -> bool | None:
    found = _spread(values)
    if any(value is False for value in found):
        return False
    return True if all(value is True for value in found) else None


@feel("any", "list", rest=True, needed=1)
def _any(*values: Any) -> bool | None:
    found = _spread(values)
    if any(value is True for value in found):
        return True
    return False if all(value is False for value in found) else None


@feel("sublist", "list", "start position", "length", needed=2)
def _sublist(values: Any, start: Any, length: Any = None) -> list[Any] | None:
    if start == 0:
        return None
    begin = int(start) - 1 if start > 0 else len(values) + int(start)
    return list(values[begin:] if length is None else values[begin : begin + int(length)])


@feel("append", "list", "item", rest=True, needed=1)
def _append(values: Any, *more: Any) -> list[Any]:
    return [*(values if isinstance(values, list | tuple) else [values]), *more]


@feel("concatenate", "list", rest=True, needed=1)
def _concatenate(*lists: Any) -> list[Any]:
    return [value for values in lists for value in values]


@feel("insert before", "list", "position", "newItem")
def _insert_before(values: Any, position: Any, new: Any) -> list[Any]:
    place = int(position) - 1 if position > 0 else len(values) + int(position)
    return [*values[:place], new, *values[place:]]


@feel("remove", "list", "position")
def _remove(values: Any, position: Any) -> list[Any]:
    place = int(position) - 1 if position > 0 else len(values) + int(position)
    return [value for index, value in enumerate(values) if index != place]


@feel("reverse", "list")
def _reverse(values: Any) -> list[Any]:
    return list(reversed(values))


@feel("index of", "list", "match")
def _index_of(values: Any, match: Any) -> list[int]:
    return [place for place, value in enumerate(values, 1) if equals(value, match) is True]


@feel("union", "list", rest=True, needed=1)
def _union(*lists: Any) -> list[Any]:
    return _distinct([value for values in lists for value in values])


@feel("distinct values", "list")
def _distinct(values: Any) -> list[Any]:
    kept: list[Any] = []
    for value in values:
        if not any(equals(value, one) is True for one in kept):
            kept.append(value)
    return kept


@feel("flatten", "list")
def _flatten(values: Any) -> list[Any]:
    flat: list[Any] = []
    for value in values:
        flat.extend(_flatten(value) if isinstance(value, list | tuple) else [value])
    return flat


@feel("decimal", "n", "scale")
def _decimal(value: Any, scale: Any) -> Decimal:
    return Decimal(value).quantize(Decimal(1).scaleb(-int(scale)), ROUND_HALF_EVEN)


@feel("floor", "n", "scale", needed=1)
def _floor(value: Any, scale: Any = 0) -> Decimal:
    return Decimal(value).quantize(Decimal(1).scaleb(-int(scale)), ROUND_FLOOR)


@feel("ceiling", "n", "scale", needed=1)
def _ceiling(value: Any, scale: Any = 0) -> Decimal:
    return Decimal(value).quantize(Decimal(1).scaleb(-int(scale)), ROUND_CEILING)


@feel("abs", "n")
def _abs(value: Any) -> Any:
    return Months(abs(value.months)) if type(value) is Months else abs(value)


@feel("modulo", "dividend", "divisor")
def _modulo(dividend: Any, divisor: Any) -> Decimal:
    a, b = Decimal(dividend), Decimal(divisor)
    return a - b * (a / b).to_integral_value(ROUND_FLOOR)


@feel("sqrt", "number")
def _sqrt(value: Any) -> Decimal | None:
    return CONTEXT.sqrt(Decimal(value)) if value >= 0 else None


@feel("log", "number")
def _log(value: Any) -> Decimal | None:
    return CONTEXT.ln(Decimal(value)) if value > 0 else None


@feel("exp", "number")
def _exp(value: Any) -> Decimal:
    return CONTEXT.exp(Decimal(value))


@feel("odd", "number")
def _odd(value: Any) -> bool:
    return Decimal(value) % 2 in (1, -1)


@feel("even", "number")
def _even(value: Any) -> bool:
    return Decimal(value) % 2 == 0


@feel("matches", "input", "pattern", "flags", needed=2)
def _matches(text: Any, pattern: Any, flags: Any = "") -> bool | None:
    found = _pattern(pattern, flags)
    return None if found is None or not strings(text) else found.search(text) is not None


@feel("replace", "input", "pattern", "replacement", "flags", needed=3)
def _replace(text: Any, pattern: Any, replacement: Any, flags: Any = "") -> str | None:
    found = _pattern(pattern, flags)
    if found is None or not strings(text, replacement):
        return None
    return found.sub(re.sub(r"\$(\d)", r"\\\1", replacement), text)


NESTED = re.compile(r"[+*}]\)?[+*{]|\([^)]*[+*][^)]*\)[+*{]")


def _pattern(pattern: Any, flags: Any) -> re.Pattern[str] | None:
    """Return a compiled pattern; None for one that is wrong or could run for ever."""
    if not strings(pattern) or len(pattern) > 500 or NESTED.search(pattern):
        return None
    letters = {"i": re.IGNORECASE, "s": re.DOTALL, "m": re.MULTILINE, "x": re.VERBOSE}
    chosen = re.NOFLAG
    for letter in flags or "":
        if letter not in letters:
            return None
        chosen |= letters[letter]
    try:
        return re.compile(pattern, chosen)
    except re.error:
        return None


@feel("get value", "m", "key")
def _get_value(context: Any, key: Any) -> Any:
    return context.get(key) if isinstance(context, Mapping) else None


@feel("get entries", "m")
def _get_entries(context: Any) -> list[dict[str, Any]] | None:
    if not isinstance(context, Mapping):
        return None
    return [{"key": key, "value": value} for key, value in context.items()]


@feel("is", "value1", "value2")
def _is(left: Any, right: Any) -> bool:
    return kind(left) == kind(right) and left == right


@feel("day of week", "date")
def _day_of_week(day: Any) -> str:
    names = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
    return names[int(day.weekday())]


@feel("month of year", "date")
def _month_of_year(day: Any) -> str:
    names = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September",
        "October", "November", "December",
    ]  # fmt: skip
    return names[int(day.month) - 1]


@feel("day of year", "date")
def _day_of_year(day: Any) -> int:
    return int(day.timetuple().tm_yday)


@feel("week of year", "date")
def _week_of_year(day: Any) -> int:
    return int(day.isocalendar()[1])


def _ends(value: Any) -> Range:
    return value if type(value) is Range else Range(value, value)


@feel("before", "a", "b")
def _before(a: Any, b: Any) -> bool | None:
    left, right = _ends(a), _ends(b)
    touching = compare("<=", left.high, right.low)
    strict = compare("<", left.high, right.low)
    return strict or (touching and not (left.high_in and right.low_in))


@feel("after", "a", "b")
def _after(a: Any, b: Any) -> bool | None:
    return _before(b, a)


@feel("includes", "range", "value")
def _includes(outer: Any, value: Any) -> bool | None:
    if type(value) is not Range:
        return _ends(outer).holds(value)
    low = compare("<", outer.low, value.low) or (
        equals(outer.low, value.low) and (outer.low_in or not value.low_in)
    )
    high = compare(">", outer.high, value.high) or (
        equals(outer.high, value.high) and (outer.high_in or not value.high_in)
    )
    return None if low is None or high is None else bool(low and high)


@feel("during", "value", "range")
def _during(value: Any, outer: Any) -> bool | None:
    return _includes(outer, value)


@feel("overlaps", "range1", "range2")
def _overlaps(a: Any, b: Any) -> bool | None:
    first, second = _before(a, b), _before(b, a)
    return None if first is None or second is None else not (first or second)


@feel("stddev", "list", rest=True, needed=1)
def _stddev(*values: Any) -> Decimal | None:
    found = _numbers(values)
    if found is None or len(found) < 2:
        return None
    middle = sum(found, Decimal(0)) / len(found)
    spread = sum(((value - middle) ** 2 for value in found), Decimal(0))
    return CONTEXT.sqrt(spread / (len(found) - 1))


@feel("product", "list", rest=True, needed=1)
def _product(*values: Any) -> Decimal | None:
    found = _numbers(values)
    return None if found is None else math.prod(found, start=Decimal(1))
