"""DMN files to models (DMN 1.3, chapters 6 and 7; the namespaces of 1.1 to 1.5)."""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from lxml import etree

from qianshou.kernel.procedures.dmn.boxed import READERS, read_expression, read_function
from qianshou.kernel.procedures.dmn.kinds import KindReader
from qianshou.kernel.procedures.dmn.model import (
    Bundle,
    Decision,
    DecisionModel,
    Element,
    InputFact,
    Knowledge,
    Requirement,
)
from qianshou.kernel.procedures.dmn.reader import (
    Reader,
    children,
    first,
    name_of,
    nothing,
    refusal_of,
    typed,
)
from qianshou.kernel.procedures.dmn.tables import Table, read_table
from qianshou.kernel.procedures.feel.kinds import ANY, Kind
from qianshou.kernel.procedures.xml import local, read_xml
from qianshou.kernel.refusal import Refusal

DRAWN = ("decision", "inputData", "businessKnowledgeModel", "decisionService")
REQUIRED = ("requiredDecision", "requiredInput", "requiredKnowledge")
NAMING = (
    "variable", "itemDefinition", "itemComponent", "formalParameter", "parameter", "parameters",
    "column", "output", "import",
)  # fmt: skip
MOST_IMPORTS = 50
Others = Iterable[tuple[str, bytes]]


def load_dmn(raw: bytes, source: str, others: Others = ()) -> DecisionModel:
    """Return the decisions of a DMN file; `others` are names and contents of the files that it
    may import, each read only if it is needed.

    Raises Refusal dmn.* with element id and line for what is not DMN, not supported, or does
    not compile.
    """
    model = read_dmn(raw, source, others)
    if model.faults:
        raise model.faults[0]
    return model


def read_dmn(raw: bytes, source: str, others: Others = ()) -> DecisionModel:
    """Return the decisions of a DMN file, with the faults of what could not be read.

    Raises Refusal dmn.* for what is not DMN, has no ids, or whose decisions require each other.
    """
    library = Library(others)
    file = library.read(raw, source)
    elements = file.elements
    decisions = {
        key: one for key, one in elements.items() if isinstance(one, Decision) and "#" not in key
    }
    _refuse_circles(file, elements)
    names = {
        **{one.name: key for key, one in elements.items() if "#" not in key},
        **{one.name: key for key, one in decisions.items()},
    }
    faults = [fault for one in library.files.values() for fault in one.reader.faults]
    name = file.root.get("name", source)
    read = frozenset(name for one in library.files.values() for name in one.reader.read)
    return DecisionModel(name, file.digest, decisions, names, elements, tuple(faults), read)


class File:
    """One file: its root, its elements by key, and the files that it imports by name."""

    def __init__(self, root: etree._Element, source: str) -> None:
        self.root = root
        self.reader = Reader(source)
        self.space = root.get("namespace", "")
        self.imports: dict[str, list[tuple[str, File]]] = {}
        self.elements: dict[str, Element] = {}
        self.words: set[str] = set()
        self.digest = ""

    def imported(self) -> Iterator[tuple[str, "File"]]:
        """Yield each import's name and file."""
        for files in self.imports.values():
            yield from files


class Library:
    """The files that one model is made of, by namespace; an imported one has keys with "#"."""

    def __init__(self, others: Others) -> None:
        self.others = iter(others)
        self.seen: dict[str, tuple[str, bytes, etree._Element]] = {}
        self.files: dict[str, File] = {}

    def read(self, raw: bytes, source: str) -> File:
        """Return the file that is loaded."""
        root = read_xml(raw, source, "dmn")
        space = etree.QName(root).namespace or ""
        if local(root) != "definitions" or "DMN" not in space.upper():
            raise refusal_of(source, root, "dmn.root", "不是 DMN 文件", "this is not a DMN file")
        return self._file(root, source, main=True)

    def _file(self, root: etree._Element, source: str, *, main: bool) -> File:
        file = File(root, source)
        self.files[file.space] = file
        for element in children(root, "import"):
            self._import(file, element)
        prefix = "" if main else f"{file.space}#"
        FileReader(file, prefix, self.files[next(iter(self.files))].space).read()
        return file

    def _import(self, file: File, element: etree._Element) -> None:
        if "DMN" not in element.get("importType", "").upper():
            file.reader.fault(
                element, "dmn.import", f"不能引入 {element.get('importType', '')}",
                f"{element.get('importType', '')} cannot be imported",
            )  # fmt: skip
            return
        space = element.get("namespace", "")
        found = self.files.get(space) or self._look_up(space)
        if found is None:
            file.reader.fault(
                element, "dmn.import", f"旁边没有命名空间为 {space} 的文件",
                f"there is no file with the namespace {space} beside it",
            )  # fmt: skip
            return
        file.imports.setdefault(space, []).append((name_of(element), found))

    def _look_up(self, space: str) -> File | None:
        while space not in self.seen:
            other = next(self.others, None)
            if other is None or len(self.files) > MOST_IMPORTS:
                return None
            try:
                root = read_xml(other[1], other[0], "dmn")
            except Refusal:
                continue  # a broken file that nobody imports is nobody's fault
            self.seen.setdefault(root.get("namespace", ""), (*other, root))
        name, _, root = self.seen[space]
        return self._file(root, name, main=False)


