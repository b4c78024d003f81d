"""Going through lists, ranges and combinations; each step is counted."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from qianshou.kernel.procedures.feel.meter import spend
from qianshou.kernel.procedures.feel.temporal import Date
from qianshou.kernel.procedures.feel.values import Range, lift, number

Scope = Mapping[str, Any]
Closure = Callable[[Scope], Any]


def combinations(made: list[tuple[str, Closure]], scope: Scope) -> Iterator[dict[str, Any] | None]:
    """Yield the scope with each combination of the iterated names; None for what is no list."""
    if not made:
        yield dict(scope)
        return
    (name, closure), rest = made[0], made[1:]
    values = closure(scope)
    if type(values) is Range:
        values = steps_of(values)
    if values is None:
        yield None
        return
    for value in values if isinstance(values, list | tuple) else [values]:
        spend()
        yield from combinations(rest, {**scope, name: value})


def steps(low: Any, high: Any) -> list[Any] | None:
    """Return the whole numbers, or the days, from `low` to `high`, upwards or downwards."""
    if type(low) is type(high) is Date:
        days = steps(low.days, high.days)
        return None if days is None else [Date.on(day) for day in days]
    a, b = number(low), number(high)
    if a is None or b is None or a != int(a) or b != int(b):
        return None
    step = 1 if a <= b else -1
    spend(abs(int(b) - int(a)) + 1)
    return list(range(int(a), int(b) + step, step))


def steps_of(values: Range) -> list[Any] | None:
    """Return the whole numbers or days of a range."""
    found = steps(values.low, values.high)
    if found is None:
        return None
    return found[0 if values.low_in else 1 : len(found) if values.high_in else len(found) - 1]


def filtered(value: Any, condition: Closure, scope: Scope, test: bool) -> Any:
    """Return value[condition]: the n-th part for a number, else the parts that pass."""
    if value is None:
        return None
    parts = value if isinstance(value, list | tuple) else [value]
    spend(len(parts) + 1)
    if not test:
        place = number(condition({**scope, "item": None}))
        if place is None and parts:
            place = number(condition(_within(scope, parts[0])))
        if place is not None:
            index = int(place)
            if index == 0 or abs(index) > len(parts) or index != place:
                return None
            return lift(parts[index - 1 if index > 0 else index])
    return [part for part in parts if condition(_within(scope, part)) is True]


def _within(scope: Scope, part: Any) -> dict[str, Any]:
    """Return the scope within a filter: the part is "item", what it holds is known by name."""
    inner = {**scope, "item": part}
    if isinstance(part, Mapping):
        inner.update(part)
    return inner
