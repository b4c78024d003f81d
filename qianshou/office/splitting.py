"""Splitting a matter (拆分): the form of its beginning, filled in with what is known of it."""

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from qianshou.design.desk import officer_page, show
from qianshou.design.fields import read_form, shown_fields
from qianshou.design.refused import by_field, language
from qianshou.kernel import door
from qianshou.kernel.access import Actor, require
from qianshou.kernel.clock import now
from qianshou.kernel.door import acts
from qianshou.kernel.procedures.versions import current, form_of
from qianshou.kernel.refusal import Refusal, Refusals
from qianshou.kernel.worklist.lists import copies_of, parties_of, tasks_of
from qianshou.office.facts import facts_of
from qianshou.office.matter import find_matter
from qianshou.office.offers import offer_of_matter, standing_of, starts_of


@require_http_methods(["GET", "POST"])
@officer_page
def page(request: HttpRequest, actor: Actor, matter: int) -> HttpResponse:
    """Show what is known of a matter to choose from, and split the part off; refusals stand
    beside their fields.
    """
    found = find_matter(actor, matter)
    facts, standing = facts_of(found), standing_of(found, parties_of(matter))
    offer = offer_of_matter(
        actor, found, list(tasks_of(matter)), standing, facts, list(copies_of(matter))
    )
    require(offer.split)
    start = starts_of(actor, found)[0]
    form = form_of(current(found.procedure)[1], start.form)
    values: Mapping[str, Any] = {
        field.id: facts[field.id]
        for field in form.fields
        if field.id in facts and not (field.vault or field.sealed)
    }
    errors: Mapping[str, list[str]] = {}
    if request.method == "POST":
        try:
            values, refused = read_form(
                form, request.POST, request.FILES, at=now(), person=found.person_id
            )
            if refused:
                raise Refusals(refused)
            reason = request.POST.get("split_reason", "")[:200]
            act = acts.Split(matter, start.id, values, reason)
            receipt = door.act(act, by=actor, at=now())
            assert receipt is not None
            messages.success(request, _("已拆分为 %(number)s") % {"number": receipt.number})
            return redirect("matter", receipt.matter)
        except (Refusal, Refusals) as refusal:
            errors = by_field(refusal)
    context = {
        "matter": found,
        "fields_shown": shown_fields(
            form, language(), values=values, errors=errors, near=found.division.path
        ),
        "reason": request.POST.get("split_reason", ""),
        "errors": errors,
        "here": "matters",
    }
    return show(request, actor, "office/split.html", context, 422 if errors else 200)
