"""Decision tables: every hit policy, defaults, and what is refused."""

from typing import Any

import pytest

from qianshou.kernel.procedures.dmn import load_dmn
from qianshou.kernel.refusal import Refusal, Refusals
from tests.kernel.procedures.test_bpmn import HOSTILE

HEAD = '<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="n">'


def table(
    policy: str, *rules: tuple[str, str], outputs: str = '<output id="o" name="out"/>'
) -> bytes:
    """Return a file with one table of one input `n` and the given rules."""
    hit, _mark, aggregation = policy.partition("/")
    told = f' aggregation="{aggregation}"' if aggregation else ""
    rows = "".join(
        f'<rule id="r{place}"><inputEntry id="i{place}"><text>{test}</text></inputEntry>'
        f'<outputEntry id="o{place}"><text>{result}</text></outputEntry></rule>'
        for place, (test, result) in enumerate(rules)
    )
    return (
        f'{HEAD}<decision id="t" name="t"><decisionTable id="dt" hitPolicy="{hit}"{told}>'
        '<input id="i"><inputExpression id="ie"><text>n</text></inputExpression></input>'
        f"{outputs}{rows}</decisionTable></decision></definitions>"
    ).encode()


def decide(raw: bytes, **facts: Any) -> Any:
    return load_dmn(raw, "t.dmn").decide("t", facts)


RULES = (("&lt; 10", '"a"'), ("&lt; 5", '"b"'), ("&lt; 3", '"a"'))


@pytest.mark.parametrize(
    ("policy", "n", "expected"),
    [
        ("FIRST", 1, "a"),
        ("FIRST", 20, None),
        ("UNIQUE", 7, "a"),
        ("UNIQUE", 1, None),
        ("ANY", 7, "a"),
        ("ANY", 1, None),
        ("RULE ORDER", 1, ["a", "b", "a"]),
        ("COLLECT", 4, ["a", "b"]),
    ],
)
def test_a_hit_policy_decides_between_rules(policy: str, n: int, expected: Any) -> None:
    assert decide(table(policy, *RULES), n=n) == expected


@pytest.mark.parametrize(
    ("policy", "expected"),
    [("COLLECT/SUM", 6), ("COLLECT/MIN", 1), ("COLLECT/MAX", 3), ("COLLECT/COUNT", 3)],
)
def test_collected_values_are_put_together(policy: str, expected: int) -> None:
    rules = (("&gt; 0", "1"), ("&gt; 0", "2"), ("&gt; 0", "3"))
    assert decide(table(policy, *rules), n=1) == expected


@pytest.mark.parametrize(("policy", "expected"), [("PRIORITY", "b"), ("OUTPUT ORDER", ["b", "a"])])
def test_the_order_of_outputs_counts(policy: str, expected: Any) -> None:
    outputs = (
        '<output id="o" name="out"><outputValues id="v"><text>"b", "a"</text></outputValues>'
        "</output>"
    )
    rules = (("&lt; 10", '"a"'), ("&lt; 5", '"b"'))
    assert decide(table(policy, *rules, outputs=outputs), n=1) == expected


def test_a_default_stands_where_no_rule_holds() -> None:
    outputs = (
        '<output id="o" name="out"><defaultOutputEntry id="x"><text>"none"</text>'
        "</defaultOutputEntry></output>"
    )
    assert decide(table("FIRST", ("&lt; 5", '"a"'), outputs=outputs), n=9) == "none"


def test_decisions_use_decisions() -> None:
    raw = (
        f'{HEAD}<decision id="a" name="a"><literalExpression id="x"><text>n + 1</text>'
        '</literalExpression></decision><decision id="t" name="t"><informationRequirement id="r">'
        '<requiredDecision href="#a"/></informationRequirement><literalExpression id="y">'
        "<text>a * 2</text></literalExpression></decision></definitions>"
    ).encode()
    assert decide(raw, n=2) == 6


