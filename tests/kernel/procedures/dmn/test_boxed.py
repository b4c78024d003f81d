"""Boxed expressions (10.2), item definitions (7.3.2), requirements, knowledge and services."""

from datetime import UTC, datetime
from typing import Any

import pytest

from qianshou.kernel.procedures.dmn import load_dmn, read_dmn
from qianshou.kernel.procedures.feel.values import write
from qianshou.kernel.refusal import Refusal
from tests.kernel.procedures.dmn.drafts import (
    decide,
    decision,
    definitions,
    given,
    knowledge,
    literal,
)

NOON = datetime(2024, 11, 18, 4, tzinfo=UTC)
ENTRY = '<contextEntry><variable name="{}"/>{}</contextEntry>'
BOXED: dict[str, tuple[str, Any]] = {
    "a context": (
        "<context>" + ENTRY.format("first part", literal("n + 1"))
        + ENTRY.format("b", literal("first part * 2")) + "</context>",
        {"first part": 4, "b": 8},
    ),
    "a context with a result": (
        "<context>" + ENTRY.format("a", literal("n + 1"))
        + f"<contextEntry>{literal('a * 2')}</contextEntry></context>",
        8,
    ),
    "a list": (f"<list>{literal('n')}{literal('n * 2')}</list>", [3, 6]),
    "a relation": (
        '<relation><column name="x"/><column name="y y"/>'
        f"<row>{literal('1')}{literal('n')}</row><row>{literal('2')}{literal('null')}</row>"
        "</relation>",
        [{"x": 1, "y y": 3}, {"x": 2, "y y": None}],
    ),
    "a function that is called": (
        "<context>" + ENTRY.format(
            "f",
            '<functionDefinition><formalParameter name="a" typeRef="number"/>'
            + literal("a + n") + "</functionDefinition>",
        ) + f"<contextEntry>{literal('f(1)')}</contextEntry></context>",
        4,
    ),
    "a function of Java's Math": (
        "<context>" + ENTRY.format(
            "f",
            '<functionDefinition kind="Java"><formalParameter name="a"/><context>'
            + ENTRY.format("class", literal('"java.lang.Math"'))
            + ENTRY.format("method signature", literal('"abs(double)"'))
            + "</context></functionDefinition>",
        ) + f"<contextEntry>{literal('f(-n)')}</contextEntry></context>",
        3,
    ),
    "an invocation": (
        "<invocation>" + literal("abs") + '<binding><parameter name="n"/>' + literal("-n")
        + "</binding></invocation>",
        3,
    ),
    "a call of what is no function": (
        "<invocation>" + literal("n") + '<binding><parameter name="n"/>' + literal("1")
        + "</binding></invocation>",
        None,
    ),
    "a loop over nothing": (
        f'<for iteratorVariable="x"><in>{literal("null")}</in><return>{literal("x")}</return></for>',
        None,
    ),
    "some of nothing": (
        f'<some iteratorVariable="x"><in>{literal("null")}</in>'
        f"<satisfies>{literal('x')}</satisfies></some>",
        None,
    ),
    "a choice": (
        f"<conditional><if>{literal('n > 2')}</if><then>{literal('1')}</then>"
        f"<else>{literal('2')}</else></conditional>",
        1,
    ),
    "a filter": (
        f"<filter><in>{literal('[1,2,3,4]')}</in><match>{literal('item >= n')}</match></filter>",
        [3, 4],
    ),
    "a loop": (
        f'<for iteratorVariable="x"><in>{literal("[1,2]")}</in>'
        f"<return>{literal('x * n + count(partial)')}</return></for>",
        [3, 7],
    ),
    "some": (
        f'<some iteratorVariable="x"><in>{literal("[1,4]")}</in>'
        f"<satisfies>{literal('x > n')}</satisfies></some>",
        True,
    ),
    "every": (
        f'<every iteratorVariable="x"><in>{literal("[1,4]")}</in>'
        f"<satisfies>{literal('x > n')}</satisfies></every>",
        False,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BOXED)
def test_a_boxed_expression_gives_its_value(name: str) -> None:
    logic, expected = BOXED[name]
    raw = definitions(given("n", "number"), decision("t", logic, "i:n"))
    assert decide(raw, "t", n=3) == expected


KINDS = (
    '<itemDefinition name="tColour"><typeRef>string</typeRef><allowedValues>'
    '<text>"red", "green"</text></allowedValues></itemDefinition>'
    '<itemDefinition name="tColours" isCollection="true"><typeRef>tColour</typeRef>'
    "</itemDefinition>"
    '<itemDefinition name="tChild"><itemComponent name="birth day"><typeRef>date</typeRef>'
    '</itemComponent><itemComponent name="marks" isCollection="true"><typeRef>number</typeRef>'
    "</itemComponent></itemDefinition>"
)


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("number", 5, 5),
        ("number", "5", None),
        ("number", [5], 5),
        ("number", [5, 6], None),
        ("string", "2024-01-01", "2024-01-01"),
        ("date", "2024-01-01", "2024-01-01"),
        ("date", "soon", None),
        ("date and time", "2024-01-01T10:00:00", "2024-01-01T10:00:00"),
        ("days and time duration", "PT25H", "P1DT1H"),
        ("tColour", "red", "red"),
        ("tColour", "blue", None),
        ("tColours", ["red", "green"], ["red", "green"]),
        ("tColours", "red", ["red"]),
        ("tColours", ["red", "blue"], None),
        (
            "tChild",
            {"birth day": "2015-01-01", "marks": 1},
            {"birth day": "2015-01-01", "marks": [1]},
        ),
        ("tChild", {"birth day": 1}, None),
        ("Any", {"a": [1, "x"]}, {"a": [1, "x"]}),
        ("feel:number", 5, 5),
    ],
)
def test_what_is_given_is_read_as_its_type_says(kind: str, value: Any, expected: Any) -> None:
    raw = definitions(KINDS, given("n", kind), decision("t", literal("n"), "i:n"))
    assert decide(raw, "t", n=value) == expected


