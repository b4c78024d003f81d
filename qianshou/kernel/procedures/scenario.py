"""A year to be simulated: what comes in, who is there, how long a step takes, how it ends.

Everything is told in minutes. A step's facts are drawn from the choices told for it; of fields
told one by one each is drawn for itself, of facts fitted from a ledger those of one act together.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import product
from typing import Any

from qianshou.kernel.calendar import WorkCalendar
from qianshou.kernel.procedures.compiled import Procedure
from qianshou.kernel.procedures.forms import Field
from qianshou.kernel.refusal import Refusal, Refusals

KINDS = ("exponential", "lognormal", "fixed")
USUAL_MINUTES = 30.0
RESIDENT = "resident"
MOST_DAYS, MOST_RUNS, MOST_STAFF, MOST_CHOICES = 1830, 50, 10_000, 200
MOST_ARRIVALS = 1_000_000
KEYS = {
    "procedure", "start", "begin", "days", "warm_up_days", "runs", "seed", "arrivals", "staff",
    "steps", "outcomes", "messages",
}  # fmt: skip
Choices = tuple[tuple[Mapping[str, Any], float], ...]


@dataclass(frozen=True)
class Span:
    """How long something takes: the mean in minutes, and the deviation as a share of it."""

    mean: float
    kind: str = "exponential"
    cv: float = 1.0


@dataclass(frozen=True)
class Staff:
    """How many officers sit at a post, in duty hours or around the clock."""

    count: int
    around_the_clock: bool = False


@dataclass(frozen=True)
class Arrivals:
    """Matters an hour, for each hour of a working day and of a rest day."""

    work: tuple[float, ...]
    rest: tuple[float, ...]


@dataclass(frozen=True)
class Scenario:
    """All that a simulation is told. `facts` are the choices of a start or a step, with weights.

    `assumed` are the steps whose time nobody told.
    """

    start: str
    arrivals: Arrivals
    staff: Mapping[str, Staff]
    steps: Mapping[str, Span]
    facts: Mapping[str, Choices]
    messages: Mapping[str, Span] = field(default_factory=dict)
    begin: date = date(2026, 1, 1)
    days: int = 365
    warm_up_days: int = 28
    runs: int = 10
    seed: int = 1
    assumed: tuple[str, ...] = ()


def names_read(procedure: Procedure) -> frozenset[str]:
    """Return the facts that anything computed in a procedure reads."""
    found: set[str] = set()
    for node in procedure.nodes.values():
        found.update(name for one in node.expressions() for name in one.names)
    for model in procedure.decisions.values():
        found |= model.read
    return frozenset(found)


def is_sampled(one: Field, read: frozenset[str]) -> bool:
    """Whether a field is drawn: the procedure reads it, and it is no free text and no person."""
    closed = bool(one.choices or one.catalogue) or one.kind in ("boolean", "integer", "number")
    return one.id in read and closed and not one.vault and not one.sealed


def posts_of(procedure: Procedure) -> list[str]:
    """Return the posts of a procedure's human steps in their order; residents hold none."""
    steps = procedure.steps()
    return list(dict.fromkeys(post for step in steps for post in step.posts if post != RESIDENT))


def usual_choices(fields: Mapping[str, Field], read: frozenset[str]) -> Choices:
    """Return the facts of a form of which nobody knows how often: every value alike."""
    told: dict[str, dict[Any, float]] = {}
    for one in fields.values():
        if is_sampled(one, read) and one.choices and one.kind != "array":
            told[one.id] = {choice.value: 1.0 for choice in one.choices}
        elif is_sampled(one, read) and one.kind == "boolean":
            told[one.id] = {True: 1.0, False: 1.0}
    return joined(told)


def joined(told: Mapping[str, Mapping[Any, float]]) -> Choices:
    """Return the choices of fields that are drawn each for itself."""
    kept = {name: weights for name, weights in told.items() if weights}
    while math.prod(len(weights) for weights in kept.values()) > MOST_CHOICES:
        kept.popitem()
    sums = {name: sum(weights.values()) for name, weights in kept.items()}
    return tuple(
        (
            dict(zip(kept, values, strict=True)),
            math.prod(
                kept[name][value] / sums[name] for name, value in zip(kept, values, strict=True)
            ),
        )
        for values in product(*kept.values())
    )


