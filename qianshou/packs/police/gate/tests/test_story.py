"""The gate's ways through the door: both directions, returned twice, once more, handed over."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest

from qianshou.kernel import door, worker
from qianshou.kernel.access import Actor, actor_of
from qianshou.kernel.calendar import due_at
from qianshou.kernel.door import acts
from qianshou.kernel.ledger.replay import verify
from qianshou.kernel.refusal import Refusal, Refusals
from qianshou.kernel.registry.models import (
    Circle,
    CircleMember,
    Division,
    Officer,
    Organisation,
    Posting,
)
from qianshou.kernel.registry.workdays import work_calendar
from qianshou.kernel.worklist.models import Matter, Notice, Task
from qianshou.packs.police.gate.models import Call, Order

TRIAGE = {"kind": "non_police", "category": "noise.work", "level": "normal"}


@dataclass
class Gate:
    """The cast at their posts, the instant at which they act, and the circle of what they open."""

    at: datetime
    circle: int | None = None

    def actor(self, username: str) -> Actor:
        return actor_of(Officer.objects.get(username=username), self.at)

    def open(self, by: str = "zhang_min", **changed: Any) -> int:
        village = Division.objects.filter(parent__name="龙水镇").order_by("pk")[0]
        facts = {
            "source": "110",
            "summary": "夜间施工噪声扰民",
            "place": {"division": village.code, "address": "路口"},
            **changed,
        }
        receipt = door.act(
            acts.Open("police.gate", facts, "register", circle=self.circle),
            by=self.actor(by),
            at=self.at,
        )
        assert receipt is not None
        return receipt.matter

    def waiting(self, matter: int) -> list[str]:
        found = Task.objects.filter(matter=matter, state=0).order_by("pk")
        return [task.node.rpartition("/")[2] for task in found]

    def task(self, matter: int, step: str) -> Task:
        found = Task.objects.filter(matter=matter, state=0)
        return next(one for one in found if one.node.rpartition("/")[2] == step)

    def do(self, matter: int, step: str, by: str = "zhang_min", **facts: Any) -> None:
        act = acts.Complete(self.task(matter, step).pk, facts)
        door.act(act, by=self.actor(by), at=self.at)

    def to_orders(self, matter: int, **changed: Any) -> None:
        self.do(matter, "triage", **{**TRIAGE, "lead": "longshui-office", **changed})
        self.do(matter, "inform", informed="spoken", told="已转办，办结后回访")

    def to_callback(self, matter: int) -> None:
        self.to_orders(matter)
        self.do(matter, "sign", "tang_li", sign="accept")
        self.do(matter, "work", "tang_li", need="none", result="已处理")
        self.do(matter, "verify", verified="ok")


@pytest.fixture
def gate(district: None, at: datetime) -> Gate:
    """Return the gate on a working Monday's morning."""
    return Gate(at)


def clean() -> None:
    assert list(verify()) == []


def test_a_call_that_is_solved_at_once(gate: Gate) -> None:
    matter = gate.open()
    gate.to_callback(matter)
    gate.do(matter, "callback", satisfied="yes")
    call = Call.objects.get(pk=matter)
    assert (call.satisfied, call.rounds, call.is_on_time) == ("yes", 1, True)
    assert call.closed_at == gate.at
    assert Order.objects.get(matter=matter).state == "done"
    clean()


def test_the_caller_is_told_at_once_and_the_deadlines_follow_the_level(gate: Gate) -> None:
    matter = gate.open()
    assert gate.task(matter, "triage").due_at == gate.at + timedelta(minutes=5)
    gate.do(matter, "triage", **{**TRIAGE, "lead": "longshui-office", "level": "prompt"})
    assert gate.task(matter, "inform").due_at == gate.at
    gate.do(matter, "inform", informed="spoken", told="已转办")
    assert gate.task(matter, "sign").due_at == gate.at + timedelta(minutes=15)
    gate.do(matter, "sign", "tang_li", sign="accept")
    expected = due_at(gate.at, "2d", work_calendar()).at
    assert gate.task(matter, "work").due_at == expected


def test_an_emergency_is_dispatched_before_anything_else(gate: Gate) -> None:
    matter = gate.open(at_risk=True)
    decided = {"kind": "emergency", "category": "safety.water", "level": "urgent"}
    gate.do(matter, "triage", **decided, lead="longshui-office")
    assert gate.waiting(matter) == ["dispatch"]
    with pytest.raises(Refusal):
        gate.do(matter, "dispatch", "zhang_min", units="一组", dispatched="到场")
    gate.do(matter, "dispatch", "chen_gang", units="一组", dispatched="到场")
    assert gate.waiting(matter) == ["sign"]
    assert gate.task(matter, "sign").due_at == gate.at + timedelta(minutes=5)