class FileReader:
    """Reads the elements of one file whose imports are read."""

    def __init__(self, file: File, prefix: str, main: str) -> None:
        self.file = file
        self.reader = file.reader
        self.prefix = prefix
        self.main = main
        self.own = [child for child in file.root if local(child) in DRAWN]
        self.by_id = {element.get("id") or name_of(element): element for element in self.own}
        self.required: dict[str, list[Requirement]] = {}

    def read(self) -> None:
        """Fill in the file's types, elements and digest."""
        file, root = self.file, self.file.root
        if len(self.by_id) != len(self.own) or "" in self.by_id:
            raise refusal_of(
                self.reader.source, root, "dmn.id", "决策缺少 id 或重复",
                "a decision has no id, or another's",
            )  # fmt: skip
        for element in self.own:
            if local(element) == "decision" and not element.get("id"):
                self.reader.fault(
                    element, "dmn.id", "决策缺少 id 或重复", "a decision has no id, or another's"
                )
        for name, other in file.imported():
            file.elements.update(other.elements)
            for kind_name, kind in other.reader.kinds.items():
                self.reader.kinds[f"{name}.{kind_name}" if name else kind_name] = kind
            file.words |= other.words
        file.words |= set(_words(root))
        self.reader.names = frozenset(file.words)
        KindReader(self.reader, root).read_all()
        file.words |= set(self.reader.kinds)
        for key, element in self.by_id.items():
            file.elements[self.prefix + key] = self._element(key, element)
        drawn = [one for one in self.own if local(one) == "decision"]
        later = [
            child for child in root
            if local(child) in ("businessKnowledgeModel", "decisionService", "itemDefinition", "import")
        ]  # fmt: skip
        content = _canonical([*drawn, *later]) + "".join(one.digest for _, one in file.imported())
        file.digest = hashlib.sha256(content.encode()).hexdigest()

    def _element(self, key: str, element: etree._Element) -> Element:
        variable = first(element, "variable")
        name = name_of(element) or key
        known = name if variable is None else name_of(variable) or name
        kind = ANY if variable is None else self.reader.kind(variable)
        requires = tuple(self._requirements(element))
        reader = replace(self.reader, names=self._names(requires))
        full = self.prefix + key
        if local(element) == "inputData":
            return InputFact(full, name, known, kind)
        if local(element) == "decision":
            logic, table = self._logic(reader, element)
            return Decision(full, name, known, kind, requires, logic=logic, table=table)
        if local(element) == "decisionService":
            return self._bundle(full, name, known, kind, element)
        body = first(element, "encapsulatedLogic")
        if body is None:
            reader.fault(element, "dmn.empty", "业务知识没有内容", "the knowledge has no logic")
        function = (lambda facts: None) if body is None else read_function(reader, body)
        told = reader.kind(body) if body is not None else ANY
        return Knowledge(full, name, known, _result(kind, told), requires, logic=function)

    def _names(self, requires: tuple[Requirement, ...]) -> frozenset[str]:
        """Return the names that may stand in an element: those of what it requires, near or far,
        and all that are not an element's own. So "Date-Time", of which an element does not know,
        is a difference there.
        """
        names = set(self.file.words)
        waiting, seen = list(requires), set()
        while waiting:
            requirement = waiting.pop()
            if requirement.key in seen:
                continue
            seen.add(requirement.key)
            names |= {*requirement.through, *self._called(requirement.key)}
            waiting += self._behind(requirement.key)
        return frozenset(names - {""})

    def _called(self, key: str) -> tuple[str, str]:
        if key in self.file.elements:
            return self.file.elements[key].name, self.file.elements[key].variable
        element = self.by_id[key.removeprefix(self.prefix)]
        variable = first(element, "variable")
        return name_of(element), "" if variable is None else name_of(variable)

    def _behind(self, key: str) -> list[Requirement]:
        """Return what an element requires; of a service, what it gives and takes."""
        element = self.by_id.get(key.removeprefix(self.prefix))
        if element is None:
            known = self.file.elements[key]
            given = (*known.outputs, *known.parameters) if isinstance(known, Bundle) else ()
            return [*known.requires, *given]
        if key not in self.required:
            parts = children(element, "outputDecision", "inputData", "inputDecision")
            found = [self._reference(part) for part in parts]
            self.required[key] = [*self._requirements(element), *(one for one in found if one)]
        return self.required[key]

    def _requirements(self, element: etree._Element) -> Iterator[Requirement]:
        for requirement in children(element, "informationRequirement", "knowledgeRequirement"):
            for required in children(requirement, *REQUIRED):
                found = self._reference(required)
                if found is not None:
                    yield found

    def _reference(self, required: etree._Element) -> Requirement | None:
        """Return what an href ("#id", or "namespace#id") leads to; a fault for nothing."""
        space, _, key = required.get("href", "").rpartition("#")
        if space in ("", self.file.space) and key in self.by_id:
            return Requirement(self.prefix + key)
        for name, other in self.file.imports.get(space, ()):
            full = key if space == self.main else f"{space}#{key}"
            if full in other.elements:
                return Requirement(full, tuple(name.split(".")) if name else ())
        self.reader.fault(required, "dmn.reference", f"没有决策 {key}", f"no decision {key}")
        return None

    def _logic(self, reader: Reader, element: etree._Element) -> tuple[Any, Table | None]:
        table = first(element, "decisionTable")
        if table is not None:
            found = read_table(reader, table)
            if found is None:
                return nothing, None
            kind = reader.kind(table)
            logic = typed(lambda facts: found.decide(facts)[0], kind)
            return logic, found if kind is ANY else None
        expression = first(element, *READERS)
        if expression is None:
            reader.fault(element, "dmn.empty", "决策没有内容", "the decision has no logic")
            return nothing, None
        return read_expression(reader, expression), None

    def _bundle(
        self, key: str, name: str, variable: str, kind: Kind, element: etree._Element
    ) -> Bundle:
        def told(role: str) -> tuple[Requirement, ...]:
            found = [self._reference(one) for one in children(element, role)]
            return tuple(one for one in found if one is not None)

        outputs = told("outputDecision")
        if not outputs:
            self.reader.fault(
                element, "dmn.empty", "决策服务没有输出", "the service gives no decision"
            )
        return Bundle(
            key, name, variable, _result(kind, ANY),
            outputs=outputs, parameters=(*told("inputData"), *told("inputDecision")),
        )  # fmt: skip


