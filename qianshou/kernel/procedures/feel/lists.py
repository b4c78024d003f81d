"""FEEL's built-in functions (DMN 1.3, 10.3.4.4 to 10.3.4.8) for lists and contexts."""

from collections.abc import Mapping
from decimal import Decimal
from functools import cmp_to_key
from typing import Any

from qianshou.kernel.procedures.feel.meter import spend
from qianshou.kernel.procedures.feel.registry import apply, feel
from qianshou.kernel.procedures.feel.values import (
    CONTEXT,
    Function,
    compare,
    equals,
    number,
)


def spread(values: list[Any]) -> list[Any]:
    """Return the arguments of a function that takes a list or its parts."""
    found = values[0] if len(values) == 1 and isinstance(values[0], list | tuple) else values
    spend(len(found))
    return list(found)


@feel("list contains(list: list, element: Any)")
def _list_contains(values: list[Any], element: Any) -> bool:
    return any(_same(value, element) for value in values)


def _same(left: Any, right: Any) -> bool:
    spend()
    return equals(left, right) is True


@feel("count(list: list)")
def _count(values: list[Any]) -> int:
    return len(values)


@feel("min(list...: Any)")
def _min(values: list[Any]) -> Any:
    return _extreme(spread(values), "<")


@feel("max(list...: Any)")
def _max(values: list[Any]) -> Any:
    return _extreme(spread(values), ">")


def _extreme(values: list[Any], sign: str) -> Any:
    if not values:
        return None
    best = values[0]
    if compare(sign, best, best) is None:
        return None
    for value in values[1:]:
        better = compare(sign, value, best)
        if better is None:
            return None
        best = value if better else best
    return best


def _numbers(values: list[Any]) -> list[Decimal] | None:
    """Return the values as numbers; None where one is none, or there are none."""
    found = [number(value) for value in spread(values)]
    numbers = [Decimal(value) for value in found if value is not None]
    return numbers if numbers and len(numbers) == len(found) else None


def _total(values: list[Decimal]) -> Decimal:
    total = Decimal(0)
    for value in values:
        total = CONTEXT.add(total, value)
    return total


@feel("sum(list...: Any)")
def _sum(values: list[Any]) -> Decimal | None:
    found = _numbers(values)
    return None if found is None else _total(found)


@feel("product(list...: Any)")
def _product(values: list[Any]) -> Decimal | None:
    found = _numbers(values)
    if found is None:
        return None
    result = Decimal(1)
    for value in found:
        result = CONTEXT.multiply(result, value)
    return result


@feel("mean(list...: Any)")
def _mean(values: list[Any]) -> Decimal | None:
    found = _numbers(values)
    return None if found is None else CONTEXT.divide(_total(found), Decimal(len(found)))


@feel("median(list...: Any)")
def _median(values: list[Any]) -> Decimal | None:
    found = _numbers(values)
    if found is None:
        return None
    found.sort()
    half = len(found) // 2
    if len(found) % 2:
        return found[half]
    return CONTEXT.divide(CONTEXT.add(found[half - 1], found[half]), Decimal(2))


@feel("stddev(list...: Any)")
def _stddev(values: list[Any]) -> Decimal | None:
    found = _numbers(values)
    if found is None or len(found) < 2:
        return None
    middle = CONTEXT.divide(_total(found), Decimal(len(found)))
    squares = [CONTEXT.power(CONTEXT.subtract(value, middle), 2) for value in found]
    return CONTEXT.sqrt(CONTEXT.divide(_total(squares), Decimal(len(found) - 1)))


@feel("mode(list...: Any)")
def _mode(values: list[Any]) -> list[Decimal] | None:
    found = _numbers(values)
    if found is None:
        return [] if spread(values) == [] else None
    counts: dict[Decimal, int] = {}
    for value in found:
        counts[value] = counts.get(value, 0) + 1
    most = max(counts.values())
    return sorted(value for value, count in counts.items() if count == most)


@feel("all(list...: Any)")
def _all(values: list[Any]) -> bool | None:
    found = spread(values) if values != [None] else values
    if any(value is False for value in found):
        return False
    return True if all(value is True for value in found) else None


@feel("any(list...: Any)")
def _any(values: list[Any]) -> bool | None:
    found = spread(values) if values != [None] else values
    if any(value is True for value in found):
        return True
    return False if all(value is False for value in found) else None


def place_of(position: Any, length: int) -> int:
    """Return the index of a position from 1 or, backwards, from -1; raises LookupError."""
    place = int(position)
    if place != position or place == 0 or abs(place) > length:
        raise LookupError
    return place - 1 if place > 0 else length + place


@feel("sublist(list: list, start position: number, length?: number)")
def _sublist(values: list[Any], start: Any, length: Any = None) -> list[Any] | None:
    begin = place_of(start, len(values))
    if length is None:
        return list(values[begin:])
    if length < 1 or begin + int(length) > len(values):
        return None
    return list(values[begin : begin + int(length)])


