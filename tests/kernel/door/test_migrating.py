"""Running matters moved to another version: who plans and approves, what follows, what stays."""

import random
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from qianshou.kernel import door, migrating
from qianshou.kernel.access import CLOCK, Actor, actor_of
from qianshou.kernel.calendar import NEVER, due_at, resume
from qianshou.kernel.door import acts
from qianshou.kernel.ledger.read import entries_of
from qianshou.kernel.ledger.replay import path_of, verify
from qianshou.kernel.outbox import carry_out
from qianshou.kernel.procedures.models import Migration, Version
from qianshou.kernel.procedures.versions import publish
from qianshou.kernel.refusal import Refusal, Refusals
from qianshou.kernel.registry.models import Officer, Organisation, Posting
from qianshou.kernel.registry.workdays import work_calendar
from qianshou.kernel.worklist.models import Matter, Task, Timer
from tests.kernel.conftest import LOOP, Office

RENAMED = {"t1": "u1", "t3": "u3", "t5": "u5", "join": "joined", "f9": "g9", "call": "ring"}
BACK = {new: old for old, new in RENAMED.items()}


@dataclass
class Plans:
    """Sun drafts and Qian approves how matters of the loop move from version to version."""

    office: Office
    sun: Actor
    qian: Actor
    old: Version

    def publish(self, *changes: tuple[str, str], **names: str) -> Version:
        """Publish the loop with texts changed and elements renamed."""
        text = self.old.sources["bpmn"][LOOP]
        for before, after in changes:
            assert before in text
            text = text.replace(before, after)
        for before, after in names.items():
            text = text.replace(f'"{before}"', f'"{after}"')
        sources = {**self.old.sources, "bpmn": {**self.old.sources["bpmn"], LOOP: text}}
        return publish(LOOP, sources, at=self.office.at, own=True)

    def plan(self, new: Version, state: str = "approved", **mapping: str) -> Migration:
        """Draft, offer and approve a plan from the old version, up to a state."""
        at = self.office.at
        plan = migrating.begin(self.old, new, by=self.sun, at=at)
        migrating.keep(plan, mapping, "环节改名", by=self.sun, at=at)
        if state != "draft":
            migrating.offer(plan, by=self.sun, at=at)
        if state == "approved":
            migrating.approve(plan, by=self.qian, at=at)
        return plan

    def carry_out(self) -> None:
        """Let the worker do all it has to do."""
        while carry_out(self.office.at):
            pass


@pytest.fixture
def plans(office: Office) -> Plans:
    qian = Officer.objects.create(username="qian", name="钱进")
    first = Organisation.objects.get(code="first")
    Posting.objects.create(
        officer=qian, post_id="bench_head", organisation=first, from_date=office.at.date()
    )
    old = Version.objects.get(procedure=LOOP)
    return Plans(office, office.sun, actor_of(qian, office.at), old)


def refused(act, *told, **named) -> str:
    with pytest.raises((Refusal, Refusals)) as found:
        act(*told, **named)
    one: Any = found.value
    (first, *_more) = one.refusals if isinstance(one, Refusals) else (one,)
    return str(first.code)


def test_a_plan_moves_what_runs_and_the_ledger_follows(plans: Plans) -> None:
    office = plans.office
    matters = [office.open(), office.open(), office.open()]
    for matter in matters[:2]:
        for node in ("t1", "t2", "t3"):
            office.complete(matter, node)
    office.finish(matters[2])
    task = office.task(matters[0], "t4")
    door.act(acts.Claim(task), by=office.li, at=office.at)
    before = Task.objects.get(pk=task)
    new = plans.publish(('name="t4" qs:nameEn="t4"', 'name="复核" qs:nameEn="Check"'), **RENAMED)
    plan = plans.plan(new, **RENAMED)
    assert plan.total == 2
    plans.carry_out()
    plan.refresh_from_db()
    assert (plan.state, plan.moved, plan.stayed) == ("done", 2, 0)
    after = Task.objects.get(pk=task)
    assert (after.name, after.name_en) == ("复核", "Check")
    assert (after.assignee_id, after.due_at) == (office.li.officer, before.due_at)
    assert Matter.objects.get(pk=matters[0]).version == new
    assert Matter.objects.get(pk=matters[2]).version == plans.old
    assert list(verify()) == []
    row = Matter.objects.get(pk=matters[0])
    entry = entries_of(row.number)[-1]
    assert (entry["from"], entry["to"]) == (plans.old.digest, new.digest)
    assert (entry["drafted_by"]["name"], entry["approved_by"]["name"]) == ("孙涛", "钱进")
    assert {node for passed in path_of(entries_of(row.number)) for node in passed} >= {"u1", "u3"}
    door.act(acts.Complete(task, {"again": 0}), by=office.li, at=office.at)
    for node in ("ring/c1", "ring/c2", "u5"):
        office.complete(matters[0], node)
    assert Matter.objects.get(pk=matters[0]).outcome == "end"
    assert list(verify()) == []