# A key of a context that stands in a text.
KEY = re.compile(r'[{,](?:\s{0,20}"((?:[^"\\]|\\.){1,80})"\s{0,20}|([^{},:"\[\]()]{1,80})):')


def _words(root: etree._Element) -> Iterator[str]:
    """Yield every name in a file but those of its elements and their variables."""
    for part in root.iter():
        above = part.getparent()
        if local(part) == "text":
            for match in KEY.finditer(part.text or ""):
                yield " ".join((match[1] or match[2]).split())
        elif local(part) in NAMING and (above is None or local(above) not in DRAWN):
            yield name_of(part)
        elif part.get("iteratorVariable"):
            yield " ".join(part.get("iteratorVariable", "").split())


def _result(kind: Kind, told: Kind) -> Kind:
    """Return the type of a function's result: a variable's type is the function's or, in older
    files, the result's.
    """
    if told is not ANY and told.name != "function":
        return told
    return (kind.of or ANY) if kind.name == "function" else kind


def _canonical(elements: list[etree._Element]) -> str:
    def plain(element: etree._Element) -> Any:
        return [
            local(element),
            sorted((etree.QName(key).localname, value) for key, value in element.attrib.items()),
            (element.text or "").strip(),
            [plain(child) for child in element],
        ]

    return json.dumps([plain(element) for element in elements], ensure_ascii=False)


def _refuse_circles(file: File, elements: Mapping[str, Element]) -> None:
    done: set[str] = set()

    def visit(key: str, above: tuple[str, ...]) -> None:
        if key in above or len(above) > 200:
            raise refusal_of(
                file.reader.source, file.root, "dmn.circle", f"决策相互依赖成环：{key}",
                f"decisions require each other: {key}",
            )  # fmt: skip
        if key in done:
            return
        for required in elements[key].requires:
            if isinstance(elements[required.key], Decision):
                visit(required.key, (*above, key))
        done.add(key)

    for key, element in elements.items():
        if isinstance(element, Decision):
            visit(key, ())
