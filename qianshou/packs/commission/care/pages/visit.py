"""The visit's form, phone first: opened for a purpose, kept as a draft, sent exactly once."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import redirect
from django.urls import NoReverseMatch, reverse
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from qianshou.design.desk import officer_page, show
from qianshou.design.fields import ShownField, read_form, shown_fields
from qianshou.design.refused import by_field, language
from qianshou.kernel import door
from qianshou.kernel.access import Actor, holds_task, require
from qianshou.kernel.clock import day_of, now
from qianshou.kernel.door import acts
from qianshou.kernel.door.sealing import open_sheets
from qianshou.kernel.door.turn import write_turn
from qianshou.kernel.procedures.forms import Form, sheet_field
from qianshou.kernel.procedures.versions import compiled, form_of
from qianshou.kernel.procedures.wording import choice_label
from qianshou.kernel.refusal import Refusal, Refusals
from qianshou.kernel.worklist.lists import task_of
from qianshou.packs.commission.care.drafts import (
    draft_key,
    keep_draft,
    kept_draft,
    mark_sent,
    was_sent,
)
from qianshou.packs.commission.care.models import Child
from qianshou.packs.commission.care.models.child import IDENTITY
from qianshou.packs.commission.care.month import MONTH
from qianshou.packs.commission.care.register import masked_names, my_children
from qianshou.packs.commission.care.visiting import (
    REGISTERS,
    fields_that_apply,
    register_form,
    sheet_kind,
)

SAME, NEW, CLEAR = "same", "new", "clear"
OPENED = (IDENTITY, *(sheet_kind(register) for register in REGISTERS))
LONGEST_DRAFT = 60_000


@dataclass(frozen=True)
class Answer:
    """A field of a register in the form: as refused, and bare; its present value in words; whether
    it stands aside, because it counts only when something else changes.
    """

    field: ShownField
    bare: ShownField
    words: str
    is_aside: bool


@dataclass(frozen=True)
class ShownRegister:
    """A register's part of the form."""

    id: str
    label: str
    answers: list[Answer]


@dataclass(frozen=True)
class Duty:
    """The open visit that a page is about, with its child."""

    task: Any
    child: Child
    form: Form


def find_duty(actor: Actor, task: int) -> Duty:
    """Return the visit of a task in a circle of the actor's, open or not; others get the 404.

    A colleague of the circle who does not hold it gets it too: whether it may be done is asked by
    `may_do` and, in the end, by the door.
    """
    row = task_of(task, MONTH)
    mine = my_children(actor).select_related("town", "village")
    child = mine.filter(circle=row.matter.circle_id).first() if row is not None else None
    if row is None or child is None:
        raise Http404
    digest = row.matter.version.digest
    return Duty(row, child, form_of(digest, compiled(digest).node(row.node).form))


def may_do(actor: Actor, task: Any) -> bool:
    """Whether the actor holds the open task."""
    return task.closed_at is None and holds_task(
        actor, task.assignee_id, task.organisation_id, task.posts
    )


@require_http_methods(["GET", "POST"])
@officer_page
def page(request: HttpRequest, actor: Actor, task: int) -> HttpResponse:
    """Show what is to be done; a POST with a purpose opens the registers and shows the form."""
    duty = find_duty(actor, task)
    if not may_do(actor, duty.task):
        return redirect("care-child", duty.child.code)
    if request.method == "POST":
        try:
            return show_form(request, actor, duty, request.POST.get("purpose", ""))
        except Refusal as refusal:
            return _show(request, actor, duty, {"errors": by_field(refusal)}, 422)
    return _show(request, actor, duty, {})


