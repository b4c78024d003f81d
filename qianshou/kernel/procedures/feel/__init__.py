"""FEEL, the expression language of DMN, compiled once to closures over decimals.

Conditions of procedures, cells of decision tables and what packs declare are FEEL. Nothing
in it can run Python.
"""

from collections.abc import Collection, Mapping
from typing import Any

from qianshou.kernel.procedures.feel.compile import INPUT, Compiler, parse
from qianshou.kernel.procedures.feel.values import to_json
from qianshou.kernel.refusal import Refusal

__all__ = ["Expression", "UnaryTests", "compile_expression", "compile_unary_tests", "to_json"]


class Expression:
    """A compiled expression: call it with facts. `names` are the free names it reads."""

    __slots__ = ("_closure", "names", "text")

    def __init__(self, text: str, names: Collection[str] | None) -> None:
        self.text = text
        compiler = Compiler(text)
        self._closure = compiler.closure(parse(text, names).whole_expression())
        self.names = frozenset(compiler.free)

    def __call__(self, facts: Mapping[str, Any]) -> Any:
        """Return the value over `facts` (JSON values); null is None; never raises."""
        try:
            return self._closure(facts)
        except RecursionError:
            return None


class UnaryTests:
    """Compiled unary tests, the cell of a decision table's input."""

    __slots__ = ("_closure", "names", "text")

    def __init__(self, text: str, names: Collection[str] | None) -> None:
        self.text = text
        compiler = Compiler(text)
        self._closure = compiler.tests(parse(text, names).whole_tests())
        self.names = frozenset(compiler.free)

    def __call__(self, value: Any, facts: Mapping[str, Any]) -> bool | None:
        """Whether `value` passes, beside `facts`; None where it cannot be said."""
        try:
            found: bool | None = self._closure({**facts, INPUT: value})
        except RecursionError:
            return None
        return found


def compile_expression(text: str, names: Collection[str] | None = None) -> Expression:
    """Return `text` compiled; `names` are known names, needed where they contain spaces.

    Raises Refusal feel.syntax, with the place, for what is not FEEL.
    """
    try:
        return Expression(text, names)
    except RecursionError:
        raise too_deep() from None


def compile_unary_tests(text: str, names: Collection[str] | None = None) -> UnaryTests:
    """Return unary tests compiled; "-" passes everything. Raises Refusal feel.syntax."""
    try:
        return UnaryTests(text, names)
    except RecursionError:
        raise too_deep() from None


def too_deep() -> Refusal:
    """Return the refusal of an expression that is nested too deeply."""
    return Refusal("feel.syntax", "表达式嵌套太深", "The expression is nested too deeply")
