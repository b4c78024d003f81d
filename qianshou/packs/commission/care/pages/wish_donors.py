"""Wishes for everybody: published ones without the child, and the form by which one is claimed."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_safe

from qianshou.design.asked import whole
from qianshou.design.fields import read_form, shown_fields
from qianshou.design.headers import address_of
from qianshou.design.phone import resident_page, show
from qianshou.design.receipt import code_of, digest_of, new_mark, spoken
from qianshou.design.refused import by_field, language
from qianshou.kernel.access import Actor
from qianshou.kernel.clock import now
from qianshou.kernel.limits.counting import Limit, spend
from qianshou.kernel.procedures.versions import current, form_of
from qianshou.kernel.refusal import Refusal, Refusals
from qianshou.kernel.registry.choices import labelled_choices
from qianshou.kernel.worklist.receipts import matter_of_receipt
from qianshou.packs.commission.care.wish import GIFT, claim_wish, published_wishes

PAGE = 20
CLAIMS = Limit("care.claim", 5, timedelta(days=1))
ASKED = ("donor_kind", "donor_name", "donor", "offer")


def kinds() -> dict[str, str]:
    """Return the kinds of wishes by code."""
    return {code: label for code, label, _parent in labelled_choices("care.wish", language())}


def bands() -> dict[str, str]:
    """Return the bands of cost by code."""
    return {code: label for code, label, _parent in labelled_choices("care.band", language())}


@require_safe
@resident_page
def page(request: HttpRequest) -> HttpResponse:
    """Show the wishes that may be claimed: what, for how much, and nothing of the child."""
    kind, band = request.GET.get("kind", ""), request.GET.get("band", "")
    found = published_wishes()
    if kind in kinds():
        found = found.filter(kind=kind)
    if band in bands():
        found = found.filter(band=band)
    number = max(1, min(whole(request.GET.get("page", "")) or 1, 10_000))
    rows = list(
        found[(number - 1) * PAGE : number * PAGE + 1].values("mark", "text", "kind", "band")
    )
    context = {
        "rows": rows[:PAGE],
        "more": len(rows) > PAGE,
        "number": number,
        "kind": kind,
        "band": band,
        "kinds": kinds(),
        "bands": bands(),
        "here": "home",
    }
    return show(request, "care/wish_list.html", context)


@require_http_methods(["GET", "POST"])
@resident_page
def claim(request: HttpRequest, mark: str) -> HttpResponse:
    """Show the form by which a wish is claimed and take the claim in; a receipt number is shown."""
    form = form_of(current(GIFT)[1], "gift_open")
    values: Mapping[str, Any] = {}
    errors: Mapping[str, list[str]] = {}
    sheet = request.POST.get("mark", "")[:64] or new_mark()
    code = code_of(sheet)
    if request.method == "POST":
        known = matter_of_receipt(digest_of(code))
        if known is not None:
            return show_receipt(request, code, known.number)
        spend(CLAIMS, address_of(request), now())
        try:
            values, refused = read_form(form, request.POST, request.FILES, at=now())
            if refused:
                raise Refusals(refused)
            by = Actor("resident", receipt=digest_of(code))
            receipt = claim_wish(mark, values, by=by, at=now())
            return show_receipt(request, code, receipt.number)
        except (Refusal, Refusals) as refusal:
            errors = by_field(refusal)
    wish = published_wishes().filter(mark=mark).values("text", "kind", "band").first()
    if wish is None and not errors:
        return redirect("care-wish-list")
    shown = shown_fields(form, language(), values=values, errors=errors)
    context = {
        "wish": wish,
        "kinds": kinds(),
        "bands": bands(),
        "shown": [field for field in shown if field.id in ASKED],
        "errors": errors,
        "mark": sheet,
        "here": "home",
    }
    return show(request, "care/wish_claim.html", context, 422 if errors else 200)


def show_receipt(request: HttpRequest, code: str, number: str) -> HttpResponse:
    """Return the page with the receipt number of a claim."""
    context = {"code": spoken(code), "number": number, "here": "follow"}
    return show(request, "care/wish_receipt.html", context)