def test_a_value_that_does_not_conform_is_null() -> None:
    raw = definitions(
        KINDS,
        decision("a", literal('"blue"'), kind="tColour"),
        decision("b", literal("[3]"), kind="number"),
        decision("c", literal("tChild"), kind="tChild"),
        decision("d", literal('@"2024-01-01"'), kind="date and time"),
    )
    found = [decide(raw, name) for name in "abcd"]
    assert found == [None, 3, None, "2024-01-01T00:00:00Z"]


def test_a_names_parts_are_known_where_it_is_required() -> None:
    raw = definitions(
        KINDS,
        given("the child", "tChild"),
        decision(
            "age in years",
            literal('years and months duration(the child.birth day, @"2024-01-01").years'),
            "i:the child",
        ),
        decision("t", literal("age in years - 1"), "d:age in years"),
        decision("all", literal('[the child][birth day < @"2020-01-01"].marks'), "i:the child"),
    )  # fmt: skip
    facts = {"the child": {"birth day": "2015-06-01", "marks": [1]}}
    assert decide(raw, "t", **facts) == 7
    assert decide(raw, "all", **facts) == [[1]]


def test_knowledge_may_require_knowledge_and_itself() -> None:
    raw = definitions(
        knowledge("Double It", {"x": "number"}, literal("x * 2")),
        knowledge("power", {"n": ""}, literal("if n = 0 then 1 else Double It(power(n - 1))"),
                  "k:Double It", "k:power"),
        decision("t", literal("power(10)"), "k:power"),
        decision("wrong", literal('Double It("x")'), "k:Double It"),
    )  # fmt: skip
    assert decide(raw, "t") == 1024
    assert decide(raw, "wrong") is None
    assert decide(raw, "power", n=3) == 8


TYPED = (
    '<itemDefinition name="tFn"><functionItem outputTypeRef="number"><parameters name="x"'
    ' typeRef="number"/></functionItem></itemDefinition>'
)


