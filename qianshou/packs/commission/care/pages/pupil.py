"""A pupil's page for her class teacher: what belongs to school, and what the teacher wrote herself.

Nothing of her home, her registers, her pledges, her visits, or of what others found.
"""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from qianshou.design.desk import show
from qianshou.design.refused import language
from qianshou.design.tried import Tried
from qianshou.kernel.access import Actor
from qianshou.kernel.clock import now
from qianshou.kernel.door.sealing import open_sheets, openable
from qianshou.kernel.ledger.read import opened_by
from qianshou.kernel.registry.models import Disclosure
from qianshou.kernel.registry.vault import key_of
from qianshou.packs.commission.care.contacts import read_note
from qianshou.packs.commission.care.enrolment import care
from qianshou.packs.commission.care.models import Child
from qianshou.packs.commission.care.pages.children import stage_words
from qianshou.packs.commission.care.pages.visit import report_address
from qianshou.packs.commission.care.pages.words import (
    Told,
    contact_words,
    hazard_words,
    note_words,
    tell_sheet,
    wish_words,
)
from qianshou.packs.commission.care.register import masked_names

SHOWN = 50
STARTS = {"wish": "care-wish-new", "letter": "care-letter", "hazard": "care-hazard-new"}


def show_pupil(
    request: HttpRequest,
    actor: Actor,
    child: Child,
    *,
    purpose: str | None = None,
    tried: Tried | None = None,
) -> HttpResponse:
    """Return a pupil's page, opened where a purpose is given: that is written down.

    Raises what `open_sheets` refuses: a missing purpose, who may not open, an erased person.
    """
    tried = tried or Tried()
    opened: dict[str, Any] = {}
    if purpose is not None:
        told = _open(actor, child, purpose)
        opened = {"told": told, "purpose": purpose, "key": key_of(child.person_id)}
    posts = {seat.post for seat in actor.seats}
    mine = child.contacts.filter(officer=actor.officer).order_by("-at", "-pk")[:SHOWN]
    kinds, key = dict(contact_words()), opened.pop("key", None)
    context = {
        "child": child,
        "name": masked_names([child])[child.pk],
        "sex": _sex_words(child),
        "stage": stage_words(child.stage),
        "may_open": bool(openable(actor, child.person)),
        "contacts": [
            (one, kinds[one.kind], note_words(read_note(one.note, key)) if key else [])
            for one in mine
        ],
        "hazards": hazard_words(_opened(actor, child.hazards.all())),
        "wishes": wish_words(_opened(actor, child.wishes.all())),
        "letters": _opened(actor, child.letters.all()),
        "disclosures": Disclosure.objects.filter(
            person=child.person_id, officer=actor.officer
        ).order_by("-pk")[:SHOWN],
        "starts": {
            start: address
            for start, address in STARTS.items()
            if posts & set(care().starts[start].posts)
        },
        "report": report_address(child),
        "here": "care-children",
        "tried": tried,
        **opened,
    }
    return show(request, actor, "care/pupil.html", context, 422 if tried.errors else 200)


def _open(actor: Actor, child: Child, purpose: str) -> list[Told]:
    kinds = openable(actor, child.person)
    sheets = open_sheets(child.person_id, list(kinds), by=actor, at=now(), purpose=purpose)
    return [
        one
        for kind, values in sheets.items()
        for one in tell_sheet(care().form(kind.partition(".")[2]), values)
    ]


def _opened(actor: Actor, rows: QuerySet[Any]) -> list[Any]:
    """Return those of a child's rows whose matters the actor opened, the newest first."""
    found = list(rows.filter(matter__isnull=False).select_related("matter").order_by("-pk"))
    mine = opened_by(actor.officer, [row.matter.number for row in found])
    return [row for row in found if row.matter.number in mine][:SHOWN]


def _sex_words(child: Child) -> str:
    zh, en = {"F": ("女", "Female"), "M": ("男", "Male")}[child.sex]
    return zh if language().startswith("zh") else en
