"""What stands behind a dot: entries of contexts, parts of dates, ends of ranges (DMN 1.3,
10.3.2.6 and 10.3.2.15, table of properties).
"""

from collections.abc import Callable, Mapping
from typing import Any

from qianshou.kernel.procedures.feel.meter import spend
from qianshou.kernel.procedures.feel.temporal import (
    NANOS,
    Date,
    DateTime,
    Duration,
    Months,
    Time,
    seconds_of,
)
from qianshou.kernel.procedures.feel.values import Range, lift

Properties = dict[str, Callable[[Any], Any]]


def _signed(whole: int, part: int) -> int:
    return -part if whole < 0 else part


def _time_offset(value: Any) -> Duration | None:
    return None if value.zone is None else Duration(value.offset * NANOS)


def _timezone(value: Any) -> str | None:
    return value.zone.name or None if value.zone is not None else None


TIME: Properties = {
    "hour": lambda value: value.nanos // (3600 * NANOS),
    "minute": lambda value: value.nanos // (60 * NANOS) % 60,
    "second": lambda value: seconds_of(value.nanos % (60 * NANOS)),
    "time offset": _time_offset,
    "timezone": _timezone,
}
PROPERTIES: dict[type, Properties] = {
    Date: {
        "year": lambda value: value.year,
        "month": lambda value: value.month,
        "day": lambda value: value.day,
        "weekday": lambda value: value.weekday,
    },
    Time: TIME,
    DateTime: {
        "year": lambda value: value.date.year,
        "month": lambda value: value.date.month,
        "day": lambda value: value.date.day,
        "weekday": lambda value: value.date.weekday,
        **TIME,
    },
    Duration: {
        "days": lambda value: _signed(value.nanos, abs(value.nanos) // (86_400 * NANOS)),
        "hours": lambda value: _signed(value.nanos, abs(value.nanos) // (3600 * NANOS) % 24),
        "minutes": lambda value: _signed(value.nanos, abs(value.nanos) // (60 * NANOS) % 60),
        "seconds": lambda value: (
            -seconds_of(-value.nanos % (60 * NANOS))
            if value.nanos < 0
            else seconds_of(value.nanos % (60 * NANOS))
        ),
    },
    Months: {
        "years": lambda value: _signed(value.months, abs(value.months) // 12),
        "months": lambda value: _signed(value.months, abs(value.months) % 12),
    },
    Range: {
        "start": lambda value: value.low,
        "end": lambda value: value.high,
        "start included": lambda value: value.low_in,
        "end included": lambda value: value.high_in,
    },
}


def member(value: Any, name: str) -> Any:
    """Return value.name: of a context, of each part of a list, or a property; else null."""
    if isinstance(value, Mapping):
        return lift(value.get(name))
    if isinstance(value, list | tuple):
        spend(len(value) + 1)
        return [member(part, name) for part in value]
    found = PROPERTIES.get(type(value), {}).get(name)
    return None if found is None else found(value)