@pytest.mark.parametrize(("text", "expected"), [("x * 2", 6), ('"x"', None)])
def test_the_result_of_knowledge_is_of_its_type(text: str, expected: int | None) -> None:
    body = f'<encapsulatedLogic><formalParameter name="x"/>{literal(text)}</encapsulatedLogic>'
    whole = '<businessKnowledgeModel id="{0}" name="{0}"><variable name="{0}" typeRef="{1}"/>{2}</businessKnowledgeModel>'  # noqa: E501
    raw = definitions(
        TYPED,
        whole.format("f", "tFn", body),
        whole.format("g", "", body.replace("Logic>", 'Logic typeRef="number">', 1)),
        decision("t", literal("[f(3), g(3)]"), "k:f", "k:g"),
        decision("kind", literal("f instance of function<number>->string"), "k:f"),
    )
    assert decide(raw, "t") == [expected, expected]
    assert decide(raw, "kind") is False


SERVICE = definitions(
    given("n", "number"),
    decision("a", literal("n + 1"), "i:n"),
    decision("b", literal("a * 2"), "d:a"),
    decision("c", literal("a * 3"), "d:a"),
    '<decisionService id="s1" name="give b"><outputDecision href="#b"/>'
    '<encapsulatedDecision href="#a"/><inputData href="#n"/></decisionService>',
    '<decisionService id="s2" name="both"><outputDecision href="#b"/><outputDecision href="#c"/>'
    '<inputDecision href="#a"/></decisionService>',
    decision("t", literal("give b(5) + both(a: 1).c"), "k:s1", "k:s2"),
)


def test_a_service_gives_its_decisions() -> None:
    assert decide(SERVICE, "give b", n=1) == 4
    assert decide(SERVICE, "s2", a=10) == {"b": 20, "c": 30}
    assert decide(SERVICE, "t") == 15


LIBRARY = definitions(
    '<itemDefinition name="tYuan"><typeRef>number</typeRef><allowedValues><text>&gt;= 0</text>'
    "</allowedValues></itemDefinition>",
    given("base"),
    decision("sum of it", literal("base * 10"), "i:base"),
    knowledge("twice", {"x": "tYuan"}, literal("x * 2")),
    namespace="library",
)
IMPORT = f'<import namespace="library" name="{{}}" importType="{"https://www.omg.org/spec/DMN/20191111/MODEL/"}"/>'


@pytest.mark.parametrize(("name", "prefix"), [("lib", "lib."), ("", "")])
def test_a_file_beside_is_imported_by_its_namespace(name: str, prefix: str) -> None:
    raw = definitions(
        IMPORT.format(name),
        given("n", f"{prefix}tYuan"),
        decision("t", literal(f"{prefix}twice(n) + {prefix}sum of it"),
                 "i:n", "k:library#twice", "d:library#sum of it"),
    )  # fmt: skip
    model = load_dmn(raw, "t.dmn", [("broken.dmn", b"<x"), ("library.dmn", LIBRARY)])
    facts = {"n": 2, "lib": {"base": 3}} if name else {"n": 2, "base": 3}
    assert model.decide("t", facts) == 34
    assert model.decide("t", {**facts, "n": -2}) is None


def test_what_is_imported_twice_takes_its_inputs_from_either_place() -> None:
    greeting = definitions(
        given("name"), decision("greeting", literal('"你好" + name'), "i:name"), namespace="one"
    )

    def middle(space: str) -> bytes:
        return definitions(
            '<import namespace="one" name="A" importType="DMN"/>',
            decision("told", literal("A.greeting"), "d:one#greeting"),
            namespace=space,
        )

    raw = definitions(
        '<import namespace="b1" name="B1" importType="DMN"/>',
        '<import namespace="b2" name="B2" importType="DMN"/>',
        decision("t", literal("[B1.told, B2.told]"), "d:b1#told", "d:b2#told"),
    )
    others = [("a", greeting), ("b1", middle("b1")), ("b2", middle("b2"))]
    facts = {"B1": {"A": {"name": "甲"}}, "B2": {"A": {"name": "乙"}}}
    assert load_dmn(raw, "t.dmn", others).decide("t", facts) == ["你好甲", "你好乙"]


DATED = {
    space: f"https://www.omg.org/spec/DMN/{space}/MODEL/"
    for space in ("20180521", "20191111", "20211108", "20230324")
} | {"1.1": "http://www.omg.org/spec/DMN/20151101/dmn.xsd"}


