"""Pairing departments and leaders with towns, and children with cadres (结对); each with an entry."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from heapq import heapify, heapreplace

from qianshou.kernel.access import Actor, require
from qianshou.kernel.clock import CHINA
from qianshou.kernel.door.registering import change_row
from qianshou.kernel.door.rules import require_text
from qianshou.kernel.door.turn import write_turn
from qianshou.kernel.refusal import Refusal
from qianshou.kernel.registry.models import CircleMember, Division, Officer, Organisation, Pairing
from qianshou.packs.commission.care.board import (
    may_assign,
    may_pair,
    seated_cadres,
    uncovered_children,
)
from qianshou.packs.commission.care.circle import CADRE, add_officer, end_member
from qianshou.packs.commission.care.limits import limit_number
from qianshou.packs.commission.care.models import Child
from qianshou.packs.commission.care.pairing import DEPARTMENT, LEADER, LOAD, loads_of


@dataclass(frozen=True)
class Share:
    """One line of a proposed distribution: a child, and the cadre whom she would get."""

    child: int
    code: str
    officer: int
    name: str


def pair_bureau(
    organisation: Organisation, town: Division, *, by: Actor, at: datetime, note: str = ""
) -> Pairing:
    """Let a department stand by a town from today (lead group's office).

    Refuses one that does already (care.paired) and one without a cadre (care.no_cadre).
    """
    require(may_pair(by))
    if not seated_cadres(at, [organisation.pk]):
        raise Refusal(
            "care.no_cadre",
            f"{organisation.name}还没有帮扶干部，请先由安全管理员任命",
            f"{organisation.name_en} has no cadre yet; let them be appointed first",
            "organisation",
        )
    return _pair(DEPARTMENT, {"organisation": organisation}, town, by, at, note)


def pair_leader(
    officer: Officer, town: Division, *, by: Actor, at: datetime, note: str = ""
) -> Pairing:
    """Let a leader supervise a town from today (lead group's office); Refusal care.paired."""
    require(may_pair(by))
    return _pair(LEADER, {"officer": officer}, town, by, at, note)


def _pair(
    kind: str,
    who: dict[str, Organisation] | dict[str, Officer],
    town: Division,
    by: Actor,
    at: datetime,
    note: str,
) -> Pairing:
    with write_turn():
        if Pairing.objects.filter(kind=kind, division=town, to_date=None, **who).exists():
            raise Refusal(
                "care.paired",
                f"已经与{town.name}结对",
                f"Paired with {town.name} already",
                next(iter(who)),
            )
        values = {
            "kind": kind,
            "division": town,
            "from_date": at.astimezone(CHINA).date(),
            "note": note[:200],
            **who,
        }
        return change_row(Pairing(), values, by=by, at=at)


def end_pairing(pairing: Pairing, reason: str, *, by: Actor, at: datetime) -> None:
    """End a pairing today, with a reason (lead group's office); children keep their cadres.

    Refuses a missing reason (door.reason) and one that has ended (care.ended).
    """
    require(may_pair(by))
    require_text(reason, "reason", "请写明解除结对的理由", "Please say why it ends")
    if pairing.to_date is not None:
        raise Refusal("care.ended", "这个结对已经解除", "This pairing has ended already", "reason")
    change_row(pairing, {"to_date": at.astimezone(CHINA).date()}, by=by, at=at, reason=reason)


def require_cadre(town: Division, officer: int, *, at: datetime) -> None:
    """Refuse whoever cannot take one more child of a town.

    care.cadre: no cadre of a department paired with the town; care.load: the load is full.
    """
    paired = Pairing.objects.filter(kind=DEPARTMENT, division=town, to_date=None)
    seated = seated_cadres(at, paired.values_list("organisation", flat=True))
    if officer not in {one.officer for one in seated}:
        raise Refusal(
            "care.cadre",
            "此人不是与本镇街结对的部门的帮扶干部",
            "That is no cadre of a department paired with the town",
            "cadre",
        )
    limit = limit_number("cadre_load", LOAD)
    if loads_of([officer]).get(officer, 0) >= limit:
        raise Refusal(
            "care.load",
            f"该干部已结对 {limit} 名，达到上限",
            f"That cadre has {limit} children, which is the most",
            "cadre",
        )


def replace_cadre(
    child: Child, officer: Officer | None, *, by: Actor, at: datetime, reason: str
) -> None:
    """Let a child's cadre go and the next one in; the caller has asked whether `by` may."""
    with write_turn():
        held = CircleMember.objects.filter(circle=child.circle_id, role=CADRE, to_date=None)
        for member in held:
            end_member(member, by=by, at=at, reason=reason)
        if officer is not None:
            circle = child.circle
            add_officer(circle, CADRE, officer, by=by, at=at, note=reason)


def assign_cadre(child: Child, officer: Officer, *, by: Actor, at: datetime) -> None:
    """Give a child who has no cadre at the post one (lead group's office, the town's team).

    Refuses a child who has one (care.has_cadre: that is a hand-over), and what `require_cadre`
    refuses.
    """
    require(may_assign(by, child.town))
    with write_turn():
        if not uncovered_children(child.town_id, at).filter(pk=child.pk).exists():
            raise Refusal(
                "care.has_cadre",
                "这名儿童已有帮扶干部，更换请走交接",
                "This child has a cadre; to change it, hand her over",
                "cadre",
            )
        require_cadre(child.town, officer.pk, at=at)
        replace_cadre(child, officer, by=by, at=at, reason="结对")


def propose_shares(town: Division, *, at: datetime) -> tuple[list[Share], int]:
    """Return who could get whom, so that loads are even, and how many children are left over.

    The least loaded cadre, of equals the one registered first, gets the next child by code.
    """
    paired = Pairing.objects.filter(kind=DEPARTMENT, division=town, to_date=None)
    limit = limit_number("cadre_load", LOAD)
    seated = seated_cadres(at, paired.values_list("organisation", flat=True))
    names = {one.officer: one.name for one in seated}
    heap = [(one.load, one.officer) for one in seated if one.load < limit]
    heapify(heap)
    shares, left = [], 0
    for pk, code in uncovered_children(town.pk, at).values_list("pk", "code"):
        if not heap or heap[0][0] >= limit:
            left += 1
            continue
        load, officer = heap[0]
        heapreplace(heap, (load + 1, officer))
        shares.append(Share(pk, code, officer, names[officer]))
    return shares, left


def distribute(town: Division, confirmed: Sequence[str], *, by: Actor, at: datetime) -> int:
    """Carry out a proposed distribution as it was shown, and return how many got a cadre.

    `confirmed` are the lines "code:officer" of the page. Refuses where the proposal has become
    another one since (care.changed).
    """
    require(may_assign(by, town))
    with write_turn():
        shares, _left = propose_shares(town, at=at)
        if [f"{one.code}:{one.officer}" for one in shares] != list(confirmed):
            raise Refusal(
                "care.changed",
                "情况已有变化，请核对新的分配方案",
                "Things have changed; look at the new proposal",
                "shares",
            )
        officers = Officer.objects.in_bulk({one.officer for one in shares})
        children = Child.objects.select_related("circle").in_bulk({one.child for one in shares})
        for one in shares:
            replace_cadre(
                children[one.child], officers[one.officer], by=by, at=at, reason="均衡分配"
            )
    return len(shares)
