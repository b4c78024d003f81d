"""What differs between two versions of a procedure's files: elements and fields, by their ids."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from lxml import etree

from qianshou.kernel.procedures.xml import local, read_xml

LAYOUT = re.compile(r"/(DI|DC|DMNDI)/?$")
LINKS = {"incoming", "outgoing", "flowNodeRef"}


class Difference(NamedTuple):
    """One element or field that is new ("added"), gone ("removed") or "changed": in which kind of
    file and which file, its id and name, and (what, before, after) of each part that changed.
    """

    kind: str
    file: str
    change: str
    id: str
    name: str
    parts: tuple[tuple[str, str, str], ...]


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Difference]:
    """Return what differs between two sets of sources {bpmn, dmn, forms: {name: text}}.

    Where things are drawn does not count. Raises Refusal where a file cannot be read.
    """
    found: list[Difference] = []
    for kind, read in (("bpmn", _elements), ("dmn", _elements), ("forms", _fields)):
        for file in sorted(before[kind].keys() | after[kind].keys()):
            old, new = before[kind].get(file), after[kind].get(file)
            if old != new:
                olds = {} if old is None else read(old, kind)
                news = {} if new is None else read(new, kind)
                found += _compared(kind, file, olds, news)
    return found


Parts = dict[str, str]


def _compared(
    kind: str, file: str, olds: Mapping[str, Parts], news: Mapping[str, Parts]
) -> Iterator[Difference]:
    for key in dict.fromkeys((*olds, *news)):
        old, new = olds.get(key), news.get(key)
        if old == new:
            continue
        name = (new or old or {}).get("name", "")
        if old is None or new is None:
            yield Difference(kind, file, "removed" if new is None else "added", key, name, ())
            continue
        parts = tuple(
            (what, old.get(what, ""), new.get(what, ""))
            for what in dict.fromkeys((*old, *new))
            if old.get(what) != new.get(what)
        )
        yield Difference(kind, file, "changed", key, name, parts)


def _elements(text: str, kind: str) -> dict[str, Parts]:
    """Return of each element that has an id its attributes, and the texts below it that have none."""
    found: dict[str, Parts] = {}
    for element in read_xml(text.encode(), kind, kind).iter("{*}*"):
        key = element.get("id")
        if key is None or LAYOUT.search(etree.QName(element).namespace or ""):
            continue
        parts = {
            etree.QName(name).localname: str(value)
            for name, value in element.attrib.items()
            if name != "id"
        }
        for what, told in _texts(element):
            parts[what] = f"{parts[what]} {told}" if what in parts else told
        found[key] = {"name": "", **parts}
    return found


def _texts(element: etree._Element) -> Iterator[tuple[str, str]]:
    if element.text and element.text.strip():
        yield "text", element.text.strip()
    for child in element:
        if child.get("id") is None and local(child) not in LINKS:
            for what, told in _texts(child):
                yield (local(child) if what == "text" else what), told


def _fields(text: str, kind: str) -> dict[str, Parts]:
    told = json.loads(text)
    required = told.get("required", ())
    head = {
        key: _plain(value) for key, value in told.items() if key not in ("properties", "required")
    }
    found: dict[str, Parts] = {"": {"name": str(told.get("title", "")), **head}}
    for place, (key, field) in enumerate(told.get("properties", {}).items(), 1):
        found[key] = {
            "name": str(field.get("title", "")),
            "position": str(place),
            "required": _plain(key in required),
            **{what: _plain(value) for what, value in field.items()},
        }
    return found


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
