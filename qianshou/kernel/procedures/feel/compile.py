"""FEEL trees to Python closures; nothing is evaluated as Python.

A closure takes the scope (a mapping of names) and gives the value. And/or are three-valued:
what is neither true nor false counts as null.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from decimal import Decimal
from typing import Any

from qianshou.kernel.procedures.feel.functions import FUNCTIONS
from qianshou.kernel.procedures.feel.grammar import Node, Parser, refuse, unescape
from qianshou.kernel.procedures.feel.values import (
    ORDERS,
    Function,
    Months,
    Range,
    arithmetic,
    compare,
    equals,
    kind,
    lift,
    number,
    read_date,
    read_duration,
    read_instant,
    read_time,
)

Scope = Mapping[str, Any]
Closure = Callable[[Scope], Any]
INPUT = "?"
MOST_STEPS = 100_000


class Compiler:
    """Turns the tree of one text into a closure and collects the free names it reads."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.free: set[str] = set()
        self.bound: list[str] = []

    def closure(self, node: Node) -> Closure:
        """Return the closure of a node."""
        made: Closure = getattr(self, f"_{NAMES.get(node[0], node[0])}")(*node[1:])
        return made

    def _constant(self, value: Any) -> Closure:
        return lambda scope: value

    def _number(self, text: str) -> Closure:
        return self._constant(Decimal(text) if "." in text or "e" in text.lower() else int(text))

    def _string(self, literal: str, place: int) -> Closure:
        return self._constant(unescape(literal))

    def _at(self, literal: str, place: int) -> Closure:
        text = unescape(literal[1:])
        for read in (read_date, read_instant, read_time, read_duration):
            value = read(text)
            if value is not None:
                return self._constant(value)
        raise refuse(self.text, place, "不是日期、时间或时段", "no date, time or duration")

    def _name(self, name: str, place: int) -> Closure:
        if name not in self.bound:
            if name in FUNCTIONS:
                function = FUNCTIONS[name]
                return lambda scope: scope.get(name, function)
            self.free.add(name)
        return lambda scope: lift(scope.get(name))

    def _list(self, parts: tuple[Node, ...]) -> Closure:
        closures = [self.closure(part) for part in parts]
        return lambda scope: [closure(scope) for closure in closures]

    def _context(self, entries: tuple[tuple[str, Node], ...]) -> Closure:
        made = []
        mark = len(self.bound)
        for key, node in entries:
            made.append((key, self.closure(node)))
            self.bound.append(key)
        del self.bound[mark:]

        def build(scope: Scope) -> dict[str, Any]:
            inner, built = dict(scope), {}
            for key, closure in made:
                built[key] = inner[key] = closure(inner)
            return built

        return build

    def _range(self, low_in: bool, low: Node, high: Node, high_in: bool) -> Closure:
        start, end = self.closure(low), self.closure(high)
        return lambda scope: Range(start(scope), end(scope), low_in, high_in)

    def _open_range(self, sign: str, node: Node) -> Closure:
        closure = self.closure(node)
        if sign in ("<", "<="):
            return lambda scope: Range(None, closure(scope), False, sign == "<=")
        if sign in (">", ">="):
            return lambda scope: Range(closure(scope), None, sign == ">=", False)
        return lambda scope: Range(closure(scope), closure(scope))

    def _if(self, condition: Node, yes: Node, no: Node) -> Closure:
        test, then, other = self.closure(condition), self.closure(yes), self.closure(no)
        return lambda scope: then(scope) if test(scope) is True else other(scope)

    def _and(self, left: Node, right: Node) -> Closure:
        first, second = self.closure(left), self.closure(right)

        def both(scope: Scope) -> bool | None:
            a = first(scope)
            if a is False:
                return False
            b = second(scope)
            if b is False:
                return False
            return True if a is True and b is True else None

        return both

    def _or(self, left: Node, right: Node) -> Closure:
        first, second = self.closure(left), self.closure(right)

        def either(scope: Scope) -> bool | None:
            a = first(scope)
            if a is True:
                return True
            b = second(scope)
            if b is True:
                return True
            return False if a is False and b is False else None

        return either

    def _equal(self, left: Node, right: Node) -> Closure:
        first, second = self.closure(left), self.closure(right)
        if right[0] == "string" or (right[0] == "constant" and right[1] is not None):
            wanted = second({})
            of = type(wanted)

            def same(scope: Scope) -> bool | None:
                value = first(scope)
                return value == wanted if type(value) is of else equals(value, wanted)

            return same
        return lambda scope: equals(first(scope), second(scope))

    def _unequal(self, left: Node, right: Node) -> Closure:
        same = self._equal(left, right)

        def differs(scope: Scope) -> bool | None:
            value = same(scope)
            return None if value is None else not value

        return differs

    def _ordering(self, sign: str) -> Callable[[Node, Node], Closure]:
        def make(left: Node, right: Node) -> Closure:
            first, second = self.closure(left), self.closure(right)
            ordered = ORDERS[sign]

            def holds(scope: Scope) -> bool | None:
                a, b = first(scope), second(scope)
                return ordered(a, b) if type(a) is type(b) is int else compare(sign, a, b)

            return holds

        return make

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_order"):
            return self._ordering(name.removeprefix("_order"))
        if name.startswith("_calc"):
            return self._arithmetic(name.removeprefix("_calc"))
        raise AttributeError(name)

    def _arithmetic(self, sign: str) -> Callable[[Node, Node], Closure]:
        def make(left: Node, right: Node) -> Closure:
            first, second = self.closure(left), self.closure(right)
            return lambda scope: arithmetic(sign, first(scope), second(scope))

        return make

    def _negate(self, node: Node) -> Closure:
        closure = self.closure(node)

        def minus(scope: Scope) -> Any:
            value = closure(scope)
            if number(value) is not None:
                return -value
            if kind(value) == "days and time duration":
                return -value
            return Months(-value.months) if type(value) is Months else None

        return minus

    def _between(self, node: Node, low: Node, high: Node) -> Closure:
        value, start, end = self.closure(node), self.closure(low), self.closure(high)
        return lambda scope: Range(start(scope), end(scope)).holds(value(scope))

    def _in(self, node: Node, tests: Node) -> Closure:
        value, passes = self.closure(node), self.tests(tests)
        return lambda scope: passes({**scope, INPUT: value(scope)})

    def _instance(self, node: Node, wanted: Node) -> Closure:
        closure = self.closure(node)
        return lambda scope: is_instance(closure(scope), wanted)

    def _path(self, node: Node, name: str) -> Closure:
        closure = self.closure(node)
        return lambda scope: member(closure(scope), name)

    def _filter(self, node: Node, inner: Node) -> Closure:
        closure = self.closure(node)
        self.bound.append("item")
        condition = self.closure(inner)
        self.bound.pop()
        return lambda scope: filtered(closure(scope), condition, scope)

    def _for(self, ranges: tuple[tuple[str, Node], ...], body: Node) -> Closure:
        made, inner = self._over(ranges, body, "partial")

        def each(scope: Scope) -> list[Any] | None:
            results: list[Any] = []
            for local in bounded(made, {**scope, "partial": results}):
                if local is None:
                    return None
                results.append(inner(local))
            return results

        return each

    def _over(
        self, ranges: tuple[tuple[str, Node], ...], body: Node, *more: str
    ) -> tuple[list[tuple[str, Closure]], Closure]:
        made = []
        mark = len(self.bound)
        self.bound.extend(more)
        for name, node in ranges:
            made.append((name, self.closure(node)))
            self.bound.append(name)
        inner = self.closure(body)
        del self.bound[mark:]
        return made, inner

    def _some(self, ranges: tuple[tuple[str, Node], ...], body: Node) -> Closure:
        made, inner = self._over(ranges, body)

        def any_of(scope: Scope) -> bool | None:
            unknown = False
            for local in bounded(made, scope):
                if local is None:
                    return None
                value = inner(local)
                if value is True:
                    return True
                unknown = unknown or value is not False
            return None if unknown else False

        return any_of

    def _every(self, ranges: tuple[tuple[str, Node], ...], body: Node) -> Closure:
        made, inner = self._over(ranges, body)

        def all_of(scope: Scope) -> bool | None:
            unknown = False
            for local in bounded(made, scope):
                if local is None:
                    return None
                value = inner(local)
                if value is False:
                    return False
                unknown = unknown or value is not True
            return None if unknown else True

        return all_of

    def _steps(self, low: Node, high: Node) -> Closure:
        start, end = self.closure(low), self.closure(high)

        def count(scope: Scope) -> Any:
            a, b = number(start(scope)), number(end(scope))
            if a is None or b is None or abs(Decimal(b) - Decimal(a)) > MOST_STEPS:
                return None
            step = 1 if a <= b else -1
            return list(range(int(a), int(b) + step, step))

        return count

    def _function(self, names: tuple[str, ...], body: Node) -> Closure:
        mark = len(self.bound)
        self.bound.extend(names)
        inner = self.closure(body)
        del self.bound[mark:]

        def make(scope: Scope) -> Function:
            def call(*values: Any) -> Any:
                return inner({**scope, **dict(zip(names, values, strict=False))})

            return Function(names, call, len(names))

        return make

    def _call(
        self, function: Node, positional: tuple[Node, ...], named: tuple[tuple[str, Node], ...]
    ) -> Closure:
        if function[0] == "name" and function[1] not in (*FUNCTIONS, *self.bound):
            self.free.add(function[1])
        if function[0] == "name" and function[1] in FUNCTIONS and function[1] not in self.bound:
            called = self._constant(FUNCTIONS[function[1]])  # a fact of that name hides no function
        else:
            called = self.closure(function)
        values = [self.closure(node) for node in positional]
        by_name = [(name, self.closure(node)) for name, node in named]

        def invoke(scope: Scope) -> Any:
            found = called(scope)
            if type(found) is not Function:
                return None
            return apply(
                found,
                [closure(scope) for closure in values],
                {name: closure(scope) for name, closure in by_name},
            )

        return invoke

    def tests(self, node: Node) -> Closure:
        """Return the closure that tells whether the input (the name "?") passes unary tests."""
        if node[0] == "any":
            return lambda scope: True
        if node[0] == "not":
            inner = self.tests(node[1])

            def negated(scope: Scope) -> bool | None:
                value = inner(scope)
                return None if value is None else not value

            return negated
        made = [self._one_test(test) for test in node[1]]
        if len(made) == 1:
            return made[0]

        def any_of(scope: Scope) -> bool | None:
            unknown = False
            for test in made:
                value = test(scope)
                if value is True:
                    return True
                unknown = unknown or value is None
            return None if unknown else False

        return any_of

    def _one_test(self, test: Node) -> Closure:
        if test[0] == "compare":
            closure, sign = self.closure(test[2]), test[1]
            if sign in ("=", "!="):
                wanted = sign == "="

                def same(scope: Scope) -> bool | None:
                    value = equals(scope.get(INPUT), closure(scope))
                    return None if value is None else value is wanted

                return same
            return lambda scope: compare(sign, scope.get(INPUT), closure(scope))
        self.bound.append(INPUT)
        closure = self.closure(test[1])
        self.bound.pop()
        asks = mentions(test[1], INPUT)
        if not asks and test[1][0] in ("string", "number", "constant"):
            wanted_value = closure({})
            return lambda scope: equals(scope.get(INPUT), wanted_value)

        def passes(scope: Scope) -> bool | None:
            value, given = closure(scope), scope.get(INPUT)
            if asks:
                return value if value is True or value is False else None
            if type(value) is Range:
                return value.holds(given)
            if isinstance(value, list) and not isinstance(given, list):
                return any(
                    (part.holds(given) if type(part) is Range else equals(given, part)) is True
                    for part in value
                )
            return equals(given, value)

        return passes


