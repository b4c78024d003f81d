"""Procedures written in a few short lines, and somebody to play them, for tests of the engine.

`a > b > c` draws flows; `x > b: FEEL` draws one with a condition; `kind name …` declares what is
not a plain human step: xor, and, or, end, stop, service, rule, timer, message, call, start.
`sign name parallel|sequential FEEL` is signed by each of `list`, until the condition holds.
`box | a > b` lies inside the sub-process `box` (`sub box`, or `aside box` with a start
`on NAME interrupting trigger code`); `throw`, `fail` and `hear` take a trigger and its name.
"""

import re
from datetime import datetime
from html import escape
from itertools import pairwise
from typing import Any

from qianshou.kernel.clock import CHINA
from qianshou.kernel.procedures import engine
from qianshou.kernel.procedures.bpmn import load_bpmn
from qianshou.kernel.procedures.compiled import Procedure, compile_procedure

AT = datetime(2026, 11, 23, 9, 0, tzinfo=CHINA)
HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
    'xmlns:camunda="http://camunda.org/schema/1.0/bpmn" '
    'xmlns:qs="urn:qianshou:bpmn" id="d" targetNamespace="t">\n'
)
MADE = {
    "start": '<startEvent id="{0}"/>',
    "end": '<endEvent id="{0}"/>',
    "stop": '<endEvent id="{0}"><terminateEventDefinition/></endEvent>',
    "xor": '<exclusiveGateway id="{0}"{default}/>',
    "and": '<parallelGateway id="{0}"/>',
    "or": '<inclusiveGateway id="{0}"{default}/>',
    "service": '<serviceTask id="{0}" qs:effect="{0}"/>',
    "rule": '<businessRuleTask id="{0}" qs:decision="{0}"/>',
    "timer": '<intermediateCatchEvent id="{0}"><timerEventDefinition><timeDuration>P5D'
    "</timeDuration></timerEventDefinition></intermediateCatchEvent>",
    "message": '<intermediateCatchEvent id="{0}"><messageEventDefinition messageRef="{0}"/>'
    "</intermediateCatchEvent>",
    "call": '<callActivity id="{0}" calledElement="{1}"/>',
    "each": '<callActivity id="{0}" calledElement="{1}" qs:results="{0}"><multiInstanceLoop'
    'Characteristics qs:collection="list" qs:element="item"/></callActivity>',
    "sign": '<userTask id="{0}" camunda:candidateGroups="seat" qs:due="5d" qs:source="t" '
    'qs:results="signed" qs:assignee="=signer"><multiInstanceLoopCharacteristics {1} '
    'qs:collection="list" qs:element="signer">{2}</multiInstanceLoopCharacteristics></userTask>',
    "sub": '<subProcess id="{0}">\n{inner}</subProcess>',
    "aside": '<subProcess id="{0}" triggeredByEvent="true">\n{inner}</subProcess>',
    "on": '<startEvent id="{0}" isInterrupting="{1}"><{2}EventDefinition {2}Ref="{3}">'
    "<timeDuration>P5D</timeDuration></{2}EventDefinition></startEvent>",
    "task": '<task id="{0}"/>',
    "race": '<eventBasedGateway id="{0}"/>',
    "throw": '<intermediateThrowEvent id="{0}"><{1}EventDefinition {1}Ref="{2}"/>'
    "</intermediateThrowEvent>",
    "fail": '<endEvent id="{0}"><{1}EventDefinition {1}Ref="{2}"/></endEvent>',
    "hear": '<intermediateCatchEvent id="{0}"><{1}EventDefinition {1}Ref="{2}"/>'
    "</intermediateCatchEvent>",
    "caught": '<boundaryEvent id="{0}" attachedToRef="{1}" cancelActivity="{2}">'
    '<{3}EventDefinition {3}Ref="{4}"/></boundaryEvent>',
    "link": '<intermediate{1}Event id="{0}"><linkEventDefinition name="{2}"/></intermediate{1}Event>',
    "late": '<boundaryEvent id="{0}" attachedToRef="{1}"><timerEventDefinition><timeDuration>P5D'
    "</timeDuration></timerEventDefinition></boundaryEvent>",
    "beside": '<boundaryEvent id="{0}" attachedToRef="{1}" cancelActivity="false">'
    "<timerEventDefinition><timeDuration>P5D</timeDuration></timerEventDefinition></boundaryEvent>",
}
USER = '<userTask id="{0}" name="{0}" camunda:candidateGroups="seat" qs:due="5d" qs:source="t"/>'


