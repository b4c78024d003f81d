"""Item definitions of DMN (1.3, 7.3.2) as FEEL types."""

from typing import Any

from lxml import etree

from qianshou.kernel.procedures.dmn.reader import Reader, children, first, name_of, text_of
from qianshou.kernel.procedures.feel import UnaryTests
from qianshou.kernel.procedures.feel.kinds import ANY, Allowed, Kind


class KindReader:
    """Reads the item definitions of a file, each when it is first needed."""

    def __init__(self, reader: Reader, root: etree._Element) -> None:
        self.reader = reader
        self.waiting = {name_of(one): one for one in children(root, "itemDefinition")}

    def read_all(self) -> None:
        """Put every definition among the reader's kinds."""
        for name in list(self.waiting):
            self.find(name)

    def find(self, name: str) -> None:
        """Read a definition that waits; one within itself is Any there."""
        element = self.waiting.pop(name, None)
        if element is not None:
            self.reader.kinds[name] = ANY
            self.reader.kinds[name] = self.read(element)

    def read(self, element: etree._Element) -> Kind:
        """Return the type of an item definition or component."""
        kind = self._plain(element)
        allowed = self._allowed(element, "allowedValues")
        if allowed is not None:
            kind = _limited(kind, allowed)
        if element.get("isCollection") == "true":
            kind = Kind("list", kind)
        whole = self._allowed(element, "typeConstraint")
        return kind if whole is None else _limited(kind, whole)

    def _plain(self, element: etree._Element) -> Kind:
        components = list(children(element, "itemComponent"))
        if components:
            return Kind("context", fields={name_of(one): self.read(one) for one in components})
        function = first(element, "functionItem")
        if function is not None:
            parameters = tuple(
                self._kind(one, "typeRef") for one in children(function, "parameters")
            )
            return Kind("function", self._kind(function, "outputTypeRef"), parameters=parameters)
        return self._kind(element, "typeRef")

    def _kind(self, element: etree._Element, attribute: str) -> Kind:
        child = first(element, attribute)
        told = element.get(attribute) or ("" if child is None else child.text or "")
        for name in (told, told.rpartition(":")[2]):
            self.find(" ".join(name.split()))
        return self.reader.kind(element, attribute)

    def _allowed(self, element: etree._Element, name: str) -> Allowed | None:
        child = first(element, name)
        if child is None or not text_of(child):
            return None
        tests = self.reader.tests(child)
        return None if tests is None else _holding(tests)


def _holding(tests: UnaryTests) -> Allowed:
    def holds(value: Any) -> bool | None:
        return tests(value, {})

    return holds


def _limited(kind: Kind, allowed: Allowed) -> Kind:
    before = kind.allowed

    def both(value: Any) -> bool | None:
        return allowed(value) if before is None or before(value) is True else False

    return Kind(kind.name, kind.of, kind.fields, kind.parameters, both)
