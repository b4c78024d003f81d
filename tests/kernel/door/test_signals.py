"""A signal that one matter throws reaches all that wait for it, and every start that it sets off."""

from dataclasses import replace
from datetime import timedelta

import pytest

from qianshou.kernel import door
from qianshou.kernel.access import CLOCK, actor_of
from qianshou.kernel.calendar import NEVER, resume
from qianshou.kernel.check import check_pack
from qianshou.kernel.door import acts, opening
from qianshou.kernel.ledger.replay import verify
from qianshou.kernel.outbox import carry_out
from qianshou.kernel.pack import Pack, packs
from qianshou.kernel.registry.models import Officer, Organisation, Posting
from qianshou.kernel.registry.workdays import work_calendar
from qianshou.kernel.worklist.clockwork import due_timers
from qianshou.kernel.worklist.models import Matter, Subscription, Task, Timer
from qianshou.kernel.worklist.notices import notices_for
from tests.kernel.conftest import Office, add_packs, make_office


@pytest.fixture
def siren_pack(settings):
    yield from add_packs(settings, "benchmarks.packs.bench.loop", "tests.kernel.packs.bench.siren")


@pytest.fixture
def siren(db, siren_pack, at):
    office = make_office(at)
    wang = Officer.objects.get(username="wang")
    first = Organisation.objects.get(code="first")
    Posting.objects.create(
        officer=wang, post_id="siren_seat", organisation=first, from_date=at.date()
    )
    office.wang = actor_of(wang, at)
    return office


def begin(office: Office, name: str) -> int:
    receipt = door.act(
        acts.Open(f"bench.{name}", {"title": name}, name), by=office.wang, at=office.at
    )
    assert receipt is not None
    return receipt.matter


def test_a_signal_reaches_every_matter_and_every_start_once(siren: Office) -> None:
    waiting = [begin(siren, "drill"), begin(siren, "drill")]
    assert set(Subscription.objects.values_list("message", flat=True)) == {"signal:alarm"}
    assert list(verify()) == []
    begin(siren, "siren")
    watch = Task.objects.get(node="watch")
    door.act(acts.Complete(watch.pk, {"title": "x"}), by=siren.wang, at=siren.at)
    assert not Task.objects.filter(node="gather").exists()
    assert carry_out(siren.at) == 1
    assert carry_out(siren.at) == 3
    gathered = Task.objects.filter(node="gather", state=0).values_list("matter", flat=True)
    assert set(waiting) < set(gathered)
    assert len(gathered) == 3
    assert not Subscription.objects.exists()
    begun = Matter.objects.get(pk=(set(gathered) - set(waiting)).pop())
    assert begun.organisation.code == "first"
    assert carry_out(siren.at) == 0
    fire_and_finish(siren, begun.pk)
    assert list(verify()) == []


def test_what_comes_while_the_clock_stands_runs_from_the_resuming_on(siren: Office) -> None:
    drill, start = begin(siren, "drill"), siren.at
    door.act(acts.Suspend(drill, "等材料"), by=siren.wang, at=start)
    came, resumed = start + timedelta(days=4), start + timedelta(days=20)
    door.act(acts.Deliver(drill, "signal:alarm"), by=CLOCK, at=came)
    task, timer = Task.objects.get(matter=drill, state=0), Timer.objects.get(matter=drill)
    assert task.due_at == task.amber_at == timer.due_at == NEVER
    assert list(verify()) == []
    door.act(acts.Resume(drill), by=siren.wang, at=resumed)
    task.refresh_from_db()
    timer.refresh_from_db()
    stood = [(came, resumed)]
    assert task.due_at == resume(came, task.span, stood, work_calendar()).at
    assert timer.due_at == resume(came, timer.span, stood, work_calendar()).at
    assert resumed < task.amber_at < task.due_at
    assert list(verify()) == []


def fire_and_finish(office: Office, drill: int) -> None:
    """Let an event sub-process's timer come in one drill, then finish it: nothing listens on."""
    later = office.at + timedelta(days=5)
    assert [one for one in due_timers(later) if one[0] == drill]
    token = Timer.objects.get(matter=drill).token
    door.act(acts.Fire(drill, token), by=CLOCK, at=later)
    for node in ("gather", "remind"):
        task = Task.objects.get(matter=drill, node=node, state=0)
        door.act(acts.Complete(task.pk, {}), by=office.wang, at=later)
    assert Matter.objects.get(pk=drill).outcome == "end"
    other = Task.objects.filter(node="gather", state=0).first()
    assert other is not None
    assert Timer.objects.filter(matter=other.matter).count() == 1
    door.act(acts.Complete(other.pk, {}), by=office.wang, at=later)
    assert Matter.objects.get(pk=other.matter.pk).outcome == "end"
    assert not Timer.objects.filter(matter=other.matter).exists()


def test_a_matter_that_went_on_meanwhile_hears_nothing(siren: Office) -> None:
    drill = begin(siren, "drill")
    begin(siren, "siren")
    watch = Task.objects.get(node="watch")
    door.act(acts.Complete(watch.pk, {"title": "x"}), by=siren.wang, at=siren.at)
    carry_out(siren.at)
    door.act(acts.Deliver(drill, "signal:alarm"), by=siren.wang, at=siren.at)
    assert carry_out(siren.at) == 2
    assert Task.objects.filter(node="gather", matter=drill).count() == 1


def test_the_small_pack_is_in_order(siren_pack: None) -> None:
    assert check_pack(next(one for one in packs() if one.id == "bench.siren")) == []


def test_a_start_by_signal_that_asks_for_something_is_told_and_tells(siren, monkeypatch) -> None:
    pack = next(one for one in packs() if one.id == "bench.siren")
    begin(siren, "siren")
    door.act(acts.Complete(Task.objects.get(node="watch").pk, {}), by=siren.wang, at=siren.at)
    form = pack.form("open")
    asking = replace(form, fields=tuple(replace(one, required=True) for one in form.fields))
    monkeypatch.setattr(Pack, "form", lambda _pack, _name: asking)
    (problem,) = check_pack(pack)
    assert (problem.code, problem.field) == ("check.pack", "alarmed")
    monkeypatch.setattr(opening, "form_of", lambda _digest, _name: asking)
    assert [carry_out(siren.at), carry_out(siren.at)] == [1, 1]
    assert not Matter.objects.filter(procedure="bench.drill").exists()
    assert "“警报”" in notices_for(siren.wang).get(kind="signal").text
