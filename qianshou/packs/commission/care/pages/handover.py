"""Opening a child's hand-over, and the summary that another district receives of one who left."""

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from qianshou.design.desk import officer_page, show
from qianshou.design.download import table_response
from qianshou.design.fields import division_label
from qianshou.design.refused import by_field, language
from qianshou.kernel.access import Actor, require
from qianshou.kernel.clock import now
from qianshou.kernel.door.sealing import open_sheets
from qianshou.kernel.refusal import Refusal, Refusals
from qianshou.kernel.registry.models import Division, Officer
from qianshou.kernel.registry.sheets import Column
from qianshou.packs.commission.care.circle import cadre_of
from qianshou.packs.commission.care.enrolment import care
from qianshou.packs.commission.care.handover import (
    INSIDE,
    MOVED,
    Move,
    may_hand_over,
    open_handover,
)
from qianshou.packs.commission.care.models import Child, Handover
from qianshou.packs.commission.care.models.child import GUARDIANSHIP, IDENTITY
from qianshou.packs.commission.care.pages.words import sheet_words, tell_sheet
from qianshou.packs.commission.care.pairing import cadres_for
from qianshou.packs.commission.care.register import masked_names, my_children

SUMMARY = (IDENTITY, GUARDIANSHIP)
FORMS = {IDENTITY: "identity", GUARDIANSHIP: "guardianship"}


def find_child(actor: Actor, code: str) -> Child:
    """Return a child of the actor's circles whose hand-over they may open, or raise the 404."""
    mine = my_children(actor).select_related("town", "village__parent", "circle")
    child = get_object_or_404(mine, code=code.strip().upper())
    require(may_hand_over(actor, child))
    return child


@require_http_methods(["GET", "POST"])
@officer_page
def new(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Show the form of a hand-over of the child in the address, and open it."""
    child, sent, at = find_child(actor, request.GET.get("child", "")), request.POST, now()
    errors: Mapping[str, list[str]] = {}
    if request.method == "POST":
        try:
            receipt = open_handover(
                child,
                _kind(sent.get("kind", "")),
                at,
                by=actor,
                taker=Officer.objects.filter(username=sent.get("taker", "")).first(),
                because=sent.get("because", "")[:300],
                move=_move(sent) if sent.get("kind") == MOVED else None,
            )
            messages.success(request, _("已登记 %(number)s") % {"number": receipt.number})
            return redirect("matter", receipt.matter)
        except (Refusal, Refusals) as refusal:
            if isinstance(refusal, Refusal) and refusal.code == "access.denied":
                raise
            errors = by_field(refusal)
    context = {
        "child": child,
        "name": masked_names([child])[child.pk],
        "cadre": cadre_of(child),
        "kinds": kind_words(),
        "takers": takers_for(child, sent.get("new_village", ""), at),
        "villages": village_choices(),
        "sent": sent,
        "errors": errors,
        "here": "care-pairing",
    }
    return show(request, actor, "care/handover.html", context, 422 if errors else 200)


def _kind(text: str) -> str:
    if text not in kind_words():
        raise Refusal("form.required", "请选择一项", "Please choose one", "kind")
    return text


def _move(sent: Mapping[str, Any]) -> Move:
    village = Division.objects.select_related("parent").filter(
        code=sent.get("new_village", ""), valid_to=None
    )
    return Move(
        str(sent.get("scope", INSIDE)),
        village.first(),
        str(sent.get("new_address", ""))[:100],
        str(sent.get("receiving", ""))[:60],
    )


def kind_words() -> dict[str, str]:
    """Return the kinds of hand-over with their names."""
    return {
        "cadre": _("帮扶干部调整"),
        "moved": _("儿童迁出"),
        "aged_out": _("年满十六周岁"),
    }


def takers_for(child: Child, village: str, at: Any) -> list[Any]:
    """Return the cadres who may take the child: of her town, and of the town she moves to."""
    town = (
        Division.objects.filter(children__code=village, valid_to=None).first() if village else None
    )
    places = [child.town] if town is None or town.pk == child.town_id else [town, child.town]
    return [(place.name, cadres_for(place, at=at)) for place in places]


def village_choices() -> list[tuple[str, str]]:
    """Return the villages of the district by code, with their towns."""
    rows = Division.objects.filter(valid_to=None, kind__in=("village", "community"))
    return [
        (
            row.code,
            f"{row.parent.name if row.parent else ''} · {division_label(row.name, language())}",
        )
        for row in rows.order_by("pk").select_related("parent")
    ]


PARTS = (
    Column("part", "部分", "Part"),
    Column("field", "项目", "Field"),
    Column("told", "内容", "Told"),
)


@require_POST
@officer_page
def summary(request: HttpRequest, actor: Actor, handover: int) -> HttpResponse:
    """Return the least that another district needs of a child who moved there, as a file.

    Only after the town's team confirmed; the opening is written down with its purpose. The file
    is handed over by hand: the house exchanges nothing with other districts yet.
    """
    row = get_object_or_404(
        Handover.objects.filter(child__in=my_children(actor), kind=MOVED).select_related(
            "child__town", "child__village", "matter"
        ),
        pk=handover,
    )
    if row.done_at is None or row.child.state != "moved":
        raise Http404
    number = row.matter.number if row.matter else ""
    sheets = open_sheets(
        row.child.person_id, SUMMARY, by=actor, at=now(), purpose=f"跨区移交摘要 {number}"
    )
    lines = [
        (_("移交"), _("编号"), number),
        (_("移交"), _("原住地"), f"{row.child.town.name} {row.child.village.name}"),
        (_("移交"), _("确认时间"), f"{row.done_at:%Y-%m-%d}"),
    ]
    for kind in SUMMARY:
        for one in tell_sheet(care().form(FORMS[kind]), sheets[kind]):
            lines.append((sheet_words([kind]), one.label, one.words))
    return table_response(request, PARTS, lines, number)
