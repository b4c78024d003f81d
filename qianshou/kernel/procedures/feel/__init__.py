"""FEEL, the expression language of DMN, compiled once to closures over decimals.

Conditions of procedures, cells of decision tables and what packs declare are FEEL. Nothing
in it can run Python.
"""

from collections.abc import Collection, Mapping
from typing import Any

# Importing them registers the built-in functions.
from qianshou.kernel.procedures.feel import functions, lists, ranges, texts  # noqa: F401
from qianshou.kernel.procedures.feel.compile import NOW, Compiler, parse
from qianshou.kernel.procedures.feel.fixed import interval_of, texts_named
from qianshou.kernel.procedures.feel.kinds import Kind, kind_of
from qianshou.kernel.procedures.feel.meter import bounded
from qianshou.kernel.procedures.feel.unary import INPUT
from qianshou.kernel.procedures.feel.values import to_json
from qianshou.kernel.refusal import Refusal

__all__ = [
    "NOW", "Expression", "UnaryTests", "compile_expression", "compile_unary_tests", "read_kind",
    "to_json",
]  # fmt: skip


class Expression:
    """A compiled expression: call it with facts. `names` are the free names it reads; one that
    `asks_now` wants the instant among the facts, as NOW.
    """

    __slots__ = ("_closure", "_costly", "asks_now", "names", "text")

    def __init__(self, text: str, names: Collection[str], kinds: Mapping[str, Kind]) -> None:
        self.text = text
        compiler = Compiler(text, kinds)
        self._closure = compiler.closure(parse(text, names).whole_expression())
        self._costly = compiler.costly
        self.asks_now = compiler.asks_now
        self.names = frozenset(compiler.free)

    def __call__(self, facts: Mapping[str, Any]) -> Any:
        """Return the value over `facts` (JSON values); null is None; never raises."""
        if self._costly:
            return bounded(lambda: self._closure(facts))
        try:
            return self._closure(facts)
        except RecursionError:
            return None


class UnaryTests:
    """Compiled unary tests, the cell of a decision table's input.

    What needs no trying is told: `passes_all`, that it only names `texts`, or that it is one
    `interval` of numbers.
    """

    __slots__ = ("_closure", "_costly", "interval", "names", "passes_all", "text", "texts")

    def __init__(self, text: str, names: Collection[str], kinds: Mapping[str, Kind]) -> None:
        self.text = text
        compiler = Compiler(text, kinds)
        tree = parse(text, names).whole_tests()
        self._closure = compiler.tests(tree)
        self.passes_all = tree == ("any",)
        self.texts = texts_named(tree)
        self.interval = interval_of(tree)
        self._costly = compiler.costly
        self.names = frozenset(compiler.free)

    def __call__(self, value: Any, facts: Mapping[str, Any]) -> bool | None:
        """Whether `value` passes, beside `facts`; None where it cannot be said."""
        return self.holds({**facts, INPUT: value})

    def holds(self, scope: Mapping[str, Any]) -> bool | None:
        """Whether the value that `scope` holds as INPUT passes."""
        if self._costly:
            return bounded(lambda: self._closure(scope))
        try:
            found: bool | None = self._closure(scope)
        except RecursionError:
            return None
        return found


def compile_expression(
    text: str, names: Collection[str] | None = None, kinds: Mapping[str, Kind] | None = None
) -> Expression:
    """Return `text` compiled; `names` are known names, needed where they contain spaces, and
    `kinds` the types that have a name.

    Raises Refusal feel.syntax, with the place, for what is not FEEL.
    """
    try:
        return Expression(text, names or (), kinds or {})
    except RecursionError:
        raise too_deep() from None


def compile_unary_tests(
    text: str, names: Collection[str] | None = None, kinds: Mapping[str, Kind] | None = None
) -> UnaryTests:
    """Return unary tests compiled; "-" passes everything. Raises Refusal feel.syntax."""
    try:
        return UnaryTests(text, names or (), kinds or {})
    except RecursionError:
        raise too_deep() from None


def read_kind(text: str, kinds: Mapping[str, Kind]) -> Kind | None:
    """Return the type that a text like "list<number>" names, or None for an unknown one.

    Raises Refusal feel.syntax.
    """
    return kind_of(parse(text, kinds).whole_kind(), kinds)


def too_deep() -> Refusal:
    """Return the refusal of an expression that is nested too deeply."""
    return Refusal("feel.syntax", "表达式嵌套太深", "The expression is nested too deeply")
