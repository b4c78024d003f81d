"""A year simulated: the closed forms of queues come out, and every way of waiting is counted."""

import math
from dataclasses import replace
from datetime import date, time, timedelta

import numpy as np
import pytest

from qianshou.kernel.calendar import WorkCalendar, shipped
from qianshou.kernel.procedures.bpmn import load_bpmn
from qianshou.kernel.procedures.chance import DutyClock
from qianshou.kernel.procedures.compiled import Procedure, compile_procedure
from qianshou.kernel.procedures.estimates import compare, estimate, overloaded, summarise
from qianshou.kernel.procedures.scenario import (
    Scenario,
    Span,
    Staff,
    change_scenario,
    joined,
    names_read,
    rate_of,
)
from qianshou.kernel.procedures.simulate import Simulation, simulate
from qianshou.kernel.procedures.walk import Move, Walk
from qianshou.kernel.refusal import Refusal, Refusals
from tests.kernel.procedures.drafts import AT, bpmn, compiled

HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"
 xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
 xmlns:camunda="http://camunda.org/schema/1.0/bpmn" xmlns:qs="urn:qianshou:bpmn"
 id="d" targetNamespace="urn:test"><process id="q" name="排队" isExecutable="true">
<startEvent id="s" name="开始"/>"""
ONE = """<userTask id="t" name="办理" camunda:candidateGroups="clerk" camunda:dueDate="{due}"
 qs:source="G1"/><endEvent id="e" name="结束"/>
<sequenceFlow id="f1" sourceRef="s" targetRef="t"/>
<sequenceFlow id="f2" sourceRef="t" targetRef="e"/>"""
AGAIN = """<userTask id="t" name="办理" camunda:candidateGroups="clerk"/>
<exclusiveGateway id="x" name="行吗" default="ok"/><endEvent id="e" name="结束"/>
<endEvent id="never" name="作罢"/>
<sequenceFlow id="f1" sourceRef="s" targetRef="t"/>
<sequenceFlow id="f2" sourceRef="t" targetRef="x"/>
<sequenceFlow id="ok" sourceRef="x" targetRef="e"/>
<sequenceFlow id="again" sourceRef="x" targetRef="t"><conditionExpression
 xsi:type="tFormalExpression">how = "again"</conditionExpression></sequenceFlow>