@feel("append(list: list, item...: Any)")
def _append(values: list[Any], more: list[Any]) -> list[Any]:
    spend(len(values))
    return [*values, *more]


@feel("concatenate(list...: list)")
def _concatenate(lists: list[list[Any] | None]) -> list[Any] | None:
    joined: list[Any] = []
    for values in lists:
        if values is None:
            return None
        spend(len(values))
        joined.extend(values)
    return joined


@feel("union(list...: list)")
def _union(lists: list[list[Any] | None]) -> list[Any] | None:
    joined = _concatenate(lists)
    return None if joined is None else _distinct(joined)


@feel("insert before(list: list, position: number, newItem?: Any)")
def _insert_before(values: list[Any], position: Any, new: Any = None) -> list[Any]:
    place = place_of(position, len(values))
    return [*values[:place], new, *values[place:]]


@feel("remove(list: list, position: number)")
def _remove(values: list[Any], position: Any) -> list[Any]:
    place = place_of(position, len(values))
    return [*values[:place], *values[place + 1 :]]


@feel("list replace(list: list, position: number, newItem?: Any)")
def _replace_at(values: list[Any], position: Any, new: Any = None) -> list[Any]:
    place = place_of(position, len(values))
    return [*values[:place], new, *values[place + 1 :]]


@feel("list replace(list: list, match: function, newItem?: Any)")
def _replace_matching(values: list[Any], match: Function, new: Any = None) -> list[Any] | None:
    replaced = []
    for value in values:
        found = apply(match, [value, new], {})
        if type(found) is not bool:
            return None
        replaced.append(new if found else value)
    return replaced


@feel("reverse(list: list)")
def _reverse(values: list[Any]) -> list[Any]:
    return list(reversed(values))


@feel("index of(list: list, match?: Any)")
def _index_of(values: list[Any], match: Any = None) -> list[int]:
    return [place for place, value in enumerate(values, 1) if _same(value, match)]


@feel("distinct values(list: list)")
def _distinct(values: list[Any]) -> list[Any]:
    kept: list[Any] = []
    for value in values:
        if not any(_same(value, one) for one in kept):
            kept.append(value)
    return kept


@feel("flatten(list: list)")
def _flatten(values: list[Any]) -> list[Any]:
    flat: list[Any] = []
    spend(len(values) + 1)
    for value in values:
        flat.extend(_flatten(list(value)) if isinstance(value, list | tuple) else [value])
    return flat


@feel("sort(list: list, precedes?: function)")
def _sort(values: list[Any], precedes: Function | None = None) -> list[Any] | None:
    def order(a: Any, b: Any) -> int:
        before = compare("<", a, b) if precedes is None else apply(precedes, [a, b], {})
        after = compare("<", b, a) if precedes is None else apply(precedes, [b, a], {})
        if type(before) is not bool or type(after) is not bool:
            raise TypeError
        return after - before

    return sorted(values, key=cmp_to_key(order))


@feel("get value(m: context, key: string)")
def _get_value(context: Mapping[str, Any], key: str) -> Any:
    return context.get(key)


@feel("get value(context: context, keys: list)")
def _get_nested(context: Any, keys: list[Any]) -> Any:
    for key in keys:
        if not isinstance(context, Mapping) or type(key) is not str:
            return None
        context = context.get(key)
    return context if keys else None


@feel("get entries(m: context)")
def _get_entries(context: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"key": key, "value": value} for key, value in context.items()]


@feel("context(entries: list)")
def _context(entries: list[Any]) -> dict[str, Any] | None:
    made: dict[str, Any] = {}
    for entry in entries:
        key = entry["key"]
        if type(key) is not str or key in made:
            return None
        made[key] = entry["value"]
    return made


@feel("context put(context: context, key: string, value: Any)")
def _put(context: Mapping[str, Any], key: str, value: Any) -> dict[str, Any]:
    spend(len(context))
    return {**context, key: value}


@feel("context put(context: context, keys: list, value: Any)")
def _put_nested(context: Any, keys: list[Any], value: Any) -> dict[str, Any] | None:
    if not keys or type(keys[0]) is not str or not isinstance(context, Mapping):
        return None
    if len(keys) == 1:
        return _put(context, keys[0], value)
    inner = _put_nested(context.get(keys[0], {}), keys[1:], value)
    return None if inner is None else _put(context, keys[0], inner)


@feel("context merge(contexts: list)")
def _merge(contexts: list[Any]) -> dict[str, Any] | None:
    merged: dict[str, Any] = {}
    for context in contexts:
        if not isinstance(context, Mapping):
            return None
        spend(len(context))
        merged.update(context)
    return merged
