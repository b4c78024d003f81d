"""BPMN 2.0 files read: what runs, what is only drawn, and what is refused, with its line.

The profile: none, message and timer starts; user, manual, service, send, receive and
business-rule tasks; exclusive, parallel and inclusive gateways; boundary timers and
messages; intermediate timer and message events; embedded sub-processes, call activities,
parallel multi-instance; none and terminate ends. Pools, lanes, data and notes are drawn.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from qianshou.kernel.procedures.xml import line, local, read_xml
from qianshou.kernel.refusal import Refusal, Refusals

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
OURS = "urn:qianshou:bpmn"
EXTENSIONS = {
    "http://camunda.org/schema/1.0/bpmn": {
        "candidateGroups": "posts", "formKey": "form", "dueDate": "due",
        "decisionRef": "decision", "collection": "collection", "elementVariable": "element",
        "assignee": "assignee",
    },
    "http://flowable.org/bpmn": {
        "candidateGroups": "posts", "formKey": "form", "dueDate": "due",
        "collection": "collection", "elementVariable": "element",
        "assignee": "assignee",
    },
    "http://activiti.org/bpmn": {
        "candidateGroups": "posts", "formKey": "form", "dueDate": "due",
        "collection": "collection", "elementVariable": "element",
        "assignee": "assignee",
    },
    OURS: {
        "organisation": "organisation", "due": "due", "source": "source", "returnTo": "return_to",
        "effect": "effect", "nameEn": "name_en", "decision": "decision", "posts": "posts",
        "collection": "collection", "element": "element", "form": "form",
        "milestone": "milestone", "milestoneEn": "milestone_en", "results": "results",
        "assignee": "assignee", "page": "page",
    },
}  # fmt: skip
TASKS = {
    "userTask": "user", "manualTask": "user", "serviceTask": "service", "sendTask": "throw",
    "receiveTask": "catch", "businessRuleTask": "rule", "callActivity": "call",
    "subProcess": "call",
}  # fmt: skip
GATEWAYS = {"exclusiveGateway": "xor", "parallelGateway": "and", "inclusiveGateway": "or"}
EVENTS = {
    "startEvent", "endEvent", "intermediateCatchEvent", "intermediateThrowEvent", "boundaryEvent",
}  # fmt: skip
FEEL = (
    "", "feel", "https://www.omg.org/spec/dmn/20191111/feel/",
    "http://www.omg.org/spec/dmn/20151101/feel",
)  # fmt: skip
DRAWN = {
    "laneSet", "lane", "dataObject", "dataObjectReference", "dataStoreReference", "textAnnotation",
    "association", "group", "documentation", "extensionElements", "category", "incoming",
    "outgoing", "ioSpecification", "dataInputAssociation", "dataOutputAssociation", "property",
    "message", "signal", "collaboration", "participant", "messageFlow", "itemDefinition",
    "BPMNDiagram", "dataStore", "resource", "partnerEntity", "import",
}  # fmt: skip


@dataclass(frozen=True)
class Shape:
    """Where an element is drawn: left, top, width, height; its label's place, if apart."""

    x: float
    y: float
    width: float
    height: float
    label: tuple[float, float, float, float] | None = None
    is_horizontal: bool = True
    is_expanded: bool = True


@dataclass(frozen=True)
class Edge:
    """Where a flow is drawn: its bends, and its label's place, if given."""

    points: tuple[tuple[float, float], ...]
    label: tuple[float, float, float, float] | None = None


@dataclass(frozen=True)
class Element:
    """A node of a process as the file has it; `attributes` in our words."""

    id: str
    tag: str
    kind: str
    name: str
    line: int
    attributes: Mapping[str, str] = field(default_factory=dict)
    container: str = ""
    default: str = ""
    attached_to: str = ""
    interrupting: bool = True
    event: str = ""
    timer: str = ""
    message: str = ""
    called: str = ""
    multiple: str = ""
    sequential: bool = False
    completion: str = ""


@dataclass(frozen=True)
class Flow:
    """A sequence flow with its FEEL condition, if any."""

    id: str
    name: str
    source: str
    target: str
    condition: str
    line: int
    name_en: str = ""


@dataclass(frozen=True)
class Drawn:
    """An element that is only drawn: pools, lanes, data, notes, and the links between them."""

    id: str
    tag: str
    name: str
    source: str = ""
    target: str = ""
    name_en: str = ""


