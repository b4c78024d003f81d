"""A model compiled to flat tables: nodes, flows, closures. Called procedures are inlined.

An inlined node keeps its id behind the call's: "call/node". The digest is taken over what
runs, not over the layout.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from qianshou.kernel.calendar import read_span
from qianshou.kernel.procedures.branches import Branches, find_branches, with_reach
from qianshou.kernel.procedures.dmn import DecisionModel
from qianshou.kernel.procedures.elements import Element, Flaw, Flow, Model
from qianshou.kernel.procedures.feel import Expression, compile_expression
from qianshou.kernel.procedures.nodes import Node, Way
from qianshou.kernel.refusal import Refusal, Refusals

TOP = ""
SINCE: Mapping[str, Any] = {
    "sequential": False, "completion": None, "trigger": "", "code": "", "is_triggered": False,
}  # fmt: skip


@dataclass(frozen=True)
class Procedure:
    """A compiled procedure; `starts` by id, `decisions` by name, all nodes by id."""

    id: str
    name: str
    name_en: str
    digest: str
    nodes: Mapping[str, Node]
    starts: tuple[str, ...]
    decisions: Mapping[str, DecisionModel]
    effects: frozenset[str] = field(default=frozenset())
    messages: frozenset[str] = field(default=frozenset())

    @cached_property
    def branches(self) -> Branches:
        """The parallel branches around each node."""
        return find_branches(self.nodes)

    @cached_property
    def straight(self) -> frozenset[str]:
        """The plain human steps after which choices alone may lead to another plain one."""
        return frozenset(step.id for step in self.steps() if step.is_plain and self._leads_on(step))

    @cached_property
    def listeners(self) -> Mapping[str, tuple[str, ...]]:
        """The starts of the event sub-processes of each container that has any."""
        found: dict[str, tuple[str, ...]] = {}
        for node in self.nodes.values():
            if node.kind == "listen":
                around = self.nodes[node.container].container
                found[around] = (*found.get(around, ()), node.id)
        return found

    @cached_property
    def has_inclusive(self) -> bool:
        """Whether any gateway is inclusive."""
        return any(node.kind == "or" for node in self.nodes.values())

    @cached_property
    def asks_now(self) -> bool:
        """Whether anything computed at a node asks what time it is."""
        return any(one.asks_now for node in self.nodes.values() for one in node.expressions())

    def _leads_on(self, step: Node) -> bool:
        seen: set[str] = set()
        waiting = [step]
        while waiting:
            for way in waiting.pop().ways:
                after = self.nodes[way.target]
                if after.is_plain:
                    return True
                if after.kind == "xor" and after.id not in seen:
                    seen.add(after.id)
                    waiting.append(after)
        return False

    def node(self, key: str) -> Node:
        """Return a node by its id; KeyError when there is none."""
        return self.nodes[key]

    def steps(self) -> list[Node]:
        """Return the human steps, in the file's order."""
        return [node for node in self.nodes.values() if node.kind == "user"]


def _return_to(told: str | None) -> tuple[str, ...] | None:
    """Return the steps that qs:returnTo names, none for "-", None (any done) when it is absent."""
    return None if told is None else tuple(step for step in told.split() if step != "-")


