"""BPMN 2.0 files read: what runs, what is only drawn, and what is refused, with its line.

The profile is told in docs/guide/bpmn.md. Whatever is wrong in a file is gathered, and then
refused together.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from lxml import etree

from qianshou.kernel.procedures.dialects import BPMN, ignored_in, told_of
from qianshou.kernel.procedures.elements import Element, Flaw, Flow, Model
from qianshou.kernel.procedures.layout import read_layout
from qianshou.kernel.procedures.sketch import read_drawn, sketch_elements, sketch_flows
from qianshou.kernel.procedures.xml import line, local, read_xml
from qianshou.kernel.refusal import Refusals

TASKS = {
    "userTask": "user", "manualTask": "pass", "task": "pass", "serviceTask": "service",
    "sendTask": "throw", "receiveTask": "catch", "businessRuleTask": "rule",
    "callActivity": "call", "subProcess": "call",
}  # fmt: skip
GATEWAYS = {
    "exclusiveGateway": "xor", "parallelGateway": "and", "inclusiveGateway": "or",
    "eventBasedGateway": "event",
}  # fmt: skip
EVENTS = {
    "startEvent": dict.fromkeys(("none", "message", "timer", "signal"), "start"),
    "endEvent": {
        "terminate": "terminate",
        **dict.fromkeys(("none", "message", "signal", "error", "escalation"), "end"),
    },
    "intermediateCatchEvent": {
        "link": "pass", **dict.fromkeys(("timer", "message", "signal"), "catch"),
    },
    "intermediateThrowEvent": {
        "none": "pass", "link": "pass",
        **dict.fromkeys(("message", "signal", "escalation"), "throw"),
    },
    "boundaryEvent": dict.fromkeys(
        ("timer", "message", "signal", "error", "escalation"), "boundary"
    ),
}  # fmt: skip
LISTENED = ("timer", "message", "signal", "error", "escalation")
INSTEAD = {
    "scriptTask": ("改用服务任务（qs:effect）或决策任务", "use a service task (qs:effect) or a decision"),
    "complexGateway": ("改用排他、并行或包容网关", "use exclusive, parallel or inclusive gateways"),
    "transaction": ("改用子流程，把撤销画成步骤", "use a sub-process and draw the undoing as steps"),
    "adHocSubProcess": ("画出步骤的先后或并行", "draw in which order or beside which the steps go"),
    "standardLoopCharacteristics": ("请画成回路", "draw the loop"),
    "compensate": ("把撤销画成步骤", "draw the undoing as steps"),
    "cancel": ("改用错误事件", "use an error event"),
    "conditional": ("改用消息或信号事件", "use a message or signal event"),
    "choreography": ("改画协作图里的流程", "draw the processes of a collaboration"),
}  # fmt: skip
PARTS = (
    "multiInstanceLoopCharacteristics", "standardLoopCharacteristics", "conditionExpression",
    "completionCondition", "loopCardinality",
)  # fmt: skip
DRAWN = {
    "laneSet", "dataObject", "dataObjectReference", "dataStoreReference", "textAnnotation",
    "association", "group", "documentation", "extensionElements", "category", "incoming",
    "outgoing", "ioSpecification", "dataInputAssociation", "dataOutputAssociation", "property",
    "message", "signal", "error", "escalation", "collaboration", "participant", "messageFlow",
    "itemDefinition", "dataStore", "resource", "partnerEntity", "partnerRole", "import",
    "interface", "endPoint", "correlationProperty", "auditing", "monitoring", "extension",
    "relationship", "process", "potentialOwner", "performer", "humanPerformer", "resourceRole",
    "rendering", "dataInput", "dataOutput", "inputSet", "outputSet", "supportedInterfaceRef",
    "correlationSubscription", "multiInstanceLoopCharacteristics", "supports",
}  # fmt: skip
TALKING = {"messageFlow", "participant", "textAnnotation", "association", "group",
           "documentation", "extensionElements", "messageFlowAssociation",
           "participantAssociation", "correlationKey"}  # fmt: skip
FEEL = (
    "", "feel", "https://www.omg.org/spec/dmn/20191111/feel/",
    "http://www.omg.org/spec/dmn/20151101/feel",
)  # fmt: skip
LONGEST_ID, LONGEST_NAME = 100, 80
MOST_NODES = 2000
POST = re.compile(r"[a-z][a-z0-9_]*")


def parts(element: etree._Element) -> Iterator[tuple[str, etree._Element]]:
    """Yield the BPMN children of an element by their names; those of other tools are left out."""
    for child in element:
        if etree.QName(child).namespace == BPMN:
            yield local(child), child


class Reader:
    """Reads one file and gathers every flaw before giving up."""

    def __init__(self, root: etree._Element, source: str) -> None:
        self.root = root
        self.source = source
        self.elements: dict[str, Element] = {}
        self.flows: dict[str, Flow] = {}
        self.flaws: list[Flaw] = []
        self.links: list[tuple[Element, str]] = []
        self.names = {
            (tag, child.get("id", "")): child
            for tag, child in parts(root)
            if tag in ("message", "signal", "error", "escalation")
        }

    def refuse(self, element: etree._Element, code: str, zh: str, en: str) -> None:
        """Note a flaw of `element`, under the id of the activity or flow that it is a part of."""
        owner = element
        while local(owner) in PARTS:
            parent = owner.getparent()
            if parent is None:
                break
            owner = parent
        name = owner.get("id") or local(owner)
        self.flaws.append(Flaw(self.source, name, line(element), code, zh, en))

    def read(self) -> Model:
        """Return the model of what runs; `flaws` tells afterwards what is wrong with it."""
        process = self._find_process()
        self._refuse_unknown_roots()
        if process is None:
            process = etree.Element("process")
        self._read_nodes(process, "")
        if len(self.elements) > MOST_NODES:
            self.refuse(
                process, "bpmn.large", f"流程的环节超过 {MOST_NODES} 个，请拆成几个流程",
                f"a process has at most {MOST_NODES} nodes: make several of it",
            )  # fmt: skip
        self._join_links()
        self._read_lanes(process)
        self._check_references()
        shapes, edges = read_layout(self.root)
        told, _ = told_of(process)
        backdrop = sketch_elements(self.root)
        flows = sketch_flows(self.root)
        return Model(
            id=process.get("id", ""),
            name=str(process.get("name") or process.get("id", "")),
            name_en=told.get("name_en", ""),
            source=self.source,
            elements=self.elements,
            flows=self.flows,
            drawn={one.id: one for one in read_drawn(self.root)},
            shapes=shapes,
            edges=edges,
            backdrop={key: one for key, one in backdrop.items() if key not in self.elements},
            backdrop_flows={key: one for key, one in flows.items() if key not in self.flows},
            ignored=tuple(ignored_in(process)),
        )

    def _find_process(self) -> etree._Element | None:
        """Return the process that runs: the only one, or the only one that says so."""
        found = [
            child
            for tag, child in parts(self.root)
            if tag == "process"
            and any(part in TASKS or part in EVENTS or part in GATEWAYS for part, _ in parts(child))
        ]
        if len(found) > 1:
            executable = [one for one in found if one.get("isExecutable") == "true"]
            found = executable if len(executable) == 1 else found
        if len(found) == 1:
            return found[0]
        names = "、".join(f"{one.get('id')}（{line(one)}）" for one in found)
        self.refuse(
            self.root, "bpmn.processes",
            f"文件里应有一个可执行的流程（isExecutable），现有 {len(found)} 个：{names}"
            if found else "文件里没有流程",
            f"a file holds one process that runs (isExecutable); this has {len(found)}"
            + (": " + ", ".join(f"{one.get('id')} (line {line(one)})" for one in found)
               if found else ""),
        )  # fmt: skip
        return None

    def _refuse_unknown_roots(self) -> None:
        for tag, child in parts(self.root):
            if tag not in DRAWN and not tag.endswith("EventDefinition"):
                self._unsupported(child)
            if tag == "collaboration":
                for inner, part in parts(child):
                    if inner not in TALKING:
                        self._unsupported(part)

    def _unsupported(self, element: etree._Element, tag: str = "") -> None:
        tag = tag or local(element)
        zh, en = INSTEAD.get(tag, ("请改用本规范支持的元素", "use an element of the profile"))
        self.refuse(
            element, "bpmn.unsupported", f"不支持 {tag}：{zh}", f"{tag} is not supported: {en}"
        )

    def _attributes(self, element: etree._Element) -> dict[str, str]:
        told, wrong = told_of(element)
        for name, why in wrong:
            if why == "unknown":
                self.refuse(
                    element, "bpmn.attribute", f"不认识的属性 {name}", f"unknown attribute {name}"
                )
            else:
                self.refuse(
                    element, "bpmn.language", f"{name} 不能写成表达式或 ${{…}}",
                    f"{name} takes no expression, and no ${{…}}",
                )  # fmt: skip
        return told

    def _read_nodes(
        self, scope: etree._Element, container: str, *, triggered: bool = False
    ) -> None:
        for tag, child in parts(scope):
            if tag == "sequenceFlow":
                self._read_flow(child)
            elif tag in TASKS:
                self._read_task(child, container)
                if tag == "subProcess":
                    inside = child.get("triggeredByEvent") == "true"
                    self._read_nodes(child, child.get("id", ""), triggered=inside)
            elif tag in GATEWAYS:
                if (
                    child.get("instantiate") == "true"
                    or child.get("eventGatewayType") == "Parallel"
                ):
                    self.refuse(
                        child, "bpmn.unsupported", "事件网关不能用来发起流程，也不能等齐全部事件",
                        "an event gateway can neither begin a process nor wait for all events",
                    )  # fmt: skip
                self._add(child, GATEWAYS[tag], container)
            elif tag in EVENTS:
                self._read_event(child, container, triggered=triggered)
            elif tag == "standardLoopCharacteristics":
                self._unsupported(child)
            elif tag not in DRAWN:
                self._unsupported(child)
                if child.get("id"):
                    self._add(child, "refused", container)

    def _add(self, element: etree._Element, kind: str, container: str, **more: Any) -> None:
        key = element.get("id", "")
        if not key or key in self.elements:
            self.refuse(
                element,
                "bpmn.id",
                f"编号“{key}”缺失或重复",
                f"the id “{key}” is missing or used twice",
            )
            return
        if "/" in key or len(key) > LONGEST_ID:
            self.refuse(
                element, "bpmn.id", f"编号不能有“/”，也不能长于 {LONGEST_ID} 个字符",
                f"an id has no “/” in it and at most {LONGEST_ID} signs",
            )  # fmt: skip
        if len(more.get("message", "")) > LONGEST_NAME:
            self.refuse(
                element, "bpmn.message", f"消息或信号的名称不能长于 {LONGEST_NAME} 个字符",
                f"the name of a message or signal has at most {LONGEST_NAME} signs",
            )  # fmt: skip
        self.elements[key] = Element(
            id=key,
            tag=local(element),
            kind=kind,
            name=" ".join((element.get("name") or "").split()),
            line=line(element),
            attributes=self._attributes(element),
            container=container,
            default=element.get("default", ""),
            **more,
        )

    def _read_flow(self, element: etree._Element) -> None:
        condition = next(
            (child for tag, child in parts(element) if tag == "conditionExpression"), None
        )
        flow = Flow(
            element.get("id", ""),
            element.get("name", ""),
            element.get("sourceRef", ""),
            element.get("targetRef", ""),
            "" if condition is None else self._feel(condition),
            line(element),
            self._attributes(element).get("name_en", ""),
        )
        if not flow.id or flow.id in self.flows or flow.id in self.elements:
            self.refuse(
                element, "bpmn.id", f"编号“{flow.id}”缺失或重复",
                f"the id “{flow.id}” is missing or used twice",
            )  # fmt: skip
        self.flows[flow.id] = flow

    def _read_task(self, element: etree._Element, container: str) -> None:
        tag, kind = local(element), TASKS[local(element)]
        multiple: dict[str, Any] = {}
        for part, child in parts(element):
            if part == "multiInstanceLoopCharacteristics":
                multiple = self._read_multiple(child)
            elif part == "standardLoopCharacteristics":
                self._unsupported(child)
        if multiple and kind not in ("user", "call", "catch"):
            self.refuse(
                element, "bpmn.unsupported", f"{tag} 不能有多个实例，请放进子流程",
                f"{tag} takes no instances: put it into a sub-process",
            )  # fmt: skip
        if element.get("isForCompensation") == "true":
            self._unsupported(element, "compensate")
        message = self._named("message", element)
        if tag in ("sendTask", "receiveTask") and not message:
            self.refuse(element, "bpmn.message", "没有写消息", "it names no message")
        called = element.get("calledElement", "") or told_of(element)[0].get("called", "")
        self._add(
            element, kind, container, called=called, message=message,
            is_triggered=element.get("triggeredByEvent") == "true", **multiple,
        )  # fmt: skip

    def _named(self, kind: str, element: etree._Element) -> str:
        """Return the name (of an error the code) to which an element's reference leads."""
        reference = element.get(f"{kind}Ref", "").rpartition(":")[2]
        found = self.names.get((kind, reference))
        if found is None:
            return reference
        return str(found.get(f"{kind}Code") or found.get("name") or reference)

    def _read_multiple(self, element: etree._Element) -> dict[str, Any]:
        """Return what is told of an activity done several times: for which, in which order, and
        when the rest may be left out.
        """
        told = {
            tag: self._feel(child)
            for tag, child in parts(element)
            if tag in ("loopCardinality", "completionCondition")
        }
        attributes = self._attributes(element)
        collection = attributes.get("collection", "").removeprefix("=")
        name = attributes.get("element", "element")
        if told.get("loopCardinality") and not collection:
            number, name = told["loopCardinality"], attributes.get("element", "loopCounter")
            collection = f"if ({number}) > 0 then for one in 1..({number}) return one else []"
        if not collection:
            self.refuse(
                element, "bpmn.collection", "多实例没有写集合（qs:collection）",
                "multi-instance needs a collection (qs:collection)",
            )  # fmt: skip
        return {
            "multiple": f"{name} in {collection}",
            "sequential": element.get("isSequential") == "true",
            "completion": told.get("completionCondition", ""),
        }

    def _feel(self, element: etree._Element) -> str:
        """Return the FEEL text of an expression element; refuses other languages."""
        text = (element.text or "").strip()
        language = element.get("language", "").lower()
        if language not in FEEL or text.startswith(("${", "#{")):
            self.refuse(
                element, "bpmn.language", "条件须用 FEEL，不能写成 ${…}",
                "conditions are written in FEEL, not ${…}",
            )  # fmt: skip
            return ""
        return text.removeprefix("=").strip()

    def _read_event(self, element: etree._Element, container: str, *, triggered: bool) -> None:
        tag = local(element)
        definitions = [
            (local(one).removesuffix("EventDefinition"), one)
            for part, child in parts(element)
            for one in [self._shared(child) if part == "eventDefinitionRef" else child]
            if local(one).endswith(("EventDefinition", "eventDefinitionRef"))
        ]
        event, definition = definitions[0] if definitions else ("none", element)
        kind = EVENTS[tag].get(event, "refused")
        if tag == "startEvent" and container:
            allowed = LISTENED if triggered else ("none",)
            kind = ("listen" if triggered else "start") if event in allowed else "refused"
        if len(definitions) > 1:
            self.refuse(
                element, "bpmn.unsupported", "不支持一个事件有多个触发条件，请拆成几个事件",
                "several triggers on one event are not supported: draw several events",
            )  # fmt: skip
            kind = "refused"
        elif kind == "refused":
            zh, en = INSTEAD.get(event, ("此处不能用", "it cannot stand here"))
            self.refuse(
                element, "bpmn.unsupported", f"不支持这种事件（{event}）：{zh}",
                f"an event of this kind ({event}) is not supported: {en}",
            )  # fmt: skip
        told: dict[str, str] = {}
        if kind != "refused":
            told = self._read_trigger(element, event, definition, kind)
        attribute = "isInterrupting" if kind == "listen" else "cancelActivity"
        self._add(
            element, kind, container,
            attached_to=element.get("attachedToRef", ""),
            interrupting=event == "error" or element.get(attribute, "true") != "false",
            event=event, **told,
        )  # fmt: skip
        if event == "link" and element.get("id") in self.elements:
            name = definition.get("name", "") or element.get("name", "")
            self.links.append((self.elements[element.get("id", "")], name))

    def _shared(self, reference: etree._Element) -> etree._Element:
        """Return the trigger that stands at the root of the file for several events to share."""
        key = (reference.text or "").strip().rpartition(":")[2]
        for tag, child in parts(self.root):
            if tag.endswith("EventDefinition") and child.get("id") == key:
                return child
        return reference

    def _read_trigger(
        self, element: etree._Element, event: str, definition: etree._Element, kind: str
    ) -> dict[str, str]:
        """Return what sets an event off, or what it sets off."""
        if event == "timer":
            return {"timer": self._read_timer(element, definition)}
        if event in ("message", "signal"):
            name = self._named(event, definition)
            if not name:
                if event == "message":
                    self.refuse(element, "bpmn.message", "没有写消息", "it names no message")
                else:
                    self.refuse(element, "bpmn.signal", "没有写信号", "it names no signal")
            return {"message": f"signal:{name}" if event == "signal" else name}
        if event in ("error", "escalation"):
            code = self._named(event, definition)
            if not code and kind in ("end", "throw"):
                self.refuse(
                    element, "bpmn.code", "没有写抛出哪个代码", "it says not which code it throws"
                )
            return {"code": code}
        return {}

    def _read_timer(self, element: etree._Element, definition: etree._Element) -> str:
        for tag, child in parts(definition):
            text = (child.text or "").strip()
            if tag == "timeDuration" and text:
                if text.startswith(("${", "#{")):
                    self.refuse(
                        element,
                        "bpmn.language",
                        "时长不能写成 ${…}",
                        "a duration is not written ${…}",
                    )
                    return ""
                return text
            if tag in ("timeCycle", "timeDate"):
                self.refuse(
                    element, "bpmn.unsupported", "计时只支持时长（timeDuration）",
                    "timers take a duration (timeDuration) only",
                )  # fmt: skip
                return ""
        self.refuse(element, "bpmn.timer", "没有写时长", "the timer has no duration")
        return ""

    def _join_links(self) -> None:
        """Draw a way from each link thrown to the one that catches it."""
        caught = {
            (one.container, name): one
            for one, name in self.links
            if one.tag == "intermediateCatchEvent"
        }
        for one, name in self.links:
            if one.tag == "intermediateThrowEvent":
                target = caught.get((one.container, name))
                if target is None:
                    self._at(
                        one,
                        "bpmn.reference",
                        f"没有接收链接“{name}”的事件",
                        f"no link “{name}” is caught",
                    )
                else:
                    key = f"{one.id}-link"
                    self.flows[key] = Flow(key, "", one.id, target.id, "", one.line)

    def _read_lanes(self, process: etree._Element) -> None:
        """Give each human step without posts of its own those of its innermost lane."""
        own = {key for key, one in self.elements.items() if "posts" in one.attributes}
        for lane in process.iter(f"{{{BPMN}}}lane"):
            name = (lane.get("name") or "").strip()
            posts = told_of(lane)[0].get("posts") or (name if POST.fullmatch(name) else "")
            for tag, child in parts(lane):
                element = self.elements.get((child.text or "").strip())
                if tag != "flowNodeRef" or not posts or element is None or element.id in own:
                    continue
                if element.kind == "user":
                    told = {**element.attributes, "posts": posts}
                    self.elements[element.id] = replace(element, attributes=told)

    def _at(self, one: Element | Flow, code: str, zh: str, en: str) -> None:
        self.flaws.append(Flaw(self.source, one.id or "sequenceFlow", one.line, code, zh, en))

    def _check_references(self) -> None:
        for flow in self.flows.values():
            ends = [self.elements.get(flow.source), self.elements.get(flow.target)]
            if None in ends:
                self._at(flow, "bpmn.reference", "连线的一端不存在", "an end of it does not exist")
            elif ends[0] and ends[1] and ends[0].container != ends[1].container:
                self._at(flow, "bpmn.reference", "连线不能跨子流程", "it crosses a sub-process")
        for element in self.elements.values():
            if element.kind == "boundary":
                self._check_boundary(element)
            default = self.flows.get(element.default)
            if element.default and (default is None or default.source != element.id):
                self._at(
                    element, "bpmn.reference", "默认连线不存在，或不是由此引出",
                    "no such default flow leaves it",
                )  # fmt: skip

    def _check_boundary(self, element: Element) -> None:
        host = self.elements.get(element.attached_to)
        if host is None or host.kind not in ("user", "call", "catch", "refused"):
            self._at(
                element, "bpmn.reference", "边界事件没有附在会等待的任务上",
                "a boundary event must sit on a task that waits",
            )  # fmt: skip
        elif host.container != element.container or host.is_triggered:
            self._at(
                element, "bpmn.reference", "边界事件与所附的任务不在同一层",
                "a boundary event stands beside its task, not inside it or elsewhere",
            )  # fmt: skip
        elif element.event in ("error", "escalation") and host.kind in ("user", "catch"):
            self._at(
                element, "bpmn.reference", "错误和升级只能从子流程或被调流程里抛出",
                "errors and escalations come out of sub-processes and called procedures only",
            )  # fmt: skip


def read_bpmn(raw: bytes, source: str) -> tuple[Model, tuple[Flaw, ...]]:
    """Return the model of a BPMN 2.0 file with everything that is wrong in it.

    Raises Refusal bpmn.xml for what is not safe XML, and bpmn.root for what is no BPMN 2.0.
    """
    root = read_root(raw, source)
    reader = Reader(root, source)
    model = reader.read()
    return model, tuple(reader.flaws)


def read_root(raw: bytes, source: str) -> etree._Element:
    """Return the root of a BPMN 2.0 file; raises Refusal bpmn.xml and bpmn.root."""
    root = read_xml(raw, source, "bpmn")
    if etree.QName(root).namespace != BPMN or local(root) != "definitions":
        raise Flaw(
            source,
            local(root),
            line(root),
            "bpmn.root",
            "不是 BPMN 2.0 文件",
            "not a BPMN 2.0 file",
        )
    return root


def load_bpmn(raw: bytes, source: str) -> Model:
    """Return the model of a BPMN 2.0 file.

    Raises Refusal bpmn.xml for what is not safe XML, and Refusals bpmn.* naming element and
    line for each thing outside the profile.
    """
    model, flaws = read_bpmn(raw, source)
    if flaws:
        raise Refusals(flaws)
    return model
