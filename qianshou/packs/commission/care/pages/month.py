"""This month: how far each town, village and department is; who is late; urging them.

Whoever is in the children's circles reads exact numbers of these children. Others read counts of
tasks alone, and of 1 to 4 only that they are few.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from qianshou.design.asked import whole
from qianshou.design.desk import officer_page, show
from qianshou.design.refused import language
from qianshou.kernel import door
from qianshou.kernel.access import Actor, circles_of, require
from qianshou.kernel.clock import CHINA, now
from qianshou.kernel.door import acts
from qianshou.kernel.indicators.suppression import FEW, KEPT, hide_counts
from qianshou.kernel.refusal import Refusal
from qianshou.kernel.registry.models import CircleMember, Division, Organisation
from qianshou.kernel.worklist.lists import open_tasks
from qianshou.packs.commission.care.circle import CADRE
from qianshou.packs.commission.care.month import MONTH
from qianshou.packs.commission.care.register import my_children

INSIDE = {"town_team", "lead_office", "civil_affairs"}
OUTSIDE = {"leader", "department"}
PAGE = 50
MOST_URGED = 100


@dataclass(frozen=True)
class Line:
    """One row of a breakdown: its name and its numbers in words."""

    name: str
    numbers: tuple[str, ...]
    link: str = ""


@dataclass(frozen=True)
class Table:
    """A breakdown with its headings and its total."""

    title: str
    headings: tuple[str, ...]
    lines: list[Line]
    total: tuple[str, ...]


@require_safe
@officer_page
def page(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Show the month to town teams, lead group and civil affairs; counts alone to the others."""
    posts = {seat.post for seat in actor.seats}
    require(bool(posts & (INSIDE | OUTSIDE)))
    at = now()
    context: dict[str, Any] = {"here": "care-month", "month": at, "inside": bool(posts & INSIDE)}
    if posts & INSIDE:
        after = whole(request.GET.get("after", "")) or 0
        late = list(late_visits(actor, at).filter(pk__gt=after)[: PAGE + 1])
        context |= {
            "tables": [places_seen(actor, at), organisations_seen(actor, at)],
            "late": late[:PAGE],
            "following": late[PAGE - 1].pk if len(late) > PAGE else None,
            "keeps_vetting": bool(posts & {"lead_office", "town_team"}),
        }
    elif "leader" in posts:
        context["tables"] = [towns_guarded(at), organisations_guarded(at)]
    else:
        context["tables"] = [organisations_guarded(at, actor.organisations)]
    return show(request, actor, "care/month.html", context)


def late_visits(actor: Actor, at: datetime) -> QuerySet[Any]:
    """Return the late visits to children of the actor's circles, in the order of their numbers."""
    mine = circles_of(actor)
    return (
        open_tasks(MONTH)
        .filter(due_at__lt=at, matter__circle__in=mine)
        .select_related("matter", "organisation", "assignee", "division__parent")
        .defer("matter__state", "matter__tokens")
        .order_by("pk")
    )


def places_seen(actor: Actor, at: datetime) -> Table:
    """Return the children of the actor's circles by town, or within one town by village."""
    first = at.astimezone(CHINA).date().replace(day=1)
    cadres = CircleMember.objects.filter(
        circle=OuterRef("circle"), role=CADRE, to_date=None, officer__isnull=False
    )
    mine = my_children(actor).filter(state="enrolled").annotate(is_paired=Exists(cadres))
    rows = list(
        mine.order_by()
        .values_list("town", "village")
        .annotate(
            children=Count("pk"),
            current=Count("pk", filter=Q(updated_on__gte=first)),
            alone=Count("pk", filter=Q(is_paired=False)),
        )
    )
    late = dict(
        late_visits(actor, at).order_by().values_list("division").annotate(late=Count("pk"))
    )
    part = "village" if len({row[0] for row in rows}) == 1 else "town"
    sums: dict[int, list[int]] = {}
    for town, village, children, current, alone in rows:
        kept = sums.setdefault(village if part == "village" else town, [0, 0, 0, 0])
        for place, number in enumerate((children, current, late.get(village, 0), alone)):
            kept[place] += number
    places = Division.objects.in_bulk(sums)
    lines = [
        Line(places[pk].name, _texts(numbers), places[pk].code if part == "village" else "")
        for pk, numbers in sorted(sums.items())
    ]
    headings = (_("在册"), _("本月已更新"), _("走访超期"), _("未结对"))
    total = [sum(column) for column in zip(*sums.values(), strict=True)] or [0, 0, 0, 0]
    title = _("按村（社区）") if part == "village" else _("按镇街")
    return Table(title, headings, lines, _texts(total))


