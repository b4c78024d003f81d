"""Decision tables (DMN 1.3, chapter 8)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lxml import etree

from qianshou.kernel.procedures.dmn.columns import Column, matching_rules, places_of
from qianshou.kernel.procedures.dmn.reader import (
    Logic,
    Reader,
    children,
    first,
    nothing,
    text_of,
    typed,
)
from qianshou.kernel.procedures.feel import UnaryTests
from qianshou.kernel.procedures.feel.meter import spend
from qianshou.kernel.procedures.feel.values import arithmetic, compare, equals

HIT_POLICIES = {
    "UNIQUE", "FIRST", "PRIORITY", "ANY", "COLLECT", "RULE ORDER", "OUTPUT ORDER",
}  # fmt: skip
AGGREGATIONS = {"", "SUM", "MIN", "MAX", "COUNT"}


@dataclass(frozen=True)
class Rule:
    """A row of a table: the expressions of its outputs; its tests stand in the columns."""

    id: str
    outputs: tuple[Logic, ...]
    note: str = ""


@dataclass(frozen=True)
class Table:
    """A decision table."""

    id: str
    policy: str
    aggregation: str
    columns: tuple[Column, ...]
    outputs: tuple[str, ...]
    priorities: tuple[tuple[Any, ...], ...]
    defaults: tuple[Logic | None, ...]
    rules: tuple[Rule, ...]

    def matching(self, facts: Mapping[str, Any]) -> list[Rule] | None:
        """Return every rule that fires on `facts`, in the table's order; None where an input
        has a value that it may not have.
        """
        spend(1 + len(self.columns) + len(self.rules) // 50)
        found = matching_rules(self.columns, facts, len(self.rules))
        return None if found is None else [self.rules[place] for place in places_of(found)]

    def decide(self, facts: Mapping[str, Any]) -> tuple[Any, tuple[str, ...]]:
        """Return the outcome and the ids of the rules that gave it; None where none fires,
        where UNIQUE finds two, or where ANY finds two that differ.
        """
        fired = self.matching(facts)
        if fired is None:
            return None, ()
        if not fired:
            return self._without_rules(facts), ()
        ids = tuple(rule.id for rule in fired)
        if self.policy == "FIRST" or (self.policy == "UNIQUE" and len(fired) == 1):
            return self._shaped([output(facts) for output in fired[0].outputs]), ids[:1]
        if self.policy == "UNIQUE":
            return None, ids
        results = [[output(facts) for output in rule.outputs] for rule in fired]
        if self.policy == "ANY":
            same = all(equals(result, results[0]) is True for result in results)
            return (self._shaped(results[0]) if same else None), ids
        if self.policy in ("PRIORITY", "OUTPUT ORDER"):
            order = sorted(range(len(results)), key=lambda place: self._rank(results[place]))
            if self.policy == "PRIORITY":
                return self._shaped(results[order[0]]), (ids[order[0]],)
            return [self._shaped(results[place]) for place in order], ids
        if self.policy == "COLLECT" and self.aggregation:
            columns = zip(*results, strict=True)
            return self._shaped([aggregate(self.aggregation, list(one)) for one in columns]), ids
        return [self._shaped(result) for result in results], ids

    def _without_rules(self, facts: Mapping[str, Any]) -> Any:
        if any(default is not None for default in self.defaults):
            return self._shaped([d(facts) if d else None for d in self.defaults])
        if self.aggregation:
            return 0 if self.aggregation == "COUNT" else None
        return [] if self.policy in ("COLLECT", "RULE ORDER", "OUTPUT ORDER") else None

    def _rank(self, result: list[Any]) -> list[int]:
        return [
            next((place for place, one in enumerate(allowed) if equals(value, one)), len(allowed))
            for value, allowed in zip(result, self.priorities, strict=True)
        ]

    def _shaped(self, result: list[Any]) -> Any:
        if len(result) == 1:
            return result[0]
        return dict(zip(self.outputs, result, strict=True))


def aggregate(how: str, values: list[Any]) -> Any:
    """Return the SUM, MIN, MAX or COUNT of collected values."""
    if how == "COUNT":
        return len(values)
    found = values[0]
    for value in values[1:]:
        if how == "SUM":
            found = arithmetic("+", found, value)
        else:
            better = compare("<" if how == "MIN" else ">", value, found)
            found = None if better is None else value if better else found
    return found


def read_table(reader: Reader, element: etree._Element) -> Table | None:
    """Return the table of a decisionTable; None where it is no table at all."""
    policy = element.get("hitPolicy", "UNIQUE")
    aggregation = element.get("aggregation", "")
    if policy not in HIT_POLICIES or aggregation not in AGGREGATIONS:
        reader.fault(
            element, "dmn.policy", f"不认识的命中策略 {policy} {aggregation}",
            f"unknown hit policy {policy} {aggregation}",
        )  # fmt: skip
        return None
    inputs = list(children(element, "input"))
    columns = list(children(element, "output"))
    if not columns:
        reader.fault(element, "dmn.empty", "决策表没有输出列", "the table has no output")
        return None
    kinds = [reader.kind(column) for column in columns]
    defaults: list[Logic | None] = []
    for column, kind in zip(columns, kinds, strict=True):
        default = first(column, "defaultOutputEntry")
        defaults.append(None if default is None else typed(reader.literal(default), kind))
    rules: list[Rule] = []
    cells: list[list[UnaryTests | None]] = [[] for _ in inputs]
    for place, row in enumerate(children(element, "rule"), start=1):
        tests = [reader.tests(cell) for cell in children(row, "inputEntry")]
        results = [reader.literal(cell) for cell in children(row, "outputEntry")]
        if len(tests) != len(inputs) or len(results) != len(columns):
            reader.fault(
                row, "dmn.columns", "这一行的格数与列数不符",
                "this rule's cells do not match the columns",
            )  # fmt: skip
            return None
        for column_cells, test in zip(cells, tests, strict=True):
            column_cells.append(test)
        note = first(row, "description")
        rules.append(
            Rule(
                row.get("id") or f"rule{place}",
                tuple(typed(one, kind) for one, kind in zip(results, kinds, strict=True)),
                "" if note is None else (note.text or "").strip(),
            )
        )
    return Table(
        element.get("id", ""), policy, aggregation,
        tuple(_column(reader, one, part) for one, part in zip(inputs, cells, strict=True)),
        tuple(
            str(column.get("name") or column.get("id") or f"output{place}")
            for place, column in enumerate(columns, start=1)
        ),
        tuple(_listed(reader, first(column, "outputValues")) for column in columns),
        tuple(defaults), tuple(rules),
    )  # fmt: skip


def _column(reader: Reader, element: etree._Element, cells: list[UnaryTests | None]) -> Column:
    expression = first(element, "inputExpression")
    if expression is None:
        reader.fault(element, "dmn.empty", "输入没有表达式", "the input has no expression")
        return Column(nothing, None, cells)
    logic = typed(reader.literal(expression), reader.kind(expression))
    values = first(element, "inputValues")
    allowed = reader.tests(values) if values is not None and text_of(values) else None
    return Column(logic, allowed, cells)


def _listed(reader: Reader, element: etree._Element | None) -> tuple[Any, ...]:
    """Return the values that an output may have, the highest priority first."""
    text = text_of(element)
    if element is None or not text:
        return ()
    found = reader.compile(element, f"[{text}]")({})
    return tuple(found) if isinstance(found, list) else ()
