"""Attributes and extension elements of other tools, read into our words; the rest is named."""

from collections.abc import Iterator

from lxml import etree

from qianshou.kernel.procedures.elements import Ignored
from qianshou.kernel.procedures.xml import line, local

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
OURS = "urn:qianshou:bpmn"
ZEEBE = "http://camunda.org/schema/zeebe/1.0"
SILENT = {
    "http://www.w3.org/2001/XMLSchema-instance", "http://www.w3.org/XML/1998/namespace",
    "http://www.omg.org/spec/BPMN/non-normative/color/1.0", "http://bpmn.io/schema/bpmn/biocolor/1.0",
}  # fmt: skip
PEOPLE = {
    "candidateGroups": "posts", "formKey": "form", "dueDate": "due", "assignee": "assignee",
    "collection": "collection", "elementVariable": "element",
}  # fmt: skip
ATTRIBUTES = {
    "http://camunda.org/schema/1.0/bpmn": PEOPLE | {"decisionRef": "decision", "topic": "effect"},
    "http://flowable.org/bpmn": PEOPLE | {"topic": "effect"},
    "http://activiti.org/bpmn": PEOPLE,
    OURS: {
        "organisation": "organisation", "due": "due", "source": "source", "returnTo": "return_to",
        "effect": "effect", "nameEn": "name_en", "decision": "decision", "posts": "posts",
        "collection": "collection", "element": "element", "form": "form",
        "milestone": "milestone", "milestoneEn": "milestone_en", "results": "results",
        "assignee": "assignee", "page": "page",
    },
}  # fmt: skip
ELEMENTS = {
    "assignmentDefinition": {"candidateGroups": "posts", "assignee": "assignee"},
    "formDefinition": {"formKey": "form", "formId": "form"},
    "taskSchedule": {"dueDate": "due"},
    "taskDefinition": {"type": "effect"},
    "calledElement": {"processId": "called"},
    "calledDecision": {"decisionId": "decision"},
    "loopCharacteristics": {"inputCollection": "collection", "inputElement": "element"},
}
PLAIN = ("posts", "form", "effect", "decision", "called")


def told_of(element: etree._Element) -> tuple[dict[str, str], list[tuple[str, str]]]:
    """Return what attributes and extension elements say of an element, in our words, and which
    of our own attributes are unknown or whose value is in another expression language:
    (attribute, "unknown" or "language").
    """
    told: dict[str, str] = {}
    wrong: list[tuple[str, str]] = []

    def keep(word: str, written: str, value: str) -> None:
        computed = value.startswith(("${", "#{")) or (word in PLAIN and value.startswith("="))
        if computed:
            wrong.append((written, "language"))
        else:
            told.setdefault(word, value)

    for key, value in element.attrib.items():
        name = etree.QName(key)
        known = ATTRIBUTES.get(name.namespace or "")
        if known is not None and name.localname in known:
            keep(known[name.localname], _short(element, name), str(value))
        elif name.namespace == OURS:
            wrong.append((f"qs:{name.localname}", "unknown"))
    for part in _extensions(element):
        name = etree.QName(part)
        if name.namespace == ZEEBE and name.localname in ELEMENTS:
            for key, value in part.attrib.items():
                word = ELEMENTS[name.localname].get(str(key))
                if word:
                    keep(word, f"zeebe:{name.localname}", str(value))
    return told, wrong


def ignored_in(process: etree._Element) -> Iterator[Ignored]:
    """Yield every attribute and element of another tool inside a process that nothing here reads."""
    for element in process.iter(f"{{{BPMN}}}*"):
        tag = local(element)
        if tag == "extensionElements":
            continue
        owner = _named(element)
        for key in element.attrib:
            name = etree.QName(key)
            space = name.namespace or ""
            if (
                space
                and space not in SILENT
                and name.localname not in ATTRIBUTES.get(space, ())
                and space != OURS
            ):
                yield Ignored(owner, line(element), _short(element, name))
        for part in element:
            if etree.QName(part).namespace != BPMN:
                yield Ignored(owner, line(part), _short(part, etree.QName(part)))
        for part in _extensions(element):
            name = etree.QName(part)
            known = ELEMENTS.get(name.localname) if name.namespace == ZEEBE else None
            if known is None:
                yield Ignored(owner, line(part), _short(part, name))
                continue
            for key in part.attrib:
                attribute = etree.QName(key).localname
                if attribute not in known:
                    yield Ignored(owner, line(part), f"{_short(part, name)}/{attribute}")


def _named(element: etree._Element) -> str:
    """Return the id of an element, or of the one around it that has one."""
    here: etree._Element | None = element
    while here is not None:
        if here.get("id"):
            return str(here.get("id"))
        here = here.getparent()
    return local(element)


def _extensions(element: etree._Element) -> Iterator[etree._Element]:
    for child in element:
        if local(child) == "extensionElements":
            yield from child


def _short(element: etree._Element, name: etree.QName) -> str:
    """Return a name with the prefix that the file gives its namespace."""
    found = next((key for key, space in element.nsmap.items() if space == name.namespace), None)
    return f"{found}:{name.localname}" if found else name.localname