def change_scenario(
    base: Scenario,
    told: Mapping[str, Any],
    procedure: Procedure,
    calendar: WorkCalendar,
) -> Scenario:
    """Return `base` with what a file, flags or a form tell changed.

    Raises Refusals simulate.* with the key at fault: key (unknown), number (no number, negative,
    too large), post, step, start, outcome, span and arrivals (how they are told).
    """
    reading = _Reading(procedure, calendar)
    changed = reading.read(base, told)
    if reading.refusals:
        raise Refusals(reading.refusals)
    return changed


class _Reading:
    """Reads what was told, and gathers every refusal."""

    def __init__(self, procedure: Procedure, calendar: WorkCalendar) -> None:
        self.procedure = procedure
        self.calendar = calendar
        self.refusals: list[Refusal] = []

    def refuse(self, name: str, code: str, zh: str, en: str) -> None:
        self.refusals.append(Refusal(code, f"{name}：{zh}", f"{name}: {en}", name))

    def number(self, name: str, value: Any, most: float, *, least: float = 0.0) -> float:
        try:
            found = float(value)
        except (TypeError, ValueError):
            found = math.nan
        if isinstance(value, bool) or not least <= found <= most:
            zh, en = f"应是 {least:g} 到 {most:g} 的数", f"a number from {least:g} to {most:g}"
            self.refuse(name, "simulate.number", zh, en)
            return least
        return found

    def read(self, base: Scenario, told: Mapping[str, Any]) -> Scenario:
        for name in sorted(set(told) - KEYS):
            self.refuse(name, "simulate.key", "不认识的参数", "unknown parameter")
        values: dict[str, Any] = {}
        for name, least, most in (
            ("days", 1, MOST_DAYS), ("warm_up_days", 0, MOST_DAYS), ("runs", 2, MOST_RUNS),
            ("seed", 0, 2**31),
        ):  # fmt: skip
            if name in told:
                values[name] = int(self.number(name, told[name], most, least=least))
        if "begin" in told:
            try:
                values["begin"] = date.fromisoformat(str(told["begin"]))
            except ValueError:
                self.refuse(
                    "begin", "simulate.number", "应是 2026-01-01 这样的日期", "a day: 2026-01-01"
                )
        if "start" in told:
            values["start"] = str(told["start"])
            if values["start"] not in self.procedure.starts:
                known = "、".join(self.procedure.starts)
                self.refuse(
                    "start", "simulate.start", f"没有这个开始；有 {known}", f"unknown; {known}"
                )
        if "arrivals" in told:
            values["arrivals"] = self.arrivals(told["arrivals"])
        values["staff"] = {**base.staff, **self.staff(self.table(told, "staff"), base.staff)}
        spans, chosen = self.spans(self.table(told, "steps")), self.table(told, "outcomes")
        values["steps"] = {**base.steps, **spans}
        values["assumed"] = tuple(step for step in base.assumed if step not in spans)
        values["facts"] = {**base.facts, **self.outcomes(chosen)}
        values["messages"] = {**base.messages, **self.messages(self.table(told, "messages"))}
        return replace(base, **values)

    def table(self, told: Mapping[str, Any], name: str) -> Mapping[str, Any]:
        found = told.get(name, {})
        if isinstance(found, Mapping):
            return found
        self.refuse(name, "simulate.key", "应是一张表", "must be a table")
        return {}

    def arrivals(self, told: Any) -> Arrivals:
        ways = {"per_hour", "per_day", "per_working_day", "hours", "rest_hours"}
        known = isinstance(told, Mapping) and set(told) <= ways
        main = set(told) - {"rest_hours"} if known else set()
        if len(main) != 1 or ("rest_hours" in told and main != {"hours"}):
            self.refuse("arrivals", "simulate.arrivals",
                "请写 per_hour、per_day、per_working_day 之一，或 24 个数的 hours（与 rest_hours）",
                "write one of per_hour, per_day, per_working_day, or hours (and rest_hours) of 24",
            )  # fmt: skip
            return Arrivals((0.0,) * 24, (0.0,) * 24)
        if "hours" in told:
            return Arrivals(self.profile(told["hours"]), self.profile(told.get("rest_hours", ())))
        (name,) = main
        rate = self.number(f"arrivals.{name}", told[name], MOST_ARRIVALS)
        return rate_of(name, rate, self.calendar)

    def profile(self, told: Any) -> tuple[float, ...]:
        if not isinstance(told, list | tuple) or len(told) not in (0, 24):
            self.refuse("arrivals.hours", "simulate.arrivals", "应是 24 个数", "24 numbers")
            return (0.0,) * 24
        rates = tuple(self.number("arrivals.hours", rate, MOST_ARRIVALS) for rate in told)
        return rates or (0.0,) * 24

    def staff(self, told: Mapping[str, Any], base: Mapping[str, Staff]) -> dict[str, Staff]:
        found = {}
        for post, value in told.items():
            if post not in posts_of(self.procedure):
                self.refuse(
                    f"staff.{post}", "simulate.post", "流程里没有这个岗位", "no such post in it"
                )
                continue
            table = value if isinstance(value, Mapping) else {"count": value}
            for name in sorted(set(table) - {"count", "around_the_clock"}):
                self.refuse(
                    f"staff.{post}.{name}", "simulate.key", "不认识的参数", "unknown parameter"
                )
            count = self.number(f"staff.{post}", table.get("count"), MOST_STAFF, least=1)
            usual = post in base and base[post].around_the_clock
            found[post] = Staff(int(count), bool(table.get("around_the_clock", usual)))
        return found

    def span(self, name: str, value: Any) -> Span:
        table = value if isinstance(value, Mapping) else {"mean": value}
        for key in sorted(set(table) - {"mean", "kind", "cv"}):
            self.refuse(f"{name}.{key}", "simulate.key", "不认识的参数", "unknown parameter")
        kind = str(table.get("kind", "exponential"))
        if kind not in KINDS:
            known = "、".join(KINDS)
            self.refuse(
                f"{name}.kind", "simulate.span", f"应为 {known}", f"one of {', '.join(KINDS)}"
            )
        mean = self.number(name, table.get("mean"), 1e7, least=0.001)
        return Span(mean, kind, self.number(f"{name}.cv", table.get("cv", 1.0), 100, least=0.01))

    def spans(self, told: Mapping[str, Any]) -> dict[str, Span]:
        found = {}
        for step, value in told.items():
            if self.is_step(f"steps.{step}", step):
                found[step] = self.span(f"steps.{step}", value)
        return found

    def messages(self, told: Mapping[str, Any]) -> dict[str, Span]:
        known = {node.message for node in self.procedure.nodes.values() if node.message}
        for name in sorted(set(told) - known):
            self.refuse(
                f"messages.{name}", "simulate.key", "流程不等这个消息", "it awaits no such message"
            )
        return {name: self.span(f"messages.{name}", told[name]) for name in told if name in known}

    def is_step(self, name: str, step: str) -> bool:
        node = self.procedure.nodes.get(step)
        if node is None or node.kind != "user":
            self.refuse(name, "simulate.step", "流程里没有这个人工环节", "no such human step in it")
            return False
        return True

    def outcomes(self, told: Mapping[str, Any]) -> dict[str, Choices]:
        found = {}
        for step, fields in told.items():
            name = f"outcomes.{step}"
            if step not in self.procedure.starts and not self.is_step(name, step):
                continue
            if not isinstance(fields, Mapping) or not all(
                isinstance(weights, Mapping) for weights in fields.values()
            ):
                self.refuse(
                    name, "simulate.outcome", "应是 字段 → 值 → 概率", "field → value → probability"
                )
                continue
            read: dict[str, dict[Any, float]] = {}
            for one, weights in fields.items():
                read[one] = {
                    value_of(value): self.number(f"{name}.{one}.{value}", weight, 1e6)
                    for value, weight in weights.items()
                }
                if not sum(read[one].values()) > 0:
                    self.refuse(
                        f"{name}.{one}", "simulate.outcome", "概率都是零", "every probability is 0"
                    )
                    read[one] = {}
            found[step] = joined(read)
        return found


def value_of(told: str) -> Any:
    """Return the fact that the key of a table stands for: true, false, a number or a text."""
    if told in ("true", "false"):
        return told == "true"
    try:
        return int(told)
    except ValueError:
        return told


def rate_of(name: str, rate: float, calendar: WorkCalendar) -> Arrivals:
    """Return arrivals told as one rate: per_hour, per_day, or per_working_day in duty hours."""
    if name != "per_working_day":
        hourly = rate / (1 if name == "per_hour" else 24)
        return Arrivals((hourly,) * 24, (hourly,) * 24)
    opens, closes = calendar.duty
    hours = closes.hour - opens.hour
    work = tuple(rate / hours if opens.hour <= hour < closes.hour else 0.0 for hour in range(24))
    return Arrivals(work, (0.0,) * 24)
