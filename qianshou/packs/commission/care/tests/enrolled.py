"""Enrolled girls with their town's department and their cadre, and the acts of the cast on them."""

from datetime import date, datetime, timedelta
from typing import Any

from qianshou.kernel import door
from qianshou.kernel.access import CLOCK
from qianshou.kernel.clock import CHINA
from qianshou.kernel.door import acts
from qianshou.kernel.door.registering import change_row
from qianshou.kernel.registry.models import (
    Division,
    Officer,
    Organisation,
    Pairing,
    Post,
    Posting,
)
from qianshou.kernel.worklist.models import Task
from qianshou.packs.commission.care.circle import CADRE, add_officer
from qianshou.packs.commission.care.models import Child
from qianshou.packs.commission.care.pairing import DEPARTMENT
from qianshou.packs.commission.care.tests.children import actor, make_child, village


def pair(at: datetime, code: str = "justice", town: Division | None = None) -> Pairing:
    """Let a department stand by a town (Longshui)."""
    values = {
        "kind": DEPARTMENT,
        "organisation": Organisation.objects.get(code=code),
        "division": town or village().parent,
        "from_date": at.astimezone(CHINA).date(),
    }
    return change_row(Pairing(), values, by=CLOCK, at=at)


def enrolled(at: datetime, order: int = 2, cadre: str = "lin_yue", **given: Any) -> Child:
    """Return an enrolled girl of the cast's village, with a cadre unless "" is said."""
    birth = date(2016, 5, 1) + timedelta(days=order)
    child = make_child(at, birth=birth, order=order, **given)
    day = at.astimezone(CHINA).date()
    values = {"state": "enrolled", "enrolled_on": day, "updated_on": day}
    change_row(child, values, by=CLOCK, at=at)
    if cadre:
        officer = Officer.objects.get(username=cadre)
        add_officer(child.circle, CADRE, officer, by=CLOCK, at=at)
    return Child.objects.select_related("circle", "town", "village__parent").get(pk=child.pk)


def appoint(username: str, post: str, code: str, at: datetime) -> Officer:
    """Let somebody hold a post at an organisation; return them."""
    officer = Officer.objects.get(username=username)
    Posting.objects.create(
        officer=officer,
        post=Post(pk=post),
        organisation=Organisation.objects.get(code=code),
        from_date=at.astimezone(CHINA).date(),
    )
    return officer


def open_steps(matter: int) -> list[str]:
    """Return the steps of a matter that wait."""
    return sorted(Task.objects.filter(matter=matter, state=0).values_list("node", flat=True))


def do(matter: int, step: str, by: str, at: datetime, **facts: Any) -> None:
    """Complete a step of a matter as one of the cast."""
    task = Task.objects.get(matter=matter, node=step, state=0)
    door.act(acts.Complete(task.pk, facts), by=actor(by, at), at=at)
