"""Standing in (代理): who stands in for me and for whom I do; the security administrator's for all."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from qianshou.design.asked import day_or_none, whole
from qianshou.design.desk import officer_page, show
from qianshou.design.refused import by_field, language
from qianshou.kernel.access import Actor, require
from qianshou.kernel.clock import CHINA, now
from qianshou.kernel.door.substituting import (
    Wanted,
    declare_substitution,
    end_substitution,
    substitutions_seen,
)
from qianshou.kernel.pack import packs
from qianshou.kernel.refusal import Refusal, Refusals
from qianshou.kernel.registry.models import Officer, Posting
from qianshou.office.worklist import receivers_of


@require_http_methods(["GET", "POST"])
@officer_page
def page(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Show the substitutions that count, and declare one more."""
    require(actor.role in ("officer", "security"))
    errors: Mapping[str, list[str]] = {}
    if request.method == "POST":
        try:
            declare_substitution(_read(request, actor), by=actor, at=now())
        except (Refusal, Refusals) as refusal:
            if getattr(refusal, "code", "") == "access.denied":
                raise
            errors = by_field(refusal)
        else:
            messages.success(request, _("代理已设定"))
            return redirect("substitution")
    zh = language().startswith("zh")
    names = {pack.id: pack.name.zh if zh else pack.name.en for pack in packs()}
    own = {seat.pack for seat in actor.seats} if actor.role == "officer" else set(names)
    context = {
        "rows": [(row, names.get(row.pack, row.pack)) for row in substitutions_seen(actor, now())],
        "colleagues": _colleagues(actor),
        "packs": [(key, name) for key, name in names.items() if key in own],
        "today": now().astimezone(CHINA).date().isoformat(),
        "errors": errors,
        "typed": request.POST,
        "here": "profile",
    }
    return show(request, actor, "office/substitution.html", context, 422 if errors else 200)


def _read(request: HttpRequest, actor: Actor) -> Wanted:
    sent = request.POST
    if actor.role == "officer":
        principal = Officer.objects.filter(pk=actor.officer or 0).first()
        chosen = whole(sent.get("substitute", "")) or 0
        substitute = Officer.objects.filter(pk=chosen).first()
    else:
        principal, substitute = (
            Officer.objects.filter(username=sent.get(name, "").strip()).first()
            for name in ("principal", "substitute")
        )
    return Wanted(
        principal,
        substitute,
        sent.get("pack", ""),
        day_or_none(sent.get("from_date", "")),
        day_or_none(sent.get("to_date", "")),
        sent.get("reason", ""),
    )


def _colleagues(actor: Actor) -> list[tuple[int, str]]:
    """Return the officers who can stand in for the actor, deputies of their organisations first."""
    if actor.role != "officer":
        return []
    at = now()
    deputies = _deputies(actor, at.astimezone(CHINA).date())
    mark = _("%(name)s（副职）")
    found = receivers_of(actor, at)
    return [(pk, mark % {"name": name}) for pk, name in found if pk in deputies] + [
        (pk, name) for pk, name in found if pk not in deputies
    ]


def _deputies(actor: Actor, today: date) -> set[int]:
    held = Posting.objects.filter(
        organisation__in=actor.organisations, kind="deputy", from_date__lte=today
    )
    return set(held.exclude(to_date__lt=today).values_list("officer", flat=True))


@require_POST
@officer_page
def end(request: HttpRequest, actor: Actor, substitution: int) -> HttpResponse:
    """End one of the substitutions that the actor sees."""
    row: Any = get_object_or_404(substitutions_seen(actor, now()), pk=substitution)
    try:
        end_substitution(row, by=actor, at=now())
    except Refusal as refusal:
        messages.error(request, refusal.text(language()))
    else:
        messages.success(request, _("代理已结束"))
    return redirect("substitution")
