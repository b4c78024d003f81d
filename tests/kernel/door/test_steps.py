"""Acts that move a matter, and each refusal."""

from dataclasses import replace
from datetime import timedelta

import pytest

from qianshou.kernel import door
from qianshou.kernel.access import CLOCK
from qianshou.kernel.door import acts
from qianshou.kernel.ledger.models import Entry
from qianshou.kernel.ledger.replay import verify
from qianshou.kernel.refusal import Refusal, Refusals
from qianshou.kernel.worklist.models import Link, Matter, Notice, Task, Timer
from tests.kernel.conftest import Office


def test_a_matter_goes_from_opening_to_outcome_and_verifies(office: Office) -> None:
    matter = office.open()
    office.finish(matter)
    row = Matter.objects.get(pk=matter)
    assert row.closed_at == office.at
    assert row.outcome == "end"
    assert not Task.objects.filter(matter=matter, state=0).exists()
    acts_done = list(Entry.objects.filter(subject=row.number).values_list("act", flat=True))
    assert acts_done == ["open", *["complete"] * 7]
    assert list(verify()) == []


def test_a_number_counts_the_matters_of_the_day(office: Office) -> None:
    numbers = [Matter.objects.get(pk=office.open()).number for _ in range(3)]
    assert numbers == ["B-20261123-0001", "B-20261123-0002", "B-20261123-0003"]


def test_a_task_has_a_deadline_with_its_source(office: Office) -> None:
    task = Task.objects.get(matter=office.open(), node="t1")
    assert task.span == "5d"
    assert task.source == "local.default"
    assert office.at < task.amber_at < task.due_at


def test_a_task_done_already_is_not_done_again(office: Office) -> None:
    matter = office.open()
    task = office.task(matter, "t1")
    office.complete(matter, "t1")
    with pytest.raises(Refusal) as refused:
        door.act(acts.Complete(task, {"again": 0}), by=office.wang, at=office.at)
    assert refused.value.code == "door.already_done"


def test_another_centre_may_not_complete(office: Office) -> None:
    matter = office.open()
    with pytest.raises(Refusal) as refused:
        office.complete(matter, "t1", by=office.zhao)
    assert refused.value.code == "access.denied"


def test_a_colleague_may_not_complete_what_another_has_claimed(office: Office) -> None:
    matter = office.open()
    door.act(acts.Claim(office.task(matter, "t1")), by=office.wang, at=office.at)
    with pytest.raises(Refusal) as refused:
        office.complete(matter, "t1", by=office.li)
    assert refused.value.code == "access.denied"


def test_a_form_refuses_with_the_field_and_nothing_is_written(office: Office) -> None:
    matter = office.open()
    before = Entry.objects.count()
    act = acts.Complete(office.task(matter, "t1"), {"again": "twice"})
    with pytest.raises(Refusals) as refused:
        door.act(act, by=office.wang, at=office.at)
    assert [refusal.field for refusal in refused.value.refusals] == ["again"]
    assert Entry.objects.count() == before


def test_only_the_posts_of_a_start_may_open(office: Office) -> None:
    with pytest.raises(Refusal) as refused:
        door.act(acts.Open("bench.loop", {"title": "x"}, "open"), by=office.sun, at=office.at)
    assert refused.value.code == "access.denied"


def test_returning_cancels_the_open_branches_and_goes_back(office: Office) -> None:
    matter = office.open()
    office.complete(matter, "t1")
    office.complete(matter, "t2")
    act = acts.Return(office.task(matter, "t3"), "t1", "材料不全")
    door.act(act, by=office.wang, at=office.at)
    assert [task.node for task in Task.objects.filter(matter=matter, state=0)] == ["t1"]
    office.finish(matter)
    assert list(verify()) == []


@pytest.mark.parametrize(
    ("target", "reason", "code"),
    [("t1", " ", "door.reason"), ("t5", "材料不全", "door.target"), ("t3", "x", "door.target")],
)
def test_a_return_needs_a_reason_and_a_step_done(
    office: Office, target: str, reason: str, code: str
) -> None:
    matter = office.open()
    office.complete(matter, "t1")
    office.complete(matter, "t2")
    with pytest.raises(Refusal) as refused:
        act = acts.Return(office.task(matter, "t3"), target, reason)
        door.act(act, by=office.wang, at=office.at)
    assert refused.value.code == code


def test_one_may_withdraw_until_the_next_is_taken_up(office: Office) -> None:
    matter = office.open()
    done = office.task(matter, "t1")
    office.complete(matter, "t1")
    door.act(acts.Withdraw(done, "写错了"), by=office.wang, at=office.at)
    assert [task.node for task in Task.objects.filter(matter=matter, state=0)] == ["t1"]
    assert list(verify()) == []


def test_nothing_is_withdrawn_once_the_next_is_claimed(office: Office) -> None:
    matter = office.open()
    done = office.task(matter, "t1")
    office.complete(matter, "t1")
    door.act(acts.Claim(office.task(matter, "t2")), by=office.li, at=office.at)
    with pytest.raises(Refusal) as refused:
        door.act(acts.Withdraw(done), by=office.wang, at=office.at)
    assert refused.value.code == "door.taken_up"


def test_who_has_left_the_post_neither_withdraws_nor_gives_back(office: Office) -> None:
    held, matter = office.task(office.open(), "t1"), office.open()
    door.act(acts.Claim(held), by=office.wang, at=office.at)
    done = office.task(matter, "t1")
    office.complete(matter, "t1")
    gone = replace(office.wang, seats=())
    for act in (acts.Withdraw(done), acts.Release(held)):
        with pytest.raises(Refusal) as refused:
            door.act(act, by=gone, at=office.at)
        assert refused.value.code == "access.denied"


