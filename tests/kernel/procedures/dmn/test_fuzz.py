"""A file that somebody changed, by chance or by intent, gives outcomes or a Refusal."""

from contextlib import suppress

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from lxml import etree

from qianshou.kernel.procedures.dmn import read_dmn
from qianshou.kernel.procedures.xml import local
from qianshou.kernel.refusal import Refusal
from tests.kernel.procedures.dmn.drafts import decision, definitions, knowledge, literal
from tests.kernel.procedures.dmn.drafts import given as input_data
from tests.kernel.procedures.dmn.test_boxed import BOXED, KINDS, SERVICE
from tests.kernel.procedures.dmn.test_tables import RULES, table

FILES = [
    SERVICE,
    table("COLLECT/SUM", *RULES),
    definitions(
        KINDS,
        input_data("n", "tColours"),
        *(decision(f"t{place}", logic, "i:n") for place, (logic, _) in enumerate(BOXED.values())),
        knowledge("f", {"x": "tChild"}, literal("f(x)"), "k:f"),
    ),
]
WORDS = some.sampled_from([
    "", "n", "a", "t0", "#a", "#n", "#f", "x#y", "tColour", "tColours", "tChild", "list<tChild>",
    "true", "COLLECT", "PRIORITY", "f(1)", "for x in 1..9 return n", "[1..", "? > 1", '"red"', "Java",
])  # fmt: skip
NAMES = some.sampled_from([
    "decision", "inputData", "context", "contextEntry", "variable", "literalExpression", "text",
    "relation", "row", "invocation", "binding", "rule", "for", "in", "itemDefinition", "typeRef",
    "decisionService", "outputDecision", "encapsulatedLogic", "functionItem", "allowedValues",
])  # fmt: skip
CHANGES = some.lists(
    some.tuples(
        some.integers(0, 10_000), some.sampled_from(["drop", "twice", "name", "word", "text", "move"]),
        some.integers(0, 10_000), WORDS, NAMES,
    ), min_size=1, max_size=4,
)  # fmt: skip


def change(root: etree._Element, place: int, how: str, other: int, word: str, name: str) -> None:
    """Change one element of a file."""
    elements = list(root.iter())[1:]
    if not elements:
        return
    element = elements[place % len(elements)]
    above = element.getparent()
    assert above is not None
    if how == "drop":
        above.remove(element)
    elif how == "twice":
        above.append(etree.fromstring(etree.tostring(element)))
    elif how == "name":
        element.tag = element.tag.replace(local(element), name) if local(element) else element.tag
    elif how == "text":
        element.text = word
    elif how == "move":
        target = elements[other % len(elements)]
        if element not in target.iterancestors() and target is not element:
            target.append(element)
    elif element.attrib:
        element.set(sorted(element.attrib)[other % len(element.attrib)], word)


@settings(deadline=None, max_examples=80, suppress_health_check=[HealthCheck.too_slow])
@given(some.sampled_from(FILES), CHANGES)
def test_a_changed_file_gives_outcomes_or_a_refusal(
    raw: bytes, changes: list[tuple[int, str, int, str, str]]
) -> None:
    root = etree.fromstring(raw)
    for one in changes:
        change(root, *one)
    with suppress(Refusal):
        model = read_dmn(etree.tostring(root), "t.dmn")
        for name in model.elements:
            with suppress(Refusal):
                model.decide(name, {"n": 1, "x": {"marks": [1]}})


@settings(deadline=None, max_examples=60)
@given(some.sampled_from(FILES), some.integers(0, 3_000), some.binary(max_size=6))
def test_changed_bytes_give_outcomes_or_a_refusal(raw: bytes, place: int, put: bytes) -> None:
    at = place % len(raw)
    with suppress(Refusal):
        model = read_dmn(raw[:at] + put + raw[at + len(put) :], "t.dmn")
        for name in model.decisions:
            model.decide(name, {"n": 1})
