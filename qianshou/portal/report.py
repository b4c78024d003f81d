"""Saying something: the services that packs declare for residents, their forms, the receipt."""

from collections.abc import Mapping
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods, require_safe

from qianshou.design.fields import read_form, shown_fields
from qianshou.design.headers import address_of
from qianshou.design.phone import resident_page, show
from qianshou.design.receipt import code_of, digest_of, new_mark, spoken
from qianshou.design.refused import by_field, language
from qianshou.kernel import door
from qianshou.kernel.access import Actor
from qianshou.kernel.clock import now
from qianshou.kernel.door import acts
from qianshou.kernel.limits.counting import spend
from qianshou.kernel.pack import Pack, StartDeclaration, find_start, packs
from qianshou.kernel.procedures.versions import current, form_of
from qianshou.kernel.refusal import Refusal, Refusals
from qianshou.kernel.registry.models import Division
from qianshou.kernel.worklist.receipts import matter_of_receipt
from qianshou.portal.limits import REPORTS
from qianshou.portal.map import draw_map


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Show what a resident can do here."""
    services = [
        (pack, start)
        for pack in packs()
        for start in pack.starts.values()
        if start.by == "resident"
    ]
    return show(request, "portal/home.html", {"services": services, "here": "home"})


@require_safe
def privacy(request: HttpRequest) -> HttpResponse:
    """Say what is kept of a resident, for how long, and who may read it."""
    return show(request, "portal/privacy.html", {"here": "privacy"})


@require_http_methods(["GET", "POST"])
@resident_page
def report(request: HttpRequest, pack: str, start: str) -> HttpResponse:
    """Show the form of a service and take it in; the answer shows the receipt number once."""
    try:
        found, declared = find_start(pack, start)
    except Refusal as refusal:
        raise Http404 from refusal
    if declared.by != "resident":
        raise Http404
    form = form_of(current(declared.procedure)[1], declared.form)
    town = request.POST.get("town") or request.GET.get("town", "")
    if town and not Division.objects.filter(code=town, kind__in=("street", "town")).exists():
        town = ""
    values: Mapping[str, Any] = {"place": {"division": town}} if town else {}
    errors: Mapping[str, list[str]] = {}
    mark = request.POST.get("mark", "")[:64] or new_mark()
    if request.method == "POST":
        code = code_of(mark)
        known = matter_of_receipt(digest_of(code))
        if known is not None:
            return show_receipt(request, found, declared, code, known.number)
        spend(REPORTS, address_of(request), now())
        try:
            values, refused = read_form(form, request.POST, request.FILES, at=now())
            if refused:
                raise Refusals(refused)
            by = Actor("resident", receipt=digest_of(code))
            opened = door.act(
                acts.Open(
                    declared.procedure, values, declared.id, receipt=by.receipt, via="portal"
                ),
                by=by,
                at=now(),
            )
            assert opened is not None
            return show_receipt(request, found, declared, code, opened.number)
        except (Refusal, Refusals) as refusal:
            errors = by_field(refusal)
    context = {
        "pack": found,
        "start": declared,
        "fields": shown_fields(form, language(), values=values, errors=errors, town=town),
        "errors": errors,
        "mark": mark,
        "town": town,
        "map": draw_map(language()),
        "here": "report",
    }
    return show(request, "portal/report.html", context, 422 if errors else 200)


def show_receipt(
    request: HttpRequest, pack: Pack, start: StartDeclaration, code: str, number: str
) -> HttpResponse:
    """Return the page with the receipt number."""
    return show(
        request,
        "portal/receipt.html",
        {"pack": pack, "start": start, "code": spoken(code), "number": number, "here": "follow"},
    )