@dataclass(frozen=True)
class Model:
    """One executable process and everything its file draws."""

    id: str
    name: str
    name_en: str
    source: str
    elements: Mapping[str, Element]
    flows: Mapping[str, Flow]
    drawn: Mapping[str, Drawn]
    shapes: Mapping[str, Shape]
    edges: Mapping[str, Edge]


class Reader:
    """Reads one file and gathers every refusal before giving up."""

    def __init__(self, root: etree._Element, source: str) -> None:
        self.root = root
        self.source = source
        self.elements: dict[str, Element] = {}
        self.flows: dict[str, Flow] = {}
        self.refusals: list[Refusal] = []
        self.messages = {
            child.get("id", ""): str(child.get("name") or child.get("id", ""))
            for child in root
            if local(child) == "message"
        }

    def refuse(self, element: etree._Element, code: str, zh: str, en: str) -> None:
        """Note a refusal of `element`."""
        name = element.get("id") or local(element)
        self.refusals.append(refusal_at(self.source, name, line(element), code, zh, en))

    def read(self) -> Model:
        """Return the model, or raise Refusals."""
        processes = [
            child
            for child in self.root
            if local(child) == "process"
            and any(local(part) in TASKS or local(part) in EVENTS for part in child)
        ]
        if len(processes) != 1:
            self.refuse(
                self.root, "processes", f"文件里应有一个流程，现有 {len(processes)} 个",
                f"a file holds one process that runs; this has {len(processes)}",
            )  # fmt: skip
            raise Refusals(self.refusals)
        process = processes[0]
        self._refuse_unknown_roots()
        self._read_nodes(process, "")
        self._check_references(process)
        if self.refusals:
            raise Refusals(self.refusals)
        shapes, edges = read_layout(self.root)
        attributes = self._attributes(process)
        return Model(
            id=process.get("id", ""),
            name=str(process.get("name") or process.get("id", "")),
            name_en=attributes.get("name_en", ""),
            source=self.source,
            elements=self.elements,
            flows=self.flows,
            drawn={one.id: one for one in self._drawn()},
            shapes=shapes,
            edges=edges,
        )

    def _refuse_unknown_roots(self) -> None:
        for child in self.root:
            if local(child) not in DRAWN | {"process"}:
                self._unsupported(child)

    def _unsupported(self, element: etree._Element) -> None:
        tag = local(element)
        self.refuse(
            element, "unsupported", f"不支持 {tag}，请改用本规范支持的元素",
            f"{tag} is not supported; use an element of the profile",
        )  # fmt: skip

    def _attributes(self, element: etree._Element) -> dict[str, str]:
        found: dict[str, str] = {}
        for key, value in element.attrib.items():
            name = etree.QName(key)
            known = EXTENSIONS.get(name.namespace or "")
            if known is None:
                continue
            if name.localname in known:
                found[known[name.localname]] = str(value)
            elif name.namespace == OURS:
                self.refuse(
                    element, "attribute", f"不认识的属性 qs:{name.localname}",
                    f"unknown attribute qs:{name.localname}",
                )  # fmt: skip
        return found

    def _read_nodes(self, scope: etree._Element, container: str) -> None:
        for child in scope:
            tag = local(child)
            if tag == "sequenceFlow":
                self._read_flow(child)
            elif tag in TASKS:
                self._read_task(child, container)
                if tag == "subProcess":
                    self._read_nodes(child, child.get("id", ""))
            elif tag in GATEWAYS:
                self._add(child, GATEWAYS[tag], container)
            elif tag in EVENTS:
                self._read_event(child, container)
            elif tag == "task":
                self.refuse(
                    child, "unsupported", "未写明由谁办理的任务，请改为用户任务或服务任务",
                    "a plain task says not who does it; make it a user or service task",
                )  # fmt: skip
            elif tag not in DRAWN and tag != "multiInstanceLoopCharacteristics":
                self._unsupported(child)

    def _add(self, element: etree._Element, kind: str, container: str, **more: object) -> None:
        key = element.get("id", "")
        if not key or key in self.elements:
            self.refuse(
                element, "id", f"编号“{key}”缺失或重复", f"the id “{key}” is missing or used twice"
            )
            return
        self.elements[key] = Element(
            id=key,
            tag=local(element),
            kind=kind,
            name=" ".join((element.get("name") or "").split()),
            line=line(element),
            attributes=self._attributes(element),
            container=container,
            default=element.get("default", ""),
            **more,  # type: ignore[arg-type]
        )

    def _read_flow(self, element: etree._Element) -> None:
        condition = next(
            (child for child in element if local(child) == "conditionExpression"), None
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
        if not flow.id or flow.id in self.flows:
            self.refuse(
                element, "id", f"编号“{flow.id}”缺失或重复",
                f"the id “{flow.id}” is missing or used twice",
            )  # fmt: skip
        self.flows[flow.id] = flow

    def _read_task(self, element: etree._Element, container: str) -> None:
        tag = local(element)
        multiple: dict[str, Any] = {}
        for child in element:
            if local(child) == "multiInstanceLoopCharacteristics":
                multiple = self._read_multiple(child)
            elif local(child) == "standardLoopCharacteristics":
                self.refuse(
                    child, "unsupported", "不支持标准循环，请画成回路",
                    "a standard loop is not supported: draw the loop",
                )  # fmt: skip
        if element.get("triggeredByEvent") == "true":
            self.refuse(
                element,
                "unsupported",
                "暂不支持事件子流程",
                "event sub-processes are not supported",
            )
        message = self.messages.get(element.get("messageRef", ""), element.get("messageRef", ""))
        if tag in ("sendTask", "receiveTask") and not message:
            self.refuse(element, "message", "没有写消息", "it names no message")
        self._add(
            element, TASKS[tag], container, called=element.get("calledElement", ""),
            message=message, **multiple,
        )  # fmt: skip

    def _read_multiple(self, element: etree._Element) -> dict[str, Any]:
        """Return what is told of an activity done several times: for which, in which order, and
        when the rest may be left out.
        """
        told = {local(child): self._feel(child) for child in element}
        attributes = self._attributes(element)
        collection = attributes.get("collection", "").removeprefix("=")
        name = attributes.get("element", "element")
        if told.get("loopCardinality") and not collection:
            number, name = told["loopCardinality"], attributes.get("element", "loopCounter")
            collection = f"if ({number}) > 0 then for one in 1..({number}) return one else []"
        if not collection:
            self.refuse(
                element, "collection", "多实例没有写集合（qs:collection）",
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
        if element.get("language", "").lower() not in FEEL:
            self.refuse(element, "language", "条件须用 FEEL", "conditions are written in FEEL")
        if text.startswith(("${", "#{")):
            self.refuse(
                element, "language", "条件须用 FEEL，不能写成 ${…}",
                "conditions are written in FEEL, not ${…}",
            )  # fmt: skip
        return text.removeprefix("=").strip()

    def _read_event(self, element: etree._Element, container: str) -> None:
        tag = local(element)
        definitions = [child for child in element if local(child).endswith("EventDefinition")]
        if len(definitions) > 1:
            self.refuse(
                element, "unsupported", "不支持多个触发条件", "several triggers on one event"
            )
        event = local(definitions[0]).removesuffix("EventDefinition") if definitions else "none"
        allowed = {
            "startEvent": {"none": "start", "message": "start", "timer": "start"},
            "endEvent": {"none": "end", "terminate": "terminate"},
            "intermediateCatchEvent": {"timer": "catch", "message": "catch"},
            "intermediateThrowEvent": {"none": "pass", "message": "throw"},
            "boundaryEvent": {"timer": "boundary", "message": "boundary"},
        }[tag]
        if event not in allowed:
            self.refuse(
                element, "unsupported", f"不支持这种事件（{event}）",
                f"an event of this kind ({event}) is not supported",
            )  # fmt: skip
            return
        timer = message = ""
        if event == "timer":
            timer = self._read_timer(definitions[0])
        if event == "message":
            reference = definitions[0].get("messageRef", "")
            message = self.messages.get(reference, reference)
            if not message:
                self.refuse(element, "message", "没有写消息", "it names no message")
        self._add(
            element,
            allowed[event],
            container,
            attached_to=element.get("attachedToRef", ""),
            interrupting=element.get("cancelActivity", "true") != "false",
            event=event,
            timer=timer,
            message=message,
        )

    def _read_timer(self, definition: etree._Element) -> str:
        for child in definition:
            if local(child) == "timeDuration" and (child.text or "").strip():
                return str(child.text).strip()
            if local(child) in ("timeCycle", "timeDate"):
                self.refuse(
                    definition, "unsupported", "计时只支持时长（timeDuration）",
                    "timers take a duration (timeDuration) only",
                )  # fmt: skip
                return ""
        self.refuse(definition, "timer", "没有写时长", "the timer has no duration")
        return ""

    def _check_references(self, process: etree._Element) -> None:
        def at(key: str, place: int, code: str, zh: str, en: str) -> None:
            self.refusals.append(refusal_at(self.source, key, place, code, zh, en))

        for flow in self.flows.values():
            ends = [self.elements.get(flow.source), self.elements.get(flow.target)]
            if None in ends:
                at(
                    flow.id,
                    flow.line,
                    "reference",
                    "连线的一端不存在",
                    "an end of it does not exist",
                )
            elif ends[0] and ends[1] and ends[0].container != ends[1].container:
                at(flow.id, flow.line, "reference", "连线不能跨子流程", "it crosses a sub-process")
        for element in self.elements.values():
            if element.kind == "boundary":
                host = self.elements.get(element.attached_to)
                if host is None or host.kind not in ("user", "call", "catch"):
                    at(
                        element.id, element.line, "reference", "边界事件没有附在任务上",
                        "a boundary event must sit on a task that waits",
                    )  # fmt: skip
            if element.default and element.default not in self.flows:
                at(element.id, element.line, "reference", "默认连线不存在", "no such default flow")

    def _drawn(self) -> Iterator[Drawn]:
        wanted = {
            "lane", "participant", "dataObjectReference", "dataStoreReference", "textAnnotation",
            "group", "association", "messageFlow",
        }  # fmt: skip
        for element in self.root.iter(f"{{{BPMN}}}*"):
            if local(element) in wanted and element.get("id"):
                name = element.get("name") or ""
                if local(element) == "textAnnotation":
                    name = next((c.text or "" for c in element if local(c) == "text"), "")
                yield Drawn(
                    element.get("id", ""), local(element), name.strip(),
                    element.get("sourceRef", ""), element.get("targetRef", ""),
                    self._attributes(element).get("name_en", ""),
                )  # fmt: skip


def refusal_at(source: str, key: str, place: int, code: str, zh: str, en: str) -> Refusal:
    """Return a refusal that names file, line and element."""
    return Refusal(
        f"bpmn.{code}",
        f"{source} 第 {place} 行 {key}：{zh}",
        f"{source}, line {place}, {key}: {en}",
        key,
    )


def _bounds(element: etree._Element) -> tuple[float, float, float, float] | None:
    for child in element:
        if local(child) == "Bounds":
            try:
                x, y, width, height = (
                    float(child.get(key, "0")) for key in ("x", "y", "width", "height")
                )
            except ValueError:
                return None
            return x, y, width, height
    return None


def _label(element: etree._Element) -> tuple[float, float, float, float] | None:
    return next((_bounds(child) for child in element if local(child) == "BPMNLabel"), None)


def read_layout(root: etree._Element) -> tuple[dict[str, Shape], dict[str, Edge]]:
    """Return where the file draws its elements, by their ids; bad numbers are left out."""
    shapes: dict[str, Shape] = {}
    edges: dict[str, Edge] = {}
    for element in root.iter():
        key = element.get("bpmnElement", "")
        if local(element) == "BPMNShape" and (bounds := _bounds(element)):
            shapes[key] = Shape(
                *bounds,
                label=_label(element),
                is_horizontal=element.get("isHorizontal", "true") != "false",
                is_expanded=element.get("isExpanded", "true") != "false",
            )
        elif local(element) == "BPMNEdge":
            try:
                points = tuple(
                    (float(child.get("x", "0")), float(child.get("y", "0")))
                    for child in element
                    if local(child) == "waypoint"
                )
            except ValueError:
                continue
            if len(points) > 1:
                edges[key] = Edge(points, _label(element))
    return shapes, edges


def load_bpmn(raw: bytes, source: str) -> Model:
    """Return the model of a BPMN 2.0 file.

    Raises Refusal bpmn.xml for what is not safe XML, and Refusals bpmn.* naming element and
    line for each thing outside the profile.
    """
    root = read_xml(raw, source, "bpmn")
    if etree.QName(root).namespace != BPMN or local(root) != "definitions":
        raise refusal_at(
            source, local(root), line(root), "root", "不是 BPMN 2.0 文件", "not a BPMN 2.0 file"
        )
    return Reader(root, source).read()
