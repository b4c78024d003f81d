"""Many rows of the list at once (批量): each an act of its own, and what became of each told by row."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from qianshou.design.asked import whole
from qianshou.design.desk import officer_page, show
from qianshou.design.fields import read_form, shown_fields
from qianshou.design.refused import by_field, language
from qianshou.kernel import door
from qianshou.kernel.access import Actor, require
from qianshou.kernel.clock import now
from qianshou.kernel.door import acts
from qianshou.kernel.procedures.forms import Field, Form, validate
from qianshou.kernel.procedures.versions import compiled, form_of
from qianshou.kernel.refusal import Refusal, Refusals
from qianshou.kernel.registry.choices import choices_of
from qianshou.kernel.worklist.lists import open_tasks, see_matters
from qianshou.office.timeline import act_words

MOST = 100
Doer = Callable[[Any], acts.Act]


@dataclass(frozen=True)
class Outcome:
    """What became of one row: its matter, or None where there is none; why it was not done."""

    task: Any
    text: str = ""


@require_POST
@officer_page
def page(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Claim, transfer, urge or complete the ticked tasks, each in a transaction of its own.

    Completing first asks for the form that all of them share; at most 100 rows at once.
    """
    require(actor.role == "officer")
    told = [whole(text) for text in request.POST.getlist("task")]
    ids = list(dict.fromkeys(task for task in told if task is not None))[:MOST]
    back = request.POST.get("back", "")
    onward = f"/?{back}" if back and "\n" not in back else "/"
    if not ids:
        messages.warning(request, _("没有勾选任务"))
        return redirect(onward)
    seen = open_tasks().filter(pk__in=ids, matter__in=see_matters(actor))
    found = {task.pk: task for task in seen.select_related("matter__version")}
    tasks = [found.get(pk) for pk in ids]
    name = request.POST.get("act", "claim")
    if name == "complete":
        return _complete(request, actor, tasks, onward)
    doers: dict[str, Doer] = {
        "claim": lambda task: acts.Claim(task.pk),
        "transfer": lambda task: acts.Transfer(
            task.pk,
            whole(request.POST.get("officer", "")) or 0,
            request.POST.get("reason", "")[:200],
        ),
        "urge": lambda task: acts.Urge(task.matter_id, request.POST.get("reason", "")[:200]),
    }
    if name not in doers:
        return redirect(onward)
    return _report(request, actor, name, _each(actor, tasks, doers[name]), onward)


def _each(actor: Actor, tasks: Sequence[Any], doer: Doer) -> list[Outcome]:
    outcomes = []
    for task in tasks:
        if task is None:
            outcomes.append(Outcome(None, _("没有这个任务，或已经办结")))
            continue
        try:
            door.act(doer(task), by=actor, at=now())
        except (Refusal, Refusals) as refusal:
            first = refusal.refusals[0] if isinstance(refusal, Refusals) else refusal
            outcomes.append(Outcome(task, first.text(language())))
        else:
            outcomes.append(Outcome(task))
    return outcomes


def _report(
    request: HttpRequest, actor: Actor, name: str, outcomes: list[Outcome], onward: str
) -> HttpResponse:
    context = {
        "act": act_words(name),
        "outcomes": outcomes,
        "done": sum(not one.text for one in outcomes),
        "back": onward,
        "here": "worklist",
    }
    return show(request, actor, "office/batch.html", context)


def _complete(
    request: HttpRequest, actor: Actor, tasks: Sequence[Any], onward: str
) -> HttpResponse:
    """Ask for the one form of the ticked tasks, or complete them all with it."""
    kept = [task for task in tasks if task is not None]
    form = shared_form(kept)
    if form is None:
        messages.error(
            request,
            _("批量办结须是同一环节的任务，且表单里只有可以勾选的结果；请分别办理"),
        )
        return redirect(onward)
    values: Mapping[str, Any] | None = None
    errors: Mapping[str, list[str]] = {}
    if request.POST.get("confirmed"):
        facts, refused = read_form(form, request.POST, request.FILES, at=now())
        values = facts
        if not refused:
            outcomes = _each(actor, tasks, lambda task: acts.Complete(task.pk, facts))
            if any(not one.text for one in outcomes):
                return _report(request, actor, "complete", outcomes, onward)
            errors = _wrong(form, facts) or {"": [outcomes[0].text]}
    context = {
        "tasks": kept,
        "title": form.title(language()),
        "fields_shown": shown_fields(form, language(), values=values or {}, errors=errors),
        "errors": errors,
        "back": onward.removeprefix("/?") if onward != "/" else "",
        "here": "worklist",
    }
    return show(request, actor, "office/batch_complete.html", context, 422 if errors else 200)


def _wrong(form: Form, facts: Mapping[str, Any]) -> Mapping[str, list[str]]:
    """Return what the form itself refuses, by field."""
    try:
        validate(form, facts, choices_of)
    except Refusals as refusals:
        return by_field(refusals)
    return {}


def shared_form(tasks: Sequence[Any]) -> Form | None:
    """Return the form with which all these tasks are done, where it asks for outcomes alone."""
    steps = {(task.matter.version.digest, task.node) for task in tasks}
    if len(steps) != 1:
        return None
    ((digest, name),) = steps
    node = compiled(digest).node(name)
    if not node.form or node.page:
        return None
    form = form_of(digest, node.form)
    return form if all(is_outcome(field) for field in form.fields) else None


def is_outcome(field: Field) -> bool:
    """Whether a field says an outcome that may be the same for many: a choice, a tick, or words
    that may be left out or go with a choice (a reason for "no").
    """
    if field.vault or field.sealed or field.catalogue:
        return False
    words = field.kind == "string" and field.widget in ("text", "textarea")
    spare = not field.required or field.when is not None
    return bool(field.choices) or field.kind == "boolean" or (words and spare)
