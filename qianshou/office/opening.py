"""Opening a matter: one page for each way in that a pack declares for officers."""

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from qianshou.design.desk import officer_page, show
from qianshou.design.fields import read_form, shown_fields
from qianshou.design.refused import by_field, language
from qianshou.kernel import door
from qianshou.kernel.access import Actor, require
from qianshou.kernel.clock import now
from qianshou.kernel.door import acts
from qianshou.kernel.pack import Pack, StartDeclaration, find_start, packs
from qianshou.kernel.procedures.forms import Form
from qianshou.kernel.procedures.versions import current, form_of
from qianshou.kernel.refusal import Refusal, Refusals


def starts_for(actor: Actor) -> list[tuple[Pack, StartDeclaration]]:
    """Return the ways in that a post of the actor's may use."""
    held = {seat.post for seat in actor.seats}
    return [
        (pack, start)
        for pack in packs()
        for start in pack.starts.values()
        if start.by == "officer" and held & set(start.posts)
    ]


def start_of(actor: Actor, pack: str, start: str) -> tuple[Pack, StartDeclaration, Form]:
    """Return a way in with its form; 404 when there is none, access.denied when not for the actor."""
    try:
        found, declared = find_start(pack, start)
    except Refusal as refusal:
        raise Http404 from refusal
    require((found, declared) in starts_for(actor))
    _version, digest = current(declared.procedure)
    return found, declared, form_of(digest, declared.form)


@require_safe
@officer_page
def choose(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Show the ways in; go straight on where there is but one."""
    require(actor.role == "officer")
    found = starts_for(actor)
    if len(found) == 1:
        return redirect("open", found[0][0].id, found[0][1].id)
    return show(request, actor, "office/starts.html", {"starts": found, "here": "opening"})


@require_http_methods(["GET", "POST"])
@officer_page
def page(request: HttpRequest, actor: Actor, pack: str, start: str) -> HttpResponse:
    """Show the form of a way in, and open the matter; refusals stand beside their fields."""
    found, declared, form = start_of(actor, pack, start)
    values: Mapping[str, Any] = {}
    errors: Mapping[str, list[str]] = {}
    if request.method == "POST":
        try:
            values, refused = read_form(form, request.POST, request.FILES, at=now())
            if refused:
                raise Refusals(refused)
            receipt = door.act(
                acts.Open(declared.procedure, values, declared.id), by=actor, at=now()
            )
            assert receipt is not None
            messages.success(request, _("已登记 %(number)s") % {"number": receipt.number})
            return redirect("matter", receipt.matter)
        except (Refusal, Refusals) as refusal:
            errors = by_field(refusal)
    elif request.GET.get("town"):
        values = {"place": {"division": request.GET["town"]}}
    context = {
        "pack": found,
        "start": declared,
        "form": form,
        "fields_shown": shown_fields(form, language(), values=values, errors=errors),
        "errors": errors,
        "here": "opening",
    }
    return show(request, actor, "office/open.html", context, 422 if errors else 200)
