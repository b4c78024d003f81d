"""Letters home (家书): that one was sent and whether it was answered; its text is never kept."""

from datetime import datetime
from typing import Any

from qianshou.kernel import door
from qianshou.kernel.access import Actor, require
from qianshou.kernel.door import Receipt, acts
from qianshou.kernel.door.registering import change_row
from qianshou.kernel.pack import Change, projection
from qianshou.kernel.refusal import Refusal
from qianshou.kernel.registry.models import Division, Officer
from qianshou.packs.commission.care.circle import cadre_of
from qianshou.packs.commission.care.enrolment import actor_in, child_of, places_of
from qianshou.packs.commission.care.handover import seat_of
from qianshou.packs.commission.care.models import Child, Letter
from qianshou.packs.commission.care.register import near_children

LETTER = "care.letter"


def open_letter(child: Child, way: str, *, by: Actor, at: datetime) -> Receipt:
    """Write down that a child's letter was sent, and let the answer be asked for in a fortnight.

    Refuses whoever is not in her circle (access.denied) and a way that is none (form.choice).
    """
    require(near_children(by).filter(pk=child.pk).exists())
    if not way:
        raise Refusal("form.required", "请选择怎样寄出", "Say how it was sent", "way")
    places, cadre = places_of(child), cadre_of(child)
    seat = seat_of(cadre, at)
    facts: dict[str, Any] = {**places, "cadre_at": seat or places["town"], "way": way}
    if cadre is not None and seat:
        facts["cadre"] = cadre.pk
    receipt = door.act(
        acts.Open(
            LETTER,
            facts,
            "letter",
            str(places["town"]),
            circle=child.circle_id,
            person=child.person_id,
        ),
        by=by,
        at=at,
    )
    assert receipt is not None
    return receipt


@projection(LETTER)
def keep_letter(change: Change) -> None:
    """Keep the letter's row as the act left it."""
    if change.act == "open":
        values = {
            "child": child_of(change),
            "officer": Officer.objects.filter(pk=change.officer or 0).first(),
            "division": Division(pk=change.division),
            "written_at": change.at,
            "sent_at": change.at,
        }
        row = Letter(matter_id=change.matter)
        change_row(row, values, by=actor_in(change), at=change.at, reason=change.number)
    elif change.act == "complete" and change.submitted.get("answered") == "yes":
        row = Letter.objects.get(matter=change.matter)
        values = {"answered_at": change.at}
        change_row(row, values, by=actor_in(change), at=change.at, reason=change.number)
