"""One child's enrolment: where it stands, the step that waits, the three registers, the notice."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from qianshou.design.desk import officer_page, show
from qianshou.design.download import file_response
from qianshou.design.fields import ShownField, read_form, shown_fields, suggested
from qianshou.design.refused import by_field, language
from qianshou.kernel import door
from qianshou.kernel.access import Actor, holds_task, require
from qianshou.kernel.clock import CHINA, now
from qianshou.kernel.documents.store import DOCX
from qianshou.kernel.door import acts
from qianshou.kernel.door.sealing import open_sheets
from qianshou.kernel.procedures.forms import Form
from qianshou.kernel.procedures.versions import compiled, form_of
from qianshou.kernel.refusal import Refusal, Refusals
from qianshou.kernel.registry.models import Sheet
from qianshou.kernel.worklist.lists import see_matters, tasks_of
from qianshou.packs.commission.care.circle import cadre_of
from qianshou.packs.commission.care.eligibility import Finding, finding_of
from qianshou.packs.commission.care.enrolment import (
    ENROL,
    REGISTERS,
    care,
    save_register,
    unfilled_registers,
)
from qianshou.packs.commission.care.models import Child
from qianshou.packs.commission.care.models.child import GUARDIANSHIP, IDENTITY
from qianshou.packs.commission.care.pages.reach import find_ward
from qianshou.packs.commission.care.pairing import cadres_for
from qianshou.packs.commission.care.pledges import (
    NOTICE,
    context_of,
    fill_document,
    missing_kinds,
    standings_of,
)
from qianshou.packs.commission.care.register import masked_names

STEPS = ("decide", "inform", "registers", "pair", "pledges")
OPEN = 0


@dataclass(frozen=True)
class Step:
    """A step of the enrolment as the page shows it: "d" done, "c" current, "" to come."""

    name: str
    state: str


def matter_of(actor: Actor, child: Child) -> Any:
    """Return a child's latest enrolment; 404 where there is none."""
    found = see_matters(actor).filter(procedure=ENROL, person=child.person_id)
    matter = found.select_related("version").order_by("-pk").first()
    if matter is None:
        raise Http404
    return matter


@require_http_methods(["GET", "POST"])
@officer_page
def page(request: HttpRequest, actor: Actor, code: str) -> HttpResponse:
    """Show a child's enrolment, and complete the step that waits; refusals stand by their fields."""
    child = find_ward(actor, code)
    matter = matter_of(actor, child)
    if request.method != "POST":
        return show_enrolment(request, actor, child, matter)
    task = tasks_of(matter.pk).filter(state=OPEN, node=request.POST.get("step", "")).first()
    if task is None:
        messages.error(request, _("这一步已经办过了"))
        return redirect("care-enrolling", code)
    form = form_of(matter.version.digest, compiled(matter.version.digest).node(task.node).form)
    values, refused = read_form(form, request.POST, request.FILES, at=now())
    try:
        if refused:
            raise Refusals(refused)
        door.act(acts.Complete(task.pk, values), by=actor, at=now())
    except (Refusal, Refusals) as refusal:
        errors = by_field(refusal)
        return show_enrolment(request, actor, child, matter, values=values, errors=errors)
    messages.success(request, _("已办结“%(step)s”") % {"step": _step_name(task)})
    return redirect("care-enrolling", code)


def _step_name(task: Any) -> str:
    return str(task.name if language().startswith("zh") else task.name_en)


def show_enrolment(
    request: HttpRequest,
    actor: Actor,
    child: Child,
    matter: Any,
    *,
    values: Mapping[str, Any] | None = None,
    errors: Mapping[str, list[str]] | None = None,
) -> HttpResponse:
    """Return the page of an enrolment."""
    tasks = list(tasks_of(matter.pk))
    task = next((one for one in tasks if one.state == OPEN), None)
    mine = task is not None and holds_task(
        actor, task.assignee_id, task.organisation_id, task.posts
    )
    found = finding_of(child, now())
    form = None
    if task is not None:
        form = form_of(matter.version.digest, compiled(matter.version.digest).node(task.node).form)
    context = {
        "child": child,
        "name": masked_names([child])[child.pk],
        "matter": matter,
        "task": task,
        "mine": mine,
        "found": found,
        "cadre": cadre_of(child),
        "steps": steps_of(matter, task),
        "fields_shown": fields_for(form, task, found, values, errors) if form and mine else [],
        "form": form,
        "errors": errors or {},
        "here": "care-enrol",
        **parts_for(task, child),
    }
    return show(request, actor, "care/enrolling.html", context, 422 if errors else 200)


