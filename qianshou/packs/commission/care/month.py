"""The month (月度更新): a duty for each enrolled child, and what the visit's form changes."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from qianshou.kernel.access import actor_of
from qianshou.kernel.clock import CHINA
from qianshou.kernel.door.notices import tell_post
from qianshou.kernel.door.registering import change_row
from qianshou.kernel.door.sealing import change_sheet
from qianshou.kernel.indicators.suppression import FEW, is_few
from qianshou.kernel.outbox import carrier, send
from qianshou.kernel.pack import Change, Due, Term, duty, projection
from qianshou.kernel.registry.models import CircleMember, Officer, Organisation, Posting
from qianshou.kernel.registry.vault import key_of, seal_value
from qianshou.kernel.worklist.lists import open_tasks
from qianshou.packs.commission.care.circle import CADRE
from qianshou.packs.commission.care.contacts import record_contact
from qianshou.packs.commission.care.eligibility import absence_changed, recheck
from qianshou.packs.commission.care.models import Child, Contact
from qianshou.packs.commission.care.models.child import GUARDIANSHIP
from qianshou.packs.commission.care.visiting import Visit, read_visit

MONTH = "care.month"
TOLD_AFTER = timedelta(minutes=10)


@duty("care.enrolled")
def enrolled_children(term: Term, at: datetime) -> Iterator[Due]:
    """Yield the visit that each enrolled child is owed in the month: by her cadre, or, where she
    has none, by the town team, so that the gap is somebody's to fill (four queries).
    """
    cadres, seats = _paired_cadres(), _cadre_seats(at)
    homes = Organisation.objects.filter(kind="town", valid_to=None).order_by("-pk")
    towns = dict(homes.values_list("division", "code"))
    found = Child.objects.filter(state="enrolled").order_by("pk")
    for code, circle, person, village, town in found.values_list(
        "code", "circle", "person", "village__code", "town"
    ).iterator():
        cadre = cadres.get(circle)
        seat = seats.get(cadre) if cadre is not None else None
        home = towns.get(town, "")
        facts: dict[str, Any] = {
            "code": code,
            "month": f"{term.first:%Y-%m}",
            "village": {"division": village},
            "holder": seat or home,
            "paired": "yes" if seat else "no",
        }
        if seat:
            facts["cadre"] = cadre
        yield Due(code, facts, home, circle, person)


def _paired_cadres() -> dict[int, int]:
    """Return the cadre of each circle that has one."""
    members = CircleMember.objects.filter(role=CADRE, to_date=None, officer__is_active=True)
    return dict(members.order_by("-pk").values_list("circle", "officer"))


def _cadre_seats(at: datetime) -> dict[int, str]:
    """Return the organisation at which each cadre sits today."""
    today = at.astimezone(CHINA).date()
    postings = Posting.objects.filter(post="cadre", from_date__lte=today).exclude(to_date__lt=today)
    return dict(postings.order_by("-pk").values_list("officer", "organisation__code"))


@projection(MONTH)
def keep_month(change: Change) -> None:
    """Bring contacts and registers to what a visit's form says; tell a department of what is late.

    Refuses what `read_visit` and `record_contact` refuse: then nothing of the act is kept.
    """
    if change.act == "complete" and change.node == "visit":
        _take_visit(change)
    if change.act == "warn" and change.late:
        _tell_liaison(change)


def _take_visit(change: Change) -> None:
    child = Child.objects.select_related("village").get(circle=change.circle or 0)
    key = key_of(child.person_id)
    visit = read_visit(child.person_id, key, change.submitted)
    by, at = actor_of(Officer.objects.get(pk=change.officer or 0), change.at), change.at
    contacts = [
        record_contact(child, kind, visit.day, visit.seen, by=by, at=at, matter=change.matter)
        for kind in visit.kinds
    ]
    for kind, values in visit.sheets.items():
        changed = change_sheet(child.person_id, kind, values, by=by, at=at, reason=change.number)
        if kind == GUARDIANSHIP and absence_changed(changed):
            recheck(child, by=by, at=at)
    today = at.astimezone(CHINA).date()
    change_row(child, {"updated_on": today}, by=by, at=at, reason=change.number)
    _send_on(change, child, contacts[0], visit, key)


def _send_on(change: Change, child: Child, contact: Contact, visit: Visit, key: bytes) -> None:
    """Hand on what the visit found: each hazard and the wish, sealed under the child's key.

    A parcel says {"child": code, "sealed": text}, which `visiting.open_parcel` reads: of a hazard
    its hazard_kind and what was seen, of a wish kind, band and text; and for both the contact,
    the officer and the number of the visit.
    """
    made = {"contact": contact.pk, "officer": change.officer, "number": change.number}
    parcels = [
        *(
            ("care.hazard", place, {"hazard_kind": found["kind"], "seen": found["text"]})
            for place, found in enumerate(visit.hazards, start=1)
        ),
        *(("care.wish", 1, wish) for wish in visit.wishes),
    ]
    for kind, place, found in parcels:
        send(
            kind,
            {"child": child.code, "sealed": seal_value({**found, **made}, key)},
            key=f"{kind}/{change.number}/{place}",
            at=change.at,
        )


def _tell_liaison(change: Change) -> None:
    """Let the department be told once a day, when all that turned late together is counted."""
    day = change.at.astimezone(CHINA).date()
    send(
        "care.month_late",
        {"organisation": change.holder},
        key=f"care.month_late/{change.holder}/{day}",
        at=change.at,
        due_at=change.at + TOLD_AFTER,
    )


@carrier("care.month_late")
def tell_how_many_are_late(facts: Any, at: datetime) -> None:
    """Tell a department's liaison how many of its visits are late: a number, of 1 to 4 only that
    they are few, and no child.
    """
    holder = int(facts["organisation"])
    visits = open_tasks(MONTH).filter(organisation=holder, assignee__isnull=False)
    late = visits.filter(due_at__lt=at).count()
    if late:
        zh, en = (FEW.zh, FEW.en) if is_few(late) else (str(late), str(late))
        tell_post(
            holder,
            "department",
            "late",
            f"本部门帮扶干部有 {zh} 件月度走访超期，请督促",
            f"{en} visits of the month by cadres of your department are late: please see to it",
            at=at,
        )