def test_a_return_and_a_withdrawal_find_the_step_by_its_name_of_today(plans: Plans) -> None:
    office = plans.office
    matter, other = office.open(), office.open()
    first = office.task(other, "t1")
    office.complete(matter, "t1")
    door.act(acts.Claim(first), by=office.wang, at=office.at)
    office.complete(other, "t1")
    plans.plan(plans.publish(**RENAMED), **RENAMED)
    plans.carry_out()
    door.act(acts.Return(office.task(matter, "t2"), "u1", "重来"), by=office.wang, at=office.at)
    assert Task.objects.get(matter=matter, state=0).node == "u1"
    door.act(acts.Withdraw(first, "填错"), by=office.wang, at=office.at)
    assert Task.objects.get(matter=other, state=0).node == "u1"
    assert list(verify()) == []


def test_a_deadline_changes_only_with_its_rule_and_from_its_own_beginning(plans: Plans) -> None:
    office, start = plans.office, plans.office.at
    matter, standing = office.open(), office.open()
    for node in ("t1", "t2", "t3", "t4", "call/c1", "call/c2"):
        office.complete(matter, node)
        office.complete(standing, node)
    begun = office.at
    kept = Task.objects.get(matter=matter, state=0).due_at
    for one in (matter, standing):
        door.act(acts.Suspend(one, "等材料"), by=office.wang, at=start + timedelta(days=1))
    office.at = start + timedelta(days=4)
    door.act(acts.Resume(matter), by=office.wang, at=office.at)
    pauses = [(start + timedelta(days=1), office.at)]
    kept = Task.objects.get(matter=matter, state=0).due_at
    new = plans.publish((">P5D<", ">P9D<"))
    plans.plan(new)
    plans.carry_out()
    timer = Timer.objects.get(matter=matter)
    assert timer.span == "P9D"
    assert timer.due_at == resume(begun, "P9D", pauses, work_calendar()).at
    assert Task.objects.get(matter=matter, state=0).due_at == kept
    stood = Timer.objects.get(matter=standing)
    assert (stood.span, stood.due_at) == ("P9D", NEVER)
    assert list(verify()) == []
    door.act(acts.Resume(standing), by=office.wang, at=office.at)
    assert Timer.objects.get(matter=standing).due_at == timer.due_at
    assert list(verify()) == []


def test_a_steps_own_rule_changed_moves_what_was_asked_first_too(plans: Plans) -> None:
    office = plans.office
    matter = office.open()
    start, task = office.at, office.task(matter, "t1")
    door.act(acts.Claim(task), by=office.wang, at=start)
    act = acts.AddSigner(task, office.li.officer or 0, "先看一眼", before=True)
    door.act(act, by=office.wang, at=start)
    before = 'formKey="step" qs:due="5d" qs:source="local.default"/>\n    <userTask id="t2" '
    new = plans.publish((before, before.replace('"5d"', '"20d"')))
    office.at += timedelta(days=2)
    plans.plan(new)
    plans.carry_out()
    found = Task.objects.filter(matter=matter, state=0)
    assert {(one.span, one.due_at) for one in found} == {
        ("20d", due_at(start, "20d", work_calendar()).at)
    }
    assert len(found) == 2
    assert list(verify()) == []


def test_what_cannot_be_moved_stays_and_is_told(plans: Plans) -> None:
    office = plans.office
    goes, stays = office.open(), office.open()
    for node in ("t1", "t2"):
        office.complete(stays, node)
    plan = plans.plan(plans.publish(t3="u3"), "draft")
    trials = list(migrating.try_plan(plan, by=plans.sun, at=plans.office.at))
    assert [(one.matter, [h.code for h in one.hurdles]) for one in trials] == [
        (goes, []),
        (stays, ["migration.missing"]),
    ]
    assert trials[1].steps == ("t3", "t4")
    assert trials[1].number == Matter.objects.get(pk=stays).number
    counted = migrating.count_trials(iter(trials), 0, 1, "")
    assert (counted.moves, counted.stays, counted.following) == (1, 1, goes)
    assert [one.matter for one in migrating.count_trials(iter(trials), 0, 9, "stays").page] == [
        stays
    ]
    migrating.offer(plan, by=plans.sun, at=office.at)
    migrating.approve(plan, by=plans.qian, at=office.at)
    assert refused(door.act, acts.Migrate(stays, plan.pk), by=CLOCK, at=office.at) == (
        "migration.missing"
    )
    plans.carry_out()
    plan.refresh_from_db()
    assert (plan.moved, plan.stayed) == (1, 1)
    office.complete(stays, "t3")
    assert list(verify()) == []


