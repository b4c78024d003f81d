"""The page of the conference: each open mismatch decided with its minutes, then who was there."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from qianshou.design.asked import day
from qianshou.design.asked import whole as read_whole
from qianshou.design.desk import officer_page, show
from qianshou.design.fields import organisation_groups
from qianshou.design.refused import by_field, language
from qianshou.kernel.access import Actor
from qianshou.kernel.clock import CHINA, now
from qianshou.kernel.refusal import Refusal, Refusals
from qianshou.kernel.registry.choices import labelled_choices
from qianshou.packs.commission.care.models import Mismatch, Round
from qianshou.packs.commission.care.rounds.conferring import end_conference, settle_in_conference
from qianshou.packs.commission.care.rounds.disclosing import note_reading
from qianshou.packs.commission.care.rounds.explaining import DECISIONS, Answer, differing
from qianshou.packs.commission.care.rounds.pages.frame import (
    HERE,
    find_led_round,
    require_known,
)
from qianshou.packs.commission.care.rounds.pages.mismatch import told_of
from qianshou.packs.commission.care.rounds.pages.mismatches import DECISIONS as WORDS
from qianshou.packs.commission.care.rounds.values import open_values

AT_ONCE = 5


@require_http_methods(["GET", "POST"])
@officer_page
def page(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    """Show what is open before the conference, take its decisions, and close it."""
    row = find_led_round(pk, actor)
    if row.state != "conferring":
        return redirect("care-round", row.pk)
    if request.method == "POST":
        try:
            return _do(request, actor, row)
        except (Refusal, Refusals) as refusal:
            require_known(refusal)
            return _show(request, actor, row, refusal)
    return _show(request, actor, row)


def _do(request: HttpRequest, actor: Actor, row: Round) -> HttpResponse:
    sent = request.POST
    if sent.get("act") == "end":
        try:
            held_on = day(sent.get("held_on", ""))
        except ValueError:
            raise Refusal("care.day", "请选择会商日期", "Choose the day", "held_on") from None
        end_conference(row, held_on, sent.getlist("present"), by=actor, at=now())
        messages.success(request, _("会商已结束"))
        return redirect("care-round", row.pk)
    if sent.get("act") != "settle":
        raise Http404
    one = (
        Mismatch.objects.select_related("round", "roster", "other")
        .filter(round=row, pk=read_whole(sent.get("mismatch", "")) or 0)
        .first()
    )
    if one is None:
        raise Http404
    side = sent.get("side", "")
    fields = dict.fromkeys(differing(open_values(one)), (side, ""))
    answer = Answer(
        sent.get("decision", ""), sent.get("reason", ""), fields, remark=sent.get("remark", "")
    )
    settle_in_conference(one, answer, by=actor, at=now())
    messages.success(request, _("已议定 #%(n)s") % {"n": one.pk})
    return redirect("care-confer", row.pk)


def _show(
    request: HttpRequest, actor: Actor, row: Round, error: Refusal | Refusals | None = None
) -> HttpResponse:
    waiting = Mismatch.objects.filter(round=row, state="open").select_related(
        "round", "division", "organisation", "roster", "other", "decided_by"
    )
    total = waiting.count()
    zh = language().startswith("zh")
    shown: list[dict[str, Any]] = []
    for one in waiting.order_by("code", "pk")[:AT_ONCE]:
        note_reading(one, by=actor, at=now())
        values = open_values(one)
        shown.append(
            {
                **told_of(one, values, whole=False),
                "decisions": [(key, WORDS[key][0 if zh else 1]) for key in DECISIONS[one.code]],
                "differs": bool(differing(values)),
            }
        )
    context = {
        **HERE,
        "row": row,
        "shown": shown,
        "total": total,
        "sent": request.POST if error else {},
        "reasons": labelled_choices("care.reason", language()),
        "organisations": organisation_groups(language()),
        "today": now().astimezone(CHINA).date().isoformat(),
        "errors": by_field(error) if error else {},
    }
    return show(request, actor, "care/rounds/confer.html", context, 422 if error else 200)
