"""Who belongs to a child's circle (知情范围), by role, from a day until it is ended."""

from datetime import datetime

from qianshou.kernel.access import Actor
from qianshou.kernel.clock import CHINA
from qianshou.kernel.door.registering import change_row
from qianshou.kernel.refusal import Refusal
from qianshou.kernel.registry.models import (
    Circle,
    CircleMember,
    Division,
    Officer,
    Organisation,
    Post,
)
from qianshou.packs.commission.care.models import Child

CADRE, TEACHER = "cadre", "teacher"
VILLAGE_CIRCLE = "care.village/"
VILLAGE, TOWN, CIVIL, LEAD = "village", "town", "civil", "lead"
SEATS = {VILLAGE: "village_child", TOWN: "town_team", CIVIL: "civil_affairs", LEAD: "lead_office"}


def add_officer(
    circle: Circle, role: str, officer: Officer, *, by: Actor, at: datetime, note: str = ""
) -> CircleMember:
    """Take an officer into a circle by name; Refusal care.in_circle where they are in that role."""
    if circle.members.filter(officer=officer, role=role, to_date=None).exists():
        raise Refusal(
            "care.in_circle",
            f"{officer.name} 已在知情范围内",
            f"{officer.name} is in the circle already",
            "officer",
        )
    values = {
        "circle": circle,
        "role": role,
        "officer": officer,
        "from_date": at.astimezone(CHINA).date(),
        "note": note[:200],
    }
    return change_row(CircleMember(), values, by=by, at=at)


def add_seat(
    circle: Circle, role: str, organisation: Organisation, post: str, *, by: Actor, at: datetime
) -> CircleMember:
    """Take whoever sits at a post of an organisation into a circle."""
    values = {
        "circle": circle,
        "role": role,
        "organisation": organisation,
        "post": Post(pk=post),
        "from_date": at.astimezone(CHINA).date(),
    }
    return change_row(CircleMember(), values, by=by, at=at)


def end_member(member: CircleMember, *, by: Actor, at: datetime, reason: str) -> CircleMember:
    """End a membership today: what the circle keeps is closed to that member at once."""
    day = at.astimezone(CHINA).date()
    return change_row(member, {"to_date": day}, by=by, at=at, reason=reason)


def cadre_of(child: Child) -> Officer | None:
    """Return the cadre paired with a child now, or None."""
    members = CircleMember.objects.filter(circle=child.circle_id, role=CADRE, to_date=None)
    member = members.select_related("officer").first()
    return member.officer if member else None


def village_circle(village: Division, *, by: Actor, at: datetime) -> Circle:
    """Return the circle in which those of a village's children lie, made where it is not yet.

    It holds the seats that need to know of each of them: the village's and the town's child
    officer, civil affairs and the lead group's office.
    """
    about = f"{VILLAGE_CIRCLE}{village.pk}"
    circle = Circle.objects.filter(about=about).first()
    if circle is None:
        circle = change_row(Circle(), {"about": about}, by=by, at=at)
        for role, organisation in seats_around(village).items():
            add_seat(circle, role, organisation, SEATS[role], by=by, at=at)
    return circle


def seats_around(village: Division) -> dict[str, Organisation]:
    """Return the organisations whose seats belong to a village's circle, by role.

    A role is left out where its organisation does not exist.
    """
    near = Organisation.objects.filter(valid_to=None)
    wanted = {
        VILLAGE: near.filter(division=village, kind="village").order_by("pk").first(),
        TOWN: near.filter(division=village.parent_id, kind="town").order_by("pk").first(),
        CIVIL: near.filter(code="civil").first(),
        LEAD: near.filter(code="commission").first(),
    }
    return {role: found for role, found in wanted.items() if found is not None}
