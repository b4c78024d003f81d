"""What the readers of one DMN file share: its names, its types, and what is wrong with it.

A fault does not stop the reading: what is at fault gives null, and whoever loads the file
decides whether faults are acceptable.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from qianshou.kernel.procedures.feel import (
    UnaryTests,
    compile_expression,
    compile_unary_tests,
    read_kind,
)
from qianshou.kernel.procedures.feel.kinds import ANY, Kind, coerce
from qianshou.kernel.procedures.xml import line, local
from qianshou.kernel.refusal import Refusal

Logic = Callable[[Mapping[str, Any]], Any]
FEEL = {
    "", "feel", "https://www.omg.org/spec/DMN/20230324/FEEL/",
    "https://www.omg.org/spec/DMN/20211108/FEEL/", "https://www.omg.org/spec/DMN/20191111/FEEL/",
    "http://www.omg.org/spec/DMN/20180521/FEEL/", "http://www.omg.org/spec/FEEL/20140401",
}  # fmt: skip


def refusal_of(source: str, element: etree._Element, code: str, zh: str, en: str) -> Refusal:
    """Return the refusal of an element, with its id and line."""
    name = element.get("id") or local(element)
    place = line(element)
    return Refusal(
        code,
        f"{source} 第 {place} 行 {name}：{zh}",
        f"{source}, line {place}, {name}: {en}",
        name,
    )


def nothing(facts: Mapping[str, Any]) -> None:
    """Give null: the logic of what is at fault."""


def children(element: etree._Element, *names: str) -> Iterator[etree._Element]:
    """Yield the children so named."""
    for child in element:
        if local(child) in names:
            yield child


def first(element: etree._Element, *names: str) -> etree._Element | None:
    """Return the first child so named, or None."""
    return next(children(element, *names), None)


def text_of(element: etree._Element | None) -> str:
    """Return what the element's <text> holds."""
    if element is None:
        return ""
    return "".join((child.text or "") for child in children(element, "text")).strip()


def name_of(element: etree._Element) -> str:
    """Return an element's name with single spaces."""
    return " ".join(element.get("name", "").split())


@dataclass
class Reader:
    """Reads the expressions of one file; `names` are the names that they may use, `read` those
    that they do.
    """

    source: str
    kinds: dict[str, Kind] = field(default_factory=dict)
    names: frozenset[str] = frozenset()
    faults: list[Refusal] = field(default_factory=list)
    read: set[str] = field(default_factory=set)

    def fault(self, element: etree._Element, code: str, zh: str, en: str) -> None:
        """Write down what is wrong with an element."""
        self.faults.append(refusal_of(self.source, element, code, zh, en))

    def literal(self, element: etree._Element) -> Logic:
        """Return the compiled text of an element; a fault gives null."""
        language = element.get("expressionLanguage", "")
        if language.lower() not in FEEL and language not in FEEL:
            self.fault(
                element,
                "dmn.language",
                f"只支持 FEEL，不支持 {language}",
                f"{language} is not supported, only FEEL",
            )
            return nothing
        text = text_of(element)
        if not text:
            self.fault(element, "dmn.empty", "没有写表达式", "the expression is empty")
            return nothing
        return self.compile(element, text)

    def compile(self, element: etree._Element, text: str) -> Logic:
        """Return a text compiled; a fault gives null."""
        try:
            compiled = compile_expression(text, self.names, self.kinds)
        except Refusal as refusal:
            self.fault(element, "dmn.feel", refusal.zh, refusal.en)
            return nothing
        self.read |= compiled.names
        return compiled

    def tests(self, element: etree._Element) -> UnaryTests | None:
        """Return compiled unary tests; None, which nothing passes, for a fault."""
        try:
            compiled = compile_unary_tests(text_of(element) or "-", self.names, self.kinds)
        except Refusal as refusal:
            self.fault(element, "dmn.feel", refusal.zh, refusal.en)
            return None
        self.read |= compiled.names
        return compiled

    def kind(self, element: etree._Element, attribute: str = "typeRef") -> Kind:
        """Return the type that an element says it has; Any where it says none.

        DMN 1.1 writes it as a child element or with a prefix, as feel:string.
        """
        told = element.get(attribute, "").strip()
        if not told:
            child = first(element, attribute)
            told = "" if child is None else (child.text or "").strip()
        return self.kind_named(element, told) if told else ANY

    def kind_named(self, element: etree._Element, told: str) -> Kind:
        """Return the type of a name; a name that is not known is a fault and means Any."""
        found = find_kind(told, self.kinds)
        if found is None:
            self.fault(element, "dmn.kind", f"没有类型“{told}”", f"there is no type “{told}”")
            return ANY
        return found


def find_kind(told: str, kinds: Mapping[str, Kind]) -> Kind | None:
    """Return the type of a name as it stands in a file: its own, an imported, or a built-in one.

    The prefixes of DMN 1.1 ("feel:", "feel.") are passed over.
    """
    name = " ".join(told.rpartition("}")[2].split())
    for text in (name, name.rpartition(":")[2], name.removeprefix("feel.")):
        if text in kinds:
            return kinds[text]
        try:
            found = read_kind(text, kinds)
        except (Refusal, RecursionError):
            continue
        if found is not None:
            return found
    return None


def typed(logic: Logic, kind: Kind) -> Logic:
    """Return logic whose outcome is converted to a type, null where it does not conform."""
    if kind is ANY or kind.name == "function":
        return logic
    return lambda facts: coerce(logic(facts), kind)