def test_nobody_withdraws_what_another_completed(office: Office) -> None:
    matter = office.open()
    done = office.task(matter, "t1")
    office.complete(matter, "t1")
    with pytest.raises(Refusal) as refused:
        door.act(acts.Withdraw(done), by=office.li, at=office.at)
    assert refused.value.code == "access.denied"


def test_a_timer_fires_when_it_has_come_and_only_once(office: Office) -> None:
    matter = office.open()
    for node in ("t1", "t2", "t3", "t4", "call/c1", "call/c2"):
        office.complete(matter, node)
    timer = Timer.objects.get(matter=matter)
    early = acts.Fire(matter, timer.token)
    assert door.act(early, by=CLOCK, at=office.at) is None
    assert door.act(early, by=CLOCK, at=timer.due_at) is not None
    assert door.act(early, by=CLOCK, at=timer.due_at) is None
    assert [task.node for task in Task.objects.filter(matter=matter, state=0)] == ["late"]
    assert list(verify()) == []


def test_a_clock_that_jumps_back_never_goes_before_the_last_entry(office: Office) -> None:
    matter = office.open()
    act = acts.Complete(office.task(matter, "t1"), {"again": 0})
    door.act(act, by=office.wang, at=office.at - timedelta(hours=3))
    number = Matter.objects.get(pk=matter).number
    instants = list(Entry.objects.filter(subject=number).values_list("at", flat=True))
    assert instants == sorted(instants)
    assert list(verify()) == []


def test_a_duplicate_is_merged_and_its_work_ends(office: Office) -> None:
    first, second = office.open("噪音"), office.open("又是噪音")
    door.act(acts.Merge(second, first, "同一件事"), by=office.sun, at=office.at)
    merged = Matter.objects.get(pk=second)
    assert (merged.merged_into_id, merged.outcome) == (first, "merged")
    assert not Task.objects.filter(matter=second, state=0).exists()
    assert Link.objects.get(matter=second).kind == "merged"
    assert list(verify()) == []


def test_nothing_is_merged_into_what_is_closed(office: Office) -> None:
    first, second = office.open(), office.open()
    office.finish(first)
    with pytest.raises(Refusal) as refused:
        door.act(acts.Merge(second, first, "同一件事"), by=office.sun, at=office.at)
    assert refused.value.code == "door.merge"


def test_what_is_closed_is_not_put_under_supervision(office: Office) -> None:
    matter = office.open()
    office.finish(matter)
    with pytest.raises(Refusal) as refused:
        door.act(acts.Supervise(matter, "请尽快"), by=office.sun, at=office.at)
    assert refused.value.code == "door.closed"


def test_what_a_return_has_undone_is_no_longer_a_step_to_return_to(office: Office) -> None:
    matter = office.open()
    for node in ("t1", "t2"):
        office.complete(matter, node)
    door.act(acts.Return(office.task(matter, "t3"), "t1", "缺材料"), by=office.wang, at=office.at)
    with pytest.raises(Refusal) as refused:
        door.act(acts.Return(office.task(matter, "t1"), "t2", "跳过"), by=office.wang, at=office.at)
    assert refused.value.code == "door.target"
    office.finish(matter)
    assert list(verify()) == []


def test_merging_is_refused_into_itself_without_reason_and_without_right(office: Office) -> None:
    first, second = office.open(), office.open()
    for act, by, code in [
        (acts.Merge(first, first, "x"), office.sun, "door.merge"),
        (acts.Merge(first, second, ""), office.sun, "door.reason"),
        (acts.Merge(first, second, "x"), office.wang, "access.denied"),
    ]:
        with pytest.raises(Refusal) as refused:
            door.act(act, by=by, at=office.at)
        assert refused.value.code == code


def test_a_late_task_is_warned_of_twice_and_no_more(office: Office) -> None:
    matter = office.open()
    task = Task.objects.get(matter=matter)
    assert door.act(acts.Warn(task.pk), by=CLOCK, at=task.amber_at) is not None
    assert door.act(acts.Warn(task.pk), by=CLOCK, at=task.amber_at) is None
    assert door.act(acts.Warn(task.pk), by=CLOCK, at=task.due_at) is not None
    kinds = Notice.objects.filter(matter=matter).values_list("kind", flat=True)
    assert sorted(set(kinds)) == ["amber", "late"]
    assert list(verify()) == []


def test_nobody_is_warned_before_the_time_and_by_no_officer(office: Office) -> None:
    matter = office.open()
    task = Task.objects.get(matter=matter)
    assert door.act(acts.Warn(task.pk), by=CLOCK, at=office.at) is None
    for act in (acts.Warn(task.pk), acts.Fire(matter, 1)):
        with pytest.raises(Refusal) as refused:
            door.act(act, by=office.wang, at=task.due_at)
        assert refused.value.code == "access.denied"
    assert not Notice.objects.filter(matter=matter).exists()


def test_a_message_that_nobody_waits_for_is_refused(office: Office) -> None:
    with pytest.raises(Refusal) as refused:
        door.act(acts.Deliver(office.open(), "reply"), by=CLOCK, at=office.at)
    assert refused.value.code == "door.no_subscription"


def test_no_matter_and_no_task_are_refused_kindly(office: Office) -> None:
    for act in (acts.Complete(10**9), acts.Comment(10**9, "x")):
        with pytest.raises(Refusal) as refused:
            door.act(act, by=office.wang, at=office.at)
        assert refused.value.code in ("door.no_task", "door.no_matter")
