"""Standing in for an officer: their tasks in one's own list, both names in the ledger, no more."""

from datetime import timedelta

import pytest

from qianshou.kernel import door
from qianshou.kernel.access import Actor, actor_of, may_act, may_see
from qianshou.kernel.door import acts
from qianshou.kernel.door.substituting import (
    Wanted,
    declare_substitution,
    end_substitution,
    substitutions_seen,
)
from qianshou.kernel.door.turn import load_matter, standing_of
from qianshou.kernel.ledger.read import entries_of
from qianshou.kernel.ledger.replay import verify
from qianshou.kernel.refusal import Refusal
from qianshou.kernel.registry.models import CircleMember, Officer, Posting, Substitution
from qianshou.kernel.worklist.lists import count_tasks, list_tasks, see_matters
from qianshou.kernel.worklist.models import Matter, Task
from qianshou.kernel.worklist.notices import count_unread, notices_for
from tests.kernel.conftest import Office, Quiet


def officer(actor: Actor) -> Officer:
    return Officer.objects.get(pk=actor.officer or 0)


def stand_in(office: Office | Quiet, principal: Actor, other: Actor, pack: str = "") -> Actor:
    """Let `other` stand in for `principal` this week, and return them as they are now."""
    day = office.at.date()
    Substitution.objects.create(
        principal=officer(principal), substitute=officer(other), pack=pack, from_date=day,
        to_date=day + timedelta(days=6), reason="休假",
    )  # fmt: skip
    return actor_of(officer(other), office.at)


def test_a_substitute_sees_and_does_the_tasks_and_both_are_written_down(office: Office) -> None:
    matter, free = office.open(), office.open()
    door.act(acts.Claim(office.task(matter, "t1")), by=office.wang, at=office.at)
    assert not list_tasks("mine", office.zhao, at=office.at).rows
    zhao = stand_in(office, office.wang, office.zhao, "bench.loop")
    assert {row.matter for row in list_tasks("mine", zhao, at=office.at).rows} == {matter, free}
    assert count_tasks(zhao, at=office.at)["mine"] == 2
    assert set(see_matters(zhao).values_list("pk", flat=True)) == {matter, free}
    assert may_see(zhao, standing_of(load_matter(matter)))
    office.complete(matter, "t1", by=zhao)
    by = entries_of(Matter.objects.get(pk=matter).number)[-1]["by"]
    assert (by["name"], by["on_behalf_of"]) == ("赵敏", {"id": office.wang.officer, "name": "王芳"})
    assert by["organisation"] == office.wang.seats[0].organisation
    door.act(acts.Claim(office.task(free, "t1")), by=zhao, at=office.at)
    assert Task.objects.get(matter=free).assignee_id == office.wang.officer
    door.act(acts.Release(office.task(free, "t1")), by=zhao, at=office.at)
    door.act(acts.Suspend(free, "补材料"), by=zhao, at=office.at)
    assert entries_of(Matter.objects.get(pk=free).number)[-1]["by"]["on_behalf_of"]
    assert list(verify()) == []


def test_notices_go_to_both_and_one_s_own_tasks_are_done_in_one_s_own_name(office: Office) -> None:
    matter = office.open()
    door.act(acts.Claim(office.task(matter, "t1")), by=office.wang, at=office.at)
    door.act(acts.Urge(matter), by=office.li, at=office.at)
    zhao = stand_in(office, office.wang, office.zhao)
    for reader in (office.wang, zhao):
        assert count_unread(reader) == 1
        assert notices_for(reader).get().kind == "urge"
    li = stand_in(office, office.wang, office.li)
    free = office.open()
    office.complete(free, "t1", by=li)
    assert "on_behalf_of" not in entries_of(Matter.objects.get(pk=free).number)[-1]["by"]


def test_a_substitute_gains_no_act_of_a_seat_nor_another_pack(office: Office) -> None:
    matter = office.open()
    li = stand_in(office, office.sun, office.zhao)
    assert not may_act(li, "supervise", standing_of(load_matter(matter)))
    assert not stand_in(office, office.wang, office.sun, "police.gate").principals
    with pytest.raises(Refusal):
        door.act(acts.Supervise(matter, "x"), by=li, at=office.at)


