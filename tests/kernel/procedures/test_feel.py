"""FEEL: values as the standard says, three-valued logic, and nothing that could run Python."""

import json
from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from qianshou.kernel.procedures.feel import compile_expression, compile_unary_tests, to_json
from qianshou.kernel.procedures.feel.temporal import DAY, Date, Duration, Months
from qianshou.kernel.refusal import Refusal

TRUTH = some.sampled_from([True, False, None])
NUMBERS = some.integers(-(10**12), 10**12)


def value(text: str, **facts: Any) -> Any:
    return compile_expression(text, facts.keys())(facts)


CASES: list[tuple[str, Any]] = [
    ("1 + 2 * 3", 7),
    ("(1 + 2) * 3", 9),
    ("2 ** 3", 8),
    ("-2 ** 2", 4),
    ("7 / 2", Decimal("3.5")),
    ("0.1 + 0.2 = 0.3", True),
    ("1 / 0", None),
    ('"a" + "b"', "ab"),
    ('1 + "a"', None),
    ("1 < 2", True),
    ('1 < "2"', None),
    ("null = null", True),
    ("1 = null", False),
    ("null > 1", None),
    ("5 in [1..5]", True),
    ("5 in [1..5)", False),
    ("5 in (>3)", True),
    ("5 between 1 and 5", True),
    ("[1,2,3][2]", 2),
    ("[1,2,3][-1]", 3),
    ("[1,2,3][9]", None),
    ("[1,2,3,4][item > 2]", [3, 4]),
    ("{a: 1, b: a + 1}.b", 2),
    ("[{x: 1}, {x: 2}].x", [1, 2]),
    ("for n in 1..3 return n * n", [1, 4, 9]),
    ("some n in [1,2] satisfies n > 1", True),
    ("every n in [1,2] satisfies n > 1", False),
    ("if 1 > 2 then 1 else 2", 2),
    ("if null then 1 else 2", 2),
    ("not(true)", True is False),
    ("not(null)", None),
    ('contains("落水了", "落水")', True),
    ('substring("盘龙街口", 2, 2)', "龙街"),
    ('string length("街口")', 2),
    ('upper case("ab")', "AB"),
    ('matches("LD-2024", "^LD-\\\\d+$")', True),
    ('split("a;b", ";")', ["a", "b"]),
    ('string join(["a", null, "b"], "-")', "a-b"),
    ("count([1,2,null])", 3),
    ("sum([1,2,3])", 6),
    ("mean([1,2])", Decimal("1.5")),
    ("min(3, 1)", 1),
    ("max([])", None),
    ("list contains([1,2], 2)", True),
    ("append([1], 2)", [1, 2]),
    ("concatenate([1], [2])", [1, 2]),
    ("distinct values([1,1,2])", [1, 2]),
    ("flatten([1,[2,[3]]])", [1, 2, 3]),
    ("floor(1.9)", 1),
    ("modulo(-5, 3)", 1),
    ('number("12")', 12),
    ('number("x")', None),
    ('date("2024-11-18") < date("2024-11-19")', True),
    ('date("2024-02-30")', None),
    ('date("2024-01-31") + duration("P1M")', Date(2024, 2, 29)),
    ('duration("P1Y2M")', Months(14)),
    ('date("2024-11-19") - date("2024-11-18")', Duration(DAY)),
    ('date("2024-11-18").year', 2024),
    ("1 instance of number", True),
    ("unknown", None),
    ("unknown.a.b", None),
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_an_expression_has_the_value_of_the_standard(text: str, expected: Any) -> None:
    found = value(text)
    assert found == expected
    assert isinstance(found, bool) == isinstance(expected, bool)


def test_names_with_spaces_and_in_chinese() -> None:
    assert value("到期 日期 + 1", **{"到期 日期": 2}) == 3
    assert value('性质 = "警务"', 性质="警务") is True


@settings(deadline=None)
@given(TRUTH, TRUTH)
def test_and_and_or_are_three_valued_and_commute(one: bool | None, other: bool | None) -> None:
    both = value("a and b", a=one, b=other)
    assert both == value("b and a", a=one, b=other)
    assert both is (False if False in (one, other) else None if None in (one, other) else True)
    either = value("a or b", a=one, b=other)
    assert either is (True if True in (one, other) else None if None in (one, other) else False)


@settings(deadline=None)
@given(NUMBERS, NUMBERS)
def test_arithmetic_is_exact(one: int, other: int) -> None:
    assert value("a + b - b", a=one, b=other) == one
    assert value("a * b", a=one, b=other) == one * other
    assert value("a < b", a=one, b=other) is (one < other)
    assert value(f"{one} = a", a=one) is True


@settings(deadline=None)
@given(some.text(some.characters(exclude_categories=["Cs", "Cc"]), max_size=30))
def test_a_string_is_itself(text: str) -> None:
    quoted = text.replace("\\", "\\\\").replace('"', '\\"')
    assert value(f'"{quoted}"') == text
    assert value("string length(a)", a=text) == len(text)


@settings(deadline=None)
@given(some.text(max_size=60))
def test_whatever_is_written_gives_a_value_or_a_refusal(text: str) -> None:
    with suppress(Refusal):
        value(text, a=1)


@pytest.mark.parametrize(
    "text",
    [
        "", "1 +", "(1", "[1..", "if 1 then 2", "for x return 1", '"open', "a = = b", "1 2",
        "{a 1}", "@", "@\"soon\"", "f(a: 1, 2)", "[1..2}", "function(a: number b) 1",
        "1 instance of function<number b>->number", "function(a: 1) a",
        "a.b.", "import os; 1", "lambda: 1", "function(x) external",
        "(" * 5000 + ")" * 5000,
    ],
)  # fmt: skip
def test_what_is_no_feel_is_refused_with_its_place(text: str) -> None:
    with pytest.raises(Refusal) as refused:
        compile_expression(text)
    assert refused.value.code == "feel.syntax"
    assert refused.value.zh
    assert refused.value.en


@pytest.mark.parametrize(
    "text",
    ["__import__", "().__class__", "a.__class__", 'open("x")', 'eval("1")', "os.system"],
)
def test_nothing_reaches_python(text: str) -> None:
    with suppress(Refusal):
        assert value(text, a="x") is None


def test_huge_work_is_not_done() -> None:
    assert value("9 ** 9 ** 9") is None or isinstance(value("9 ** 9 ** 9"), Decimal | int)
    assert value("for a in 1..9999999 return a") is None
    assert value('matches("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!", "^(a+)+$")') in (None, False)


@pytest.mark.parametrize(
    ("tests", "given_value", "passes"),
    [
        ("-", None, True),
        ("1, 2", 2, True),
        ("1, 2", 3, False),
        ("not(1, 2)", 3, True),
        ("< 5", 4, True),
        ("[1..5]", 5, True),
        ('"a", "b"', "b", True),
        ('contains(?, "水")', "落水", True),
        ("> 5", None, None),
        ("null", None, True),
    ],
)
def test_cells_of_tables(tests: str, given_value: Any, passes: bool | None) -> None:
    found = compile_unary_tests(tests)(given_value, {})
    assert (found or False) == (passes or False)


@pytest.mark.parametrize("fact", [float("nan"), float("inf"), -float("inf")])
def test_a_fact_that_is_no_finite_number_is_null(fact: float) -> None:
    for text in ("a < 1", "a + 1", "b.a > 1", "[a, 1][1] < 1", "max([a, 1])", "-a"):
        assert compile_expression(text)({"a": fact, "b": {"a": fact}}) is None
    assert compile_expression("a = null")({"a": fact}) is True
    assert to_json([fact, {"a": fact}]) == [None, {"a": None}]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("1e6000", "null"), ("-1e6000", "null"), ("10 ** 400", "null"), ("1e-6000", "0.0"),
        ("10 ** 30", "1" + "0" * 30), ("2.50", "2.5"), ("2.0", "2"), ("[1e400, 1]", "[null, 1]"),
    ],
)  # fmt: skip
def test_a_number_that_json_readers_cannot_hold_is_null(text: str, told: str) -> None:
    assert json.dumps(to_json(compile_expression(text)({}))) == told