class Compiler:
    """Compiles one model, gathering every refusal before giving up."""

    def __init__(
        self,
        model: Model,
        decisions: Mapping[str, DecisionModel],
        called: Mapping[str, Procedure],
    ) -> None:
        self.model = model
        self.decisions = decisions
        self.called = called
        self.refusals: list[Flaw] = []
        self.leaving: dict[str, list[Flow]] = {key: [] for key in model.elements}
        self.coming: dict[str, list[str]] = {key: [] for key in model.elements}
        for flow in model.flows.values():
            if flow.source in model.elements and flow.target in model.elements:
                self.leaving[flow.source].append(flow)
                self.coming[flow.target].append(flow.id)

    def refuse(self, element: Element | Flow, code: str, zh: str, en: str) -> None:
        """Note a refusal at an element."""
        self.refusals.append(Flaw(self.model.source, element.id, element.line, code, zh, en))

    def expression(self, element: Element | Flow, text: str) -> Expression | None:
        """Return FEEL compiled, or note its refusal."""
        try:
            return compile_expression(text)
        except Refusal as refusal:
            self.refuse(element, "bpmn.feel", refusal.zh, refusal.en)
            return None

    def told(self, element: Element, text: str) -> Expression | None:
        """Return a span or code as an expression: "=…" is FEEL, all else is a constant."""
        if not text:
            return None
        if text.startswith("="):
            return self.expression(element, text[1:])
        return self.expression(element, json.dumps(text, ensure_ascii=False))

    def span(self, element: Element, text: str) -> Expression | None:
        """Return a span as an expression, or note that nobody can read it where that is known."""
        told = self.told(element, text)
        if told is not None and not told.names and not told.asks_now:
            constant = told({})
            try:
                read_span("now" if constant is None else str(constant))
            except Refusal as refusal:
                self.refuse(element, "bpmn.span", refusal.zh, refusal.en)
        return told

    def compile(self) -> Procedure:
        """Return the procedure, or raise Refusals."""
        nodes: dict[str, Node] = {}
        for element in self.model.elements.values():
            nodes[element.id] = self._node(element)
            self._check_shape(element)
            if element.kind == "call" and element.tag == "callActivity":
                self._inline(element, nodes)
        starts = tuple(
            element.id
            for element in self.model.elements.values()
            if element.kind == "start" and not element.container
        )
        if not starts:
            self.refusals.append(
                Flaw(
                    self.model.source,
                    self.model.id,
                    0,
                    "bpmn.start",
                    "没有开始事件",
                    "no start event",
                )
            )
        if self.refusals:
            raise Refusals(self.refusals)
        nodes = with_reach(nodes)
        for key in _unbalanced(nodes):
            element = self.model.elements[key.partition("/")[0]]
            self.refuse(
                element, "bpmn.block", "包容网关须成对：分支后由同一个包容网关汇合",
                "inclusive gateways come in pairs: a split and the join of its branches",
            )  # fmt: skip
        if self.refusals:
            raise Refusals(self.refusals)
        used = {node.decision for node in nodes.values() if node.decision}
        decisions = {key: self.decisions[key] for key in sorted(used) if key in self.decisions}
        for inner in self.called.values():
            decisions.update({key: inner.decisions[key] for key in used if key in inner.decisions})
        return Procedure(
            id=self.model.id,
            name=self.model.name,
            name_en=self.model.name_en or self.model.name,
            digest=digest_of(nodes, decisions),
            nodes=nodes,
            starts=starts,
            decisions=decisions,
            effects=frozenset(node.effect for node in nodes.values() if node.effect),
            messages=frozenset(node.message for node in nodes.values() if node.message),
        )

    def _check_shape(self, element: Element) -> None:
        leaving, coming = self.leaving[element.id], self.coming[element.id]
        if element.kind == "refused":
            return
        if element.is_triggered:
            if leaving or coming:
                self.refuse(
                    element, "bpmn.split", "事件子流程不接连线，由它的开始事件触发",
                    "an event sub-process has no ways: its start sets it off",
                )  # fmt: skip
            return
        if element.kind == "event":
            self._check_race(element)
        gateway = element.kind in ("xor", "and", "or", "event")
        if len(leaving) > 1 and not gateway:
            self.refuse(
                element,
                "bpmn.split",
                "有多条出线，请用网关画明",
                "several ways leave it: draw a gateway",
            )
        if not leaving and element.kind not in ("end", "terminate"):
            self.refuse(
                element, "bpmn.dead_end", "没有出线，走不到结束", "nothing leaves it: a dead end"
            )
        if leaving and element.kind in ("end", "terminate"):
            self.refuse(
                element, "bpmn.split", "结束事件之后不能再有连线", "nothing may leave an end"
            )
        if element.kind in ("start", "boundary", "listen"):
            if coming:
                self.refuse(element, "bpmn.split", "不能有入线", "nothing may lead into it")
        elif not coming:
            self.refuse(element, "bpmn.unreachable", "没有入线，永远走不到", "nothing leads here")
        chooses = element.kind in ("xor", "or") and len(leaving) > 1
        if chooses and not element.default and all(flow.condition for flow in leaving):
            self.refuse(
                element, "bpmn.default", "没有默认出线，条件都不满足时会卡住",
                "it has no default way: a matter could be stuck here",
            )  # fmt: skip
        for flow in leaving:
            conditional = element.kind in ("xor", "or") and len(leaving) > 1
            if flow.condition and not conditional:
                self.refuse(
                    flow, "bpmn.condition", "此处的连线不能带条件", "no condition is allowed here"
                )
            if conditional and not flow.condition and flow.id != element.default:
                self.refuse(
                    flow, "bpmn.condition", "除默认出线外都要写条件",
                    "every way but the default needs a condition",
                )  # fmt: skip

    def _check_race(self, element: Element) -> None:
        """Behind an event gateway each way leads to an event that only this gateway leads to."""
        for flow in self.leaving[element.id]:
            target = self.model.elements[flow.target]
            if target.kind != "catch" or target.multiple or len(self.coming[target.id]) > 1:
                self.refuse(
                    target, "bpmn.race", "事件网关之后须是等待消息、信号或计时的事件，且只由它引出",
                    "an event gateway leads to events that wait, and no other way leads to them",
                )  # fmt: skip
            elif any(one.attached_to == target.id for one in self.model.elements.values()):
                self.refuse(
                    target, "bpmn.race", "事件网关之后的任务不能附边界事件",
                    "a task behind an event gateway has no boundary events",
                )  # fmt: skip

    def _node(self, element: Element) -> Node:
        told = element.attributes
        host = element.attached_to
        entry = ""
        if element.tag == "subProcess":
            starts = [
                one.id
                for one in self.model.elements.values()
                if one.container == element.id and one.kind in ("start", "listen")
            ]
            if len(starts) != 1:
                self.refuse(
                    element, "bpmn.start", "子流程须有一个开始", "it needs exactly one start"
                )
            if element.is_triggered and element.multiple:
                self.refuse(
                    element, "bpmn.split", "事件子流程不能有多个实例", "it takes no instances"
                )
            entry = starts[0] if starts else ""
        if element.kind == "service" and not told.get("effect"):
            self.refuse(
                element,
                "bpmn.effect",
                "服务任务没有写后果（qs:effect）",
                "it names no effect (qs:effect)",
            )
        if element.kind == "rule" and told.get("decision") not in self.decisions:
            self.refuse(
                element, "bpmn.decision", f"没有决策“{told.get('decision', '')}”",
                f"there is no decision “{told.get('decision', '')}”",
            )  # fmt: skip
        name, _, collection = element.multiple.partition(" in ")
        return Node(
            id=element.id,
            kind=element.kind,
            name=element.name or element.id,
            name_en=told.get("name_en", ""),
            container=element.container,
            ways=tuple(self._way(element, flow) for flow in self.leaving[element.id]),
            default=element.default,
            incoming=tuple(self.coming[element.id]),
            boundaries=tuple(
                one.id for one in self.model.elements.values() if one.attached_to == element.id
            ),
            host=host,
            interrupting=element.interrupting,
            timer=self.span(element, element.timer),
            message=element.message,
            posts=tuple(post.strip() for post in told.get("posts", "").split(",") if post.strip()),
            form=told.get("form", ""),
            page=told.get("page", ""),
            organisation=self.told(element, told.get("organisation", "")),
            assignee=self.told(element, told.get("assignee", "")),
            due=self.span(element, told.get("due", "")),
            due_source=told.get("source", ""),
            return_to=_return_to(told.get("return_to")),
            effect=told.get("effect", ""),
            decision=told.get("decision", ""),
            collection=self.expression(element, collection) if collection else None,
            element=name if collection else "",
            results=told.get("results", ""),
            entry=entry,
            milestone=(told.get("milestone", ""), told.get("milestone_en", "")),
            sequential=element.sequential,
            completion=(
                self.expression(element, element.completion) if element.completion else None
            ),
            trigger=element.event if element.event in ("error", "escalation") else "",
            code=element.code,
            is_triggered=element.is_triggered,
        )

    def _way(self, element: Element, flow: Flow) -> Way:
        conditional = flow.condition and flow.id != element.default
        return Way(
            flow.id, flow.target, self.expression(flow, flow.condition) if conditional else None
        )

    def _inline(self, element: Element, nodes: dict[str, Node]) -> None:
        inner = self.called.get(element.called)
        if inner is None or len(inner.starts) != 1:
            self.refuse(
                element, "bpmn.called",
                f"没有可调用的流程“{element.called}”，或它没有唯一的开始",
                f"no procedure “{element.called}” with one start can be called",
            )  # fmt: skip
            return

        def inside(key: str) -> str:
            return f"{element.id}/{key}"

        nodes[element.id] = replace(nodes[element.id], entry=inside(inner.starts[0]))
        for node in inner.nodes.values():
            nodes[inside(node.id)] = replace(
                node,
                id=inside(node.id),
                container=inside(node.container) if node.container else element.id,
                ways=tuple(
                    Way(inside(way.id), inside(way.target), way.condition) for way in node.ways
                ),
                default=inside(node.default) if node.default else "",
                incoming=tuple(map(inside, node.incoming)),
                boundaries=tuple(map(inside, node.boundaries)),
                host=inside(node.host) if node.host else "",
                entry=inside(node.entry) if node.entry else "",
                return_to=None if node.return_to is None else tuple(map(inside, node.return_to)),
            )