def fields_for(
    form: Form,
    task: Any,
    found: Finding,
    values: Mapping[str, Any] | None,
    errors: Mapping[str, list[str]] | None,
) -> list[ShownField]:
    """Return the fields of the waiting step, with what the table says now as the proposal."""
    if values is None:
        values = suggested(form, {"suggested": found.eligible})
        if task.node == "inform":
            values |= {"informed_on": now().astimezone(CHINA).date().isoformat()}
    return shown_fields(form, language(), values=values, errors=errors)


def parts_for(task: Any, child: Child) -> dict[str, Any]:
    """Return what a step shows beside its form: registers, cadres, pledges."""
    node = task.node if task is not None else ""
    day = now().astimezone(CHINA).date()
    zh = language().startswith("zh")
    if node == "registers":
        unfilled = unfilled_registers(child)
        return {
            "registers": [
                (name, named if zh else named_en, name not in unfilled)
                for name, (_kind, named, named_en) in REGISTERS.items()
            ],
            "unfilled": unfilled,
        }
    if node == "pair":
        return {"cadres": cadres_for(child.town, at=now())}
    if node == "pledges":
        return {
            "standings": standings_of([child], day)[child.pk],
            "unsigned": missing_kinds(child, day),
        }
    return {}


def steps_of(matter: Any, task: Any) -> list[Step]:
    """Return the steps of an enrolment and where it stands."""
    nodes = compiled(matter.version.digest).nodes
    zh = language().startswith("zh")
    here = STEPS.index(task.node) if task is not None else len(STEPS)
    if matter.outcome == "not_eligible":
        here = 1
    return [
        Step(
            nodes[name].name if zh else nodes[name].name_en,
            "d" if place < here else "c" if place == here and task is not None else "",
        )
        for place, name in enumerate(STEPS)
    ]


@require_http_methods(["GET", "POST"])
@officer_page
def register(request: HttpRequest, actor: Actor, code: str, name: str) -> HttpResponse:
    """Show one of the three registers and keep it: whole, or as a draft of what is known so far."""
    child = find_ward(actor, code)
    if name not in REGISTERS:
        raise Http404
    matter = matter_of(actor, child)
    task = tasks_of(matter.pk).filter(state=OPEN, node="registers").first()
    if task is None:
        messages.error(request, _("现在不是填台账的环节"))
        return redirect("care-enrolling", code)
    require(holds_task(actor, task.assignee_id, task.organisation_id, task.posts))
    form, errors = care().form(name), {}
    if request.method == "POST":
        values, _refused = read_form(form, request.POST, request.FILES, at=now())
        whole = request.POST.get("keep") != "draft"
        try:
            save_register(child, name, values, whole=whole, by=actor, at=now())
        except (Refusal, Refusals) as refusal:
            errors = by_field(refusal)
        else:
            following = unfilled_registers(child)
            messages.success(request, _("已保存") if whole else _("已暂存，以后可以接着填"))
            if whole and following:
                return redirect("care-register", code, following[0])
            return redirect("care-enrolling", code)
    else:
        values = values_kept(actor, child, name)
    unfilled = unfilled_registers(child)
    zh = language().startswith("zh")
    context = {
        "child": child,
        "child_name": masked_names([child])[child.pk],
        "name": name,
        "title": form.title(language()),
        "tabs": [
            (one, named if zh else named_en, one not in unfilled)
            for one, (_kind, named, named_en) in REGISTERS.items()
        ],
        "fields_shown": shown_fields(form, language(), values=values, errors=errors),
        "errors": errors,
        "here": "care-enrol",
    }
    return show(request, actor, "care/register.html", context, 422 if errors else 200)


def values_kept(actor: Actor, child: Child, name: str) -> dict[str, Any]:
    """Return what a register holds, written down as opened; nothing is opened where it is new."""
    kind = REGISTERS[name][0]
    if not Sheet.objects.filter(person=child.person_id, kind=kind).exists():
        return {}
    purpose = "入册填写台账"
    return open_sheets(child.person_id, [kind], by=actor, at=now(), purpose=purpose)[kind]


@require_POST
@officer_page
def notice(request: HttpRequest, actor: Actor, code: str) -> HttpResponse:
    """Return the notice to the guardian, filled, written down as opened for that purpose."""
    child = find_ward(actor, code)
    kinds = [IDENTITY, GUARDIANSHIP]
    sheets = open_sheets(
        child.person_id, kinds, by=actor, at=now(), purpose="打印个人信息处理告知书"
    )
    day = now().astimezone(CHINA).date()
    try:
        content = fill_document(NOTICE, context_of(child, sheets, day, actor.name))
    except Refusal as refusal:
        messages.error(request, refusal.text(language()))
        return redirect("care-enrolling", code)
    return file_response(content, f"{_('告知书')} {child.code}.docx", DOCX)
