"""A child's page: her registers with their history, contacts, pledges, hazards, wishes, circle."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from qianshou.design.asked import day as read_day
from qianshou.design.desk import officer_page, show
from qianshou.design.fields import ShownField, read_form, shown_fields
from qianshou.design.refused import by_field, language
from qianshou.design.tried import Tried
from qianshou.kernel.access import Actor, circles_of, holds_task, require
from qianshou.kernel.clock import CHINA, now
from qianshou.kernel.door.rules import require_text
from qianshou.kernel.door.sealing import (
    change_sheet,
    history_of_sheet,
    kinds_read,
    may_open,
    open_sheets,
)
from qianshou.kernel.door.turn import write_turn
from qianshou.kernel.pack import pack_of
from qianshou.kernel.procedures.forms import validate
from qianshou.kernel.procedures.wording import choice_label
from qianshou.kernel.refusal import Refusal, Refusals
from qianshou.kernel.registry.choices import choices_of
from qianshou.kernel.registry.models import CircleMember, Disclosure
from qianshou.kernel.registry.vault import key_of
from qianshou.kernel.worklist import lists
from qianshou.packs.commission.care.contacts import read_note, record_contact, role_of
from qianshou.packs.commission.care.eligibility import absence_changed, recheck
from qianshou.packs.commission.care.models import Child, Contact
from qianshou.packs.commission.care.models.child import GUARDIANSHIP, IDENTITY, SHEETS
from qianshou.packs.commission.care.month import MONTH
from qianshou.packs.commission.care.pages.children import is_current, stage_words, state_words
from qianshou.packs.commission.care.pages.pupil import show_pupil
from qianshou.packs.commission.care.pages.reach import find_child
from qianshou.packs.commission.care.pages.visit import report_address
from qianshou.packs.commission.care.pages.words import (
    Told,
    contact_words,
    hazard_words,
    note_words,
    role_words,
    wish_words,
)
from qianshou.packs.commission.care.pledges import standings_of
from qianshou.packs.commission.care.register import masked_names, my_pupils
from qianshou.packs.commission.care.visiting import REGISTERS, register_form, sheet_kind

SHOWN = 50
SEALED = "sealed"


@dataclass(frozen=True)
class ToldField:
    """One field of a register in words, with what it was before: (at, who, words, why)."""

    label: str
    words: str
    history: list[tuple[datetime, str, str, str]]


@dataclass(frozen=True)
class ToldSheet:
    """A register opened for one answer: its fields, and the form that corrects it."""

    id: str
    label: str
    fields: list[ToldField]
    form: list[ShownField]


def readable(actor: Actor) -> list[str]:
    """Return the kinds of sheets that some post of the actor reads."""
    return [kind for kind in SHEETS if kind in kinds_read(actor)]


@require_http_methods(["GET", "POST"])
@officer_page
def page(request: HttpRequest, actor: Actor, code: str) -> HttpResponse:
    """Show a child under her code; a POST with a purpose opens her sheets for this one answer."""
    pupil = my_pupils(actor).select_related("person").filter(code=code).first()
    child = pupil or find_child(actor, code)
    shown = show_child if pupil is None else show_pupil
    if request.method != "POST":
        return shown(request, actor, child)
    purpose = request.POST.get("purpose", "")
    try:
        return shown(request, actor, child, purpose=purpose)
    except Refusal as refusal:
        if refusal.code == "access.denied":
            raise
        return shown(request, actor, child, tried=Tried("open", {}, by_field(refusal)))


def show_child(
    request: HttpRequest,
    actor: Actor,
    child: Child,
    *,
    purpose: str | None = None,
    tried: Tried | None = None,
) -> HttpResponse:
    """Return a child's page, opened where a purpose is given: that is written down.

    Raises what `open_sheets` refuses: a missing purpose, who may not open, an erased person.
    """
    tried, at = tried or Tried(), now()
    opened: dict[str, Any] = {}
    if purpose is not None:
        opened = _open(actor, child, purpose, at, tried)
    today = at.astimezone(CHINA).date()
    context = {
        "child": child,
        "name": masked_names([child])[child.pk],
        "age": today.year - child.birth_year,
        "stage": stage_words(child.stage),
        "state": state_words(child.state),
        "is_current": is_current(child, today),
        "tasks": open_tasks(actor, child),
        "contacts": _contacts(child, opened.get("key")),
        "hazards": hazard_words(child.hazards.order_by("-pk")[:SHOWN]),
        "wishes": wish_words(child.wishes.order_by("-pk")[:SHOWN]),
        "letters": list(child.letters.select_related("officer").order_by("-pk")[:SHOWN]),
        "standings": standings_of([child], today)[child.pk],
        "may_sign": may_open(actor, child.person, [IDENTITY, GUARDIANSHIP]),
        "circle": _circle(child),
        "disclosures": list(
            Disclosure.objects.filter(person=child.person_id)
            .select_related("officer")
            .order_by("-pk")[:SHOWN]
        ),
        "may_open": bool(readable(actor)),
        "contact_kinds": contact_words(),
        "may_record": _may_record(actor),
        "report": report_address(child),
        "here": "care-children",
        "tried": tried,
        "today": today,
        **opened,
    }
    return show(request, actor, "care/child.html", context, 422 if tried.errors else 200)


def open_tasks(actor: Actor, child: Child) -> list[tuple[Any, bool]]:
    """Return the open tasks about a child that the actor's circles let him see; whether a task is
    the visit that he can begin.
    """
    tasks = (
        lists.open_tasks()
        .filter(
            Q(matter__person=child.person_id) | Q(matter__circle=child.circle_id),
            matter__circle__in=circles_of(actor),
        )
        .select_related("organisation", "assignee")
        .order_by("due_at", "pk")[:SHOWN]
    )
    return [
        (
            task,
            task.procedure == MONTH
            and holds_task(actor, task.assignee_id, task.organisation_id, task.posts),
        )
        for task in tasks
    ]


def _open(actor: Actor, child: Child, purpose: str, at: datetime, tried: Tried) -> dict[str, Any]:
    kinds = readable(actor)
    require(bool(kinds))
    reads_notes = any(SEALED in seat.reads for seat in actor.seats)
    asked = [*kinds, SEALED] if reads_notes else kinds
    sheets = open_sheets(child.person_id, asked, by=actor, at=at, purpose=purpose)
    key = key_of(child.person_id)
    registers = [
        _told(register, sheets[sheet_kind(register)], child.person_id, key, tried)
        for register in REGISTERS
        if sheet_kind(register) in sheets
    ]
    identity = [
        (one.label(language()), sheets[IDENTITY].get(one.id, ""))
        for one in pack_of(MONTH).form("identity").fields
        if sheets.get(IDENTITY, {}).get(one.id)
    ]
    return {
        "identity": identity,
        "full_name": sheets.get(IDENTITY, {}).get("name", ""),
        "registers": registers,
        "purpose": purpose,
        "key": key if reads_notes else None,
    }


def _told(
    register: str, sheet: Mapping[str, Any], person: int, key: bytes, tried: Tried
) -> ToldSheet:
    form = register_form(register)
    past: dict[str, list[tuple[datetime, str, str, str]]] = {}
    labels = {one.id: one for one in form.fields}
    for entry in reversed(history_of_sheet(person, sheet_kind(register), key)):
        for name, value in entry["values"].items():
            words = _words(labels.get(name), value)
            line = (entry["at"], entry["by"]["name"], words, entry["reason"])
            past.setdefault(name, []).append(line)
    fields = [
        ToldField(one.label(language()), _words(one, sheet.get(one.id)), past.get(one.id, []))
        for one in form.fields
        if sheet.get(one.id) is not None or one.id in past
    ]
    mine = tried.form == register
    shown = shown_fields(
        form,
        language(),
        values=tried.sent if mine else sheet,
        errors=tried.errors if mine else None,
    )
    return ToldSheet(register, form.title(language()), fields, shown)


def _words(one: Any, value: Any) -> str:
    parts = value if isinstance(value, list) else [] if value is None else [value]
    return "、".join(choice_label(one, part, language()) for part in parts)


def _contacts(child: Child, key: bytes | None) -> list[tuple[Contact, str, str, list[Told]]]:
    kinds = dict(contact_words())
    rows = child.contacts.select_related("officer", "division").order_by("-at", "-pk")[:SHOWN]
    return [
        (
            one,
            kinds[one.kind],
            role_words(one.role),
            [] if key is None else note_words(read_note(bytes(one.note), key)),
        )
        for one in rows
    ]


def _circle(child: Child) -> list[tuple[CircleMember, str]]:
    members = (
        CircleMember.objects.filter(
            Q(circle=child.circle_id) | Q(circle__children=child.circle_id), to_date=None
        )
        .select_related("officer", "organisation", "post")
        .order_by("pk")
    )
    return [(one, role_words(one.role)) for one in members]


def _may_record(actor: Actor) -> bool:
    try:
        role_of(actor)
    except Refusal:
        return False
    return True


@require_POST
@officer_page
def correct(request: HttpRequest, actor: Actor, code: str, register: str) -> HttpResponse:
    """Correct a register outside the month, with the reason; every change stays in its history."""
    child = find_child(actor, code)
    require(register in REGISTERS and may_open(actor, child.person, [sheet_kind(register)]))
    try:
        _correct(request.POST, actor, child, register)
    except (Refusal, Refusals) as refusal:
        tried = Tried(register, _raw(request.POST, register), by_field(refusal))
        purpose = request.POST.get("purpose", "").strip()
        if not purpose:
            messages.error(
                request, " ".join(text for texts in tried.errors.values() for text in texts)
            )
            return redirect("care-child", code)
        return show_child(request, actor, child, purpose=purpose, tried=tried)
    messages.success(request, _("已更正，并记入台账"))
    return redirect("care-child", code)


def _raw(sent: QueryDict, register: str) -> dict[str, Any]:
    raw, _refused = read_form(register_form(register), sent, MultiValueDict(), at=now())
    return {**raw, "reason": sent.get("reason", "")}


def _correct(sent: QueryDict, actor: Actor, child: Child, register: str) -> None:
    form, reason = register_form(register), sent.get("reason", "")
    values = validate(form, _raw(sent, register), choices_of)
    require_text(reason, "reason", "请写明更正的理由", "Please say why it is corrected")
    whole = {one.id: values.get(one.id) for one in form.fields}
    kind, at = sheet_kind(register), now()
    with write_turn():
        changed = change_sheet(child.person_id, kind, whole, by=actor, at=at, reason=reason[:200])
        if kind == GUARDIANSHIP and absence_changed(changed):
            recheck(child, by=actor, at=at)


@require_POST
@officer_page
def contact(request: HttpRequest, actor: Actor, code: str) -> HttpResponse:
    """Record a contact outside the month's duty, in the role of the officer's post."""
    child, sent = find_child(actor, code), request.POST
    note = sent.get("note", "").strip()[:1000]
    try:
        day = _day(sent.get("on", ""))
        seen = {"note": note} if note else {}
        record_contact(child, sent.get("kind", ""), day, seen, by=actor, at=now())
    except (Refusal, Refusals) as refusal:
        tried = Tried("contact", sent, by_field(refusal))
        return show_child(request, actor, child, tried=tried)
    messages.success(request, _("已登记"))
    return redirect("care-child", code)


def _day(text: str) -> date:
    try:
        return read_day(text)
    except ValueError:
        raise Refusal(
            "form.date", "请写成 2026-11-23 这样的日期", "Write a date like 2026-11-23", "on"
        ) from None