<sequenceFlow id="no" sourceRef="x" targetRef="never"><conditionExpression
 xsi:type="tFormalExpression">how = "no"</conditionExpression></sequenceFlow>"""
TIMED = """<userTask id="t" name="等人" camunda:candidateGroups="clerk"/>
<boundaryEvent id="b" name="两小时" attachedToRef="t"><timerEventDefinition id="td">
<timeDuration xsi:type="tFormalExpression">2h</timeDuration></timerEventDefinition></boundaryEvent>
<endEvent id="e" name="结束"/><endEvent id="gone" name="逾期"/>
<sequenceFlow id="f1" sourceRef="s" targetRef="t"/>
<sequenceFlow id="f2" sourceRef="t" targetRef="e"/>
<sequenceFlow id="f3" sourceRef="b" targetRef="gone"/>"""
CALENDAR = WorkCalendar()


def made(body: str) -> Procedure:
    text = f"{HEAD}{body}</process></definitions>"
    return compile_procedure(load_bpmn(text.encode(), "q.bpmn"))


def single(*, rate: float, mean: float, staff: int, **told) -> Scenario:
    return Scenario(
        "s",
        rate_of("per_hour", rate, CALENDAR),
        {"clerk": Staff(staff, True)},
        {"t": Span(mean, **told.pop("span", {}))},
        {},
        **{"days": 45, "warm_up_days": 5, "runs": 6, "seed": 7, **told},
    )


def erlang_c(load: float, staff: int) -> float:
    """Return the share of arrivals that wait in an M/M/c queue (Erlang 1917)."""
    full = load**staff / math.factorial(staff) / (1 - load / staff)
    return full / (sum(load**n / math.factorial(n) for n in range(staff)) + full)


@pytest.mark.parametrize(("rate", "mean", "staff"), [(3.0, 14.0, 1), (12.0, 12.5, 3)])
def test_the_closed_forms_of_mm1_and_mmc_lie_within_the_intervals(rate, mean, staff):
    scenario = single(rate=rate, mean=mean, staff=staff)
    found = summarise(scenario, simulate(made(ONE.format(due="1h")), scenario, CALENDAR))
    load = rate * mean / 60
    waited = erlang_c(load, staff) * mean / (staff - load)
    for measure, told in (
        ("utilisation", load / staff),
        ("waited_mean", waited),
        ("queue", waited * rate / 60),
    ):
        one = found.estimates["post", "clerk", measure]
        half = one.high - one.low
        assert one.low - half < told < one.high + half, (measure, told, one)
        assert abs(one.mean - told) < 0.15 * told
    took = found.estimates["all", "", "time_mean"]
    assert took.mean == pytest.approx((waited + mean) / 60, rel=0.1)
    assert not overloaded(found)


def test_a_mean_service_without_chance_halves_the_wait_of_mm1():
    """Pollaczek and Khinchine: the wait of M/D/1 is half that of M/M/1."""
    fixed = single(rate=3, mean=15, staff=1, span={"kind": "fixed"})
    found = summarise(fixed, simulate(made(ONE.format(due="1h")), fixed, CALENDAR))
    assert found.estimates["post", "clerk", "waited_mean"].mean == pytest.approx(22.5, rel=0.1)


def test_the_share_late_is_that_of_the_exponential_tail():
    """In M/M/1 the time in the system is exponential with mean 1/(mu - lambda)."""
    scenario = single(rate=2, mean=20, staff=1)
    found = summarise(scenario, simulate(made(ONE.format(due="2h")), scenario, CALENDAR))
    assert found.estimates["step", "t", "late"].mean == pytest.approx(math.exp(-2), rel=0.12)


def test_outcomes_are_drawn_with_their_shares_and_loops_come_back():
    scenario = single(rate=2, mean=5, staff=1, days=60)
    weights = joined({"how": {"again": 0.2, "no": 0.1, "yes": 0.7}})
    scenario = replace(scenario, facts={"t": weights})
    made_ready = Simulation(made(AGAIN), scenario, CALENDAR)
    found = summarise(scenario, [made_ready.run(number) for number in range(3)])
    assert found.estimates["end", "never", "share"].mean == pytest.approx(1 / 8, rel=0.15)
    done, closed = found.estimates["step", "t", "done"], found.estimates["all", "", "closed"]
    assert done.mean / closed.mean == pytest.approx(1 / 0.8, rel=0.03)
    assert len(made_ready.walk.states) == 4


def test_a_timer_takes_away_what_nobody_has_done_in_time():
    """With one officer and fixed 3 hours, whatever is begun is cancelled after 2."""
    scenario = single(rate=0.05, mean=180, staff=1, span={"kind": "fixed"})
    found = summarise(scenario, simulate(made(TIMED), scenario, CALENDAR))
    assert found.estimates["end", "gone", "share"].mean == 1
    assert found.estimates["all", "", "time_mean"].mean == pytest.approx(2)
    assert found.estimates["post", "clerk", "utilisation"].mean == pytest.approx(0.1, rel=0.2)
    assert found.estimates["post", "clerk", "left"].mean == 0


def test_the_same_seed_gives_the_same_year_and_more_staff_never_wait_longer():
    procedure, scenario = made(ONE.format(due="1h")), single(rate=5, mean=20, staff=2)
    more = replace(scenario, staff={"clerk": Staff(3, True)})
    first, second = simulate(procedure, scenario, CALENDAR), simulate(procedure, more, CALENDAR)
    again = simulate(procedure, scenario, CALENDAR)
    assert [one.tasks for one in again] == [one.tasks for one in first]
    for one, other in zip(first, second, strict=True):
        assert len(one.matters) > 3000
        assert sorted(one.matters[::3]) == sorted(other.matters[::3])
    key = "post", "clerk", "utilisation"
    alone = [summarise(*both).estimates[key] for both in ((scenario, first), (more, second))]
    paired = compare((scenario, first), (more, second))
    apart = math.hypot(*(one.high - one.low for one in alone))
    assert paired["post", "clerk", "waited_mean"].high < 0
    assert paired[key].high - paired[key].low < apart / 2


def test_who_sits_around_the_clock_is_asked_first_at_night():
    procedure = made(ONE.format(due="1h").replace('"clerk"', '"clerk,guard"'))
    scenario = replace(
        single(rate=0.5, mean=5, staff=1, days=20, warm_up_days=0),
        staff={"clerk": Staff(9), "guard": Staff(9, True)},
    )
    found = summarise(scenario, simulate(procedure, scenario, CALENDAR)).estimates
    assert found["step", "t", "waited_mean"].mean == pytest.approx(0, abs=1e-6)
    assert found["post", "clerk", "queue"].mean == pytest.approx(0, abs=1e-6)
    assert found["post", "guard", "utilisation"].mean > 0


def test_an_overload_is_told_and_its_queue_grows():
    scenario = single(rate=5, mean=30, staff=2, days=28, warm_up_days=0)
    found = summarise(scenario, simulate(made(ONE.format(due="1h")), scenario, CALENDAR))
    assert overloaded(found) == ["clerk"]
    assert found.weeks["clerk"] == sorted(found.weeks["clerk"])
    assert found.estimates["post", "clerk", "left"].mean > 300


def test_duty_hours_run_from_nine_to_six_on_working_days():
    clock = DutyClock(shipped(), date(2026, 1, 1), 31)
    monday = timedelta(days=4, hours=9).total_seconds()  # 2026-01-05; the 4th is a make-up day
    assert shipped().duty == (time(9), time(18))
    assert clock.reached(clock.worked(monday - 3600)) == monday
    friday = clock.worked(timedelta(days=8, hours=17).total_seconds())
    assert clock.reached(friday + 2 * 3600) == timedelta(days=11, hours=10).total_seconds()


def test_an_interval_is_students():
    one = estimate([1.0, 2.0, 3.0, 4.0])
    half = 3.182446 * np.std([1, 2, 3, 4], ddof=1) / 2
    assert (one.mean, one.low, one.high) == pytest.approx((2.5, 2.5 - half, 2.5 + half), abs=1e-5)
    assert math.isnan(estimate([1.0]).low)


@pytest.mark.parametrize(
    ("told", "code", "at"),
    [
        ({"wrong": 1}, "key", "wrong"),
        ({"days": -3}, "number", "days"),
        ({"begin": "soon"}, "number", "begin"),
        ({"start": "x"}, "start", "start"),
        ({"staff": {"mayor": 1}}, "post", "staff.mayor"),
        ({"staff": {"clerk": -1}}, "number", "staff.clerk"),
        ({"staff": 3}, "key", "staff"),
        ({"steps": {"z": 5}}, "step", "steps.z"),
        ({"steps": {"t": {"mean": 5, "kind": "weibull"}}}, "span", "steps.t.kind"),
        ({"steps": {"t": True}}, "number", "steps.t"),
        ({"arrivals": {"per_week": 5}}, "arrivals", "arrivals"),
        ({"arrivals": {"per_day": "many"}}, "number", "arrivals.per_day"),
        ({"arrivals": {"hours": [1, 2]}}, "arrivals", "arrivals.hours"),
        ({"outcomes": {"t": {"how": {"no": 0}}}}, "outcome", "outcomes.t.how"),
        ({"outcomes": {"t": {"how": "no"}}}, "outcome", "outcomes.t"),
        ({"messages": {"m": 5}}, "key", "messages.m"),
    ],
)
def test_what_is_told_wrongly_is_refused_where_it_stands(told, code, at):
    with pytest.raises(Refusals) as refused:
        change_scenario(single(rate=1, mean=1, staff=1), told, made(AGAIN), CALENDAR)
    assert [(one.code, one.field) for one in refused.value.refusals] == [(f"simulate.{code}", at)]


def test_what_is_told_well_changes_only_that():
    base = single(rate=1, mean=1, staff=1)
    told = {
        "arrivals": {"per_working_day": 18},
        "staff": {"clerk": {"count": 4}},
        "steps": {"t": {"mean": 9, "kind": "lognormal", "cv": 2}},
        "outcomes": {"t": {"how": {"no": 1, "yes": 3}}},
    }
    found = change_scenario(base, told, made(AGAIN), CALENDAR)
    assert sum(found.arrivals.work) == 18
    assert sum(found.arrivals.rest) == 0
    assert found.staff["clerk"] == Staff(4, True)
    assert found.steps["t"] == Span(9, "lognormal", 2)
    assert found.facts["t"] == (({"how": "no"}, 0.25), ({"how": "yes"}, 0.75))
    assert (found.days, found.seed) == (base.days, base.seed)


def test_too_many_matters_and_an_endless_loop_are_refused(monkeypatch):
    with pytest.raises(Refusal) as refused:
        scenario = single(rate=5000, mean=1, staff=9)
        simulate(made(ONE.format(due="1h")), scenario, CALENDAR)
    assert refused.value.code == "simulate.too_many"
    monkeypatch.setattr("qianshou.kernel.procedures.simulate.MOST_MOVES", 1000)
    endless = replace(single(rate=1, mean=1, staff=9), facts={"t": joined({"how": {"again": 1}})})
    with pytest.raises(Refusal) as refused:
        simulate(made(AGAIN), endless, CALENDAR)
    assert refused.value.code == "simulate.too_long"


RACES = """
    and o
    and j
    and k
    race r
    race q
    message m
    message n
    timer t
    timer u
    end e
    s > o > x > j
    o > y > j
    o > z > j > k > r > m > b > e
    r > t > e
    k > a > q > n > c > e
    q > u > e
