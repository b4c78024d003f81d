"""A BPMN file read for its drawing alone: everything that has a shape, whether it runs or not."""

from collections.abc import Iterator

from lxml import etree

from qianshou.kernel.procedures.dialects import BPMN, told_of
from qianshou.kernel.procedures.elements import Drawn, Element, Flow
from qianshou.kernel.procedures.xml import line, local

PICTURED = {
    "lane", "participant", "dataObjectReference", "dataObject", "dataStoreReference", "dataInput",
    "dataOutput", "textAnnotation", "group", "association", "messageFlow", "conversation",
    "subConversation", "callConversation", "conversationLink", "dataInputAssociation",
    "dataOutputAssociation",
}  # fmt: skip
BLOCKS = ("subProcess", "transaction", "adHocSubProcess", "subChoreography")


def is_node(tag: str) -> bool:
    """Whether an element of this name is an activity, a gateway or an event."""
    return tag in ("task", "callActivity", "callChoreography", *BLOCKS) or (
        tag.endswith(("Task", "Gateway", "Event")) and not tag.startswith("global")
    )


def sketch_elements(root: etree._Element) -> dict[str, Element]:
    """Return every activity, gateway and event of a file by its id, for drawing."""
    found: dict[str, Element] = {}
    for element in root.iter(f"{{{BPMN}}}*"):
        tag, key = local(element), element.get("id", "")
        if not is_node(tag) or not key:
            continue
        parts = [local(child) for child in element]
        triggers = [one for one in parts if one.endswith("EventDefinition")]
        event = triggers[0].removesuffix("EventDefinition") if triggers else "none"
        interrupting = element.get("cancelActivity", element.get("isInterrupting", "true"))
        found.setdefault(
            key,
            Element(
                id=key,
                tag=tag,
                kind="boundary" if tag == "boundaryEvent" else "drawn",
                name=" ".join((element.get("name") or "").split()),
                line=line(element),
                attributes=told_of(element)[0],
                container=_around(element),
                event="multiple" if len(triggers) > 1 else event,
                interrupting=interrupting != "false",
                multiple="several" if "multiInstanceLoopCharacteristics" in parts else "",
                sequential=any(
                    child.get("isSequential") == "true"
                    for child in element
                    if local(child) == "multiInstanceLoopCharacteristics"
                ),
                is_triggered=element.get("triggeredByEvent") == "true",
            ),
        )
    return found


def _around(element: etree._Element) -> str:
    """Return the id of the block in which an element lies; "" at the top."""
    parent = element.getparent()
    inside = parent is not None and is_node(local(parent))
    return str(parent.get("id", "")) if parent is not None and inside else ""


def sketch_flows(root: etree._Element) -> dict[str, Flow]:
    """Return every sequence flow of a file by its id, for drawing."""
    return {
        element.get("id", ""): Flow(
            element.get("id", ""), element.get("name", ""), element.get("sourceRef", ""),
            element.get("targetRef", ""), "", line(element), told_of(element)[0].get("name_en", ""),
        )
        for element in root.iter(f"{{{BPMN}}}sequenceFlow")
    }  # fmt: skip


def read_drawn(root: etree._Element) -> Iterator[Drawn]:
    """Yield pools, lanes, data, notes, groups and the links between them."""
    categories = {
        element.get("id", ""): element.get("value", "")
        for element in root.iter(f"{{{BPMN}}}categoryValue")
    }
    for element in root.iter(f"{{{BPMN}}}*"):
        tag = local(element)
        if tag not in PICTURED or not element.get("id"):
            continue
        name = element.get("name") or ""
        if tag == "textAnnotation":
            name = next((c.text or "" for c in element if local(c) == "text"), "")
        if tag == "group":
            name = categories.get(element.get("categoryValueRef", "").rpartition(":")[2], "")
        yield Drawn(
            element.get("id", ""), tag, name.strip(), element.get("sourceRef", ""),
            element.get("targetRef", ""), told_of(element)[0].get("name_en", ""),
        )  # fmt: skip
