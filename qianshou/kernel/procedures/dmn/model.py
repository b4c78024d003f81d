"""Decisions and what they require, and how they are decided (DMN 1.3, chapters 6 and 10.4)."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from qianshou.kernel.procedures.dmn.boxed import result_of
from qianshou.kernel.procedures.dmn.reader import Logic
from qianshou.kernel.procedures.dmn.tables import Table
from qianshou.kernel.procedures.feel import NOW, to_json
from qianshou.kernel.procedures.feel.kinds import ANY, Kind, coerce, read_as
from qianshou.kernel.procedures.feel.meter import bounded
from qianshou.kernel.procedures.feel.registry import apply
from qianshou.kernel.procedures.feel.values import Function
from qianshou.kernel.refusal import Refusal


@dataclass(frozen=True)
class Requirement:
    """What an element requires: the key of another, and the imports through which it is seen."""

    key: str
    through: tuple[str, ...] = ()


@dataclass(frozen=True)
class Element:
    """A decision, an input, knowledge or a service; `variable` is the name that others use."""

    id: str
    name: str
    variable: str
    kind: Kind
    requires: tuple[Requirement, ...] = ()


@dataclass(frozen=True)
class Decision(Element):
    """A decision: its logic, and its table where that is its logic."""

    logic: Logic = field(kw_only=True)
    table: Table | None = field(default=None, kw_only=True)


@dataclass(frozen=True)
class InputFact(Element):
    """Input data; `paths` are the imports through which the file that was loaded sees it."""

    paths: tuple[tuple[str, ...], ...] = ((),)


@dataclass(frozen=True)
class Knowledge(Element):
    """A business knowledge model: logic that gives a function."""

    logic: Logic = field(kw_only=True)


@dataclass(frozen=True)
class Bundle(Element):
    """A decision service: the keys of what it gives and of what it is given, in their order."""

    outputs: tuple[str, ...] = field(kw_only=True)
    parameters: tuple[str, ...] = field(kw_only=True)


@dataclass(frozen=True)
class DecisionModel:
    """The decisions of one file by id; `digest` names their content. `elements` are those of
    imported files too, `faults` what could not be read and gives null.
    """

    name: str
    digest: str
    decisions: Mapping[str, Decision]
    names: Mapping[str, str]
    elements: Mapping[str, Element]
    faults: tuple[Refusal, ...] = ()

    def decide(self, name: str, facts: Mapping[str, Any]) -> Any:
        """Return the outcome of a decision, by id or name, over `facts`, as JSON values.

        Raises Refusal dmn.decision where there is none so called.
        """
        return self.decide_with_rules(name, facts)[0]

    def decide_with_rules(self, name: str, facts: Mapping[str, Any]) -> tuple[Any, tuple[str, ...]]:
        """Return the outcome and the ids of the rules that gave it."""
        decision = self.find(name)

        def work() -> tuple[Any, tuple[str, ...]]:
            run = Run(self, facts)
            value, rules = run.with_rules(decision)
            return to_json(value), rules

        return bounded(work) or (None, ())

    def evaluate(self, name: str, facts: Mapping[str, Any], at: datetime) -> Any:
        """Return the outcome of a decision, service or knowledge, by id or name, as a FEEL value.

        Strings among `facts` of which no type is declared, and which are at-literals, are what
        they name; `at` is what now() gives. Raises Refusal dmn.decision.
        """
        element = self.find(name)
        declared = {one.variable for one in self.elements.values() if one.kind is not ANY}
        known = {
            key: value if key in declared else read_as(value, ANY) for key, value in facts.items()
        }
        return bounded(lambda: Run(self, {**known, NOW: at}).outcome(element))

    def find(self, name: str) -> Element:
        """Return what can be decided under an id or name; raises Refusal dmn.decision."""
        found = self.elements.get(self.names.get(name, name))
        if found is None or isinstance(found, InputFact):
            raise Refusal(
                "dmn.decision", f"没有决策“{name}”", f"There is no decision “{name}”", name
            )
        return found


class Run:
    """One evaluation over given facts: each decision is made once."""

    def __init__(self, model: DecisionModel, facts: Mapping[str, Any]) -> None:
        self.model = model
        self.facts = facts
        self.made: dict[str, Any] = {}

    def with_rules(self, element: Element) -> tuple[Any, tuple[str, ...]]:
        """Return the outcome of an element and the rules of its table that gave it."""
        if isinstance(element, Decision) and element.table is not None:
            value, rules = element.table.decide(self.scope(element))
            return coerce(value, element.kind), rules
        return self.outcome(element), ()

    def outcome(self, element: Element) -> Any:
        """Return what an element gives: of knowledge and a service, called with the facts."""
        value = self.value(element)
        if type(value) is not Function or isinstance(element, Decision):
            return value
        parameters = {name: self.facts.get(name) for name in value.names}
        kinds = value.kinds or (ANY,) * len(value.names)
        for name, kind in zip(value.names, kinds, strict=True):
            parameters[name] = read_as(parameters[name], kind)
        return apply(value, [], parameters)

    def value(self, element: Element) -> Any:
        """Return the value under which others see an element; knowledge and services are
        functions.
        """
        if element.id not in self.made:
            self.made[element.id] = self._make(element)
        return self.made[element.id]

    def _make(self, element: Element) -> Any:
        if isinstance(element, InputFact):
            return self._given(element)
        if isinstance(element, Decision):
            value = element.logic(self.scope(element))
            return value if element.kind.name == "function" else coerce(value, element.kind)
        if isinstance(element, Knowledge):
            return self._known(element)
        return self._bundle(element) if isinstance(element, Bundle) else None

    def _known(self, element: Knowledge) -> Function:
        """Return the function of knowledge; what it requires is looked up when it is called, so
        that knowledge may require itself.
        """
        now = {NOW: self.facts.get(NOW)}

        def call(*values: Any) -> Any:
            return element.logic({**now, **self.required(element)}).call(*values)

        return result_of(replace(element.logic(now), call=call), element.kind)

    def _given(self, element: InputFact) -> Any:
        for path in element.paths:
            found: Any = self.facts
            for name in path:
                found = found.get(name) if isinstance(found, Mapping) else None
            if isinstance(found, Mapping) and element.variable in found:
                return coerce(read_as(found[element.variable], element.kind), element.kind)
            dotted = ".".join((*path, element.variable))
            if dotted in self.facts:
                return coerce(read_as(self.facts[dotted], element.kind), element.kind)
        value = self.facts.get(element.variable)
        return coerce(read_as(value, element.kind), element.kind)

    def scope(self, element: Element) -> dict[str, Any]:
        """Return the facts and what the element requires, each under its name."""
        return {**self.facts, **self.required(element)}

    def required(self, element: Element) -> dict[str, Any]:
        """Return what an element requires, each under its name; what is imported, in a context
        named as the import.
        """
        known: dict[str, Any] = {}
        for requirement in element.requires:
            required = self.model.elements[requirement.key]
            there = known
            for name in requirement.through:
                there = there.setdefault(name, {})
            there[required.variable] = self.value(required)
        return known

    def _bundle(self, bundle: Bundle) -> Function:
        given = [self.model.elements[key] for key in bundle.parameters]

        def call(*values: Any) -> Any:
            inner = Run(self.model, {NOW: self.facts.get(NOW)})
            inner.made.update((one.id, value) for one, value in zip(given, values, strict=True))
            outputs = [self.model.elements[key] for key in bundle.outputs]
            if len(outputs) == 1:
                value = inner.value(outputs[0])
            else:
                value = {one.variable: inner.value(one) for one in outputs}
            return value if bundle.kind.name == "function" else coerce(value, bundle.kind)

        names = tuple(one.variable for one in given)
        return Function(names, call, len(names), tuple(one.kind for one in given))