def test_it_lasts_its_days_and_does_not_go_on(office: Office) -> None:
    zhao = stand_in(office, office.wang, office.zhao)
    assert zhao.principals
    assert not actor_of(officer(zhao), office.at + timedelta(days=7)).principals
    assert not actor_of(officer(zhao), office.at - timedelta(days=1)).principals
    sun = stand_in(office, office.zhao, office.sun)
    assert [one.name for one in sun.principals] == ["赵敏"]
    Posting.objects.filter(officer=office.zhao.officer).delete()
    assert not actor_of(officer(zhao), office.at).principals


def test_a_circle_stays_closed_to_a_substitute_outside_it(quiet: Quiet) -> None:
    matter = quiet.open()
    task = Task.objects.get(matter=matter).pk
    li = stand_in(quiet, quiet.wang, quiet.li)
    assert not list_tasks("mine", li, at=quiet.at).rows
    assert not see_matters(li).exists()
    with pytest.raises(Refusal) as refused:
        door.act(acts.Claim(task), by=li, at=quiet.at)
    assert refused.value.code == "door.no_task"
    CircleMember.objects.create(
        circle_id=quiet.circle, role="cadre", officer=officer(li), from_date=quiet.at.date()
    )
    assert list_tasks("mine", li, at=quiet.at).rows


def wanted(office: Office, **changed: object) -> Wanted:
    day = office.at.date()
    told: dict[str, object] = {
        "principal": officer(office.wang), "substitute": officer(office.li), "pack": "",
        "from_date": day, "to_date": day, "reason": "休假", **changed,
    }  # fmt: skip
    return Wanted(**told)  # type: ignore[arg-type]


def test_an_officer_declares_and_either_of_the_two_ends_it(office: Office) -> None:
    row = declare_substitution(wanted(office), by=office.wang, at=office.at)
    assert count_unread(office.li) == count_unread(office.wang) == 1
    assert list(substitutions_seen(office.li, office.at)) == [row]
    assert not substitutions_seen(office.zhao, office.at)
    with pytest.raises(Refusal) as denied:
        end_substitution(row, by=office.zhao, at=office.at)
    assert denied.value.code == "access.denied"
    end_substitution(row, by=office.li, at=office.at)
    assert not actor_of(officer(office.li), office.at).principals
    with pytest.raises(Refusal) as refused:
        end_substitution(row, by=office.wang, at=office.at)
    assert refused.value.code == "substitution.ended"
    assert list(verify()) == []


def test_who_gives_posts_declares_for_others_and_for_strangers(office: Office) -> None:
    security = Actor("officer", office.sun.officer, "孙安全", "security")
    declare_substitution(wanted(office, substitute=officer(office.zhao)), by=security, at=office.at)
    assert actor_of(officer(office.zhao), office.at).principals
    with pytest.raises(Refusal) as refused:
        declare_substitution(wanted(office), by=office.zhao, at=office.at)
    assert refused.value.code == "access.denied"


@pytest.mark.parametrize(
    ("changed", "code", "field"),
    [
        ({"principal": None}, "substitution.officer", "principal"),
        ({"substitute": None}, "substitution.officer", "substitute"),
        ({"substitute": "wang"}, "substitution.self", "substitute"),
        ({"substitute": "zhao"}, "substitution.colleague", "substitute"),
        ({"pack": "no.such"}, "substitution.pack", "pack"),
        ({"from_date": None}, "substitution.days", "from_date"),
        ({"to_date": -1}, "substitution.days", "to_date"),
        ({"to_date": 367}, "substitution.days", "to_date"),
        ({"reason": " "}, "substitution.reason", "reason"),
    ],
)
def test_what_is_declared_is_checked(
    office: Office, changed: dict[str, object], code: str, field: str
) -> None:
    for name, value in changed.items():
        if isinstance(value, int):
            changed = {name: office.at.date() + timedelta(days=value)}
        elif name == "substitute" and value:
            changed = {name: Officer.objects.get(username=value)}
    with pytest.raises(Refusal) as refused:
        declare_substitution(wanted(office, **changed), by=office.wang, at=office.at)
    assert (refused.value.code, refused.value.field) == (code, field)