def _texts(numbers: list[int]) -> tuple[str, ...]:
    return tuple(map(str, numbers))


def organisations_seen(actor: Actor, at: datetime) -> Table:
    """Return by department the visits to children of the actor's circles: open, and late."""
    mine = open_tasks(MONTH).filter(matter__circle__in=circles_of(actor))
    return _organisations(mine, at, is_guarded=False)


def organisations_guarded(at: datetime, only: frozenset[int] | None = None) -> Table:
    """Return by department the open and the late visits, small numbers kept back."""
    found = open_tasks(MONTH)
    if only is not None:
        found = found.filter(organisation__in=only)
    return _organisations(found, at, is_guarded=True)


def towns_guarded(at: datetime) -> Table:
    """Return by town the open and the late visits, small numbers kept back."""
    counted = _counted(open_tasks(MONTH), "division__parent", at)
    names = {pk: place.name for pk, place in Division.objects.in_bulk(counted).items()}
    return _counts(_("按镇街"), counted, names, is_guarded=True)


def _organisations(found: QuerySet[Any], at: datetime, *, is_guarded: bool) -> Table:
    counted = _counted(found, "organisation", at)
    zh = language().startswith("zh")
    names = {
        pk: one.name if zh else one.name_en
        for pk, one in Organisation.objects.in_bulk(counted).items()
    }
    return _counts(_("按部门"), counted, names, is_guarded=is_guarded)


def _counted(found: QuerySet[Any], by: str, at: datetime) -> dict[int, tuple[int, int]]:
    rows = (
        found.order_by()
        .values_list(by)
        .annotate(
            waiting=Count("pk", filter=Q(due_at__gte=at)), late=Count("pk", filter=Q(due_at__lt=at))
        )
    )
    return {key: (waiting, late) for key, waiting, late in rows if key is not None}


def _counts(
    title: str,
    counted: Mapping[int, tuple[int, int]],
    names: Mapping[int, str],
    *,
    is_guarded: bool,
) -> Table:
    """Return a table of two columns; guarded, each column hides what could point at somebody."""
    columns = [{key: numbers[place] for key, numbers in counted.items()} for place in (0, 1)]
    texts = [guarded(column) if is_guarded else _plain(column) for column in columns]
    lines = [
        Line(names[key], tuple(text[key] for text in texts)) for key in sorted(counted, key=str)
    ]
    total = tuple(text[None] for text in texts)
    return Table(title, (_("待走访"), _("走访超期")), lines, total)


def _plain(column: Mapping[int, int]) -> dict[int | None, str]:
    told: dict[int | None, str] = {key: str(count) for key, count in column.items()}
    return {**told, None: str(sum(column.values()))}


def guarded(column: Mapping[int, int]) -> dict[int | None, str]:
    """Return the counts of one column in words for somebody outside the circles, and under None
    their total: a count of 1 to 4 is told as few, and more is kept back so that it stays so.
    """
    zh = language().startswith("zh")
    few, kept = FEW.text("zh" if zh else "en"), KEPT.text("zh" if zh else "en")
    total = sum(column.values())
    if len(column) < 2:
        words = few if 1 <= total <= 4 else str(total)
        return {**dict.fromkeys(column, words), None: words}
    hidden = hide_counts({str(key): count for key, count in column.items()})
    told: dict[int | None, str] = {None: few if 1 <= total <= 4 else str(total)}
    for key, count in column.items():
        if hidden is None:
            told[key] = kept
        else:
            told[key] = (few if 1 <= count <= 4 else kept) if str(key) in hidden else str(count)
    return told


@require_POST
@officer_page
def urge(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Urge the late visits that were ticked, each on its own; what the door refuses is told."""
    wanted = [whole(text) for text in request.POST.getlist("matter")][:MOST_URGED]
    done, refused = 0, dict[str, int]()
    for matter in wanted:
        try:
            if matter is not None and late_visits(actor, now()).filter(matter=matter).exists():
                door.act(acts.Urge(matter, _("请尽快完成本月走访")), by=actor, at=now())
                done += 1
        except Refusal as refusal:
            text = refusal.text(language())
            refused[text] = refused.get(text, 0) + 1
    if done:
        told = ngettext("已催办 %(n)s 件", "已催办 %(n)s 件", done) % {"n": done}
        messages.success(request, told)
    elif not refused:
        messages.warning(request, _("没有勾选"))
    for text, number in refused.items():
        messages.error(request, _("%(n)s 件没有催办：%(text)s") % {"n": number, "text": text})
    return redirect("care-month")
