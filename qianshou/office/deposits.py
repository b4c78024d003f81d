"""Deposits: the roots of some days' seals, to print and to take away."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import segno
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from qianshou.design.asked import day, whole
from qianshou.design.desk import officer_page, show
from qianshou.design.download import file_response
from qianshou.design.refused import language
from qianshou.kernel.access import Actor, require
from qianshou.kernel.clock import CHINA, now
from qianshou.kernel.ledger.chain import canonical
from qianshou.kernel.ledger.deposit import digest_of_deposit, last_of_each_day, make_deposit
from qianshou.kernel.refusal import Refusal

FOUR = 4


@require_safe
@officer_page
def page(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Show the sheet of the days asked for (today, if none), to be printed."""
    require(actor.role == "audit")
    today = now().astimezone(CHINA).date().isoformat()
    texts = {name: request.GET.get(name, today).strip()[:20] for name in ("from", "to")}
    context: dict[str, Any] = {"asked": texts, "errors": {}, "here": "audit"}
    days = {}
    for name, text in texts.items():
        try:
            days[name] = day(text)
        except ValueError:
            context["errors"][name] = _("日期要写成 2026-01-31 的样子")
    if context["errors"]:
        return show(request, actor, "office/deposit.html", context, 422)
    try:
        made = make_deposit(days["from"], days["to"])
    except Refusal as refusal:
        context["errors"][refusal.field] = refusal.text(language())
        return show(request, actor, "office/deposit.html", context, 422)
    return show(request, actor, "office/deposit.html", {**context, **sheet_of(made)})


@require_safe
@officer_page
def file(request: HttpRequest, actor: Actor, first: str, last: str) -> HttpResponse:
    """Return the deposit of some days as a JSON file, up to the seal that the sheet showed last."""
    require(actor.role == "audit")
    try:
        up_to = whole(request.GET.get("seal", ""))
        made = make_deposit(date.fromisoformat(first), date.fromisoformat(last), up_to=up_to)
    except (ValueError, Refusal):
        raise Http404 from None
    return file_response(
        canonical(made).encode(), f"deposit-{first}-{last}.json", "application/json; charset=utf-8"
    )


def sheet_of(deposit: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the sheet of a deposit shows: the last seal of each day, and all of it as a QR
    code that names the deposit's file and its last seal.
    """
    last, digest = deposit["seals"][-1], digest_of_deposit(deposit)
    words = ";".join(
        (
            deposit["kind"],
            deposit["from"],
            deposit["to"],
            str(len(deposit["seals"])),
            f"sha256:{digest}",
            f"{last['algorithm']}:{last['hash']}",
        )
    )
    drawn = segno.make(words, error="m").svg_inline(scale=3, dark="#000", light="#fff")
    return {
        "deposit": deposit,
        "days": [
            {**one, "root": fours(one["root"]), "hash": fours(one["hash"])}
            for one in last_of_each_day(deposit)
        ],
        "digest": fours(digest),
        "drawn": mark_safe(drawn),  # noqa: S308 - drawn by the library from our own digests
    }


def fours(text: str) -> str:
    """Return a digest in groups of four, as a person compares it."""
    return " ".join(text[start : start + FOUR] for start in range(0, len(text), FOUR))