def test_a_police_matter_goes_to_the_station_and_ends_here(gate: Gate) -> None:
    matter = gate.open()
    gate.do(matter, "triage", kind="police", category="police.theft", level="normal")
    gate.do(matter, "hand", "chen_gang", handed="已移交")
    assert Matter.objects.get(pk=matter).outcome == "handed"
    assert Call.objects.get(pk=matter).kind == "police"
    clean()


def test_the_town_asks_the_police_and_the_station_reports_back(gate: Gate) -> None:
    matter = gate.open()
    gate.to_orders(matter)
    gate.do(matter, "sign", "tang_li", sign="accept")
    gate.do(matter, "work", "tang_li", need="police", ask="请到场")
    assert gate.task(matter, "reverse").organisation.code == "longshui-station"
    gate.do(matter, "reverse", "he_feng", police_done="秩序恢复")
    gate.do(matter, "work", "tang_li", need="none", result="已处理")
    assert Call.objects.get(pk=matter).is_reversed
    directions = set(Order.objects.filter(matter=matter).values_list("direction", "state"))
    assert directions == {("out", "done"), ("police", "done")}
    clean()


def test_a_station_registers_and_the_town_triages(gate: Gate) -> None:
    matter = gate.open(by="he_feng")
    task = gate.task(matter, "triage")
    assert task.organisation.code == "longshui-centre"


def test_returned_once_it_goes_elsewhere_returned_twice_the_district_rules(gate: Gate) -> None:
    matter = gate.open()
    gate.to_orders(matter)
    with pytest.raises(Refusals):
        gate.do(matter, "sign", "tang_li", sign="return")
    gate.do(matter, "sign", "tang_li", sign="return", return_reason="不属于本单位")
    assert gate.waiting(matter) == ["resend"]
    gate.do(matter, "resend", organisation="city", resend_note="改派")
    assert gate.task(matter, "sign").organisation.code == "city"
    gate.do(matter, "sign", "xie_bo", sign="return", return_reason="也不属于")
    assert gate.waiting(matter) == ["ruling"]
    assert gate.task(matter, "ruling").organisation.code == "district-centre"
    gate.do(matter, "ruling", "jiang_yue", organisation="city", ruling="由城管承办")
    assert gate.waiting(matter) == ["work"]
    assert gate.task(matter, "work").organisation.code == "city"
    assert Call.objects.get(pk=matter).returns == 2
    clean()


def test_lead_and_assistants_work_at_the_same_time(gate: Gate) -> None:
    matter = gate.open()
    gate.to_orders(matter, assist=["city", "environment"])
    assert gate.waiting(matter) == ["sign", "sign", "sign"]
    own = {task.organisation.code: task for task in Task.objects.filter(matter=matter, state=0)}
    assert set(own) == {"longshui-office", "city", "environment"}
    done = acts.Complete(own["city"].pk, {"sign": "accept"})
    door.act(done, by=gate.actor("xie_bo"), at=gate.at)
    assert sorted(gate.waiting(matter)) == ["sign", "sign", "work"]
    assert Call.objects.get(pk=matter).is_joint


def test_another_organisation_joins(gate: Gate) -> None:
    matter = gate.open()
    gate.to_orders(matter)
    gate.do(matter, "sign", "tang_li", sign="accept")
    gate.do(matter, "work", "tang_li", need="join", join=["city"], ask="请一起到场")
    gate.do(matter, "assist", "xie_bo", joined="已配合")
    assert gate.waiting(matter) == ["work"]


def test_not_solved_goes_back_to_the_orders(gate: Gate) -> None:
    matter = gate.open()
    gate.to_orders(matter)
    gate.do(matter, "sign", "tang_li", sign="accept")
    gate.do(matter, "work", "tang_li", need="none", result="已处理")
    gate.do(matter, "verify", verified="again", verify_note="还没好")
    assert gate.waiting(matter) == ["sign"]


def test_not_satisfied_once_more_with_the_leader_told_and_then_it_ends(gate: Gate) -> None:
    matter = gate.open()
    gate.to_callback(matter)
    gate.do(matter, "callback", satisfied="no")
    told = Notice.objects.get(matter=matter, kind="unsatisfied")
    assert told.posts == "town_leader"
    assert gate.waiting(matter) == ["sign"]
    gate.do(matter, "sign", "tang_li", sign="accept")
    gate.do(matter, "work", "tang_li", need="none", result="再次处理")
    gate.do(matter, "verify", verified="ok")
    gate.do(matter, "callback", satisfied="no")
    call = Call.objects.get(pk=matter)
    assert (call.rounds, call.satisfied) == (2, "no")
    assert "sign" not in gate.waiting(matter)
    clean()


