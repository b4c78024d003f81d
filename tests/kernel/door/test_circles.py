"""The door answers whoever is outside a matter's circle as if there were no such matter."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from qianshou.kernel import door
from qianshou.kernel.access import (
    Actor,
    Standing,
    circles_of,
    may_see,
    members_of,
    not_hidden,
    seats_allowed,
)
from qianshou.kernel.door import acts
from qianshou.kernel.ledger.models import Entry
from qianshou.kernel.ledger.replay import verify
from qianshou.kernel.refusal import Refusal
from qianshou.kernel.registry.models import Circle, CircleMember, Officer
from qianshou.kernel.worklist.lists import count_tasks, linked_matters, list_tasks, see_matters
from qianshou.kernel.worklist.models import Matter, Notice, Task
from qianshou.kernel.worklist.notices import notices_for
from qianshou.kernel.worklist.stays import stays_of
from tests.kernel.conftest import QUIET, Quiet

NOWHERE = 987_654_321
OF_TASKS: list[Callable[[int], acts.Act]] = [
    lambda task: acts.Claim(task),
    lambda task: acts.Release(task),
    lambda task: acts.Complete(task, {}),
    lambda task: acts.Transfer(task, 1, "出差"),
    lambda task: acts.Return(task, "visit", "重办"),
    lambda task: acts.Withdraw(task),
]
OF_MATTERS: list[Callable[[int], acts.Act]] = [
    lambda matter: acts.Urge(matter),
    lambda matter: acts.Supervise(matter, "三日内办结"),
    lambda matter: acts.Suspend(matter, "等材料"),
    lambda matter: acts.Resume(matter),
    lambda matter: acts.Comment(matter, "已阅"),
    lambda matter: acts.Attach(matter, ()),
    lambda matter: acts.Disclose(matter, "sealed", "走访"),
    lambda matter: acts.Deliver(matter, "found"),
    lambda matter: acts.Link(matter, NOWHERE + 1),
    lambda matter: acts.Merge(matter, NOWHERE + 1, "重复"),
]


def answer(act: acts.Act, by: Actor, quiet: Quiet) -> tuple[str, str, str, str | None]:
    """Return everything that a refusal says."""
    with pytest.raises(Refusal) as refused:
        door.act(act, by=by, at=quiet.at)
    return refused.value.code, refused.value.zh, refused.value.en, refused.value.field


@pytest.mark.parametrize("who", ["li", "sun"])
def test_no_act_on_it_is_answered_otherwise_than_on_nothing(quiet: Quiet, who: str) -> None:
    by: Actor = getattr(quiet, who)
    matter = quiet.open()
    task = Task.objects.get(matter=matter).pk
    for make in OF_TASKS:
        assert answer(make(task), by, quiet) == answer(make(NOWHERE), by, quiet)
    for make in OF_MATTERS:
        found = answer(make(matter), by, quiet)
        assert found == answer(make(NOWHERE), by, quiet)
        assert found[0] == "door.no_matter"


def test_a_resident_s_receipt_opens_its_own_matter_only(quiet: Quiet) -> None:
    receipt = "d" * 64
    opened = door.act(replace(quiet.opening(), receipt=receipt), by=quiet.wang, at=quiet.at)
    assert opened is not None
    mine, other = Actor("resident", receipt=receipt), Actor("resident", receipt="e" * 64)
    assert answer(acts.Comment(opened.matter, "好"), other, quiet)[0] == "door.no_matter"
    assert door.act(acts.Comment(opened.matter, "好"), by=mine, at=quiet.at)


def test_members_in_person_and_by_seat_see_it_and_nobody_else(quiet: Quiet) -> None:
    matter = quiet.open()
    seen = [
        bool(see_matters(by).filter(pk=matter))
        for by in (quiet.wang, quiet.zhao, quiet.li, quiet.sun)
    ]
    assert seen == [True, True, False, False]
    standing = Standing("bench.quiet", "1.", frozenset(), circle=members_of(quiet.circle))
    assert [may_see(by, standing) for by in (quiet.wang, quiet.zhao, quiet.li, quiet.sun)] == seen


def test_lists_counts_and_stays_leave_it_out(quiet: Quiet) -> None:
    quiet.open(cadre=quiet.li.officer)
    for which in ("mine", "post", "organisation"):
        assert list_tasks(which, quiet.li, at=quiet.at).rows == []
    assert set(count_tasks(quiet.li, at=quiet.at).values()) == {0}
    assert count_tasks(quiet.wang, at=quiet.at)["organisation"] == 1
    assert stays_of(QUIET, quiet.sun, at=quiet.at) == {}
    assert stays_of(QUIET, quiet.wang, at=quiet.at)["visit"].open == 1


def test_a_seat_outside_is_told_nothing_even_by_name(quiet: Quiet) -> None:
    matter = quiet.open()
    door.act(acts.Urge(matter), by=quiet.wang, at=quiet.at)
    Notice.objects.update(officer=quiet.li.officer)
    assert not notices_for(quiet.li).exists()
    Notice.objects.update(officer=quiet.wang.officer)
    assert notices_for(quiet.wang).exists()


def test_those_told_of_a_late_task_are_the_circle_s_own_seats(quiet: Quiet) -> None:
    standing = Standing("bench.quiet", "1.", frozenset(), circle=members_of(quiet.circle))
    assert seats_allowed("supervise", standing) == set()
    CircleMember.objects.create(
        circle_id=quiet.circle, role="lead", officer_id=quiet.sun.officer, from_date=quiet.at.date()
    )
    standing = Standing("bench.quiet", "1.", frozenset(), circle=members_of(quiet.circle))
    assert {post for _organisation, post in seats_allowed("supervise", standing)} == {"quiet_head"}


def test_a_task_goes_to_nobody_outside(quiet: Quiet) -> None:
    task = Task.objects.get(matter=quiet.open(cadre=quiet.wang.officer)).pk
    assert quiet.li.officer
    act = acts.Transfer(task, quiet.li.officer, "出差")
    assert answer(act, quiet.wang, quiet)[0] == "door.no_holder"


def test_a_link_is_kept_inside_and_never_names_it_outside(quiet: Quiet) -> None:
    secret = quiet.open()
    plain = door.act(acts.Open(QUIET, {"title": "公开"}, "quiet"), by=quiet.wang, at=quiet.at)
    assert plain is not None
    assert answer(acts.Link(plain.matter, secret), quiet.wang, quiet)[0] == "door.circle"
    door.act(acts.Link(secret, plain.matter), by=quiet.wang, at=quiet.at)
    assert [row.pk for row in linked_matters(plain.matter, quiet.wang)] == [secret]
    assert list(linked_matters(plain.matter, quiet.li)) == []
    number = Matter.objects.get(pk=secret).number
    assert not Entry.objects.filter(subject=plain.number, body__contains=number).exists()


def test_matters_of_different_circles_are_not_merged(quiet: Quiet) -> None:
    CircleMember.objects.create(
        circle_id=quiet.circle, role="lead", officer_id=quiet.sun.officer, from_date=quiet.at.date()
    )
    secret = quiet.open()
    plain = door.act(acts.Open(QUIET, {"title": "公开"}, "quiet"), by=quiet.wang, at=quiet.at)
    assert plain is not None
    for one, other in ((secret, plain.matter), (plain.matter, secret)):
        assert answer(acts.Merge(one, other, "重复"), quiet.sun, quiet)[0] == "door.merge"
    again = quiet.open()
    door.act(acts.Merge(again, secret, "重复"), by=quiet.sun, at=quiet.at)
    assert list(verify()) == []


def test_a_membership_that_is_over_counts_no_more(quiet: Quiet) -> None:
    matter = quiet.open()
    CircleMember.objects.filter(officer=quiet.wang.officer).update(to_date=quiet.at.date())
    assert answer(acts.Comment(matter, "已阅"), quiet.wang, quiet)[0] == "door.no_matter"
    assert not see_matters(quiet.wang).filter(pk=matter).exists()


def test_what_points_at_a_matter_is_narrowed_like_the_matter(quiet: Quiet) -> None:
    quiet.open()
    tasks = Task.objects.filter(not_hidden(quiet.li, "matter__"))
    assert not tasks.exists()
    assert Task.objects.filter(not_hidden(quiet.zhao, "matter__")).exists()
    assert Circle.objects.count() == 1


def test_the_circle_stands_in_the_opening_entry(quiet: Quiet) -> None:
    matter = quiet.open()
    other = Circle.objects.create(about="other")
    Matter.objects.filter(pk=matter).update(circle=other)
    assert ["知情范围" in problem.zh for problem in verify()] == [True]


def test_whoever_sits_nowhere_any_more_is_in_no_circle(quiet: Quiet) -> None:
    circle = Circle.objects.create(about="child")
    officer = Officer.objects.get(pk=quiet.wang.officer or 0)
    CircleMember.objects.create(
        circle=circle, officer=officer, role="cadre", from_date=quiet.at.date()
    )
    assert members_of(circle.pk).hold(quiet.wang)
    gone = replace(quiet.wang, seats=())
    assert not members_of(circle.pk).hold(gone)
    assert not circles_of(gone).exists()


@pytest.mark.parametrize("circle", [None, NOWHERE])
def test_nobody_opens_into_a_circle_to_which_they_do_not_belong(
    quiet: Quiet, circle: int | None
) -> None:
    act = replace(quiet.opening(), circle=circle or quiet.circle)
    with pytest.raises(Refusal) as refused:
        door.act(act, by=quiet.li, at=quiet.at)
    assert refused.value.code == "access.denied"
    assert door.act(quiet.opening(), by=quiet.zhao, at=quiet.at) is not None
