"""Hand-over (交接): the cadre changes, a child moves, or turns sixteen.

The giver writes a sealed note, the taker accepts, the town's team confirms; then the pairing and
the open tasks go over. The matter's own circle lies in the child's: it adds the taker and, where
she moves, the new town's team, who see the hand-over and not yet her registers.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q

from qianshou.kernel import door
from qianshou.kernel.access import CLOCK, Actor, actor_of, require
from qianshou.kernel.clock import CHINA
from qianshou.kernel.door import Receipt, acts
from qianshou.kernel.door.registering import change_row, lock_row
from qianshou.kernel.door.sealing import change_sheet
from qianshou.kernel.door.turn import write_turn
from qianshou.kernel.outbox import carrier, send
from qianshou.kernel.pack import Change, effect, projection
from qianshou.kernel.refusal import Refusal
from qianshou.kernel.registry.models import Circle, Division, Officer, Organisation, Posting
from qianshou.kernel.registry.vault import key_of, open_value
from qianshou.kernel.worklist.lists import see_matters, tasks_of
from qianshou.packs.commission.care.assigning import replace_cadre, require_cadre
from qianshou.packs.commission.care.circle import (
    CADRE,
    TOWN,
    add_officer,
    add_seat,
    cadre_of,
    seats_around,
    village_circle,
)
from qianshou.packs.commission.care.eligibility import leave_register
from qianshou.packs.commission.care.enrolment import actor_in, child_of
from qianshou.packs.commission.care.models import Child, Handover
from qianshou.packs.commission.care.models.child import IDENTITY
from qianshou.packs.commission.care.register import my_children

HANDOVER = "care.handover"
CADRE_CHANGES, MOVED, AGED_OUT = "cadre", "moved", "aged_out"
INSIDE, OUTSIDE = "inside", "outside"
OPENERS = {"cadre", "town_team", "lead_office", "village_child"}


@dataclass(frozen=True)
class Move:
    """Where a child moves: a village of the district with the new address, or another district."""

    scope: str
    village: Division | None = None
    address: str = ""
    receiving: str = ""


def may_hand_over(by: Actor, child: Child) -> bool:
    """Whether `by` opens the hand-over of a child: in her circle, by one of the posts for it."""
    if by.kind == "clock":
        return True
    held = any(seat.post in OPENERS for seat in by.seats)
    return held and my_children(by).filter(pk=child.pk).exists()


def open_handover(
    child: Child,
    kind: str,
    at: datetime,
    *,
    by: Actor = CLOCK,
    taker: Officer | None = None,
    because: str = "",
    move: Move | None = None,
) -> Receipt:
    """Open the hand-over of a child for a kind ("cadre", "moved", "aged_out").

    Refuses whoever is not in her circle (access.denied), a second one while one is open
    (care.handing), a missing taker, the cadre she has (care.same_cadre), a village or district that is
    not said (care.where), and what `require_cadre` refuses of the taker.
    """
    require(may_hand_over(by, child))
    _refuse_second(child)
    giver = cadre_of(child)
    place = _check_move(child, kind, move)
    _check_taker(kind, place, child, giver, taker, at)
    near = seats_around(child.village)
    home = near[TOWN].code if TOWN in near else "commission"
    facts: dict[str, Any] = {
        "code": child.code,
        "place": {"division": child.village.code},
        "handover_kind": kind,
        "because": because.strip() or None,
        "takes": "yes" if taker else "no",
        "giver_at": home,
        "confirm_at": home,
    }
    seat = seat_of(giver, at)
    if giver is not None and seat:
        facts |= {"giver": giver.pk, "giver_at": seat}
    if move is not None and kind == MOVED:
        facts |= {"scope": move.scope, "receiving": move.receiving.strip() or None}
        if move.village is not None and move.scope == INSIDE:
            facts |= {"new_village": move.village.code, "new_address": move.address.strip() or None}
            there = seats_around(move.village)
            facts["confirm_at"] = there[TOWN].code if TOWN in there else home
    with write_turn():
        lock_row(child)
        _refuse_second(child)
        circle = Circle.objects.get(pk=child.circle_id)
        own = change_row(Circle(), {"about": HANDOVER, "parent": circle}, by=by, at=at)
        if taker is not None:
            facts |= {"taker": taker.pk, "taker_at": seat_of(taker, at)}
            add_officer(own, "taker", taker, by=by, at=at)
        if facts["confirm_at"] != home:
            there_office = Organisation.objects.get(code=facts["confirm_at"])
            add_seat(own, TOWN, there_office, "town_team", by=by, at=at)
        receipt = door.act(
            acts.Open(
                HANDOVER,
                {name: value for name, value in facts.items() if value is not None},
                "handover",
                home,
                circle=own.pk,
                person=child.person_id,
            ),
            by=by,
            at=at,
        )
    assert receipt is not None
    return receipt


def _refuse_second(child: Child) -> None:
    if Handover.objects.filter(child=child, done_at=None, matter__closed_at=None).exists():
        raise Refusal(
            "care.handing", "这名儿童的交接正在办理", "Her hand-over is under way already"
        )


def _check_move(child: Child, kind: str, move: Move | None) -> Division:
    """Return the town in which the child will live; Refusal care.where where that is not said."""
    if kind != MOVED:
        return child.town
    if move is not None and move.scope == OUTSIDE and move.receiving.strip():
        return child.town
    village = move.village if move is not None and move.scope == INSIDE else None
    if village is None or village.parent is None or village.pk == child.village_id:
        raise Refusal(
            "care.where",
            "请写明迁往哪个村（社区）或哪个区县",
            "Say to which village or district she moves",
            "new_village" if move is None or move.scope != OUTSIDE else "receiving",
        )
    return village.parent


def _check_taker(
    kind: str,
    town: Division,
    child: Child,
    giver: Officer | None,
    taker: Officer | None,
    at: datetime,
) -> None:
    needed = kind == CADRE_CHANGES or (kind == MOVED and town.pk != child.town_id)
    if taker is None and needed:
        raise Refusal("care.taker", "请选择接手的帮扶干部", "Choose who takes over", "taker")
    if taker is None:
        return
    if giver is not None and giver.pk == taker.pk:
        raise Refusal(
            "care.same_cadre", "接手人就是现在的干部", "That is her cadre already", "taker"
        )
    try:
        require_cadre(town, taker.pk, at=at)
    except Refusal as refusal:
        raise Refusal(refusal.code, refusal.zh, refusal.en, "taker") from refusal


def seat_of(officer: Officer | None, at: datetime) -> str:
    """Return the code of the organisation at which an officer is a cadre today, or ""."""
    if officer is None or not officer.is_active:
        return ""
    day = at.astimezone(CHINA).date()
    held = Posting.objects.filter(
        Q(to_date=None) | Q(to_date__gte=day), officer=officer, post=CADRE, from_date__lte=day
    )
    return held.values_list("organisation__code", flat=True).order_by("-pk").first() or ""


@carrier("care.aged_out")
def carry_aged_out(facts: Mapping[str, Any], at: datetime) -> None:
    """Open the hand-over of a child whom the daily sweep found to be sixteen, unless it is open."""
    child = Child.objects.select_related("town", "village__parent").get(pk=facts["child"])
    if not Handover.objects.filter(child=child, kind=AGED_OUT).exists():
        open_handover(child, AGED_OUT, at)


@effect("care.hand_over")
def hand_over(change: Change, facts: Mapping[str, Any]) -> None:
    """Let the pairing, the circle and the child's state follow what was handed over.

    Refuses what `require_cadre` refuses of the taker at this moment.
    """
    child, by, at = child_of(change), actor_in(change), change.at
    kind, reason = facts["handover_kind"], change.number
    taker = Officer.objects.get(pk=facts["taker"]) if facts.get("taker") else None
    giver = cadre_of(child)
    if kind == MOVED and facts.get("scope") == INSIDE:
        _move_inside(child, facts, by=by, at=at, reason=reason)
    if taker is not None:
        require_cadre(child.town, taker.pk, at=at)
        replace_cadre(child, taker, by=by, at=at, reason=reason)
        if giver is not None:
            told = {"child": child.pk, "giver": giver.pk, "taker": taker.pk}
            send("care.take_tasks", told, key=f"care.take_tasks/{change.number}", at=at)
    elif kind == AGED_OUT or facts.get("scope") == OUTSIDE:
        if child.state in ("candidate", "enrolled"):
            leave_register(child, MOVED if kind == MOVED else AGED_OUT, by=by, at=at)
        replace_cadre(child, None, by=by, at=at, reason=reason)


def _move_inside(
    child: Child, facts: Mapping[str, Any], *, by: Actor, at: datetime, reason: str
) -> None:
    key = key_of(child.person_id)
    village = Division.objects.select_related("parent").get(
        code=open_value(facts["new_village"]["sealed"], key)
    )
    around = village_circle(village, by=by, at=at)
    change_row(child.circle, {"parent": around}, by=by, at=at, reason=reason)
    where = {"village": village, "town": village.parent}
    change_row(child, where, by=by, at=at, reason=reason)
    if facts.get("new_address"):
        address = open_value(facts["new_address"]["sealed"], key)
        change_sheet(child.person_id, IDENTITY, {"address": address}, by=by, at=at, reason=reason)


@carrier("care.take_tasks")
def take_tasks(facts: Mapping[str, Any], at: datetime) -> None:
    """Give the child's open tasks that are the giver's to the taker; the clock hands them on."""
    child = Child.objects.get(pk=facts["child"])
    taker = Officer.objects.get(pk=facts["taker"])
    seat = Organisation.objects.filter(code=seat_of(taker, at)).first()
    if seat is None:
        return
    around = Q(circle=child.circle_id) | Q(circle__parent=child.circle_id)
    mine = see_matters(actor_of(taker, at)).filter(around, closed_at=None)
    for matter in mine.values_list("pk", flat=True):
        for task in tasks_of(matter).filter(state=0, assignee=facts["giver"]):
            act = acts.Transfer(task.pk, taker.pk, "帮扶干部交接", organisation=seat.pk)
            door.act(act, by=CLOCK, at=at)


@projection(HANDOVER)
def keep_handover(change: Change) -> None:
    """Keep the hand-over's row as the act left it."""
    if change.act == "open":
        child = child_of(change)
        values = {
            "child": child,
            "kind": change.facts["handover_kind"],
            "giver": cadre_of(child),
            "taker": Officer.objects.filter(pk=change.facts.get("taker") or 0).first(),
            "division": Division(pk=change.division),
            "opened_at": change.at,
        }
        row = Handover(matter_id=change.matter)
        change_row(row, values, by=actor_in(change), at=change.at, reason=change.number)
        return
    row = Handover.objects.get(matter=change.matter)
    values = dict[str, Any]()
    if change.act == "complete" and change.node == "write":
        values["note"] = str(change.submitted["note"]["sealed"]).encode()
    if change.closed and row.done_at is None and change.facts.get("accepted") != "no":
        values["done_at"] = change.at
    if values:
        change_row(row, values, by=actor_in(change), at=change.at, reason=change.number)
