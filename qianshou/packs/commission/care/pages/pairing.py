"""The pairing board: towns, departments, leaders, cadres and gaps; pairing and giving cadres."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from qianshou.design.asked import whole
from qianshou.design.desk import officer_page, show
from qianshou.design.download import table_response
from qianshou.design.refused import by_field, language
from qianshou.design.sought import read_sought
from qianshou.design.tried import Tried
from qianshou.kernel.access import Actor, require
from qianshou.kernel.clock import now
from qianshou.kernel.indicators.suppression import FEW, is_few
from qianshou.kernel.refusal import Refusal, Refusals
from qianshou.kernel.registry.models import CircleMember, Division, Officer, Organisation, Pairing
from qianshou.kernel.registry.sheets import Column
from qianshou.packs.commission.care.assigning import (
    assign_cadre,
    distribute,
    end_pairing,
    pair_bureau,
    pair_leader,
    propose_shares,
)
from qianshou.packs.commission.care.board import (
    LIAISON,
    Board,
    Seated,
    Town,
    build_board,
    may_assign,
    may_pair,
    seated_cadres,
    towns_for,
    uncovered_children,
)
from qianshou.packs.commission.care.circle import CADRE
from qianshou.packs.commission.care.models import Child
from qianshou.packs.commission.care.pairing import DEPARTMENT, LEADER, cadres_for
from qianshou.packs.commission.care.register import masked_names, my_children

LOOKERS = {"lead_office", "department", "leader", "town_team"}
PAGE = 50
SORTS = {
    "town": lambda one: one.pk,
    "children": lambda one: (-one.children, one.pk),
    "uncovered": lambda one: (-one.uncovered, one.pk),
    "load": lambda one: (-one.mean, one.pk),
}


@dataclass(frozen=True)
class Asked:
    """What the board's address asks for."""

    words: str
    mark: str
    gaps: bool
    sort: str


def read_asked(request: HttpRequest) -> Asked:
    """Return what the address asks for; what is odd is left out."""
    sort = request.GET.get("sort", "")
    sought = read_sought(request)
    gaps = bool(request.GET.get("gaps"))
    return Asked(sought.words[:40], sought.mark, gaps, sort if sort in SORTS else "town")


def asked_towns(board: Board, asked: Asked) -> list[Town]:
    """Return the towns that are asked for, in order."""
    found = [
        town
        for town in board.towns
        if (not asked.gaps or town.is_gap)
        and (
            not asked.words
            or asked.words in town.name
            or any(asked.words in one.name for one in town.bureaus)
            or any(asked.words in name for name in town.leaders)
        )
    ]
    return sorted(found, key=SORTS[asked.sort])


def sees_exactly(actor: Actor) -> bool:
    """Whether an actor is in the circles of the children counted, or appoints their cadres."""
    return any(seat.post in ("lead_office", "town_team") for seat in actor.seats)


def told(actor: Actor, number: int) -> str:
    """Return a number of children as the actor may read it: of 1 to 4 only that they are few."""
    if sees_exactly(actor) or not is_few(number):
        return str(number)
    return FEW.text("zh" if language().startswith("zh") else "en")


