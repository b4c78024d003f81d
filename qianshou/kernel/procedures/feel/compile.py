"""FEEL trees to Python closures; nothing is evaluated as Python.

A closure takes the scope (a mapping of names) and gives the value. And/or are three-valued:
what is neither true nor false counts as null.
"""

from collections.abc import Callable, Iterable, Mapping
from decimal import DecimalException
from functools import lru_cache
from typing import Any

from qianshou.kernel.procedures.feel.external import external
from qianshou.kernel.procedures.feel.grammar import Node, Parser
from qianshou.kernel.procedures.feel.kinds import ANY, SPACED, Kind, is_instance, kind_of
from qianshou.kernel.procedures.feel.loops import Closure, Scope, combinations, filtered, steps
from qianshou.kernel.procedures.feel.members import member
from qianshou.kernel.procedures.feel.registry import FUNCTIONS, apply
from qianshou.kernel.procedures.feel.temporal import Duration, Months, read_temporal
from qianshou.kernel.procedures.feel.tokens import refuse, unescape
from qianshou.kernel.procedures.feel.unary import INPUT, TestCompiler
from qianshou.kernel.procedures.feel.values import (
    CONTEXT,
    ORDERED,
    ORDERS,
    Function,
    Range,
    arithmetic,
    compare,
    equals,
    kind,
    lift,
    number,
)

# Under this name, which no text can spell, a scope holds the instant that now() gives.
NOW = "\0now"