def _unbalanced(nodes: Mapping[str, Node]) -> list[str]:
    """Return the inclusive splits whose branches do not all meet at one inclusive join."""
    wrong = []
    for node in nodes.values():
        if node.kind != "or" or len(node.ways) < 2:
            continue
        meets = [_first_joins(nodes, way.target) for way in node.ways]
        common = set.intersection(*meets) if meets else set()
        if not common:
            wrong.append(node.id)
    return wrong


def _first_joins(nodes: Mapping[str, Node], start: str) -> set[str]:
    """Return the inclusive joins that a branch can come to."""
    found: set[str] = set()
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        key = waiting.pop()
        if key in seen:
            continue
        seen.add(key)
        node = nodes[key]
        if node.kind == "or" and len(node.incoming) > 1:
            found.add(key)
        waiting.extend(way.target for way in node.ways)
        waiting.extend(node.boundaries)
    return found


def digest_of(nodes: Mapping[str, Node], decisions: Mapping[str, DecisionModel]) -> str:
    """Return the SHA-256 of what runs: nodes, ways, expressions and decision tables.

    What nodes have learnt since the first versions were published counts only where it is used,
    so that an unchanged file keeps its digest.
    """

    def plain(value: Any) -> Any:
        if isinstance(value, Expression):
            return value.text
        if isinstance(value, Way):
            return [value.id, value.target, plain(value.condition)]
        if isinstance(value, tuple):
            return [plain(part) for part in value]
        if isinstance(value, frozenset):
            return sorted(value)
        return value

    content = [
        [
            [name, plain(getattr(node, name))]
            for name in Node.__slots__
            if name not in SINCE or getattr(node, name) != SINCE[name]
        ]
        for _, node in sorted(nodes.items())
    ]
    tables = [[key, model.digest] for key, model in sorted(decisions.items())]
    return hashlib.sha256(json.dumps([content, tables], ensure_ascii=False).encode()).hexdigest()


def compile_procedure(
    model: Model,
    decisions: Mapping[str, DecisionModel] | None = None,
    called: Mapping[str, Procedure] | None = None,
) -> Procedure:
    """Return `model` compiled with the decisions and procedures that it may call.

    `decisions` maps a decision's id to its model. Raises Refusals bpmn.* naming elements.
    """
    return Compiler(model, decisions or {}, called or {}).compile()