def test_a_silent_caller_does_not_keep_it_open(gate: Gate) -> None:
    matter = gate.open()
    gate.to_callback(matter)
    due = gate.task(matter, "callback").due_at
    worker.tick(due - timedelta(minutes=1))
    assert "callback" in gate.waiting(matter)
    worker.tick(due + timedelta(minutes=1))
    assert "callback" not in gate.waiting(matter)
    assert Call.objects.get(pk=matter).closed_at is not None
    clean()


def test_the_sampled_are_looked_at_again_after_thirty_days(gate: Gate) -> None:
    for _ in range(10):
        matter = gate.open()
        gate.to_callback(matter)
        gate.do(matter, "callback", satisfied="yes")
    kept = Matter.objects.filter(procedure="police.gate", closed_at=None).get()
    worker.tick(gate.at + timedelta(days=31, minutes=1))
    later = Gate(gate.at + timedelta(days=31, minutes=2))
    assert later.waiting(kept.pk) == ["look"]
    later.do(kept.pk, "look", relapse="yes", look_note="又响了")
    assert later.waiting(kept.pk) == ["sign"]
    clean()


def test_the_third_call_of_a_place_opens_a_root_cause_once(gate: Gate) -> None:
    for _ in range(4):
        gate.to_orders(gate.open())
        worker.tick(gate.at)
    causes = Matter.objects.filter(procedure="police.gate.cause")
    assert causes.count() == 1
    assert "LD-" in causes.get().state
    clean()


def test_a_call_that_only_a_circle_may_know_of_leads_to_no_root_cause(gate: Gate) -> None:
    gate.circle = Circle.objects.create(about="child").pk
    CircleMember.objects.create(
        circle_id=gate.circle, role="cadre", officer_id=gate.actor("zhang_min").officer,
        from_date=gate.at.date(),
    )  # fmt: skip
    gate.to_orders(gate.open())
    hidden = gate.open()
    gate.circle = None
    for _ in range(2):
        gate.to_orders(gate.open())
    gate.to_orders(hidden)
    worker.tick(gate.at)
    assert not Matter.objects.filter(procedure="police.gate.cause").exists()
    gate.to_orders(gate.open())
    worker.tick(gate.at)
    cause = Matter.objects.get(procedure="police.gate.cause")
    assert Matter.objects.get(pk=hidden).number not in cause.state
    clean()


def test_a_root_cause_needs_three_new_calls_of_one_village(gate: Gate) -> None:
    def opened() -> int:
        worker.tick(gate.at)
        return Matter.objects.filter(procedure="police.gate.cause").count()

    town = Division.objects.get(name="龙水镇")
    calls = [gate.open(place={"division": town.code, "address": "镇上"}) for _ in range(3)]
    for matter in calls:
        gate.to_orders(matter)
    assert opened() == 0
    first, second, merged = (gate.open() for _ in range(3))
    for matter in (first, merged):
        gate.to_orders(matter)
    door.act(acts.Merge(merged, first, "同一件事"), by=gate.actor("zhang_min"), at=gate.at)
    gate.to_orders(second)
    assert opened() == 0
    gate.to_orders(gate.open())
    assert opened() == 1
    for _ in range(2):
        gate.to_orders(gate.open())
    assert opened() == 1
    gate.to_orders(gate.open())
    assert opened() == 2
    clean()


def test_late_orders_are_said_and_counted(gate: Gate) -> None:
    matter = gate.open()
    gate.to_orders(matter)
    worker.tick(gate.at + timedelta(days=3))
    worker.tick(gate.at + timedelta(days=3, seconds=1))
    assert Notice.objects.filter(matter=matter, kind="late").exists()
    assert not Call.objects.get(pk=matter).is_on_time


def test_a_late_step_counts_even_when_the_clock_has_not_warned_of_it(gate: Gate) -> None:
    soon, slow = gate.open(), gate.open()
    for matter in (soon, slow):
        gate.to_orders(matter)
    gate.at += timedelta(minutes=30)
    gate.do(soon, "sign", "tang_li", sign="accept")
    gate.at += timedelta(days=1)
    gate.do(slow, "sign", "tang_li", sign="accept")
    assert Call.objects.get(pk=soon).is_on_time
    assert not Call.objects.get(pk=slow).is_on_time
    clean()


