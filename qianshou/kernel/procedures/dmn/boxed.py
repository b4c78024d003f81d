"""Boxed expressions (DMN 1.3, chapter 10.2; 1.4 for if, filter, for, some and every)."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from lxml import etree

from qianshou.kernel.procedures.dmn.reader import (
    Logic,
    Reader,
    children,
    first,
    name_of,
    nothing,
    typed,
)
from qianshou.kernel.procedures.dmn.tables import Table, read_table
from qianshou.kernel.procedures.feel.external import external
from qianshou.kernel.procedures.feel.kinds import ANY, Kind, coerce
from qianshou.kernel.procedures.feel.loops import combinations, filtered
from qianshou.kernel.procedures.feel.registry import apply
from qianshou.kernel.procedures.feel.values import Function
from qianshou.kernel.procedures.xml import local


def read_expression(reader: Reader, element: etree._Element) -> Logic:
    """Return the logic of a boxed expression; what is at fault gives null."""
    read = READERS.get(local(element))
    if read is None:
        reader.fault(element, "dmn.unsupported", "不支持此元素", "this element is not supported")
        return nothing
    return typed(read(reader, element), reader.kind(element))


def read_within(reader: Reader, element: etree._Element) -> Logic:
    """Return the logic of the first boxed expression within an element."""
    found = first(element, *READERS)
    if found is not None:
        return read_expression(reader, found)
    other = next(
        (
            child
            for child in element
            if local(child) not in ("variable", "description", "parameter")
        ),
        None,
    )
    if other is not None and local(other) != "extensionElements":
        return read_expression(reader, other)
    reader.fault(element, "dmn.empty", "没有写表达式", "the expression is empty")
    return nothing


def _table(reader: Reader, element: etree._Element) -> Logic:
    table: Table | None = read_table(reader, element)
    return nothing if table is None else lambda facts: table.decide(facts)[0]


def _context(reader: Reader, element: etree._Element) -> Logic:
    entries: list[tuple[str, Logic]] = []
    for entry in children(element, "contextEntry"):
        variable = first(entry, "variable")
        name = "" if variable is None else name_of(variable)
        kind = ANY if variable is None else reader.kind(variable)
        entries.append((name, typed(read_within(reader, entry), kind)))

    def decide(facts: Mapping[str, Any]) -> Any:
        known, built = dict(facts), {}
        for name, logic in entries:
            value = logic(known)
            if not name:
                return value
            built[name] = known[name] = value
        return built

    names = [name for name, _ in entries]
    if len(set(names)) < len(names):
        reader.fault(element, "dmn.twice", "同一个名称写了两次", "a name stands here twice")
        return nothing
    return decide


def _invocation(reader: Reader, element: etree._Element) -> Logic:
    called = read_within(reader, element)
    bindings: list[tuple[str, Logic]] = []
    for binding in children(element, "binding"):
        parameter = first(binding, "parameter")
        if parameter is None:
            reader.fault(binding, "dmn.empty", "绑定没有参数名", "the binding names no parameter")
            return nothing
        logic = read_within(reader, binding) if first(binding, *READERS) is not None else nothing
        bindings.append((name_of(parameter), typed(logic, reader.kind(parameter))))

    def invoke(facts: Mapping[str, Any]) -> Any:
        function = called(facts)
        if type(function) is not Function:
            return None
        return apply(function, [], {name: logic(facts) for name, logic in bindings})

    return invoke


def _relation(reader: Reader, element: etree._Element) -> Logic:
    columns = [(name_of(one), reader.kind(one)) for one in children(element, "column")]
    rows = [
        [read_expression(reader, cell) for cell in row if local(cell) in READERS]
        for row in children(element, "row")
    ]
    if any(len(row) != len(columns) for row in rows):
        reader.fault(
            element, "dmn.columns", "这一行的格数与列数不符",
            "this rule's cells do not match the columns",
        )  # fmt: skip
        return nothing
    return lambda facts: [
        {name: coerce(cell(facts), kind) for (name, kind), cell in zip(columns, row, strict=True)}
        for row in rows
    ]


def _list(reader: Reader, element: etree._Element) -> Logic:
    parts = [read_expression(reader, part) for part in element if local(part) in READERS]
    return lambda facts: [part(facts) for part in parts]


def read_function(reader: Reader, element: etree._Element) -> Logic:
    """Return the logic that gives the function of a functionDefinition or encapsulatedLogic."""
    parameters = list(children(element, "formalParameter"))
    names = tuple(name_of(one) for one in parameters)
    kinds = tuple(reader.kind(one) for one in parameters)
    body = read_within(reader, element)
    language = element.get("kind", "FEEL").upper()
    if language == "JAVA":
        return lambda facts: external({"java": body(facts)}, names, kinds)
    if language != "FEEL":
        reader.fault(
            element,
            "dmn.language",
            f"不支持 {language} 函数",
            f"functions in {language} are not supported",
        )
        body = nothing

    def make(facts: Mapping[str, Any]) -> Function:
        def call(*values: Any) -> Any:
            return body({**facts, **dict(zip(names, values, strict=True))})

        return Function(names, call, len(names), kinds)

    return make


def _conditional(reader: Reader, element: etree._Element) -> Logic:
    test, yes, no = (_part(reader, element, name) for name in ("if", "then", "else"))
    return lambda facts: yes(facts) if test(facts) is True else no(facts)


def _filter(reader: Reader, element: etree._Element) -> Logic:
    values, match = _part(reader, element, "in"), _part(reader, element, "match")
    return lambda facts: filtered(values(facts), match, facts, test=False)


def _iterator(
    reader: Reader, element: etree._Element, body: str, *more: str
) -> tuple[Logic, Logic, str]:
    name = " ".join(element.get("iteratorVariable", "").split())
    inner = replace(reader, names=reader.names | {name, *more})
    return _part(reader, element, "in"), _part(inner, element, body), name


def _for(reader: Reader, element: etree._Element) -> Logic:
    values, body, name = _iterator(reader, element, "return", "partial")

    def each(facts: Mapping[str, Any]) -> list[Any] | None:
        results: list[Any] = []
        for local_facts in combinations([(name, values)], {**facts, "partial": results}):
            if local_facts is None:
                return None
            results.append(body(local_facts))
        return results

    return each


def _quantified(wanted: bool) -> Callable[[Reader, etree._Element], Logic]:
    def read(reader: Reader, element: etree._Element) -> Logic:
        values, body, name = _iterator(reader, element, "satisfies")

        def decide(facts: Mapping[str, Any]) -> bool | None:
            unknown = False
            for local_facts in combinations([(name, values)], facts):
                if local_facts is None:
                    return None
                value: bool | None = body(local_facts)
                if value is wanted:
                    return wanted
                unknown = unknown or type(value) is not bool
            return None if unknown else not wanted

        return decide

    return read


def _part(reader: Reader, element: etree._Element, name: str) -> Logic:
    part = first(element, name)
    if part is None:
        reader.fault(element, "dmn.empty", f"没有 {name} 部分", f"it has no part “{name}”")
        return nothing
    return read_within(reader, part)


READERS: dict[str, Callable[[Reader, etree._Element], Logic]] = {
    "literalExpression": lambda reader, element: reader.literal(element),
    "decisionTable": _table,
    "context": _context,
    "invocation": _invocation,
    "relation": _relation,
    "list": _list,
    "functionDefinition": read_function,
    "conditional": _conditional,
    "filter": _filter,
    "for": _for,
    "some": _quantified(wanted=True),
    "every": _quantified(wanted=False),
}


def result_of(function: Function, kind: Kind) -> Function:
    """Return a function whose result is converted to a type."""
    if kind.name == "function":
        kind = kind.of or ANY
    if kind is ANY:
        return function
    return replace(function, call=lambda *values: coerce(function.call(*values), kind), result=kind)
