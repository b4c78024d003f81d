"""Unary tests to closures: the cells of decision tables, and what stands behind "in"."""

from typing import Any

from qianshou.kernel.procedures.feel.grammar import Node
from qianshou.kernel.procedures.feel.loops import Closure, Scope
from qianshou.kernel.procedures.feel.meter import spend
from qianshou.kernel.procedures.feel.values import Range, compare, equals

INPUT = "?"


class TestCompiler:
    """Compiles unary tests with the closures of expressions that a subclass makes."""

    __test__ = False
    bound: list[str]

    def closure(self, node: Node) -> Closure:
        """Return the closure of an expression."""
        raise NotImplementedError

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
        if test[1][0] in ("string", "number", "constant"):
            wanted_value = closure({})
            return lambda scope: equals(scope.get(INPUT), wanted_value)
        if mentions(test[1], INPUT):
            return lambda scope: closure(scope) if type(closure(scope)) is bool else None
        return lambda scope: passes(closure(scope), scope.get(INPUT))


def passes(value: Any, given: Any) -> bool | None:
    """Whether the input passes a test whose value is a range, a list, a truth, or what equals it
    (10.3.2.13, the table of "in").
    """
    if type(value) is Range:
        return value.holds(given)
    if isinstance(value, list):
        spend(len(value) + 1)
        return equals(given, value) is True or any(
            (part.holds(given) if type(part) is Range else equals(given, part)) is True
            for part in value
        )
    if type(value) is bool and type(given) is not bool:
        return value
    return equals(given, value)


def mentions(node: Any, name: str) -> bool:
    """Whether a tree reads `name`."""
    if isinstance(node, tuple):
        if len(node) == 3 and node[0] == "name" and node[1] == name:
            return True
        return any(mentions(part, name) for part in node)
    return False
