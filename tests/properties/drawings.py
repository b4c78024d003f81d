"""Random procedures that can be published: blocks, with what the kernel's steps can have besides."""

import json
import re
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as some

from tests.kernel.conftest import LOOP
from tests.kernel.procedures.blocks import KINDS, Block, blocks, drawn
from tests.kernel.procedures.drafts import bpmn

GATES = re.compile(r"^(g\d+) > .*: .* (true|\d)$", re.MULTILINE)
STEPS = re.compile(r"\bt\d+\b")
INNER = "bench.inner"
WAYS = {
    "plain": "",
    "unit": "",
    "timer": "timer {0}",
    "message": "message {0}",
    "call": f"call {{0}} {INNER}",
    "throw": "throw {0} signal alarm",
    "together": "sign {0} parallel",
    "turn": "sign {0} sequential",
    "any": "sign {0} parallel numberOfCompletedInstances >= 1",
    "share": "sign {0} parallel numberOfCompletedInstances / numberOfInstances >= 0.6",
    "late": "late {0}late {0}\nxor {0}join\n{0}late > {0}join",
    "beside": "beside {0}beside {0}\n{0}beside > {0}end\nend {0}end",
}
LISTED = {"list": {"type": "array", "title": "签署人", "items": {"type": "integer"}}}
UNIT = {"unit": {"type": "string", "title": "单位"}}
CALLER = {"caller": {"type": "object", "title": "来电人", "x-vault": True}}
RENAMED = {"tail": "rest", "t1": "first"}  # steps that have another name in the next version


@dataclass(frozen=True)
class Drawing:
    """A procedure's sources, the gates whose facts choose its ways (whether true or false), and
    what its steps have besides.
    """

    draft: str
    sources: dict[str, Any] = field(repr=False)
    gates: dict[str, bool]
    ways: dict[str, str]

    @property
    def renewed(self) -> dict[str, Any]:
        """The sources of a next version: other deadlines, and other names for some steps."""
        text = self.sources["bpmn"][LOOP].replace('qs:due="5d"', 'qs:due="8d"')
        text = text.replace("P5D", "P6D")
        for name, new in RENAMED.items():
            text = text.replace(f'"{name}"', f'"{new}"')
        return {**self.sources, "bpmn": {**self.sources["bpmn"], LOOP: text}}


@some.composite
def drawings(draw: some.DrawFn) -> Drawing:
    """Draw a procedure of blocks, some of whose steps wait for a timer or a message, are signed by
    several, call another procedure, are another organisation's, or have a timer at their side.
    """
    block: Block = draw(blocks((*KINDS, "or")))
    draft = drawn(block)
    steps = sorted(set(STEPS.findall(draft)))
    return drawing(draft, {step: draw(some.sampled_from(sorted(WAYS))) for step in steps})


def drawing(draft: str, ways: dict[str, str]) -> Drawing:
    """Return a draft with what its steps have besides, by their names, as a procedure."""
    for step, way in ways.items():
        if way == "late":
            draft = re.sub(rf"\b{step} > (\w+)", rf"{step} > {step}join > \1", draft)
        draft += "\n" + WAYS[way].format(step)
    gates = {name: told == "true" for name, told in GATES.findall(draft)}
    text = made(draft, LOOP)
    for step in (step for step, way in ways.items() if way == "unit"):
        text = text.replace(
            f'<userTask id="{step}"', f'<userTask id="{step}" qs:organisation="=unit"'
        )
    return Drawing(draft, sources(text, gates), gates, ways)


def made(draft: str, process: str) -> str:
    """Return a draft as BPMN whose steps have the bench's post and form."""
    asked = 'camunda:candidateGroups="bench_seat" camunda:formKey="step"'
    text = bpmn(draft, process).decode().replace('camunda:candidateGroups="seat"', asked)
    return re.sub(r'(startEvent id|sourceRef)="s"', r'\1="start"', text)


def sources(text: str, gates: dict[str, bool]) -> dict[str, Any]:
    """Return the sources of a version: the procedure, what it calls, and its two forms."""
    told = {
        name: {"type": "boolean" if looped else "integer", "title": name}
        for name, looped in gates.items()
    }
    opening = {"title": {"type": "string", "title": "标题"}}
    return {
        "bpmn": {LOOP: text, INNER: made("end e\ns > a > b > e", INNER)},
        "dmn": {},
        "forms": {
            "open": form({**opening, **LISTED, **UNIT, **CALLER, **told}),
            "step": form({**LISTED, **UNIT, **told}),
        },
    }


def form(fields: dict[str, Any]) -> str:
    """Return a form of these fields, none of which must be filled in."""
    return json.dumps(
        {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": "object",
            "title": "表单",
            "x-en": "Form",
            "properties": {name: {**field, "x-en": name} for name, field in fields.items()},
        }
    )
