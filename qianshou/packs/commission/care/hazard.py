"""Hazards (安全隐患): found, levelled, assigned, put right, and verified by somebody else.

A hazard's circle lies in the child's: it adds the seat that puts it right, which sees what is to
be done and never who the child is.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from qianshou.kernel import door
from qianshou.kernel.access import CLOCK, Actor, actor_of, members_of, require
from qianshou.kernel.door import acts
from qianshou.kernel.door.notices import tell_seat
from qianshou.kernel.door.registering import change_row
from qianshou.kernel.door.sealing import read_sheets
from qianshou.kernel.door.turn import write_turn
from qianshou.kernel.outbox import carrier
from qianshou.kernel.pack import Change, effect, projection
from qianshou.kernel.refusal import Refusal
from qianshou.kernel.registry.models import CatalogueEntry, Circle, Officer, Organisation
from qianshou.kernel.registry.vault import key_of
from qianshou.kernel.worklist.lists import tasks_of
from qianshou.packs.commission.care.circle import (
    TOWN,
    VILLAGE,
    add_seat,
    end_member,
    seats_around,
)
from qianshou.packs.commission.care.models import Child, Contact, Hazard
from qianshou.packs.commission.care.models.child import GUARDIANSHIP, IDENTITY
from qianshou.packs.commission.care.register import near_children
from qianshou.packs.commission.care.report import open_report
from qianshou.packs.commission.care.visiting import open_parcel

HAZARD, HARM = "care.hazard", "harm"
FIXER, VERIFIER = "fixer", "verifier"
STATES = {"assign": "found", "rectify": "rectifying", "verify": "rectified"}
NAMING = {
    IDENTITY: ("name", "identity_number", "phone"),
    GUARDIANSHIP: ("guardian", "carer", "guardian_phone", "carer_phone"),
}


def open_hazard(
    child: Child, told: Mapping[str, Any], *, by: Actor, at: datetime, contact: int | None = None
) -> door.Receipt:
    """Open a hazard found at a child, and return its receipt.

    `told` holds hazard_kind, hazard_signs, seen and hazard_photos; `contact` is the visit in
    which it was found. Refuses care.harm for suspected harm, which is reported, never written
    here; access.denied to whoever is not in the child's circle.
    """
    kind = str(told.get("hazard_kind") or "")
    if kind == HARM:
        raise Refusal(
            "care.harm",
            "疑似侵害请走强制报告，不在这里登记",
            "Suspected harm is reported, not registered here",
            "hazard_kind",
        )
    require(by.kind == "clock" or near_children(by).filter(pk=child.pk).exists())
    near = seats_around(child.village)
    facts = {
        **{name: told.get(name) for name in ("hazard_kind", "hazard_signs", "seen")},
        "hazard_photos": told.get("hazard_photos"),
        "child_code": child.code,
        "place": {"division": child.village.code},
        "summary": f"{kind_name(kind)}（{child.village.name}）",
        "village_office": near[VILLAGE].code if VILLAGE in near else "",
    }
    home = near[TOWN].code if TOWN in near else "commission"
    with write_turn():
        circle = Circle.objects.get(pk=child.circle_id)
        own = change_row(Circle(), {"about": HAZARD, "parent": circle}, by=by, at=at)
        act = acts.Open(HAZARD, facts, "hazard", home, circle=own.pk, person=child.person_id)
        receipt = door.act(act, by=by, at=at)
        assert receipt is not None
        if contact is not None:
            seen = Contact.objects.get(pk=contact, child=child)
            values = {"contact": seen, "found_by": seen.officer}
            change_row(Hazard.objects.get(matter=receipt.matter), values, by=by, at=at)
    return receipt


def kind_name(kind: str) -> str:
    """Return the Chinese name of a kind of hazards."""
    entries = CatalogueEntry.objects.filter(catalogue__code=HAZARD, catalogue__is_current=True)
    return entries.filter(code=kind).values_list("name", flat=True).first() or "安全隐患"


@carrier(HAZARD)
def carry_hazard(facts: Mapping[str, Any], at: datetime) -> None:
    """Open the hazard that a month's form told of: what `open_hazard` takes, contact (the visit's
    number) and officer (who saw it), sealed under the child's key (`visiting.open_parcel`).

    Suspected harm is reported in that officer's name instead.
    """
    child, found = open_parcel(facts)
    if found.get("hazard_kind") == HARM:
        by = actor_of(Officer.objects.get(pk=found["officer"]), at)
        told = {"told": found.get("seen") or "疑似侵害", "child_code": child.code}
        open_report(told, by=by, at=at)
        return
    open_hazard(child, found, by=CLOCK, at=at, contact=found.get("contact"))


@effect("care.call_fixer")
def call_fixer(change: Change, facts: Mapping[str, Any]) -> None:
    """Take who puts it right, and who verifies, into the hazard's circle; tell the former.

    Who was to put it right before leaves the circle.
    """
    assert change.circle is not None
    circle = Circle.objects.get(pk=change.circle)
    wanted = {
        FIXER: (facts["fixer"], facts["fixer_post"]),
        VERIFIER: (facts["verify_at"], facts["verify_post"]),
    }
    for member in circle.members.filter(to_date=None).select_related("organisation"):
        if member.organisation and wanted.get(member.role) != (
            member.organisation.code,
            member.post_id,
        ):
            end_member(member, by=CLOCK, at=change.at, reason=change.number)
    for role, (code, post) in wanted.items():
        organisation = Organisation.objects.get(code=code)
        if (organisation.pk, post) not in members_of(circle.pk).seats:
            add_seat(circle, role, organisation, post, by=CLOCK, at=change.at)
    fixer = Organisation.objects.get(code=facts["fixer"])
    tell_seat(
        change,
        "hazard",
        (fixer.pk, facts["fixer_post"]),
        f"请整改安全隐患：{facts['summary']}",
        f"Please put a hazard right: {facts['summary']}",
    )


@projection(HAZARD)
def project_hazard(change: Change) -> None:
    """Keep the hazard's row as the act left it.

    Refuses what names the child where others read it (care.names_child), and a verification by
    whoever put it right (care.same_person).
    """
    if change.act == "open":
        _begin(change)
        return
    row = Hazard.objects.select_related("child").get(matter=change.matter)
    values: dict[str, Any] = {}
    step = change.node if change.act == "complete" else ""
    if step == "assign":
        refuse_names(row.child, change.submitted["to_rectify"], "to_rectify")
        fixer = Organisation.objects.get(code=change.facts["fixer"])
        values = {"level": change.submitted["level"], "organisation": fixer}
    elif step == "rectify":
        refuse_names(row.child, change.submitted["rectified"], "rectified")
        values = {"rectified_at": change.at, "rectified_by": _officer(change)}
    elif step == "verify":
        if change.officer == row.rectified_by_id:
            raise _same_person()
        if change.submitted["hazard_verified"] == "ok":
            values = {"verified_at": change.at, "verified_by": _officer(change)}
        else:
            values = {"returns": row.returns + 1}
    change_row(row, {**values, **_standing(change)}, by=CLOCK, at=change.at, reason=change.number)


def _begin(change: Change) -> None:
    task = tasks_of(change.matter).get()
    values = {
        "child": Child.objects.get(person=change.person),
        "kind": change.facts["hazard_kind"],
        "division": task.division,
        "found_at": change.at,
        "found_by": _officer(change),
        "matter": task.matter,
        "due_at": task.due_at,
    }
    change_row(Hazard(), values, by=CLOCK, at=change.at, reason=change.number)


def _officer(change: Change) -> Officer | None:
    return None if change.officer is None else Officer.objects.get(pk=change.officer)


def _standing(change: Change) -> dict[str, Any]:
    """Return the state and deadline of a hazard, by the step that its matter waits at."""
    task = tasks_of(change.matter).filter(state=0).first()
    if task is None:
        return {"state": "verified", "due_at": None}
    return {"state": STATES[task.node], "due_at": task.due_at}


def refuse_names(child: Child, text: str, field: str) -> None:
    """Raise Refusal care.names_child where a text names the child, a guardian, or their numbers."""
    sheets = read_sheets(child.person_id, list(NAMING), key_of(child.person_id))
    known = [sheets[kind].get(name) for kind, names in NAMING.items() for name in names]
    if any(isinstance(one, str) and len(one) > 1 and one in text for one in [*known, child.code]):
        raise Refusal(
            "care.names_child",
            "责任单位不应知道孩子是谁：请去掉姓名、电话、证件号、编号",
            "The organisation must not learn who the child is: leave out names and numbers",
            field,
        )


def _same_person() -> Refusal:
    return Refusal(
        "care.same_person",
        "整改人不能核验自己的整改，请由他人核验",
        "Whoever put it right cannot verify it; somebody else must",
        "hazard_verified",
    )
