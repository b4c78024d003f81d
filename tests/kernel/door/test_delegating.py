"""Asking a colleague to do a task, which comes back; and what is given back when a post is left."""

from datetime import timedelta

import pytest
from django.test import Client

from qianshou.kernel import door, worker
from qianshou.kernel.access import CLOCK, Actor, actor_of
from qianshou.kernel.door import acts
from qianshou.kernel.ledger.models import Entry
from qianshou.kernel.ledger.read import entries_of
from qianshou.kernel.ledger.replay import verify
from qianshou.kernel.refusal import Refusal, Refusals
from qianshou.kernel.registry.models import Officer, Posting
from qianshou.kernel.worklist.clockwork import vacated_tasks
from qianshou.kernel.worklist.lists import count_tasks, list_tasks
from qianshou.kernel.worklist.models import Matter, Notice, Task
from tests.kernel.conftest import Office, Quiet


def refusal(act: acts.Act, by: Actor, office: Office | Quiet) -> str:
    with pytest.raises(Refusal) as refused:
        door.act(act, by=by, at=office.at)
    return refused.value.code


def claimed(office: Office) -> int:
    task = office.task(office.open(), "t1")
    door.act(acts.Claim(task), by=office.wang, at=office.at)
    return task


def delegated(office: Office) -> int:
    task = claimed(office)
    door.act(acts.Delegate(task, office.li.officer or 0, "请代查"), by=office.wang, at=office.at)
    return task


def test_a_delegate_does_the_task_and_it_comes_back_with_a_draft(office: Office) -> None:
    task = delegated(office)
    row = Task.objects.get(pk=task)
    assert (row.assignee_id, row.delegated_from_id) == (office.li.officer, office.wang.officer)
    assert Notice.objects.get(kind="delegate").officer_id == office.li.officer
    assert refusal(acts.Complete(task, {"again": 0}), office.wang, office) == "access.denied"
    assert refusal(acts.Return(task, "t1", "x"), office.li, office) == "access.denied"
    assert refusal(acts.Transfer(task, 1, "x"), office.li, office) == "access.denied"
    assert refusal(acts.Release(task), office.li, office) == "access.denied"
    with pytest.raises(Refusals):
        door.act(acts.Resolve(task, {}), by=office.li, at=office.at)
    act = acts.Resolve(task, {"again": 1, "note": "已查"}, "同意")
    door.act(act, by=office.li, at=office.at)
    row.refresh_from_db()
    assert (row.state, row.assignee_id, row.delegated_from_id) == (0, office.wang.officer, None)
    told = entries_of(Matter.objects.get().number)[-1]
    assert (told["act"], told["draft"]["note"], told["text"]) == ("resolve", "已查", "同意")
    door.act(acts.Complete(task, {"again": 0}), by=office.wang, at=office.at)
    assert list(verify()) == []


def test_whose_task_it_is_keeps_it_in_their_list_and_is_warned(
    office: Office, client: Client
) -> None:
    row = Task.objects.get(pk=delegated(office))
    for by in (office.wang, office.li):
        (listed,) = list_tasks("mine", by, at=office.at).rows
        assert (listed.delegate, count_tasks(by, at=office.at)["mine"]) == ("李强", 1)
    client.force_login(Officer.objects.get(username="wang"))
    assert "已委托 李强" in client.get("/").content.decode()
    door.act(acts.Warn(row.pk), by=CLOCK, at=row.amber_at)
    door.act(acts.Urge(row.matter_id), by=office.wang, at=office.at)
    told = {(one.kind, one.officer_id) for one in Notice.objects.exclude(kind="delegate")}
    both = {office.wang.officer, office.li.officer}
    assert told == {(kind, officer) for kind in ("amber", "urge") for officer in both}


def test_who_has_left_the_post_withdraws_nothing(office: Office) -> None:
    matter = office.open()
    done = office.task(matter, "t1")
    office.complete(matter, "t1")
    leave(office.wang, office)
    wang = actor_of(Officer.objects.get(username="wang"), office.at)
    assert refusal(acts.Withdraw(done), wang, office) == "access.denied"


def test_completing_by_a_delegate_does_not_move_the_matter_on(office: Office) -> None:
    task = delegated(office)
    door.act(acts.Complete(task, {"again": 0}), by=office.li, at=office.at)
    row = Task.objects.get(pk=task)
    assert (row.state, row.assignee_id) == (0, office.wang.officer)
    assert list(verify()) == []


