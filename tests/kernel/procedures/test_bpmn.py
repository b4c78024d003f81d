"""BPMN files: what is outside the profile is refused with element and line, hostile XML unread."""

from xml.sax.saxutils import escape

import pytest

from qianshou.kernel.procedures.bpmn import load_bpmn
from qianshou.kernel.procedures.compiled import compile_procedure
from qianshou.kernel.refusal import Refusal, Refusals
from tests.kernel.procedures.drafts import HEAD, bpmn

FINE = bpmn("end e\n s > a > e").decode()


def codes(raw: bytes) -> dict[str, str]:
    """Return the codes of what is refused, by element, after reading and compiling."""
    try:
        compile_procedure(load_bpmn(raw, "file"))
    except Refusal as refused:
        return {refused.field or "": refused.code}
    except Refusals as refused:
        return {one.field or "": one.code for one in refused.refusals}
    return {}


def whole(body: str) -> bytes:
    text = f'{HEAD}<process id="p" isExecutable="true">\n{body}\n</process></definitions>'
    return text.encode()


def arrow(name: str, source: str, target: str) -> str:
    return f'<sequenceFlow id="{name}" sourceRef="{source}" targetRef="{target}"/>'


def test_a_plain_file_is_fine() -> None:
    assert codes(FINE.encode()) == {}


@pytest.mark.parametrize(
    "element",
    [
        '<scriptTask id="odd"><script>import os</script></scriptTask>',
        '<complexGateway id="odd"/>',
        '<eventBasedGateway id="odd" instantiate="true"/>',
        '<adHocSubProcess id="odd"/>',
        '<transaction id="odd"/>',
        '<intermediateThrowEvent id="odd"><compensateEventDefinition/></intermediateThrowEvent>',
        '<endEvent id="odd"><cancelEventDefinition/></endEvent>',
        '<intermediateCatchEvent id="odd"><errorEventDefinition/></intermediateCatchEvent>',
        '<startEvent id="odd"><conditionalEventDefinition/></startEvent>',
        '<intermediateCatchEvent id="odd"><timerEventDefinition><timeCycle>R3/P1D</timeCycle>'
        "</timerEventDefinition></intermediateCatchEvent>",
        '<userTask id="odd"><standardLoopCharacteristics/></userTask>',
        '<serviceTask id="odd" isForCompensation="true" qs:effect="x"/>',
        '<serviceTask id="odd" qs:effect="x"><multiInstanceLoopCharacteristics '
        'qs:collection="list"/></serviceTask>',
        '<callChoreography id="odd"/>',
    ],
)
def test_what_is_outside_the_profile_is_refused_with_its_line(element: str) -> None:
    raw = FINE.replace("<userTask", f"{element}\n<userTask", 1).encode()
    with pytest.raises((Refusal, Refusals)) as refused:
        load_bpmn(raw, "file.bpmn")
    found = getattr(refused.value, "refusals", [refused.value])
    said = next(one for one in found if one.code == "bpmn.unsupported")
    line = FINE[: FINE.index("<userTask")].count("\n") + 1
    assert f"第 {line} 行" in said.zh
    assert f"line {line}" in said.en
    assert "file.bpmn" in said.en