class Compiler(TestCompiler):
    """Turns the tree of one text into a closure and collects the free names it reads.

    `costly` tells that the closure can loop or call, so that its steps must be counted;
    `asks_now` that it asks what time it is.
    """

    def __init__(self, text: str, kinds: Mapping[str, Kind]) -> None:
        self.text = text
        self.kinds = kinds
        self.free: set[str] = set()
        self.bound: list[str] = []
        self.costly = False
        self.asks_now = False

    def closure(self, node: Node) -> Closure:
        """Return the closure of a node."""
        made: Closure = getattr(self, f"_{NAMES.get(node[0], node[0])}")(*node[1:])
        return made

    def _constant(self, value: Any) -> Closure:
        return lambda scope: value

    def _number(self, text: str) -> Closure:
        if len(text) <= 34 and text.isdigit():
            return self._constant(int(text))
        try:
            return self._constant(CONTEXT.create_decimal(text))
        except DecimalException:
            return self._constant(None)

    def _string(self, literal: str, place: int) -> Closure:
        return self._constant(unescape(literal))

    def _at(self, literal: str, place: int) -> Closure:
        value = read_temporal(unescape(literal[1:]))
        if value is None:
            raise refuse(self.text, place, "不是日期、时间或时段", "no date, time or duration")
        return self._constant(value)

    def _name(self, name: str, place: int) -> Closure:
        if name not in self.bound:
            if name in ("now", "today"):
                function = Function((), lambda: None, 0)
                return lambda scope: scope.get(name, function)
            if name in FUNCTIONS:
                built_in = FUNCTIONS[name]
                return lambda scope: scope.get(name, built_in)
            self.free.add(name)
        return lambda scope: lift(scope.get(name))

    def _list(self, parts: tuple[Node, ...]) -> Closure:
        closures = [self.closure(part) for part in parts]
        return lambda scope: [closure(scope) for closure in closures]

    def _context(self, entries: tuple[tuple[str, Node], ...]) -> Closure:
        made = []
        mark = len(self.bound)
        if len({key for key, _ in entries}) < len(entries):
            return self._constant(None)
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

        def build(scope: Scope) -> Range | None:
            a, b = start(scope), end(scope)
            for value in (a, b):
                if value is not None and kind(value) not in ORDERED:
                    return None
            if a is not None and b is not None and kind(a) != kind(b):
                return None
            return Range(a, b, low_in, high_in)

        return build

    def _open_range(self, sign: str, node: Node) -> Closure:
        closure = self.closure(node)

        def build(scope: Scope) -> Range | None:
            value = closure(scope)
            if sign == "!=" or kind(value) not in ORDERED:
                return None
            if sign in ("<", "<="):
                return Range(None, value, False, sign == "<=")
            return Range(value, value if sign == "=" else None, sign != ">", sign == "=")

        return build

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
            if type(value) is Duration:
                return Duration(-value.nanos)
            return Months(-value.months) if type(value) is Months else None

        return minus

    def _between(self, node: Node, low: Node, high: Node) -> Closure:
        value, start, end = self.closure(node), self.closure(low), self.closure(high)

        def inside(scope: Scope) -> bool | None:
            given = value(scope)
            above = compare(">=", given, start(scope))
            below = compare("<=", given, end(scope))
            if above is False or below is False:
                return None if above is None or below is None else False
            return True if above and below else None

        return inside

    def _in(self, node: Node, tests: Node) -> Closure:
        value, passes = self.closure(node), self.tests(tests)
        return lambda scope: passes({**scope, INPUT: value(scope)})

    def _instance(self, node: Node, wanted: Node) -> Closure:
        closure, found = self.closure(node), kind_of(wanted, self.kinds)
        if found is None:
            return self._constant(None)
        return lambda scope: is_instance(closure(scope), found)

    def _path(self, node: Node, name: str) -> Closure:
        closure = self.closure(node)
        return lambda scope: member(closure(scope), name)

    def _filter(self, node: Node, inner: Node) -> Closure:
        self.costly = True
        closure = self.closure(node)
        self.bound.append("item")
        condition = self.closure(inner)
        self.bound.pop()
        test = inner[0] in TRUTHS
        return lambda scope: filtered(closure(scope), condition, scope, test)

    def _for(self, iterated: tuple[tuple[str, Node], ...], body: Node) -> Closure:
        made, inner = self._over(iterated, body, "partial")

        def each(scope: Scope) -> list[Any] | None:
            results: list[Any] = []
            for local in combinations(made, {**scope, "partial": results}):
                if local is None:
                    return None
                results.append(inner(local))
            return results

        return each

    def _over(
        self, iterated: tuple[tuple[str, Node], ...], body: Node, *more: str
    ) -> tuple[list[tuple[str, Closure]], Closure]:
        made = []
        self.costly = True
        mark = len(self.bound)
        self.bound.extend(more)
        for name, node in iterated:
            made.append((name, self.closure(node)))
            self.bound.append(name)
        inner = self.closure(body)
        del self.bound[mark:]
        return made, inner

    def _some(self, iterated: tuple[tuple[str, Node], ...], body: Node) -> Closure:
        made, inner = self._over(iterated, body)

        def any_of(scope: Scope) -> bool | None:
            unknown = False
            for local in combinations(made, scope):
                if local is None:
                    return None
                value = inner(local)
                if value is True:
                    return True
                unknown = unknown or value is not False
            return None if unknown else False

        return any_of

    def _every(self, iterated: tuple[tuple[str, Node], ...], body: Node) -> Closure:
        made, inner = self._over(iterated, body)

        def all_of(scope: Scope) -> bool | None:
            unknown = False
            for local in combinations(made, scope):
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
        return lambda scope: steps(start(scope), end(scope))

    def _function(
        self, parameters: tuple[tuple[str, Node | None], ...], body: Node, outside: bool
    ) -> Closure:
        names = tuple(name for name, _ in parameters)
        kinds = [
            None if wanted is None else kind_of(wanted, self.kinds) for _, wanted in parameters
        ]
        known = tuple(found or ANY for found in kinds)
        mark = len(self.bound)
        self.bound.extend(names)
        inner = self.closure(body)
        del self.bound[mark:]
        if outside:
            return lambda scope: external(inner(scope), names, known)

        def make(scope: Scope) -> Function:
            def call(*values: Any) -> Any:
                return inner({**scope, **dict(zip(names, values, strict=True))})

            return Function(names, call, len(names), known)

        return make

    def _call(
        self, function: Node, positional: tuple[Node, ...], named: tuple[tuple[str, Node], ...]
    ) -> Closure:
        self.costly = True
        name = function[1] if function[0] == "name" and function[1] not in self.bound else ""
        if name in ("now", "today") and not positional and not named:
            self.asks_now = True
            return lambda scope: now_of(scope, name)
        # A fact of that name hides no function.
        called = self._constant(FUNCTIONS[name]) if name in FUNCTIONS else self.closure(function)
        values = [self.closure(node) for node in positional]
        by_name = [(key, self.closure(node)) for key, node in named]
        if len({key for key, _ in by_name}) < len(by_name):
            return self._constant(None)

        def invoke(scope: Scope) -> Any:
            found = called(scope)
            if type(found) is not Function:
                return None
            return apply(
                found,
                [closure(scope) for closure in values],
                {key: closure(scope) for key, closure in by_name},
            )

        return invoke


TRUTHS = {
    "=",
    "!=",
    "<",
    "<=",
    ">",
    ">=",
    "and",
    "or",
    "between",
    "in",
    "instance",
    "some",
    "every",
}
NAMES = {
    "=": "equal",
    "!=": "unequal",
    **{sign: f"order{sign}" for sign in ("<", "<=", ">", ">=")},
    **{sign: f"calc{sign}" for sign in ("+", "-", "*", "/", "**")},
}


def now_of(scope: Scope, name: str) -> Any:
    """Return what now() or today() gives: null where nobody said what time it is."""
    instant = lift(scope.get(NOW))
    return instant.date if instant is not None and name == "today" else instant


def parse(text: str, names: Iterable[str]) -> Parser:
    """Return a parser that knows the names with spaces among `names` and the functions."""
    return Parser(text, _with_built_in(frozenset(names)))


@lru_cache(maxsize=64)
def _with_built_in(names: frozenset[str]) -> frozenset[str]:
    return names.union(FUNCTIONS, SPACED)
