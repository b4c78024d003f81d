"""Files drawn by other tools: they run, or every reason why not is told; all are drawn."""

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from lxml import etree

from qianshou.kernel.procedures.bpmn import load_bpmn, read_bpmn
from qianshou.kernel.procedures.compiled import compile_procedure
from qianshou.kernel.procedures.drawing import Standing, draw
from qianshou.kernel.procedures.lint import lint
from qianshou.kernel.procedures.sketch import is_node
from qianshou.kernel.refusal import Refusal, Refusals
from tests.kernel.procedures.foreign import BPMN, FILES, foreign

RUNS = {
    "bpmn-js", "not executable, plain task", "camunda 7", "camunda 7, external", "camunda 8",
    "flowable", "activiti", "signavio", "pools", "collapsed", "events", "shared trigger",
}  # fmt: skip
REFUSED = {
    "camunda 7, expression": {("a", "bpmn.language")},
    "two that could run": {("d", "bpmn.processes")},
    "script": {("a", "bpmn.unsupported")},
    "shared by nobody": {("a", "bpmn.unsupported")},
    "everything refused": {
        (key, "bpmn.unsupported")
        for key in ("a", "t1", "t2", "t3", "t4", "t5")
    },
    "choreography": {("d", "bpmn.processes"), ("x", "bpmn.unsupported")},
    "conversation": {
        ("d", "bpmn.processes"), ("cv", "bpmn.unsupported"), ("cl", "bpmn.unsupported"),
    },
    "nothing": {("d", "bpmn.processes")},
}  # fmt: skip


def test_the_corpus_is_known_whole() -> None:
    assert {*FILES} == RUNS | REFUSED.keys()


@pytest.mark.parametrize("name", sorted(RUNS))
def test_a_file_of_another_tool_runs(name: str) -> None:
    assert compile_procedure(load_bpmn(foreign(name), name)).starts == ("s",)


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_every_reason_is_told_with_its_line(name: str) -> None:
    raw = foreign(name)
    with pytest.raises(Refusals) as refused:
        load_bpmn(raw, name)
    told = refused.value.refusals
    assert {(one.field, one.code) for one in told} == REFUSED[name]
    assert all(f"{name}, line " in one.en for one in told)
    found = {(one.element, one.code) for one in lint(raw, name) if one.severity == "error"}
    assert found >= REFUSED[name]


@pytest.mark.parametrize("name", sorted({*FILES} - {"nothing"}))
def test_everything_that_has_a_place_is_drawn(name: str) -> None:
    raw = foreign(name)
    model, _ = read_bpmn(raw, name)
    svg = draw(model, Standing(), "zh-hans")
    etree.fromstring(svg)
    nodes = [
        element.get("id")
        for element in etree.fromstring(raw).iter(f"{{{BPMN}}}*")
        if is_node(etree.QName(element).localname)
    ]
    assert all(f'data-node="{key}"' in svg for key in nodes)
    named = {one.name for one in model.drawn.values() if one.id in model.shapes}
    assert all(name in svg for name in named)
    assert not draw(read_bpmn(foreign(name, pictured=False), name)[0], Standing(), "en")


def test_what_is_drawn_knows_links_notes_and_shut_blocks() -> None:
    svg = draw(read_bpmn(foreign("pools"), "x")[0], Standing(), "zh-hans")
    assert svg.count('class="pool"') == 3
    assert 'stroke-dasharray="8 4"' in svg
    assert {"五日内办结", "前期", "通知", "镇街"} <= {
        one for one in ("五日内办结", "前期", "通知", "镇街") if one in svg
    }
    shut = foreign("collapsed").replace(b'bpmnElement="a"', b'bpmnElement="a" isExpanded="false"')
    svg = draw(read_bpmn(shut, "x")[0], Standing(), "zh-hans")
    assert 'data-node="a"' in svg
    assert 'data-node="is"' not in svg


def test_what_other_tools_say_is_read_or_named() -> None:
    model = load_bpmn(foreign("camunda 8"), "x")
    step = model.elements["a"]
    assert step.attributes == {
        "form": "receive", "posts": "desk", "assignee": "=officer", "due": "P3D",
    }  # fmt: skip
    assert (step.multiple, step.sequential) == ("town in towns", True)
    assert step.completion == "numberOfCompletedInstances >= 2"
    ignored = {one.name for one in model.ignored}
    assert ignored == {"zeebe:userTask", "zeebe:loopCharacteristics/outputCollection"}
    ignored = {one.name for one in load_bpmn(foreign("camunda 7"), "x").ignored}
    assert ignored == {"camunda:candidateUsers", "camunda:taskListener", "camunda:formData"}
    assert load_bpmn(foreign("camunda 7, external"), "x").elements["a"].attributes == {
        "effect": "send_letter"
    }


def test_a_lane_that_bears_a_posts_name_gives_it_to_its_steps() -> None:
    assert load_bpmn(foreign("pools"), "x").elements["a"].attributes["posts"] == "town_desk"


BROKEN = ["", "a", "s", "e", "true", "${x}", "=", "1e999", "x/y", "x" * 200, "?"]


def mutate(raw: bytes, draw_one: random.Random) -> bytes:
    """Return a file with a few of its elements and attributes deleted, doubled or renamed."""
    root = etree.fromstring(raw)
    for _ in range(draw_one.randint(1, 4)):
        every = [one for one in root.iter("{*}*") if one.getparent() is not None]
        if not every:
            break
        one: Any = draw_one.choice(every)
        parent = one.getparent()
        match draw_one.randrange(5):
            case 0:
                parent.remove(one)
            case 1:
                parent.append(etree.fromstring(etree.tostring(one)))
            case 2:
                one.tag = draw_one.choice(every).tag
            case 3 if one.attrib:
                one.set(draw_one.choice(list(one.attrib)), draw_one.choice(BROKEN))
            case 4 if one.attrib:
                del one.attrib[draw_one.choice(list(one.attrib))]
    out = bytes(etree.tostring(root))
    if draw_one.random() < 0.1:
        out = out[: draw_one.randrange(len(out))]
    return out


@settings(max_examples=250, deadline=None)
@given(some.sampled_from(sorted(FILES)), some.randoms(use_true_random=False))
def test_a_damaged_file_is_refused_or_runs_and_nothing_else(
    name: str, draw_one: random.Random
) -> None:
    raw = mutate(foreign(name), draw_one)
    refusal = None
    try:
        model, flaws = read_bpmn(raw, name)
    except Refusal as refused:
        refusal = refused
    if refusal is not None:
        assert refusal.code in ("bpmn.xml", "bpmn.root")
        return
    assert all(one.line >= 0 and one.field for one in flaws)
    svg = draw(model, Standing(), "en")
    if svg:
        etree.fromstring(svg)
    found = lint(raw, name)
    assert not flaws or any(one.severity == "error" for one in found)
    if not any(one.code.startswith("bpmn.") for one in found if one.severity == "error"):
        assert compile_procedure(model).starts
