"""Wishes (微心愿): collected, approved, published without identity, claimed, delivered, looked at.

The donor's claim is a matter of its own: it knows the wish by a mark and a text, nothing of the
child. The two matters speak to each other by messages.
"""

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from qianshou.kernel import door
from qianshou.kernel.access import CLOCK, Actor, require
from qianshou.kernel.door import Receipt, acts
from qianshou.kernel.door.registering import change_row
from qianshou.kernel.door.turn import write_turn
from qianshou.kernel.outbox import carrier, send
from qianshou.kernel.pack import Change, effect, projection
from qianshou.kernel.refusal import Refusal
from qianshou.kernel.registry.models import Division
from qianshou.kernel.registry.vault import key_of, open_value
from qianshou.kernel.worklist.lists import tasks_of
from qianshou.packs.commission.care.circle import cadre_of
from qianshou.packs.commission.care.enrolment import actor_in, child_of, places_of
from qianshou.packs.commission.care.handover import seat_of
from qianshou.packs.commission.care.models import Child, Wish
from qianshou.packs.commission.care.naming import refuse_identity
from qianshou.packs.commission.care.register import near_children

WISH, GIFT = "care.wish", "care.gift"
CLAIMED, GRANTED = "care.claimed", "care.granted"
ALPHABET = "23456789ACDEFGHJKLMNPQRTUVWXY"
SOMEBODY = "爱心人士"


def open_wish(
    child: Child, kind: str, band: str, text: str, *, told: str = "", by: Actor, at: datetime
) -> Receipt:
    """Collect a wish of a child; `told` is her own words, kept sealed.

    Refuses whoever is not in her circle (access.denied) and a text by which she could be
    recognised (care.identity).
    """
    require(by.kind == "clock" or near_children(by).filter(pk=child.pk).exists())
    refuse_identity(child, text, "wish_text")
    places, cadre = places_of(child), cadre_of(child)
    seat = seat_of(cadre, at)
    facts: dict[str, Any] = {
        **places,
        "cadre_at": seat or places["town"],
        "wish_kind": kind,
        "wish_band": band,
        "wish_text": text.strip(),
        "wish_told": told.strip(),
    }
    if cadre is not None and seat:
        facts["cadre"] = cadre.pk
    receipt = door.act(
        acts.Open(
            WISH,
            {name: value for name, value in facts.items() if value != ""},
            "wish",
            str(places["town"]),
            circle=child.circle_id,
            person=child.person_id,
        ),
        by=by,
        at=at,
    )
    assert receipt is not None
    return receipt


@carrier(WISH)
def carry_wish(facts: Mapping[str, Any], at: datetime) -> None:
    """Collect the wish that a month's form told of: child (code), and kind, band and text, in the
    open or `sealed` under her key. A text that names her is kept sealed for whoever approves.
    """
    child = Child.objects.select_related("village__parent", "town").get(code=facts["child"])
    told: Mapping[str, Any] = facts
    if "sealed" in facts:
        told = open_value(facts["sealed"], key_of(child.person_id))
    kind, band, text = (str(told[name]) for name in ("kind", "band", "text"))
    try:
        refuse_identity(child, text[:60], "text")
        shown = text[:60]
    except Refusal:
        shown = ""
    open_wish(child, kind, band, shown, told=text[:200], by=CLOCK, at=at)


@effect("care.publish_wish")
def publish_wish(change: Change, facts: Mapping[str, Any]) -> None:
    """Publish an approved wish under a mark from which nothing can be read."""
    wish = Wish.objects.get(matter=change.matter)
    values = {
        "mark": "".join(secrets.choice(ALPHABET) for _ in range(8)),
        "text": facts["public_text"],
        "state": "published",
        "published_at": change.at,
    }
    change_row(wish, values, by=actor_in(change), at=change.at, reason=change.number)


@projection(WISH)
def keep_wish(change: Change) -> None:
    """Keep the wish's row as the act left it; the cadre of today gets the steps of the cadre.

    Refuses a published text by which the child could be recognised (care.identity).
    """
    if change.act == "open":
        values = {
            "child": child_of(change),
            "kind": change.facts["wish_kind"],
            "band": change.facts["wish_band"],
            "text": change.facts.get("wish_text", ""),
            "division": Division(pk=change.division),
            "collected_at": change.at,
        }
        row = Wish(matter_id=change.matter)
        change_row(row, values, by=actor_in(change), at=change.at, reason=change.number)
        return
    row = Wish.objects.select_related("child__village", "child__town").get(matter=change.matter)
    values = _after(change, row)
    if values:
        change_row(row, values, by=actor_in(change), at=change.at, reason=change.number)
    _follow_cadre(change, row.child)
    if change.closed and row.state == "granted" and row.gift_id is not None:
        send(
            GRANTED,
            {"gift": row.gift_id},
            key=f"{GRANTED}/{change.number}",
            at=change.at,
        )