@pytest.mark.parametrize(
    "raw",
    [
        table("NEAREST", *RULES),
        table("FIRST", ("&lt; &lt;", '"a"')),
        table("FIRST", ("-", "1 +")),
        f'{HEAD}<decision id="t" name="t"><invocation id="i"/></decision></definitions>'.encode(),
        f'{HEAD}<decision id="t" name="t"/></definitions>'.encode(),
        f"{HEAD}</definitions>".encode(),
    ],
)
def test_what_cannot_be_decided_is_refused(raw: bytes) -> None:
    with pytest.raises((Refusal, Refusals)) as refused:
        load_dmn(raw, "t.dmn").decide("t", {})
    for one in getattr(refused.value, "refusals", [refused.value]):
        assert one.code.startswith(("dmn.", "feel.")), one.code


def test_an_unknown_decision_is_refused() -> None:
    with pytest.raises(Refusal) as refused:
        load_dmn(table("FIRST", *RULES), "t.dmn").decide("other", {})
    assert refused.value.code == "dmn.decision"


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_refused_unread(name: str) -> None:
    with pytest.raises((Refusal, Refusals)) as refused:
        load_dmn(HOSTILE[name], name)
    for one in getattr(refused.value, "refusals", [refused.value]):
        assert one.code.startswith("dmn.")


TWO = (
    '{}<decisionTable id="dt" hitPolicy="{}"><input id="i"><inputExpression id="ie"><text>n</text>'
    "</inputExpression>{}</input>"
    '<output id="a" name="a" typeRef="number"/><output id="b" name="b"/>'
    "<rule><inputEntry><text>&gt; 1</text></inputEntry><outputEntry><text>n</text></outputEntry>"
    '<outputEntry><text>"x"</text></outputEntry></rule>'
    "<rule><inputEntry><text>&gt; 2</text></inputEntry><outputEntry><text>n + 1</text></outputEntry>"
    '<outputEntry><text>"y"</text></outputEntry></rule></decisionTable>{}'
)
PLAIN = ('<decision id="t" name="t">', "</decision>")
KNOWN = (
    '<businessKnowledgeModel id="t" name="t"><encapsulatedLogic><formalParameter name="n"/>',
    "</encapsulatedLogic></businessKnowledgeModel>",
)
ALLOWED = "<inputValues><text>[0..5]</text></inputValues>"


@pytest.mark.parametrize("around", [PLAIN, KNOWN])
@pytest.mark.parametrize(
    ("policy", "n", "expected"),
    [
        ("UNIQUE", 2, {"a": 2, "b": "x"}),
        ("COLLECT", 3, [{"a": 3, "b": "x"}, {"a": 4, "b": "y"}]),
        ("COLLECT", 0, []),
        ('COLLECT" aggregation="COUNT', 0, 0),
        ('COLLECT" aggregation="SUM', 0, None),
        ("FIRST", "x", None),
        ("FIRST", 6, None),
    ],
)
def test_several_outputs_are_a_context(
    around: tuple[str, str], policy: str, n: Any, expected: Any
) -> None:
    raw = f"{HEAD}{TWO.format(around[0], policy, ALLOWED, around[1])}</definitions>".encode()
    assert decide(raw, n=n) == expected


@pytest.mark.parametrize(
    "inside",
    [
        '<decisionTable id="dt"/>',
        '<decisionTable id="dt"><input id="i"/><output id="o"/></decisionTable>',
        '<decisionTable id="dt"><output id="o"/><rule/></decisionTable>',
    ],
)
def test_a_table_that_lacks_a_part_is_refused(inside: str) -> None:
    raw = f'{HEAD}<decision id="t" name="t">{inside}</decision></definitions>'.encode()
    with pytest.raises(Refusal) as refused:
        load_dmn(raw, "t.dmn")
    assert refused.value.code in ("dmn.empty", "dmn.columns")