NAMES = {
    "=": "equal",
    "!=": "unequal",
    **{sign: f"order{sign}" for sign in ("<", "<=", ">", ">=")},
    **{sign: f"calc{sign}" for sign in ("+", "-", "*", "/", "**")},
}


def mentions(node: Any, name: str) -> bool:
    """Whether a tree reads `name`."""
    if isinstance(node, tuple):
        if len(node) == 3 and node[0] == "name" and node[1] == name:
            return True
        return any(mentions(part, name) for part in node)
    return False


def bounded(made: list[tuple[str, Closure]], scope: Scope) -> Iterator[dict[str, Any] | None]:
    """Yield the combinations, and None instead of the rest where there are too many to try."""
    for count, local in enumerate(combinations(made, scope)):
        if local is None or count == MOST_STEPS:
            yield None
            return
        yield local


def combinations(made: list[tuple[str, Closure]], scope: Scope) -> Iterator[dict[str, Any] | None]:
    """Yield the scope with each combination of the iterated names; None for what is no list."""
    if not made:
        yield dict(scope)
        return
    (name, closure), rest = made[0], made[1:]
    values = closure(scope)
    if type(values) is Range:
        low, high = number(values.low), number(values.high)
        values = [] if low is None or high is None else range(int(low), int(high) + 1)
    if values is None:
        yield None
        return
    if not isinstance(values, list | tuple | range):
        values = [values]
    for value in values:
        yield from combinations(rest, {**scope, name: value})