def _after(change: Change, row: Wish) -> dict[str, Any]:
    """Return what an act changes of a wish's row."""
    told = change.submitted
    if change.act == "deliver":
        return {"state": "claimed", "claimed_at": change.at, "donor": told.get("donor", "")}
    if change.act != "complete":
        return {}
    if change.node == "approve" and told["approved"] == "yes":
        refuse_identity(row.child, told["public_text"], "public_text")
    elif change.node in ("approve", "seek") and told.get("drop_reason"):
        return {"state": "dropped", "mark": ""}
    elif change.node == "seek":
        refuse_identity(row.child, told["donor_name"], "donor_name")
        return {"state": "claimed", "claimed_at": change.at, "donor": told["donor_name"]}
    elif change.node == "buy":
        return {"state": "bought"}
    elif change.node == "deliver":
        return {"state": "delivered", "delivered_at": change.at}
    elif change.node == "look":
        return {"state": "granted", "granted_at": change.at}
    return {}


def _follow_cadre(change: Change, child: Child) -> None:
    """Where a step went to a cadre who has handed the child over since, let it go to the next."""
    cadre, before = cadre_of(child), change.facts.get("cadre")
    if before and cadre is not None and cadre.pk != before:
        told = {"child": child.pk, "giver": before, "taker": cadre.pk}
        key = f"care.take_tasks/{change.number}/{change.node}"
        send("care.take_tasks", told, key=key, at=change.at)


def published_wishes() -> QuerySet[Wish]:
    """Return the wishes that may be claimed: published, and nobody has offered yet."""
    return Wish.objects.filter(state="published", gift=None).order_by("-published_at", "-pk")


def claim_wish(mark: str, facts: Mapping[str, Any], *, by: Actor, at: datetime) -> Receipt:
    """Open a donor's claim of a published wish under the receipt of `by`.

    Refuses a wish that somebody else has claimed since (care.claimed), and by field what the form
    refuses.
    """
    with write_turn():
        wish = published_wishes().select_for_update().filter(mark=mark).first()
        if wish is None:
            raise Refusal(
                "care.claimed",
                "这个心愿已经有人认领，谢谢您；请看看别的心愿",
                "Somebody has claimed this wish already, thank you; please look at others",
            )
        told = {**facts, "wish_mark": mark, "wish_text": wish.text}
        act = acts.Open(GIFT, told, "gift", "commission", receipt=by.receipt, via="portal")
        receipt = door.act(act, by=by, at=at)
        assert receipt is not None
        change_row(wish, {"gift_id": receipt.matter}, by=CLOCK, at=at)
    return receipt


@projection(GIFT)
def keep_gift(change: Change) -> None:
    """Let a wish whose claim was not accepted be claimed by somebody else."""
    if change.act == "complete" and change.node == "accept" and change.closed:
        wish = Wish.objects.filter(mark=change.facts["wish_mark"]).first()
        if wish is not None:  # it may have been taken down meanwhile
            change_row(
                wish, {"gift": None}, by=actor_in(change), at=change.at, reason=change.number
            )


@effect("care.pass_on_gift")
def pass_on_gift(change: Change, facts: Mapping[str, Any]) -> None:
    """Tell the wish's own matter that it is claimed, and by which organisation if by one."""
    wish = Wish.objects.filter(mark=facts["wish_mark"]).first()
    if wish is None:  # taken down meanwhile: nothing waits for this donor
        return
    donor = facts.get("donor_name") or SOMEBODY
    told = {"wish": wish.pk, "donor": donor}
    send(CLAIMED, told, key=f"{CLAIMED}/{change.number}", at=change.at)


@carrier(CLAIMED)
def carry_claim(facts: Mapping[str, Any], at: datetime) -> None:
    """Hand the claim to the wish's matter, unless it has been taken down or is past that."""
    wish = Wish.objects.get(pk=facts["wish"])
    if wish.state != "published" or wish.matter_id is None:
        return
    told = {"donor": facts["donor"]}
    door.act(acts.Deliver(wish.matter_id, CLAIMED, told), by=CLOCK, at=at)


@carrier(GRANTED)
def carry_thanks(facts: Mapping[str, Any], at: datetime) -> None:
    """Tell the donor's matter that the wish is granted; nothing else of it."""
    if not tasks_of(facts["gift"]).filter(node="thank").exists():
        door.act(acts.Deliver(facts["gift"], GRANTED), by=CLOCK, at=at)