def test_a_plan_needs_a_reason_two_persons_and_places_that_there_are(plans: Plans) -> None:
    at, new = plans.office.at, plans.publish(t1="u1")
    sun, qian, wang = plans.sun, plans.qian, plans.office.wang
    begin = migrating.begin
    assert refused(begin, plans.old, plans.old, by=sun, at=at) == "migration.versions"
    assert refused(begin, plans.old, new, by=wang, at=at) == "access.denied"
    plan = begin(plans.old, new, by=sun, at=at)
    assert refused(migrating.offer, plan, by=sun, at=at) == "migration.reason"
    keep = migrating.keep
    assert refused(keep, plan, {"t1": "nowhere"}, "改名", by=sun, at=at) == "migration.place"
    assert refused(keep, plan, {"nothing": "u1"}, "改名", by=sun, at=at) == "migration.place"
    assert refused(keep, plan, {}, "改名", by=qian, at=at) == "access.denied"
    keep(plan, {"t1": "u1", "t2": "t2", "t3": ""}, "改名", by=sun, at=at)
    assert plan.mapping == {"t1": "u1"}
    assert refused(migrating.approve, plan, by=qian, at=at) == "migration.state"
    migrating.offer(plan, by=sun, at=at)
    assert refused(migrating.approve, plan, by=sun, at=at) == "migration.own_draft"
    assert refused(migrating.give_back, plan, " ", by=qian, at=at) == "migration.back"
    migrating.give_back(plan, "再看看", by=qian, at=at)
    migrating.offer(plan, by=sun, at=at)
    migrating.take_back(plan, by=sun, at=at)
    migrating.drop(plan, by=sun, at=at)
    assert refused(keep, plan, {}, "改名", by=sun, at=at) == "migration.state"
    assert refused(door.act, acts.Migrate(plans.office.open(), plan.pk), by=CLOCK, at=at) == (
        "migration.state"
    )
    approved = plans.plan(new, t1="u1")
    act = acts.Migrate(plans.office.open(), approved.pk)
    assert refused(door.act, act, by=plans.sun, at=at) == "access.denied"
    again = plans.plan(new, "offered", t1="u1")
    assert refused(migrating.approve, again, by=qian, at=at) == "migration.running"
    rows = Migration.objects.filter(pk=again.pk)
    broken = (
        ({"state": "approved", "approved_by": sun.officer}, "migration_approved_by_another"),
        ({"state": "done"}, "migration_approved_by_another"),
        ({"target": plans.old}, "migration_two_versions"),
        ({"state": "approved", "approved_by": qian.officer}, "migration"),
    )
    for values, name in broken:
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            rows.update(**values)


def test_a_plan_the_other_way_undoes_it_in_batches(plans: Plans, monkeypatch) -> None:
    monkeypatch.setattr(migrating, "BATCH", 2)
    office = plans.office
    matters = [office.open() for _ in range(5)]
    new = plans.publish(**RENAMED)
    plan = plans.plan(new, **RENAMED)
    assert carry_out(office.at) == 3  # two matters, two, and the last
    plan.refresh_from_db()
    assert (plan.state, plan.moved) == ("done", 5)
    back = migrating.undo(plan, by=plans.sun, at=office.at)
    assert back.mapping == BACK
    migrating.keep(back, back.mapping, "改回去", by=plans.sun, at=office.at)
    migrating.offer(back, by=plans.sun, at=office.at)
    migrating.approve(back, by=plans.qian, at=office.at)
    plans.carry_out()
    assert set(Matter.objects.values_list("version", flat=True)) == {plans.old.pk}
    assert Task.objects.filter(node="t1", state=0).count() == 5
    assert list(verify()) == []
    office.finish(matters[0])
    assert list(verify()) == []


def test_a_version_that_the_ledger_does_not_tell_is_found(plans: Plans) -> None:
    matter = plans.office.open()
    Matter.objects.filter(pk=matter).update(version=plans.publish(t5="u5"))
    (found,) = verify()
    assert "规范版本" in found.zh


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(some.randoms(use_true_random=False), some.integers(0, 9))
def test_a_move_at_any_moment_of_a_walk_loses_and_doubles_nothing(
    plans: Plans, draw: random.Random, moment: int
) -> None:
    office = plans.office
    with transaction.atomic():
        matter = office.open()
        plan = plans.plan(plans.publish(**RENAMED), **RENAMED)
        for step in range(60):
            if step == moment:
                before = waiting(matter)
                assert door.act(acts.Migrate(matter, plan.pk), by=CLOCK, at=office.at)
                names = {**RENAMED, "call/c1": "ring/c1", "call/c2": "ring/c2"}
                assert waiting(matter) == sorted((token, names.get(n, n)) for token, n in before)
            open_tasks = list(Task.objects.filter(matter=matter, state=0).order_by("pk"))
            if not open_tasks:
                break
            again = int((draw.random() < 0.4 and step < 25) or step < moment)
            task = draw.choice(open_tasks)
            door.act(acts.Complete(task.pk, {"again": again}), by=office.wang, at=office.at)
        row = Matter.objects.get(pk=matter)
        assert row.outcome == "end"
        assert row.version == plan.target
        assert list(verify(row.number)) == []
        transaction.set_rollback(True)


def waiting(matter: int) -> list[tuple[int, str]]:
    return sorted(Task.objects.filter(matter=matter, state=0).values_list("token", "node"))