"""


class Walker:
    """Walks by the names of nodes, from state to state."""

    def __init__(self, procedure: Procedure) -> None:
        self.walk = Walk(procedure, {}, AT)
        self.move: Move = self.walk.open("s", 0)

    def at(self, node: str) -> int:
        """Return the token that waits at a node."""
        tokens = self.walk.states[self.move.after].tokens
        return next(key for key, token in tokens.items() if token.node == node)

    def nodes(self) -> set[str]:
        return {token.node for token in self.walk.states[self.move.after].tokens.values()}

    def do(self, *steps: str) -> None:
        for step in steps:
            self.move = self.walk.complete(self.move.after, self.at(step), 0)

    def hear(self, node: str, message: str) -> None:
        self.move = self.walk.deliver(self.move.after, self.at(node), message)


def test_two_races_of_a_matter_keep_their_own_names():
    walker = Walker(compiled(RACES))
    walker.do("x", "y", "z", "a")
    assert walker.nodes() == {"m", "t", "n", "u"}
    walker.hear("m", "m")
    assert walker.nodes() == {"b", "n", "u"}
    walker.hear("n", "n")
    assert walker.nodes() == {"b", "c"}


def test_a_message_comes_to_the_catch_that_it_is_for():
    draft = (
        "and o\n hear g message m\n hear h message m\n end e\n s > o > g > b > e\n o > h > c > e"
    )
    for first, left in (("g", {"b", "h"}), ("h", {"c", "g"})):
        walker = Walker(compiled(draft))
        walker.hear(first, "m")
        assert walker.nodes() == left


def test_all_that_is_computed_tells_which_facts_are_read():
    raw = bpmn("sign c parallel enough = true\n end e\n s > c > b > e").replace(
        b'candidateGroups="seat"', b'candidateGroups="seat" qs:organisation="=whose"'
    )
    read = names_read(compile_procedure(load_bpmn(raw, "file")))
    assert {"enough", "whose", "signer", "list"} <= read
