"""A matter's clock stands still and runs on: nothing is due meanwhile, every deadline moves."""

from datetime import timedelta

import pytest

from qianshou.kernel import door, worker
from qianshou.kernel.access import CLOCK
from qianshou.kernel.calendar import NEVER, resume
from qianshou.kernel.door import acts
from qianshou.kernel.ledger.replay import verify
from qianshou.kernel.procedures.versions import publish
from qianshou.kernel.refusal import Refusal
from qianshou.kernel.registry.workdays import work_calendar
from qianshou.kernel.worklist.models import Matter, Notice, Task, Timer
from tests.kernel.conftest import LOOP, Office
from tests.properties.drawings import made, sources


def refused(office: Office, act: acts.Act, by: str = "wang") -> str:
    with pytest.raises(Refusal) as told:
        door.act(act, by=getattr(office, by), at=office.at)
    return told.value.code


def test_deadlines_move_by_all_the_pauses(office: Office) -> None:
    matter = office.open()
    start, pauses = office.at, []
    for days in (2, 3):
        office.at += timedelta(days=1)
        door.act(acts.Suspend(matter, "等鉴定意见"), by=office.wang, at=office.at)
        begun = office.at
        office.at += timedelta(days=days)
        door.act(acts.Resume(matter, "意见已到"), by=office.wang, at=office.at)
        pauses.append((begun, office.at))
    task = Task.objects.get(matter=matter, state=0)
    assert task.due_at == resume(start, task.span, pauses, work_calendar()).at
    assert office.at < task.amber_at < task.due_at
    assert list(verify()) == []
    office.finish(matter)
    assert list(verify()) == []


def test_nothing_is_due_and_no_timer_fires_while_the_clock_stands(office: Office) -> None:
    matter = office.open()
    for node in ("t1", "t2", "t3", "t4", "call/c1", "call/c2"):
        office.complete(matter, node)
    door.act(acts.Suspend(matter, "等材料"), by=office.wang, at=office.at)
    assert list(verify()) == []
    worker.tick(office.at + timedelta(days=400))
    assert not Notice.objects.filter(matter=matter).exists()
    timer = Timer.objects.get(matter=matter)
    assert timer.due_at == NEVER
    office.at += timedelta(days=10)
    door.act(acts.Resume(matter), by=office.wang, at=office.at)
    timer.refresh_from_db()
    assert timer.due_at < NEVER
    assert door.act(acts.Fire(matter, timer.token), by=CLOCK, at=timer.due_at) is not None
    assert list(verify()) == []


def test_what_is_suspended_is_not_worked_on(office: Office) -> None:
    matter = office.open()
    task = office.task(matter, "t1")
    door.act(acts.Suspend(matter, "等材料"), by=office.sun, at=office.at)
    assert refused(office, acts.Complete(task, {"again": 0})) == "door.suspended"
    assert refused(office, acts.Claim(task)) == "door.suspended"
    assert refused(office, acts.Suspend(matter, "再等")) == "door.suspended"
    assert Matter.objects.get(pk=matter).suspended_at == office.at
    door.act(acts.Comment(matter, "还在等"), by=office.wang, at=office.at)


def test_nothing_is_withdrawn_while_the_clock_stands(office: Office) -> None:
    matter = office.open()
    done = office.task(matter, "t1")
    office.complete(matter, "t1")
    door.act(acts.Suspend(matter, "等材料"), by=office.sun, at=office.at)
    assert refused(office, acts.Withdraw(done)) == "door.suspended"
    assert set(Task.objects.filter(matter=matter, state=0).values_list("due_at")) == {(NEVER,)}


WAITS = """
and apart
and meet
message told
end e
s > apart
apart > t1 > meet
apart > told > t2 > meet
meet > e
"""


def test_what_opens_while_the_clock_stands_is_due_only_when_it_runs_again(office: Office) -> None:
    publish(LOOP, sources(made(WAITS, LOOP), {}), at=office.at, own=True)
    matter = office.open()
    door.act(acts.Suspend(matter, "等材料"), by=office.wang, at=office.at)
    heard = office.at + timedelta(days=2)
    door.act(acts.Deliver(matter, "told"), by=CLOCK, at=heard)
    task = Task.objects.get(matter=matter, node="t2")
    assert (task.due_at, task.amber_at) == (NEVER, NEVER)
    assert list(verify()) == []
    again = heard + timedelta(days=7)
    door.act(acts.Resume(matter), by=office.wang, at=again)
    task.refresh_from_db()
    assert task.due_at == resume(heard, task.span, [(heard, again)], work_calendar()).at
    assert list(verify()) == []


def test_suspending_is_refused_to_strangers_without_a_reason_and_when_closed(
    office: Office,
) -> None:
    matter = office.open()
    assert refused(office, acts.Suspend(matter, "x"), "zhao") == "access.denied"
    assert refused(office, acts.Suspend(matter, " ")) == "door.text"
    assert refused(office, acts.Resume(matter)) == "door.not_suspended"
    office.finish(matter)
    assert refused(office, acts.Suspend(matter, "x"), "sun") == "door.closed"