def _show(
    request: HttpRequest, actor: Actor, duty: Duty, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    told = {
        "duty": duty,
        "child": duty.child,
        "name": masked_names([duty.child])[duty.child.pk],
        "draft_key": draft_key(actor, duty.task.pk),
        "report": report_address(duty.child),
        "purpose": _("每月走访"),
        "errors": {},
        "here": "care-children",
        **context,
    }
    return show(request, actor, "care/visit.html", told, status)


def show_form(
    request: HttpRequest,
    actor: Actor,
    duty: Duty,
    purpose: str,
    *,
    sent: QueryDict | None = None,
    refused: Refusal | Refusals | None = None,
) -> HttpResponse:
    """Open the child's registers for a purpose, which is written down, and show the form.

    Raises what `open_sheets` refuses: a missing purpose, who may not open, an erased person.
    """
    at = now()
    sheets = open_sheets(duty.child.person_id, OPENED, by=actor, at=at, purpose=purpose)
    errors = {} if refused is None else by_field(refused)
    fresh = {"on": day_of(at).isoformat()}
    values: Mapping[str, Any] = fresh if sent is None else _typed(duty.form, sent)
    shown = {
        field.id: field
        for field in shown_fields(duty.form, language(), values=values, errors=errors)
    }
    kept = kept_draft(duty.task.matter_id, actor, duty.child.person_id)
    context = {
        "identity": sheets[IDENTITY],
        "fields": shown,
        "registers": [_register(one, sheets[sheet_kind(one)], shown) for one in REGISTERS],
        "answers": {} if sent is None else sent,
        "mark": (sent.get("mark") if sent is not None else "") or secrets.token_hex(16),
        "kept": kept,
        "opened_for": purpose,
        "errors": errors,
    }
    return _show(request, actor, duty, context, 422 if errors else 200)


def _typed(form: Form, sent: QueryDict) -> dict[str, Any]:
    raw, _refused = read_form(form, sent, MultiValueDict(), at=now())
    return raw


def _register(
    register: str, sheet: Mapping[str, Any], shown: Mapping[str, ShownField]
) -> ShownRegister:
    form = register_form(register)
    applies = {field.id for field in fields_that_apply(register, sheet)}
    answers = []
    for field in form.fields:
        value = sheet.get(field.id)
        parts = value if isinstance(value, list) else [] if value is None else [value]
        words = "、".join(choice_label(field, part, language()) for part in parts)
        found = shown[sheet_field(register, field.id)]
        is_aside = field.id not in applies and not found.errors
        answers.append(Answer(found, replace(found, errors=()), words, is_aside))
    return ShownRegister(register, form.title(language()), answers)


def report_address(child: Child) -> str:
    """Return where a suspicion of harm to this child is reported, or "" where nothing takes it."""
    try:
        return f"{reverse('care-report')}?child={child.code}"
    except NoReverseMatch:
        return ""


def read_answers(form: Form, sent: QueryDict) -> tuple[dict[str, Any], list[Refusal]]:
    """Return the raw facts of a visit's form: of the registers only what is answered as changed."""
    raw, refusals = read_form(form, sent, MultiValueDict(), at=now())
    raw["unchanged"], raw["cleared"] = [], []
    for register in form.sheets:
        for field in register_form(register).fields:
            name = sheet_field(register, field.id)
            answer = sent.get(f"{name}.answer", "")
            if answer != NEW:
                raw.pop(name, None)
            if answer == SAME:
                raw["unchanged"].append(name)
            elif answer == CLEAR:
                raw["cleared"].append(name)
    return raw, refusals


@require_POST
@officer_page
def send(request: HttpRequest, actor: Actor, task: int) -> HttpResponse:
    """Take in a visit's form once: the same form sent again is answered as received.

    A script gets JSON {state, address, errors}, others the next page. What is refused is shown
    beside its field; a visit that somebody else closed is answered 409, and the draft is kept.
    """
    duty, wants = find_duty(actor, task), "application/json" in request.headers.get("Accept", "")
    mark = request.POST.get("mark", "")[:40]
    onward = reverse("care-child", args=[duty.child.code])
    try:
        raw, refused = read_answers(duty.form, request.POST)
        if refused:
            raise Refusals(refused)
        with write_turn():
            door.act(acts.Complete(task, raw), by=actor, at=now())
            mark_sent(duty.task.matter_id, actor, mark, at=now())
    except (Refusal, Refusals) as refusal:
        return _refuse(request, actor, duty, refusal, mark, wants, onward)
    if wants:
        return JsonResponse({"state": "sent", "address": onward})
    messages.success(request, _("走访已登记，台账已更新"))
    return redirect(onward)


def _refuse(
    request: HttpRequest,
    actor: Actor,
    duty: Duty,
    refusal: Refusal | Refusals,
    mark: str,
    wants: bool,
    onward: str,
) -> HttpResponse:
    code = refusal.code if isinstance(refusal, Refusal) else ""
    if code == "access.denied" and not wants:
        raise refusal
    if code == "door.already_done":
        received = was_sent(duty.task.matter_id, actor, mark)
        told = _("这次走访已经收到") if received else _("这项走访已由他人办结，您填的内容仍保留")
        if wants:
            state = "sent" if received else "closed"
            answer = {"state": state, "address": onward, "errors": {"": [told]}}
            return JsonResponse(answer, status=200 if received else 409)
        (messages.success if received else messages.warning)(request, told)
        return redirect(onward)
    if wants:
        status = 403 if code == "access.denied" else 422
        return JsonResponse({"state": "refused", "errors": by_field(refusal)}, status=status)
    require(may_do(actor, duty.task))
    purpose = request.POST.get("purpose", "") or _("每月走访")
    return show_form(request, actor, duty, purpose, sent=request.POST, refused=refusal)


@require_POST
@officer_page
def draft(request: HttpRequest, actor: Actor, task: int) -> HttpResponse:
    """Keep what has been filled in so far, sealed, so that another device can go on."""
    duty = find_duty(actor, task)
    if not may_do(actor, duty.task):
        return JsonResponse({"state": "closed"}, status=409)
    text, mark = request.POST.get("content", ""), request.POST.get("mark", "")[:40]
    try:
        content = json.loads(text) if len(text) <= LONGEST_DRAFT else None
    except ValueError:
        content = None
    if not isinstance(content, list) or not mark:
        return JsonResponse({"state": "refused"}, status=422)
    keep_draft(duty.task.matter_id, actor, duty.child.person_id, mark, content, at=now())
    return JsonResponse({"state": "kept"})
