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
    """Input data."""


@dataclass(frozen=True)
class Knowledge(Element):
    """A business knowledge model: logic that gives a function."""

    logic: Logic = field(kw_only=True)


@dataclass(frozen=True)
class Bundle(Element):
    """A decision service: what it gives and what it is given, in their order."""

    outputs: tuple[Requirement, ...] = field(kw_only=True)
    parameters: tuple[Requirement, ...] = field(kw_only=True)


@dataclass(frozen=True)
class DecisionModel:
    """The decisions of one file by id; `digest` names their content. `elements` are those of
    imported files too, `faults` what could not be read and gives null, `read` the names that its
    expressions read.
    """

    name: str
    digest: str
    decisions: Mapping[str, Decision]
    names: Mapping[str, str]
    elements: Mapping[str, Element]
    faults: tuple[Refusal, ...] = ()
    read: frozenset[str] = frozenset()

    def decide(self, name: str, facts: Mapping[str, Any]) -> Any:
        """Return the outcome of a decision, by id or name, over `facts`, as JSON values; `facts`
        may hold the instant as NOW.

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
        tidy = {" ".join(key.split()): value for key, value in facts.items()}
        known = {
            key: value if key in declared else read_as(value, ANY) for key, value in tidy.items()
        }
        return bounded(lambda: Run(self, {**known, NOW: at}).outcome(element))

    def find(self, name: str) -> Element:
        """Return what can be decided under an id or name; raises Refusal dmn.decision."""
        tidy = " ".join(name.split())
        found = self.elements.get(self.names.get(tidy, name))
        if found is None or isinstance(found, InputFact):
            raise Refusal(
                "dmn.decision", f"没有决策“{name}”", f"There is no decision “{name}”", name
            )
        return found


Path = tuple[str, ...]


class Run:
    """One evaluation over given facts: each decision is made once.

    A path is the names of imports through which the loaded file sees an element: what is
    imported twice takes its inputs from either place.
    """

    def __init__(self, model: DecisionModel, facts: Mapping[str, Any]) -> None:
        self.model = model
        self.facts = facts
        self.made: dict[tuple[Path, str], Any] = {}

    def with_rules(self, element: Element) -> tuple[Any, tuple[str, ...]]:
        """Return the outcome of an element and the rules of its table that gave it."""
        if isinstance(element, Decision) and element.table is not None:
            value, rules = element.table.decide(self.scope(element, ()))
            return coerce(value, element.kind), rules
        return self.outcome(element), ()

    def outcome(self, element: Element) -> Any:
        """Return what an element gives: of knowledge and a service, called with the facts."""
        value = self.value(element, ())
        if type(value) is not Function or isinstance(element, Decision):
            return value
        kinds = value.kinds or (ANY,) * len(value.names)
        parameters = {
            name: read_as(self.facts.get(name), kind)
            for name, kind in zip(value.names, kinds, strict=True)
        }
        return apply(value, [], parameters)

    def value(self, element: Element, path: Path) -> Any:
        """Return the value under which others see an element; knowledge and services are
        functions.
        """
        key = path, element.id
        if key not in self.made:
            self.made[key] = self._make(element, path)
        return self.made[key]

    def _make(self, element: Element, path: Path) -> Any:
        if isinstance(element, InputFact):
            return self._given(element, path)
        if isinstance(element, Decision):
            value = element.logic(self.scope(element, path))
            return value if element.kind.name == "function" else coerce(value, element.kind)
        if isinstance(element, Knowledge):
            return self._known(element, path)
        return self._bundle(element, path) if isinstance(element, Bundle) else None

    def _known(self, element: Knowledge, path: Path) -> Function | None:
        """Return the function of knowledge; what it requires is looked up when it is called, so
        that knowledge may require itself.
        """
        now = {NOW: self.facts.get(NOW)}

        def call(*values: Any) -> Any:
            return element.logic({**now, **self.required(element, path)}).call(*values)

        made = element.logic(now)
        return result_of(replace(made, call=call), element.kind) if made is not None else None

    def _given(self, element: InputFact, path: Path) -> Any:
        """Return what is given under the path, or nearer."""
        for begin in range(len(path) + 1):
            found: Any = self.facts
            for name in path[begin:]:
                found = found.get(name) if isinstance(found, Mapping) else None
            for name in (element.variable, element.name):
                if isinstance(found, Mapping) and name in found:
                    return coerce(read_as(found[name], element.kind), element.kind)
        return None

    def scope(self, element: Element, path: Path) -> dict[str, Any]:
        """Return the facts and what the element requires, each under its name."""
        return {**self.facts, **self.required(element, path)}

    def required(self, element: Element, path: Path) -> dict[str, Any]:
        """Return what an element requires, each under its name; what is imported, in a context
        named as the import.
        """
        known: dict[str, Any] = {}
        for requirement in element.requires:
            required = self.model.elements[requirement.key]
            there = known
            for name in requirement.through:
                there = there.setdefault(name, {})
            there[required.variable] = self.value(required, path + requirement.through)
        return known

    def _bundle(self, bundle: Bundle, path: Path) -> Function:
        given = [(one, self.model.elements[one.key]) for one in bundle.parameters]
        outputs = [(one, self.model.elements[one.key]) for one in bundle.outputs]

        def call(*values: Any) -> Any:
            inner = Run(self.model, {NOW: self.facts.get(NOW)})
            for (one, element), value in zip(given, values, strict=True):
                inner.made[path + one.through, element.id] = value
            found = {
                element.variable: inner.value(element, path + one.through)
                for one, element in outputs
            }
            value = found if len(outputs) != 1 else next(iter(found.values()))
            return value if bundle.kind.name == "function" else coerce(value, bundle.kind)

        return Function(
            tuple(element.variable for _, element in given), call, len(given),
            tuple(element.kind for _, element in given),
        )  # fmt: skip