@pytest.mark.parametrize("space", DATED.values(), ids=list(DATED))
def test_every_version_of_the_standard_is_read(space: str) -> None:
    assert decide(definitions(decision("t", literal("1 + 1")), space=space), "t") == 2


WRONG: dict[str, tuple[str, str]] = {
    "a type that is not there": (decision("t", literal("1"), kind="tNone"), "dmn.kind"),
    "a requirement that is not there": (decision("t", literal("1"), "d:none"), "dmn.reference"),
    "another language": (
        decision("t", '<literalExpression expressionLanguage="python"><text>1</text>'
                 "</literalExpression>"), "dmn.language"),
    "a function in PMML": (
        decision("t", '<functionDefinition kind="PMML">' + literal("1") + "</functionDefinition>"),
        "dmn.language"),
    "a name twice": (
        decision("t", "<context>" + ENTRY.format("a", literal("1")) * 2 + "</context>"),
        "dmn.twice"),
    "a relation with a short row": (
        decision("t", f'<relation><column name="a"/><column name="b"/><row>{literal("1")}</row>'
                 "</relation>"), "dmn.columns"),
    "what is no expression": (
        decision("t", "<context><contextEntry><variable name='a'/><dream/></contextEntry>"
                 "</context>"), "dmn.unsupported"),
    "an import that is not beside": (
        IMPORT.format("lib") + decision("t", literal("1")), "dmn.import"),
    "an import that is no DMN": (
        '<import namespace="x" name="x" importType="http://www.w3.org/2001/XMLSchema"/>'
        + decision("t", literal("1")), "dmn.import"),
    "decisions in a circle": (
        decision("t", literal("a"), "d:a") + decision("a", literal("t"), "d:t"), "dmn.circle"),
    "no FEEL": (decision("t", literal("1 +")), "dmn.feel"),
    "knowledge without logic": (
        '<businessKnowledgeModel id="k" name="k"/>' + decision("t", literal("k(1)"), "k:k"),
        "dmn.empty"),
    "a choice without an else": (
        decision("t", f"<conditional><if>{literal('true')}</if><then>{literal('1')}</then>"
                 "</conditional>"), "dmn.empty"),
    "a service without a decision": (
        '<decisionService id="s" name="s"/>' + decision("t", literal("1")), "dmn.empty"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_what_is_not_supported_is_refused_with_its_line(name: str) -> None:
    elements, code = WRONG[name]
    with pytest.raises(Refusal) as refused:
        load_dmn(definitions(elements), "t.dmn")
    assert refused.value.code == code
    assert "t.dmn" in refused.value.en
    assert "1" in refused.value.zh


def test_a_fault_gives_null_and_leaves_the_others_as_they_are() -> None:
    model = read_dmn(
        definitions(decision("a", literal("1 +")), decision("b", literal("2"), "d:a")), "t.dmn"
    )
    assert [fault.code for fault in model.faults] == ["dmn.feel"]
    assert model.decide("a", {}) is None
    assert model.decide("b", {}) == 2


def test_now_is_the_instant_that_is_given() -> None:
    model = load_dmn(definitions(decision("t", literal("[now(), today()]"))), "t.dmn")
    assert write(model.evaluate("t", {}, NOON)) == "[2024-11-18T04:00:00Z, 2024-11-18]"
    assert model.decide("t", {}) == [None, None]


def test_a_column_called_1_leaves_the_number_as_it_is() -> None:
    raw = definitions(
        f'<decision id="t" name="t"><relation><column name="1"/><row>{literal("1 + 1")}</row>'
        "</relation></decision>"
    )
    assert decide(raw, "t") == [{"1": 2}]


def test_a_difference_is_no_name_where_the_name_is_not_required() -> None:
    raw = definitions(
        given("a", "integer"), given("b", "number"), given("a-b", "number"),
        decision("minus", literal("a-b"), "i:a", "i:b"),
        decision("name", literal("a-b"), "i:a-b"),
    )  # fmt: skip
    facts = {"a": 5, "b": 3, "a-b": 7}
    assert decide(raw, "minus", **facts) == 2
    assert decide(raw, "name", **facts) == 7