@require_safe
@officer_page
def page(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Show the board: all towns, one's own, or a department's own cadres with numbers only."""
    posts = {seat.post for seat in actor.seats}
    require(bool(posts & LOOKERS))
    at, asked = now(), read_asked(request)
    board = build_board(actor, at)
    own: list[Seated] = []
    if LIAISON in posts:
        mine = [seat.organisation for seat in actor.seats if seat.post == LIAISON]
        own = seated_cadres(at, mine)
    towns = asked_towns(board, asked)
    context = {
        "board": board,
        "towns": towns,
        "most": max((town.children for town in board.towns), default=0) or 1,
        "matrix": matrix_of(board, towns) if sees_exactly(actor) else [],
        "own": own,
        "liaison": LIAISON in posts,
        "asked": asked,
        "told": lambda number: told(actor, number),
        "exact": sees_exactly(actor),
        "sums": {
            "towns": len(board.towns),
            "children": sum(town.children for town in board.towns),
            "uncovered": sum(town.uncovered for town in board.towns),
            "bare": sum(not town.bureaus or not town.leaders for town in board.towns),
            "overloaded": sum(town.overloaded for town in board.towns),
        },
        "may_pair": may_pair(actor),
        "here": "care-pairing",
    }
    return show(request, actor, "care/pairing.html", context)


def matrix_of(board: Board, towns: list[Town]) -> list[tuple[str, str, list[tuple[bool, int]]]]:
    """Return departments with, for each town, whether they stand by it and have how many children."""
    named: dict[int, tuple[str, str]] = {}
    standing = set()
    for town in board.towns:
        for one in town.bureaus:
            named[one.organisation] = (one.name, one.name_en)
            standing.add((one.organisation, town.pk))
    return [
        (
            *named[pk],
            [((pk, town.pk) in standing, board.cells.get((pk, town.pk), 0)) for town in towns],
        )
        for pk in sorted(named)
    ]


EXPORTED = (
    Column("town", "镇街", "Town"),
    Column("children", "在册儿童", "Children"),
    Column("uncovered", "无帮扶干部", "Without a cadre"),
    Column("department", "结对部门", "Department"),
    Column("cadres", "帮扶干部", "Cadres"),
    Column("share", "本部门结对儿童", "Children of its cadres"),
    Column("leaders", "市管领导", "Leaders"),
    Column("gap", "缺口", "Missing"),
)


@require_safe
@officer_page
def export(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Return the board as an Excel file: towns and departments with numbers, no child."""
    require(bool({seat.post for seat in actor.seats} & LOOKERS))
    board, zh = build_board(actor, now()), language().startswith("zh")
    lines = []
    for town in asked_towns(board, read_asked(request)):
        shown = [
            (one.name if zh else one.name_en, str(one.cadres), told(actor, one.children))
            for one in town.bureaus
        ]
        for department in shown or [("", "0", "0")]:
            lines.append(
                (
                    town.name,
                    told(actor, town.children),
                    told(actor, town.uncovered),
                    *department,
                    "、".join(town.leaders),
                    "、".join(gaps_of(town)),
                )
            )
    return table_response(request, EXPORTED, lines, "pairing")


def gaps_of(town: Town) -> list[str]:
    """Return in words what a town lacks."""
    found = [
        (not town.bureaus, _("没有结对部门")),
        (not town.leaders, _("没有市管领导")),
        (bool(town.uncovered), _("有儿童没有帮扶干部")),
        (bool(town.overloaded), _("有干部超过上限")),
    ]
    return [words for there, words in found if there]


def find_town(actor: Actor, code: str) -> Division:
    """Return a town of those the actor looks at and gives cadres in, or raise the 404."""
    town = get_object_or_404(towns_for(actor), code=code)
    if not may_assign(actor, town):
        raise Http404
    return town


@require_safe
@officer_page
def town(request: HttpRequest, actor: Actor, code: str) -> HttpResponse:
    """Show a town's pairings, their history, its cadres, and its children with their cadres."""
    return show_town(request, actor, find_town(actor, code))


NOTHING_TRIED = Tried()


def show_town(
    request: HttpRequest, actor: Actor, place: Division, tried: Tried = NOTHING_TRIED
) -> HttpResponse:
    """Return a town's page."""
    at = now()
    gaps, sought = bool(request.GET.get("gaps")), read_sought(request)
    words = sought.words.upper()[:12]
    number = max(1, min(whole(request.GET.get("page", "")) or 1, 10_000))
    bare = uncovered_children(place.pk, at)
    found = Child.objects.filter(town=place, state="enrolled") if not gaps else bare
    if words:
        found = found.filter(code__contains=words)
    found = found.select_related("village").order_by("code")
    rows = list(found[(number - 1) * PAGE : number * PAGE + 1])
    children, more = rows[:PAGE], len(rows) > PAGE
    mine = my_children(actor).filter(pk__in=[child.pk for child in children])
    pairings = Pairing.objects.filter(division=place, kind__in=(DEPARTMENT, LEADER))
    pairings = pairings.select_related("organisation", "officer")
    context = {
        "town": place,
        "current": list(pairings.filter(to_date=None).order_by("kind", "pk")),
        "past": list(pairings.exclude(to_date=None).order_by("-to_date", "-pk")[:PAGE]),
        "cadres": cadres_for(place, at=at),
        "children": children,
        "names": masked_names(mine),
        "held": cadre_names(children),
        "uncovered": set(
            bare.filter(pk__in=[one.pk for one in children]).values_list("pk", flat=True)
        ),
        "gap_count": bare.count(),
        "more": more,
        "number": number,
        "words": words,
        "mark": sought.mark,
        "gaps": gaps,
        "tried": tried,
        "errors": tried.errors,
        "typed": tried.sent,
        "may_pair": may_pair(actor),
        "department": DEPARTMENT,
        "here": "care-pairing",
        **(choices(at) if may_pair(actor) else {}),
    }
    return show(request, actor, "care/pairing_town.html", context, 422 if tried.errors else 200)


def cadre_names(children: list[Child]) -> dict[int, str]:
    """Return the name of each child's cadre by her circle (one query)."""
    rows = CircleMember.objects.filter(
        circle__in=[child.circle_id for child in children], role=CADRE, to_date=None
    )
    return dict(rows.values_list("circle", "officer__name"))


def choices(at: datetime) -> dict[str, Any]:
    """Return the departments and leaders that can be paired."""
    zh = language().startswith("zh")
    named = Organisation.objects.filter(
        pk__in={one.organisation for one in seated_cadres(at)}, valid_to=None
    ).order_by("pk")
    leaders = Officer.objects.filter(
        Q(postings__to_date=None) | Q(postings__to_date__gte=at.date()),
        postings__post="leader",
        is_active=True,
    )
    return {
        "departments": [(one.code, one.name if zh else one.name_en) for one in named],
        "leaders": list(leaders.distinct().order_by("pk").values_list("username", "name")),
    }


@require_POST
@officer_page
def change(request: HttpRequest, actor: Actor, code: str) -> HttpResponse:
    """Pair a department or leader, end a pairing, or give a child her cadre, as the form asks."""
    place, sent, at = find_town(actor, code), request.POST, now()
    form = sent.get("form", "")
    try:
        if form == "department":
            organisation = Organisation.objects.filter(code=sent.get("organisation", "")).first()
            if organisation is None:
                raise _choose("organisation")
            pair_bureau(organisation, place, by=actor, at=at, note=sent.get("note", ""))
        elif form == "leader":
            leader = Officer.objects.filter(
                username=sent.get("officer", ""), postings__post="leader"
            ).first()
            if leader is None:
                raise _choose("officer")
            pair_leader(leader, place, by=actor, at=at, note=sent.get("note", ""))
        elif form == "end":
            pairing = get_object_or_404(
                Pairing, pk=whole(sent.get("pairing", "")) or 0, division=place
            )
            end_pairing(pairing, sent.get("reason", ""), by=actor, at=at)
        elif form == "assign":
            children = Child.objects.select_related("town", "circle").filter(town=place)
            child = get_object_or_404(children, code=sent.get("child", ""), state="enrolled")
            officer = Officer.objects.filter(username=sent.get("cadre", "")).first()
            if officer is None:
                raise _choose("cadre")
            assign_cadre(child, officer, by=actor, at=at)
        else:
            raise Http404
    except (Refusal, Refusals) as refusal:
        if isinstance(refusal, Refusal) and refusal.code == "access.denied":
            raise
        tried = Tried(form, sent.dict(), by_field(refusal))
        return show_town(request, actor, place, tried)
    messages.success(request, _("已保存"))
    return redirect("care-pairing-town", code)


def _choose(field: str) -> Refusal:
    return Refusal("form.required", "请选择一项", "Please choose one", field)


@require_http_methods(["GET", "POST"])
@officer_page
def share_out(request: HttpRequest, actor: Actor, code: str) -> HttpResponse:
    """Show how the children without a cadre could be distributed evenly, and do so when confirmed."""
    place, at = find_town(actor, code), now()
    errors: Mapping[str, list[str]] = {}
    if request.method == "POST":
        try:
            confirmed = [line for line in request.POST.get("shares", "").split(" ") if line]
            done = distribute(place, confirmed, by=actor, at=at)
            messages.success(request, _("已分配 %(n)s 名") % {"n": done})
            return redirect("care-pairing-town", code)
        except Refusal as refusal:
            errors = by_field(refusal)
    shares, left = propose_shares(place, at=at)
    grouped: dict[str, list[str]] = {}
    for one in shares:
        grouped.setdefault(one.name, []).append(one.code)
    context = {
        "town": place,
        "shares": shares,
        "line": " ".join(f"{one.code}:{one.officer}" for one in shares),
        "grouped": grouped,
        "left": left,
        "errors": errors,
        "here": "care-pairing",
    }
    return show(request, actor, "care/share_out.html", context, 422 if errors else 200)