def bpmn(draft: str, process: str = "p") -> bytes:
    """Return the BPMN file of a draft; the first gateway's way without a condition is its default."""
    declared: dict[str, list[str]] = {}
    inside: dict[str, str] = {}
    flows: list[tuple[str, str, str]] = []
    for line in filter(None, (line.strip() for line in draft.splitlines())):
        around, bar, text = line.rpartition(" | ")
        first, *rest = text.split()
        if first in MADE:
            declared[rest[0]] = [first, *_words(first, rest)]
            if bar or first == "aside":
                inside[rest[0]] = around
            continue
        path, _mark, condition = text.partition(":")
        steps = [step.strip() for step in path.split(">")]
        flows += [(one, other, condition.strip()) for one, other in pairwise(steps)]
        inside |= dict.fromkeys(steps, around)
    order = dict.fromkeys((*(step for one in flows for step in one[:2]), *inside))

    def body(around: str) -> str:
        here = [step for step in order if inside.get(step, "") == around]
        lines = [element(step) for step in here]
        for number, (one, other, condition) in enumerate(flows):
            if one in here:
                told = condition.replace("<", "&lt;").replace(">", "&gt;")
                inner = f"<conditionExpression>{told}</conditionExpression>" if told else ""
                lines.append(
                    f'<sequenceFlow id="f{number}" sourceRef="{one}" targetRef="{other}">{inner}'
                    "</sequenceFlow>"
                )
        return "\n".join(lines)

    def element(step: str) -> str:
        kind, *words = declared.get(step, ["", step])
        if step == "s" and not kind:
            kind = "start"
        default = next(
            (f"f{n}" for n, (one, _o, c) in enumerate(flows) if one == step and not c), ""
        )
        asked = any(one == step and c for one, _o, c in flows)
        attribute = f' default="{default}"' if default and asked else ""
        inner = body(step) if kind in ("sub", "aside") else ""
        made = MADE[kind] if kind else USER
        return made.format(*words, "", "", default=attribute, inner=inner)

    text = body("")
    return f'{HEAD}<process id="{process}" isExecutable="true">\n{text}\n</process></definitions>'.encode()


def _words(kind: str, words: list[str]) -> list[str]:
    """Return the words of a declaration as its XML takes them."""
    if kind != "sign":
        return words
    name, turns, *enough = words
    told = f"<completionCondition>{escape(' '.join(enough))}</completionCondition>"
    return [name, f'isSequential="{str(turns == "sequential").lower()}"', told if enough else ""]


def compiled(draft: str, **called: str) -> Procedure:
    """Return a draft compiled, with the drafts that it may call by their names."""
    inner = {
        name: compile_procedure(load_bpmn(bpmn(text, name), name)) for name, text in called.items()
    }
    return compile_procedure(load_bpmn(bpmn(draft), "draft"), {}, inner)


class Player:
    """Plays a procedure by the names of its steps and remembers the last step."""

    def __init__(self, procedure: Procedure, **facts: Any) -> None:
        """Open a matter with facts."""
        self.procedure = procedure
        self.step = engine.advance(procedure, None, engine.Open(facts), AT)
        self.effects = list(self.step.effects)

    @property
    def state(self) -> engine.State:
        """The state after the last act."""
        return self.step.state

    def act(self, act: engine.Act) -> "Player":
        """Do an act."""
        self.step = engine.advance(self.procedure, self.state, act, AT)
        self.effects += self.step.effects
        return self

    def tokens(self, *kinds: str) -> dict[str, int]:
        """Return the tokens that wait at nodes of these kinds (human steps), by the node's last name."""
        return {
            re.sub(r".*/", "", token.node): key
            for key, token in self.state.tokens.items()
            if self.procedure.nodes[token.node].kind in (kinds or ("user",))
            and token.via != engine.MANY
        }

    def waiting(self) -> str:
        """Return the names of the human steps that wait, sorted."""
        found = [
            token.node.rpartition("/")[2]
            for token in self.state.tokens.values()
            if self.procedure.nodes[token.node].kind == "user" and token.via != engine.MANY
        ]
        return " ".join(sorted(found))

    def do(self, *steps: str, **facts: Any) -> "Player":
        """Complete human steps by their names, one after the other."""
        for step in steps:
            self.act(engine.Complete(self.tokens()[step], facts))
        return self

    def fire(self, node: str) -> "Player":
        """Let the timer at a node come."""
        key = self.tokens("catch", "boundary", "listen")[node]
        return self.act(engine.Fire(key))
