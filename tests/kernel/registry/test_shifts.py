"""Shifts: gaps, hand-over and taking over, with Wang and Li of the first centre."""

from datetime import timedelta

import pytest

from qianshou.kernel.access import Actor
from qianshou.kernel.door.registering import history_of
from qianshou.kernel.door.shifts import acknowledge, hand_over, may_schedule
from qianshou.kernel.refusal import Refusal
from qianshou.kernel.registry.models import Organisation, Shift
from qianshou.kernel.registry.shifts import gaps_between
from tests.kernel.conftest import Office

HOURS = timedelta(hours=1)


def shift(office: Office, who: Actor, start: int, end: int, post: str = "bench_seat") -> Shift:
    return Shift.objects.create(
        organisation=Organisation.objects.get(code="first"),
        post_id=post,
        officer_id=who.officer or 0,
        starts_at=office.at + start * HOURS,
        ends_at=office.at + end * HOURS,
    )


def refused(code: str):
    return pytest.raises(Refusal, check=lambda refusal: refusal.code == code)


@pytest.mark.parametrize(
    ("spans", "gaps"),
    [
        ([], [(0, 24)]),
        ([(0, 24)], []),
        ([(-5, 30)], []),
        ([(2, 4), (3, 8), (10, 12)], [(0, 2), (8, 10), (12, 24)]),
        ([(2, 20), (3, 5)], [(0, 2), (20, 24)]),
        ([(24, 30)], [(0, 24)]),
        ([(0, 8), (8, 16), (16, 24)], []),
    ],
)
def test_gaps_are_what_no_span_covers(spans: list, gaps: list, at) -> None:
    def moved(pairs: list) -> list:
        return [(at + first * HOURS, at + last * HOURS) for first, last in pairs]

    assert gaps_between(moved(spans), at, at + 24 * HOURS) == moved(gaps)


def test_a_shift_is_handed_over_and_taken_over_in_the_ledger(office: Office) -> None:
    mine = shift(office, office.wang, 0, 8)
    shift(office, office.li, 8, 16)
    hand_over(mine, " 三号点位有噪音投诉 ", by=office.wang, at=office.at + 8 * HOURS)
    done = acknowledge(mine, by=office.li, at=office.at + 9 * HOURS)
    assert done.hand_over_note == "三号点位有噪音投诉"
    assert done.acknowledged_by_id == office.li.officer
    handed, taken = history_of(mine)
    assert (handed["by"]["id"], taken["by"]["id"]) == (
        office.wang.officer,
        office.li.officer,
    )
    assert taken["after"]["acknowledged_by"] == office.li.officer


def test_a_hand_over_needs_its_officer_its_time_and_a_note(office: Office) -> None:
    mine = shift(office, office.wang, 1, 8)
    with refused("access.denied"):
        hand_over(mine, "无", by=office.li, at=office.at + 2 * HOURS)
    with refused("shift.not_started"):
        hand_over(mine, "无", by=office.wang, at=office.at)
    with refused("shift.note"):
        hand_over(mine, "  ", by=office.wang, at=office.at + 2 * HOURS)
    hand_over(mine, "无", by=office.wang, at=office.at + 2 * HOURS)
    with refused("shift.handed_over"):
        hand_over(mine, "又", by=office.wang, at=office.at + 2 * HOURS)


def test_only_somebody_of_the_next_shift_takes_over_once(office: Office) -> None:
    mine = shift(office, office.wang, 0, 8)
    shift(office, office.li, 7, 16)
    shift(office, office.sun, 16, 24)
    with refused("shift.not_handed_over"):
        acknowledge(mine, by=office.li, at=office.at)
    hand_over(mine, "无", by=office.wang, at=office.at)
    for other in (office.sun, office.wang, office.zhao):
        with refused("access.denied"):
            acknowledge(mine, by=other, at=office.at)
    acknowledge(mine, by=office.li, at=office.at)
    with refused("shift.acknowledged"):
        acknowledge(mine, by=office.li, at=office.at)


def test_the_last_shift_has_nobody_to_take_over(office: Office) -> None:
    mine = shift(office, office.wang, 0, 8)
    hand_over(mine, "无", by=office.wang, at=office.at)
    with refused("access.denied"):
        acknowledge(mine, by=office.li, at=office.at)


def test_planning_needs_a_seat_there_that_plans_or_reaches_the_division(office: Office) -> None:
    seat = office.wang.seats[0]
    for changes, allowed in (
        ({}, False),
        ({"acts": frozenset({"roster"})}, True),
        ({"reach": "division"}, True),
        ({"reach": "district"}, False),
        ({"acts": frozenset({"roster"}), "organisation": seat.organisation + 1}, False),
    ):
        told = {**vars(seat), "reach": "organisation", **changes}
        by = Actor("officer", 1, "王芳", seats=(type(seat)(**told),))
        assert may_schedule(by, seat.organisation) is allowed