@pytest.mark.parametrize(
    ("body", "element", "code"),
    [
        ('<startEvent id="s"/><startEvent id="s"/>', "s", "bpmn.id"),
        ('<startEvent id="s"/>' + arrow("f", "s", "nowhere"), "f", "bpmn.reference"),
        ('<startEvent id="s"/><userTask id="a" qs:colour="red"/>', "a", "bpmn.attribute"),
        (
            '<startEvent id="s"/><boundaryEvent id="b" attachedToRef="none"><timerEventDefinition>'
            "<timeDuration>P1D</timeDuration></timerEventDefinition></boundaryEvent>",
            "b",
            "bpmn.reference",
        ),
        (
            '<startEvent id="s"/><exclusiveGateway id="x" default="none"/>',
            "x",
            "bpmn.reference",
        ),
        (
            '<startEvent id="s"/><userTask id="a"/><sequenceFlow id="f" sourceRef="s" '
            'targetRef="a"><conditionExpression>${approved}</conditionExpression></sequenceFlow>',
            "f",
            "bpmn.language",
        ),
        (
            '<startEvent id="s"/><exclusiveGateway id="x" default="f"/><userTask id="a"/>'
            + arrow("f", "s", "a"),
            "x",
            "bpmn.reference",
        ),
        ('<startEvent id="s"/><receiveTask id="r"/>', "r", "bpmn.message"),
        (
            '<startEvent id="s"/><intermediateCatchEvent id="t"><timerEventDefinition/>'
            "</intermediateCatchEvent>",
            "t",
            "bpmn.timer",
        ),
    ],
)
def test_what_does_not_fit_together_is_refused(body: str, element: str, code: str) -> None:
    found = codes(whole(body))
    assert code in found.values(), found
    assert element in found or any(key for key in found)


@pytest.mark.parametrize(
    ("draft", "element", "code"),
    [
        ("end e\n end f\n s > a > e\n a > f", "a", "bpmn.split"),
        ("end e\n s > a\n s > e", "s", "bpmn.split"),
        ("xor x\n end e\n s > a > x\n x > e: n > 1\n x > a: n < 1", "x", "bpmn.default"),
        ("xor x\n end e\n s > a > x\n x > e\n x > b: n = = 1\n b > e", "f3", "bpmn.feel"),
        ("service odd\n end e\n s > odd > e\n late t odd\n t > e", "t", "bpmn.reference"),
    ],
)
def test_what_could_not_run_is_refused(draft: str, element: str, code: str) -> None:
    found = codes(bpmn(draft))
    assert found.get(element) == code, found


@pytest.mark.parametrize("span", ["five days", "=5", '="five"'])
def test_a_span_that_nobody_can_read_is_refused(span: str) -> None:
    told = escape(span, {'"': "&quot;"})
    assert codes(FINE.replace('qs:due="5d"', f'qs:due="{told}"').encode()) == {"a": "bpmn.span"}
    timed = bpmn("timer t\n end e\n s > t > e").decode().replace("P5D", told)
    assert codes(timed.encode()) == {"t": "bpmn.span"}


def test_a_span_that_the_facts_tell_is_not_judged_before() -> None:
    assert codes(FINE.replace('qs:due="5d"', 'qs:due="=span"').encode()) == {}


def test_a_process_of_thousands_is_refused() -> None:
    many = "\n".join(f'<task id="t{number}"/>' for number in range(2001))
    assert codes(whole(many))["p"] == "bpmn.large"


BOMB = (
    '<?xml version="1.0"?><!DOCTYPE d [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(8))
    + "]><definitions>&i;</definitions>"
)
HOSTILE = {
    "bomb": BOMB.encode(),
    "external": b'<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]><d>&x;</d>',
    "parameter": b'<!DOCTYPE d SYSTEM "http://127.0.0.1:9/x.dtd"><d/>',
    "empty": b"",
    "text": "不是 XML".encode(),
    "cut": FINE.encode()[:200],
    "encoding": b'<?xml version="1.0" encoding="nonsense"?><d/>',
    "utf16": FINE.replace("UTF-8", "UTF-16").encode("utf-16")[: len(FINE)],
    "deep": b"<d>" * 500 + b"</d>" * 500,
    "many": b"<d>" + b"<e/>" * 60_000 + b"</d>",
    "large": b"<d>" + b" " * 5_100_000 + b"</d>",
    "other": b"<html><body/></html>",
    "bytes": bytes(range(256)),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_refused_unread(name: str) -> None:
    with pytest.raises((Refusal, Refusals)) as refused:
        load_bpmn(HOSTILE[name], name)
    said = getattr(refused.value, "refusals", [refused.value])
    assert all(one.code.startswith("bpmn.") for one in said)
    assert "root:" not in str(refused.value)
