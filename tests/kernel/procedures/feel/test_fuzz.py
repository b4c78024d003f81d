"""Whatever is written gives a value, null or a Refusal, and soon."""

from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from qianshou.kernel.procedures.feel import compile_expression, compile_unary_tests, to_json
from qianshou.kernel.procedures.feel.meter import bounded
from qianshou.kernel.procedures.feel.registry import FUNCTIONS
from qianshou.kernel.refusal import Refusal
from tests.kernel.procedures.feel.examples import told

FACTS = {"a": 1, "b b": [1, {"x": "y"}], "c": {"d": None, "e f": "2024-01-01"}, "街道": "龙岗"}
LEAVES = some.sampled_from([
    "1", "-0.5", "1E6000", "null", "true", '"a"', '"(a+)+$"', '"P1Y"', '@"2024-02-29"', '@"PT1H"',
    '@"10:00:00@Asia/Shanghai"', '@"P999999999Y"', '@"999999999-12-31"', "a", "b b", "c.e f",
    "街道", "item", "partial", "?", "[]", "{}", "unknown", "999999999999", "0",
])  # fmt: skip
SIGNS = some.sampled_from(
    ["+", "-", "*", "/", "**", "=", "!=", "<", ">=", "and", "or", " in ", "instance of", ".."]
)


def grow(inner: some.SearchStrategy[str]) -> some.SearchStrategy[str]:
    """Return expressions made of smaller ones."""
    return some.one_of(
        some.tuples(inner, SIGNS, inner).map(" ".join),
        some.tuples(some.sampled_from(sorted(FUNCTIONS)), some.lists(inner, max_size=4)).map(
            lambda made: f"{made[0]}({', '.join(made[1])})"
        ),
        some.lists(inner, max_size=4).map(lambda parts: f"[{', '.join(parts)}]"),
        some.tuples(inner, inner).map(lambda made: f"({made[0]})[{made[1]}]"),
        some.tuples(inner, inner).map(lambda made: f"[{made[0]}..{made[1]})"),
        some.tuples(inner, inner).map(lambda made: f"{{k: {made[0]}, m n: {made[1]}}}.m n"),
        some.tuples(inner, inner).map(lambda made: f"for i in {made[0]} return {made[1]}"),
        some.tuples(inner, inner).map(lambda made: f"some i in {made[0]} satisfies {made[1]}"),
        some.tuples(inner, inner, inner).map(lambda m: f"if {m[0]} then {m[1]} else {m[2]}"),
        some.tuples(inner, inner).map(
            lambda made: f"(function(x: number, y) {made[0]})(1, {made[1]})"
        ),
        some.tuples(inner, inner).map(lambda made: f"{made[0]} between {made[1]} and 3"),
        some.tuples(inner, some.sampled_from(["year", "start", "hours", "k"])).map(".".join),
    )


EXPRESSIONS = some.recursive(LEAVES, grow, max_leaves=12)


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(EXPRESSIONS)
def test_an_expression_of_the_grammar_gives_a_value_or_a_refusal(text: str) -> None:
    with suppress(Refusal):
        value = compile_expression(text, FACTS)(FACTS)
        bounded(lambda: to_json(value))
    with suppress(Refusal):
        assert compile_unary_tests(text, FACTS)(1, FACTS) in (True, False, None)


SCRAPS = some.sampled_from([
    "(", ")", "[", "]", "{", "}", "..", ",", ":", ".", '"', "@", "?", "in", "for", "return", "if",
    "then", "else", "function", "external", "instance of", "list<", ">", "->", "not(", "-", "1",
    "a", "b b", "//", "/*", "*/", "\\", "\\u12", " ", "\n", "　", "落", "🐎",
])  # fmt: skip


@settings(deadline=None, max_examples=150)
@given(some.lists(some.one_of(SCRAPS, some.text(max_size=3)), max_size=25).map("".join))
def test_scraps_of_the_language_give_a_value_or_a_refusal(text: str) -> None:
    with suppress(Refusal):
        compile_expression(text, FACTS)(FACTS)
    with suppress(Refusal):
        compile_unary_tests(text, FACTS)(1, FACTS)


@pytest.mark.parametrize(
    "text",
    [
        "for a in 1..999999999 return a",
        "for a in 1..2000, b in 1..2000 return a",
        "count(for a in 1..1000 return for b in 1..1000 return 1)",
        "some a in 1..99999, b in 1..99999 satisfies false",
        '{f: function(s, n) if n = 0 then s else f(s + s, n - 1), r: f("aaaa", 60)}.r',
        "{f: function(n) f(n) + f(n), r: f(1)}.r",
        "(for i in 0..60 return if i = 0 then [1] else [partial[-1], partial[-1]])[-1] = 1 + "
        "count(flatten((for i in 0..60 return if i = 0 then [1] else [partial[-1], partial[-1]])))",
        "string(for i in 0..60 return if i = 0 then [1] else [partial[-1], partial[-1]])",
        'for i in 1..999 return matches("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!", "^(a|aa)+$")',
        "distinct values(for i in 1..5000 return i)",
    ],
)
def test_work_without_end_is_not_done(text: str) -> None:
    assert told(text) in ("null", "false")


@pytest.mark.parametrize(
    "text",
    [
        "(" * 9_000, "[" * 9_000, "-" * 19_000 + "1", "1" + "+1" * 9_000, "not(" * 4_000,
        "1 in (" * 3_000, "a[" * 9_000, "{a:" * 6_000, "if 1 then " * 1_500, "]1.." * 4_000,
        "function(a) " * 1_500, "(<" * 9_000, "1 instance of list<" + "list<" * 3_000,
        "{" + "a b " * 4_000, "f(" + "x " * 9_000, "1" * 21_000,
    ],
)  # fmt: skip
def test_what_is_nested_or_long_beyond_measure_is_refused(text: str) -> None:
    with pytest.raises(Refusal) as refused:
        compile_expression(text)
    assert refused.value.code == "feel.syntax"