def test_only_a_claimed_task_of_ones_own_is_delegated_to_a_colleague(office: Office) -> None:
    free = office.task(office.open(), "t1")
    to = office.li.officer or 0
    assert refusal(acts.Delegate(free, to, "x"), office.wang, office) == "access.denied"
    task = claimed(office)
    assert refusal(acts.Delegate(task, to, "x"), office.li, office) == "access.denied"
    assert refusal(acts.Delegate(task, to, " "), office.wang, office) == "door.reason"
    for nobody in (office.zhao.officer, office.wang.officer, 0):
        act = acts.Delegate(task, nobody or 0, "x")
        assert refusal(act, office.wang, office) == "door.no_colleague"
    assert refusal(acts.Resolve(task), office.wang, office) == "access.denied"
    assert refusal(acts.Recall(task), office.wang, office) == "access.denied"


def test_a_task_in_a_circle_is_delegated_to_its_members_only(quiet: Quiet) -> None:
    task = Task.objects.get(matter=quiet.open())
    door.act(acts.Claim(task.pk), by=quiet.wang, at=quiet.at)
    act = acts.Delegate(task.pk, quiet.li.officer or 0, "请代办")
    assert refusal(act, quiet.wang, quiet) == "door.no_colleague"


def test_whose_task_it_is_takes_it_back(office: Office) -> None:
    task = delegated(office)
    assert refusal(acts.Recall(task), office.li, office) == "access.denied"
    door.act(acts.Recall(task), by=office.wang, at=office.at)
    assert Task.objects.get(pk=task).assignee_id == office.wang.officer
    assert refusal(acts.Resolve(task), office.li, office) == "access.denied"
    assert list(verify()) == []


def leave(actor: Actor, office: Office) -> None:
    Posting.objects.filter(officer=actor.officer).update(
        from_date=office.at.date() - timedelta(days=9), to_date=office.at.date() - timedelta(days=1)
    )


def test_what_was_claimed_goes_back_to_the_post_when_its_holder_leaves(office: Office) -> None:
    matter = office.open()
    for node in ("t1", "t2"):
        office.complete(matter, node)
    for node in ("t3", "t4"):
        door.act(acts.Claim(office.task(matter, node)), by=office.wang, at=office.at)
    kept = claimed(office)
    assert vacated_tasks(office.at) == []
    assert door.act(acts.Reassign(matter, office.wang.officer or 0), by=CLOCK, at=office.at) is None
    leave(office.wang, office)
    assert worker.tick(office.at)["reassigned"] == 2
    assert set(Task.objects.filter(state=0).values_list("assignee", flat=True)) == {None}
    assert Entry.objects.filter(act="reassign").count() == 2
    door.act(acts.Claim(kept), by=office.li, at=office.at)
    assert worker.tick(office.at)["reassigned"] == 0
    assert list(verify()) == []


def test_what_was_claimed_goes_back_to_the_post_when_an_account_is_stopped(office: Office) -> None:
    task = claimed(office)
    Officer.objects.filter(username="wang").update(is_active=False)
    assert worker.tick(office.at)["reassigned"] == 1
    assert Task.objects.get(pk=task).assignee_id is None
    assert worker.tick(office.at)["reassigned"] == 0
    assert list(verify()) == []


def test_what_a_delegate_had_goes_back_to_whose_it_is(office: Office) -> None:
    task = delegated(office)
    leave(office.li, office)
    assert worker.tick(office.at)["reassigned"] == 1
    row = Task.objects.get(pk=task)
    assert (row.assignee_id, row.delegated_from_id) == (office.wang.officer, None)
    assert list(verify()) == []


def test_what_was_delegated_goes_to_the_post_when_whose_it_is_leaves(office: Office) -> None:
    task = delegated(office)
    leave(office.wang, office)
    assert worker.tick(office.at)["reassigned"] == 1
    row = Task.objects.get(pk=task)
    assert (row.assignee_id, row.delegated_from_id) == (None, None)


def test_nobody_but_the_clock_reassigns(office: Office) -> None:
    task = Task.objects.get(pk=claimed(office))
    act = acts.Reassign(task.matter_id, office.wang.officer or 0)
    assert refusal(act, office.sun, office) == "access.denied"
