"""DMN decision tables and expressions, read from XML and compiled (OMG DMN 1.1 to 1.5).

Supported: decision tables with all hit policies and COLLECT aggregation, literal
expressions, contexts, and requirements between decisions. Anything else is refused with the
element's id and line.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from qianshou.kernel.procedures.feel import (
    Expression,
    UnaryTests,
    compile_expression,
    compile_unary_tests,
    to_json,
)
from qianshou.kernel.procedures.feel.values import arithmetic, compare
from qianshou.kernel.procedures.xml import line, local, read_xml
from qianshou.kernel.refusal import Refusal

HIT_POLICIES = {
    "UNIQUE", "FIRST", "PRIORITY", "ANY", "COLLECT", "RULE ORDER", "OUTPUT ORDER",
}  # fmt: skip
AGGREGATIONS = {"", "SUM", "MIN", "MAX", "COUNT"}


@dataclass(frozen=True)
class Rule:
    """A row of a table: tests of its inputs, expressions of its outputs."""

    id: str
    tests: tuple[UnaryTests, ...]
    outputs: tuple[Expression, ...]
    note: str = ""


@dataclass(frozen=True)
class Table:
    """A decision table."""

    id: str
    policy: str
    aggregation: str
    inputs: tuple[Expression, ...]
    outputs: tuple[str, ...]
    priorities: tuple[tuple[Any, ...], ...]
    defaults: tuple[Expression | None, ...]
    rules: tuple[Rule, ...]

    def matching(self, facts: Mapping[str, Any]) -> list[Rule]:
        """Return every rule that fires on `facts`, in the table's order."""
        values = [expression(facts) for expression in self.inputs]
        return [
            rule
            for rule in self.rules
            if all(
                test(value, facts) is True for test, value in zip(rule.tests, values, strict=True)
            )
        ]

    def decide(self, facts: Mapping[str, Any]) -> tuple[Any, tuple[str, ...]]:
        """Return the outcome and the ids of the rules that gave it; None where none fires,
        where UNIQUE finds two, or where ANY finds two that differ.
        """
        fired = self.matching(facts)
        if not fired:
            if any(default is not None for default in self.defaults):
                return self._shaped([d(facts) if d else None for d in self.defaults]), ()
            return ([] if self.policy in ("COLLECT", "RULE ORDER", "OUTPUT ORDER") else None), ()
        ids = tuple(rule.id for rule in fired)
        results = [[output(facts) for output in rule.outputs] for rule in fired]
        if self.policy == "UNIQUE":
            return (self._shaped(results[0]), ids) if len(results) == 1 else (None, ids)
        if self.policy == "ANY":
            same = all(result == results[0] for result in results)
            return (self._shaped(results[0]) if same else None), ids
        if self.policy == "FIRST":
            return self._shaped(results[0]), ids[:1]
        if self.policy in ("PRIORITY", "OUTPUT ORDER"):
            order = sorted(range(len(results)), key=lambda place: self._rank(results[place]))
            if self.policy == "PRIORITY":
                return self._shaped(results[order[0]]), (ids[order[0]],)
            return [self._shaped(results[place]) for place in order], ids
        if self.policy == "COLLECT" and self.aggregation:
            return aggregate(self.aggregation, [result[0] for result in results]), ids
        return [self._shaped(result) for result in results], ids

    def _rank(self, result: list[Any]) -> list[int]:
        return [
            allowed.index(value) if value in allowed else len(allowed)
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
        elif compare("<" if how == "MIN" else ">", value, found):
            found = value
    return found


Logic = Callable[[Mapping[str, Any]], tuple[Any, tuple[str, ...]]]


@dataclass(frozen=True)
class Decision:
    """A decision: its logic and the decisions it requires."""

    id: str
    name: str
    variable: str
    requires: tuple[str, ...]
    logic: Logic
    table: Table | None = None


@dataclass(frozen=True)
class DecisionModel:
    """The decisions of one file by id; `digest` names their content."""

    name: str
    digest: str
    decisions: Mapping[str, Decision]
    names: Mapping[str, str] = field(default_factory=dict)

    def decide(self, name: str, facts: Mapping[str, Any]) -> Any:
        """Return the outcome of a decision, by id or name, over `facts`, as JSON values.

        Raises Refusal dmn.decision where there is none so called.
        """
        return self.decide_with_rules(name, facts)[0]

    def decide_with_rules(self, name: str, facts: Mapping[str, Any]) -> tuple[Any, tuple[str, ...]]:
        """Return the outcome and the ids of the rules that gave it."""
        key = self.names.get(name, name)
        if key not in self.decisions:
            raise Refusal(
                "dmn.decision", f"没有决策“{name}”", f"There is no decision “{name}”", name
            )
        value, rules = self._run(self.decisions[key], facts)
        return to_json(value), rules

    def _run(self, decision: Decision, facts: Mapping[str, Any]) -> tuple[Any, tuple[str, ...]]:
        known = dict(facts)
        for required in decision.requires:
            before = self.decisions[required]
            known[before.variable] = self._run(before, facts)[0]
        return decision.logic(known)


def refuse(source: str, element: etree._Element, code: str, zh: str, en: str) -> Refusal:
    """Return the refusal of an element, with its id and line."""
    name = element.get("id") or local(element)
    place = line(element)
    return Refusal(
        f"dmn.{code}",
        f"{source} 第 {place} 行 {name}：{zh}",
        f"{source}, line {place}, {name}: {en}",
        name,
    )


def load_dmn(raw: bytes, source: str) -> DecisionModel:
    """Return the decisions of a DMN file.

    Raises Refusal dmn.* with element id and line for what is not DMN, not supported, or does
    not compile.
    """
    root = read_xml(raw, source, "dmn")
    if local(root) != "definitions" or "DMN" not in etree.QName(root).namespace.upper():
        raise refuse(source, root, "root", "不是 DMN 文件", "this is not a DMN file")
    elements = [child for child in root if local(child) == "decision"]
    spaced = {
        child.get("name", "")
        for child in root
        if local(child) in ("decision", "inputData", "businessKnowledgeModel")
    }
    by_id = {element.get("id", ""): element for element in elements}
    if len(by_id) != len(elements) or "" in by_id:
        raise refuse(source, root, "id", "决策缺少 id 或重复", "a decision has no id, or another's")
    decisions = {key: _decision(source, by_id[key], by_id, spaced) for key in by_id}
    _refuse_circles(source, decisions, by_id)
    for child in root:
        if local(child) in ("businessKnowledgeModel", "decisionService"):
            raise refuse(
                source, child, "unsupported", "暂不支持此元素", "this element is not supported yet"
            )
    digest = hashlib.sha256(_canonical(elements).encode()).hexdigest()
    names = {decision.name: key for key, decision in decisions.items()}
    return DecisionModel(root.get("name", source), digest, decisions, names)


def _canonical(elements: list[etree._Element]) -> str:
    def plain(element: etree._Element) -> Any:
        return [
            local(element),
            sorted((etree.QName(key).localname, value) for key, value in element.attrib.items()),
            (element.text or "").strip(),
            [plain(child) for child in element],
        ]

    return json.dumps([plain(element) for element in elements], ensure_ascii=False)


def _refuse_circles(
    source: str, decisions: Mapping[str, Decision], elements: Mapping[str, etree._Element]
) -> None:
    def visit(key: str, above: tuple[str, ...]) -> None:
        if key in above:
            raise refuse(
                source, elements[key], "circle", "决策相互依赖成环", "decisions require each other"
            )
        for required in decisions[key].requires:
            visit(required, (*above, key))

    for key in decisions:
        visit(key, ())


def _decision(
    source: str,
    element: etree._Element,
    elements: Mapping[str, etree._Element],
    spaced: set[str],
) -> Decision:
    requires = []
    for requirement in element:
        if local(requirement) != "informationRequirement":
            continue
        for required in requirement:
            key = required.get("href", "").rpartition("#")[2]
            if local(required) == "requiredDecision":
                if key not in elements:
                    raise refuse(
                        source, requirement, "reference", f"没有决策 {key}", f"no decision {key}"
                    )
                requires.append(key)
    variable = next((child.get("name") for child in element if local(child) == "variable"), None)
    logic, table = _logic(source, element, spaced)
    key = str(element.get("id", ""))
    name = str(element.get("name") or key)
    return Decision(key, name, str(variable or name), tuple(requires), logic, table)


def _logic(source: str, element: etree._Element, spaced: set[str]) -> tuple[Logic, Table | None]:
    for child in element:
        if local(child) == "decisionTable":
            table = _table(source, child, spaced)
            return table.decide, table
        if local(child) == "literalExpression":
            expression = _expression(source, child, spaced)
            return _literal(expression), None
        if local(child) == "context":
            return _context(source, child, spaced), None
        if local(child) in ("invocation", "relation", "list", "functionDefinition"):
            raise refuse(
                source, child, "unsupported", "暂不支持此元素", "this element is not supported yet"
            )
    raise refuse(source, element, "empty", "决策没有内容", "the decision has no logic")


def _literal(expression: Expression) -> Logic:
    return lambda facts: (expression(facts), ())


def _context(source: str, element: etree._Element, spaced: set[str]) -> Logic:
    entries: list[tuple[str, Expression]] = []
    for entry in element:
        if local(entry) != "contextEntry":
            continue
        name, expression = "", None
        for child in entry:
            if local(child) == "variable":
                name = child.get("name", "")
            elif local(child) == "literalExpression":
                expression = _expression(source, child, spaced | {name for name, _ in entries})
            else:
                raise refuse(
                    source, child, "unsupported", "暂不支持此元素", "this is not supported yet"
                )
        if expression is None:
            raise refuse(source, entry, "empty", "此项没有表达式", "this entry has no expression")
        entries.append((name, expression))

    def decide(facts: Mapping[str, Any]) -> tuple[Any, tuple[str, ...]]:
        known, built = dict(facts), {}
        for name, expression in entries:
            value = expression(known)
            if not name:
                return value, ()
            built[name] = known[name] = value
        return built, ()

    return decide


def _text(element: etree._Element | None) -> str:
    if element is None:
        return ""
    return "".join((child.text or "") for child in element if local(child) == "text").strip()


def _expression(source: str, element: etree._Element, spaced: set[str]) -> Expression:
    text = _text(element)
    if not text:
        raise refuse(source, element, "empty", "没有写表达式", "the expression is empty")
    try:
        return compile_expression(text, spaced)
    except Refusal as refusal:
        raise refuse(source, element, "feel", refusal.zh, refusal.en) from None


def _tests(source: str, element: etree._Element, spaced: set[str]) -> UnaryTests:
    try:
        return compile_unary_tests(_text(element) or "-", spaced)
    except Refusal as refusal:
        raise refuse(source, element, "feel", refusal.zh, refusal.en) from None


def _table(source: str, element: etree._Element, spaced: set[str]) -> Table:
    policy = element.get("hitPolicy", "UNIQUE")
    aggregation = element.get("aggregation", "")
    if policy not in HIT_POLICIES or aggregation not in AGGREGATIONS:
        raise refuse(
            source, element, "policy", f"不认识的命中策略 {policy} {aggregation}",
            f"unknown hit policy {policy} {aggregation}",
        )  # fmt: skip
    inputs: list[Expression] = []
    outputs: list[str] = []
    priorities: list[tuple[Any, ...]] = []
    defaults: list[Expression | None] = []
    for child in element:
        if local(child) == "input":
            expression = next((part for part in child if local(part) == "inputExpression"), None)
            if expression is None:
                raise refuse(
                    source, child, "empty", "输入没有表达式", "the input has no expression"
                )
            inputs.append(_expression(source, expression, spaced))
        elif local(child) == "output":
            named = child.get("name") or child.get("id") or f"output{len(outputs) + 1}"
            outputs.append(str(named))
            values = next((part for part in child if local(part) == "outputValues"), None)
            priorities.append(_listed(source, values, spaced))
            default = next((part for part in child if local(part) == "defaultOutputEntry"), None)
            defaults.append(None if default is None else _expression(source, default, spaced))
    if not outputs:
        raise refuse(source, element, "empty", "决策表没有输出列", "the table has no output")
    rules = tuple(
        _rule(source, child, len(inputs), len(outputs), spaced, place)
        for place, child in enumerate(
            (child for child in element if local(child) == "rule"), start=1
        )
    )
    return Table(
        element.get("id", ""), policy, aggregation, tuple(inputs), tuple(outputs),
        tuple(priorities), tuple(defaults), rules,
    )  # fmt: skip


def _listed(source: str, element: etree._Element | None, spaced: set[str]) -> tuple[Any, ...]:
    text = _text(element)
    if element is None or not text:
        return ()
    try:
        values: list[Any] = compile_expression(f"[{text}]", spaced)({})
    except Refusal as refusal:
        raise refuse(source, element, "feel", refusal.zh, refusal.en) from None
    return tuple(values)


def _rule(
    source: str, element: etree._Element, inputs: int, outputs: int, spaced: set[str], place: int
) -> Rule:
    tests = [_tests(source, c, spaced) for c in element if local(c) == "inputEntry"]
    results = [_expression(source, c, spaced) for c in element if local(c) == "outputEntry"]
    if len(tests) != inputs or len(results) != outputs:
        raise refuse(
            source, element, "columns", "这一行的格数与列数不符",
            "this rule's cells do not match the columns",
        )  # fmt: skip
    note = next((c.text or "" for c in element if local(c) == "description"), "")
    return Rule(element.get("id") or f"rule{place}", tuple(tests), tuple(results), note.strip())