def test_telling_the_caller_a_moment_later_is_not_late(gate: Gate) -> None:
    matter = gate.open()
    gate.do(matter, "triage", **TRIAGE, lead="longshui-office")
    gate.at += timedelta(seconds=40)
    worker.tick(gate.at)
    gate.do(matter, "inform", informed="spoken", told="已转办")
    assert Call.objects.get(pk=matter).is_on_time


def test_an_order_may_go_to_the_police_station_which_signs_for_it(gate: Gate) -> None:
    matter = gate.open()
    gate.to_orders(matter, lead="longshui-station")
    gate.do(matter, "sign", "he_feng", sign="accept")
    gate.do(matter, "work", "he_feng", need="none", result="已到场")
    assert Order.objects.get(matter=matter, direction="out").state == "done"


def test_no_order_goes_where_nobody_sits(gate: Gate) -> None:
    matter = gate.open()
    gate.do(matter, "triage", **TRIAGE, lead="longshui-office")
    office = Posting.objects.filter(organisation__code="longshui-office")
    office.update(to_date=gate.at.date() - timedelta(days=1))
    other = gate.open()
    with pytest.raises(Refusals):
        gate.do(other, "triage", **TRIAGE, lead="longshui-office")
    with pytest.raises(Refusal) as refused:
        gate.do(matter, "inform", informed="spoken", told="已转办")
    assert refused.value.code == "door.nobody"
    assert "龙水镇" in refused.value.zh
    clean()


def test_a_call_from_nowhere_in_particular_is_not_taken(gate: Gate) -> None:
    district = Division.objects.get(kind="district")
    facts = {"summary": "路灯不亮", "place": {"division": district.code, "address": "某处"}}
    with pytest.raises(Refusal) as refused:
        door.act(
            acts.Open("police.gate", facts, "report", receipt="x" * 64, via="portal"),
            by=Actor("resident", receipt="x" * 64),
            at=gate.at,
        )
    assert refused.value.code == "door.nobody"


def test_an_order_is_returned_by_its_own_rule_only(gate: Gate) -> None:
    matter = gate.open()
    gate.to_orders(matter)
    sign = gate.task(matter, "sign")
    with pytest.raises(Refusal) as refused:
        door.act(acts.Return(sign.pk, "triage", "不归我们"), by=gate.actor("tang_li"), at=gate.at)
    assert refused.value.code == "door.target"


def test_an_order_pulled_back_or_merged_away_stays_open_nowhere(gate: Gate) -> None:
    matter, other = gate.open(), gate.open()
    gate.do(matter, "triage", **TRIAGE, lead="longshui-office")
    inform = gate.task(matter, "inform")
    door.act(acts.Claim(inform.pk), by=gate.actor("zhang_min"), at=gate.at)
    gate.do(matter, "inform", informed="spoken", told="已转办")
    door.act(acts.Withdraw(inform.pk, "填错了"), by=gate.actor("zhang_min"), at=gate.at)
    assert [one.state for one in Order.objects.filter(matter=matter)] == ["withdrawn"]
    gate.do(matter, "inform", informed="spoken", told="已转办")
    door.act(acts.Merge(matter, other, "同一件事"), by=gate.actor("zhang_min"), at=gate.at)
    assert not Order.objects.filter(matter=matter, state__in=("sent", "signed")).exists()
    clean()


def test_an_order_signed_by_mistake_goes_back_to_be_returned(gate: Gate) -> None:
    matter = gate.open()
    gate.to_orders(matter)
    gate.do(matter, "sign", "tang_li", sign="accept")
    work = gate.task(matter, "work")
    sign = work.node.replace("work", "sign")
    door.act(acts.Return(work.pk, sign, "不归我们"), by=gate.actor("tang_li"), at=gate.at)
    gate.do(matter, "sign", "tang_li", sign="return", return_reason="不属于本单位职责")
    assert gate.waiting(matter) == ["resend"]
    states = Order.objects.filter(matter=matter).values_list("state", flat=True)
    assert sorted(states) == ["returned", "withdrawn"]
    clean()


def test_others_posts_are_refused(gate: Gate) -> None:
    matter = gate.open()
    for username in ("tang_li", "xie_bo", "luo_jing", "he_feng"):
        with pytest.raises(Refusal) as refused:
            gate.do(matter, "triage", username, **TRIAGE, lead="city")
        assert refused.value.code.startswith(("access.", "door."))
    assert Organisation.objects.filter(code="city").exists()
    clean()
