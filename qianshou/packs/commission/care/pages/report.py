"""Reporting harm: one short page, and another on which the reporter alone learns what came of it."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods

from qianshou.design.desk import officer_page, show
from qianshou.design.fields import read_form, shown_fields
from qianshou.design.receipt import code_of, digest_of, new_mark, plain, spoken
from qianshou.design.refused import by_field, language
from qianshou.kernel.access import Actor, require
from qianshou.kernel.clock import now
from qianshou.kernel.ledger.read import entries_of
from qianshou.kernel.limits.counting import Limit, refuse_if_spent, spend
from qianshou.kernel.procedures.versions import current, form_of
from qianshou.kernel.refusal import Refusal, Refusals
from qianshou.kernel.registry.models import Organisation
from qianshou.kernel.worklist.receipts import matter_of_receipt
from qianshou.packs.commission.care.report import REPORT, SIGNING, may_report, open_report

ASKED = ("signs", "told", "in_danger", "place", "child_code", "child_description")
GUESSES = Limit("care.report.receipt", 20, timedelta(minutes=10))


@require_http_methods(["GET", "POST"])
@officer_page
def page(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Show the form, and send the report at once; the answer shows the receipt number once.

    A form sent twice is the same report. `child` in the address names the child.
    """
    require(may_report(actor))
    form = form_of(current(REPORT)[1], "report")
    values: Mapping[str, Any] = {"child_code": request.GET.get("child", "")[:12]}
    errors: Mapping[str, list[str]] = {}
    mark = request.POST.get("mark", "")[:64] or new_mark()
    if request.method == "POST":
        code = code_of(mark)
        receipt = digest_of(code, REPORT)
        try:
            values, refused = read_form(form, request.POST, request.FILES, at=now())
            if refused:
                raise Refusals(refused)
            if matter_of_receipt(receipt) is None:
                open_report(values, by=actor, at=now(), receipt=receipt)
            sent = {"code": spoken(code), "here": "care-report"}
            return show(request, actor, "care/report_sent.html", sent)
        except (Refusal, Refusals) as refusal:
            errors = by_field(refusal)
    shown = shown_fields(form, language(), values=values, errors=errors)
    context = {
        "shown": [field for field in shown if field.id in ASKED],
        "errors": errors,
        "mark": mark,
        "here": "care-report",
    }
    return show(request, actor, "care/report.html", context, 422 if errors else 200)


@require_http_methods(["GET", "POST"])
@officer_page
def follow(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Ask for a receipt number, and tell when and by whom the report was received, and the result
    as it was given for its reporter: nothing else. Wrong numbers are counted by officer.
    """
    require(may_report(actor))
    errors: Mapping[str, list[str]] = {}
    context: dict[str, Any] = {"code": request.POST.get("code", "")[:20], "here": "care-report"}
    if request.method == "POST":
        try:
            context |= told_of(request.POST.get("code", ""), actor)
        except Refusal as refusal:
            errors = by_field(refusal)
    context["errors"] = errors
    return show(request, actor, "care/report_follow.html", context, 422 if errors else 200)


def told_of(code: str, actor: Actor) -> dict[str, Any]:
    """Return what the holder of a receipt number is told; Refusal care.no_receipt for another."""
    key, at = f"officer/{actor.officer}", now()
    refuse_if_spent(GUESSES, key, at)
    matter = matter_of_receipt(digest_of(plain(code), REPORT))
    if matter is None:
        spend(GUESSES, key, at)
        raise Refusal(
            "care.no_receipt",
            "没有这个回执号，请核对后再输入",
            "There is no such receipt number; please check it",
            "code",
        )
    names = Organisation.objects.in_bulk()
    received, result, told_at = [], "", None
    for entry in entries_of(matter.number):
        step = entry["node"].rpartition("/")[2]
        instant = datetime.fromisoformat(entry["at"])
        if entry["act"] != "complete":
            continue
        if step in SIGNING:
            received.append((names[entry["by"]["organisation"]], instant))
        elif step == "result":
            result, told_at = entry["facts"]["result_told"], instant
    return {
        "found": True,
        "sent_at": matter.opened_at,
        "received": received,
        "result": result,
        "told_at": told_at,
    }