def member(value: Any, name: str) -> Any:
    """Return value.name: of a context, of each context in a list, or a part of a date."""
    if isinstance(value, Mapping):
        return lift(value.get(name))
    if isinstance(value, list | tuple):
        return [member(part, name) for part in value]
    if type(value) is Range:
        return {
            "start": value.low, "end": value.high,
            "start included": value.low_in, "end included": value.high_in,
        }.get(name)  # fmt: skip
    of = kind(value)
    if of in ("date", "date and time") and name in ("year", "month", "day"):
        return getattr(value, name)
    if of in ("date", "date and time") and name == "weekday":
        return value.isoweekday()
    if of in ("time", "date and time") and name in ("hour", "minute", "second"):
        return getattr(value, name)
    if of in ("time", "date and time") and name == "time offset":
        return value.utcoffset()
    if of == "years and months duration" and name in ("years", "months"):
        sign, total = (-1, -value.months) if value.months < 0 else (1, value.months)
        return sign * (total // 12 if name == "years" else total % 12)
    if of == "days and time duration" and name in ("days", "hours", "minutes", "seconds"):
        sign, span = (-1, -value) if value.days < 0 else (1, value)
        parts = {
            "days": span.days,
            "hours": span.seconds // 3600,
            "minutes": span.seconds // 60 % 60,
            "seconds": span.seconds % 60,
        }
        return sign * parts[name]
    return None


def filtered(value: Any, condition: Closure, scope: Scope) -> Any:
    """Return value[condition]: the n-th part for a number, else the parts that pass."""
    parts = [] if value is None else value if isinstance(value, list | tuple) else [value]
    probe = condition({**scope, "item": parts[0] if parts else None, **_fields(parts)})
    place = number(probe)
    if place is not None:
        index = int(place)
        if 1 <= index <= len(parts):
            return parts[index - 1]
        return parts[index] if -len(parts) <= index <= -1 else None
    return [
        part
        for part in parts
        if condition({**scope, "item": part, **(part if isinstance(part, Mapping) else {})}) is True
    ]


def _fields(parts: list[Any] | tuple[Any, ...]) -> Mapping[str, Any]:
    return parts[0] if parts and isinstance(parts[0], Mapping) else {}


def apply(function: Function, values: list[Any], named: dict[str, Any]) -> Any:
    """Call a function by position or by name; null where the arguments do not fit."""
    if named:
        if set(named) - set(function.names):
            return None
        last = max(function.names.index(name) for name in named)
        values = [named.get(name) for name in function.names[: last + 1]]
    if len(values) < function.needed or (not function.rest and len(values) > len(function.names)):
        return None
    try:
        return function.call(*values)
    except (ArithmeticError, TypeError, ValueError, AttributeError, LookupError):
        return None


def is_instance(value: Any, wanted: Node) -> bool:
    """Return `value instance of wanted`."""
    name, of = wanted[0], kind(value)
    if name == "Any":
        return value is not None
    if name == "list" and of == "list" and len(wanted) > 1:
        return all(is_instance(part, wanted[1]) for part in value)
    return bool(of == name)


def parse(text: str, names: Collection[str] | None) -> Parser:
    """Return a parser that knows the names with spaces among `names` and the functions."""
    spaced = {name for name in (*FUNCTIONS, *(names or ())) if " " in name}
    return Parser(text, spaced)
