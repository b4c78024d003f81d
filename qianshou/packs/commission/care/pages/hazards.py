"""Hazards as their circles see them: the list with its figures, the sheet, and registering one."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from qianshou.design.asked import whole
from qianshou.design.desk import officer_page, show
from qianshou.design.download import table_response
from qianshou.design.environment import instant
from qianshou.design.fields import division_label, read_form, shown_fields
from qianshou.design.receipt import new_mark
from qianshou.design.refused import by_field, language
from qianshou.design.sought import read_sought
from qianshou.kernel.access import Actor, circles_of, require
from qianshou.kernel.clock import now
from qianshou.kernel.indicators.suppression import hide_counts
from qianshou.kernel.procedures.forms import Form
from qianshou.kernel.procedures.versions import current, form_of
from qianshou.kernel.refusal import Refusal, Refusals
from qianshou.kernel.registry.choices import labelled_choices
from qianshou.kernel.registry.models import Division
from qianshou.kernel.registry.sheets import Column
from qianshou.packs.commission.care.hazard import HARM, HAZARD, open_hazard
from qianshou.packs.commission.care.models import Child, Hazard
from qianshou.packs.commission.care.pages.reach import after_opening
from qianshou.packs.commission.care.pages.report import ASKED as ASKED_OF_REPORT
from qianshou.packs.commission.care.register import my_children, near_children
from qianshou.packs.commission.care.report import PACK, REPORT

PAGE, MOST = 50, 5000
ASKED = ("hazard_kind", "hazard_signs", "seen", "hazard_photos", "child_code")
SORTS = {"due": ("due_at", "pk"), "new": ("-found_at", "-pk")}
LEVELS = {"urgent": "r", "serious": "y", "ordinary": ""}


@dataclass(frozen=True)
class Search:
    """What the address asks for; what is unknown is left out."""

    words: str
    mark: str
    state: str
    kind: str
    level: str
    town: str
    late: str
    sort: str
    page: int

    def query(self, **changed: str) -> str:
        """Return the query string of this search, changed, from its first page."""
        told = {
            "s": self.mark, "state": self.state, "kind": self.kind, "level": self.level,
            "town": self.town, "late": self.late, "sort": self.sort if self.sort != "due" else "",
            **changed,
        }  # fmt: skip
        return urlencode({name: text for name, text in told.items() if text})


def read_search(request: HttpRequest) -> Search:
    """Return what the address asks for."""
    told, sought = request.GET, read_sought(request)
    state, level, sort = (told.get(name, "") for name in ("state", "level", "sort"))
    return Search(
        words=sought.words[:40],
        mark=sought.mark,
        state=state if state in dict(Hazard.STATES) else "",
        kind=told.get("kind", "")[:20],
        level=level if level in LEVELS else "",
        town=told.get("town", "")[:20],
        late="1" if told.get("late") else "",
        sort=sort if sort in SORTS else "due",
        page=max(1, min(whole(told.get("page", "")) or 1, 10_000)),
    )


def seen_hazards(by: Actor) -> QuerySet[Hazard]:
    """Return the hazards in whose circle, or in whose child's circle, `by` is."""
    mine = circles_of(by)
    return Hazard.objects.filter(Q(child__circle__in=mine) | Q(matter__circle__in=mine))


def hazards_found(by: Actor, search: Search, at: datetime) -> QuerySet[Hazard]:
    """Return the hazards that `by` sees and asks for, in order."""
    found = seen_hazards(by)
    if search.words:
        words = Q(child__code__iexact=search.words, child__in=my_children(by))
        words |= Q(matter__number__icontains=search.words)
        found = found.filter(words | Q(organisation__name__icontains=search.words))
    for column, code in (("state", search.state), ("kind", search.kind), ("level", search.level)):
        if code:
            found = found.filter(**{column: code})
    if search.town:
        found = found.filter(child__town__code=search.town)
    if search.late:
        found = found.filter(due_at__lt=at)
    return found.order_by(*SORTS[search.sort])


@require_safe
@officer_page
def page(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Show the hazards one sees, how far they are, and all towns' numbers with the small ones kept
    back.
    """
    require(any(seat.pack == PACK for seat in actor.seats))
    search, at = read_search(request), now()
    start = (search.page - 1) * PAGE
    shown = hazards_found(actor, search, at).select_related(
        "child", "division__parent", "organisation", "matter"
    )
    rows = list(shown[start : start + PAGE + 1])
    children = {row.child_id for row in rows}
    mine = set(my_children(actor).filter(pk__in=children).values_list("pk", flat=True))
    context = {
        "rows": [(row, place_of(row)) for row in rows[:PAGE]],
        "mine": mine,
        "following": search.page + 1 if len(rows) > PAGE else None,
        "search": search,
        "figures": figures_of(seen_hazards(actor), at),
        "towns": towns_for(actor, at),
        "kinds": {code: label for code, label, _parent in kinds()},
        "levels": levels(),
        "states": states(),
        "town_choices": town_choices(),
        "tones": LEVELS,
        "late_at": at,
        "may_register": near_children(actor).exists(),
        "here": "care-hazards",
    }
    return show(request, actor, "care/hazards.html", context)


def place_of(row: Hazard) -> str:
    """Return where a hazard is: town and village."""
    parts = (row.division.parent, row.division)
    return " · ".join(division_label(part.name, language()) for part in parts if part)


def kinds() -> list[tuple[str, str, str]]:
    """Return (code, label, "") of the kinds of hazards, in the page's language."""
    return labelled_choices(HAZARD, language())


def levels() -> dict[str, str]:
    """Return the names of the levels."""
    return {"urgent": _("紧急"), "serious": _("较重"), "ordinary": _("一般")}


def states() -> dict[str, str]:
    """Return the names of the states."""
    return {
        "found": _("待派发"), "rectifying": _("整改中"), "rectified": _("待核验"),
        "verified": _("已核验"),
    }  # fmt: skip


def town_choices() -> list[tuple[str, str]]:
    """Return the towns by code."""
    towns = Division.objects.filter(kind__in=("street", "town"), valid_to=None)
    found = towns.order_by("pk").values_list("code", "name")
    return [(code, division_label(name, language())) for code, name in found]


def figures_of(found: QuerySet[Hazard], at: datetime) -> dict[str, int]:
    """Return how many were found, put right, verified, and are overdue (one query)."""
    return found.aggregate(
        found=Count("pk"),
        rectified=Count("pk", filter=Q(state__in=("rectified", "verified"))),
        verified=Count("pk", filter=Q(state="verified")),
        late=Count("pk", filter=Q(due_at__lt=at)),
    )


@dataclass(frozen=True)
class TownRow:
    """A town's hazards: those one sees by state, and all of them, None where kept back."""

    name: str
    code: str
    states: Mapping[str, int]
    late: int
    total: int | None


def towns_for(by: Actor, at: datetime) -> list[TownRow]:
    """Return the towns that have hazards (three queries).

    Of those one does not see, a number of 1 to 4 is kept back, with what it could be worked out
    from.
    """
    seen: dict[str, dict[str, int]] = {}
    late: dict[str, int] = {}
    for town, state, count, overdue in (
        seen_hazards(by)
        .values_list("child__town__code", "state")
        .annotate(
            count=Count("pk"),
            overdue=Count("pk", filter=Q(due_at__lt=at)),
        )
    ):
        seen.setdefault(town, {})[state] = count
        late[town] = late.get(town, 0) + overdue
    totals = dict(
        Hazard.objects.values_list("child__town__code").annotate(count=Count("pk")).order_by()
    )
    unseen = {town: total - sum(seen.get(town, {}).values()) for town, total in totals.items()}
    hidden = hide_counts(unseen)
    return [
        TownRow(
            name,
            code,
            seen.get(code, {}),
            late.get(code, 0),
            None if hidden is None or code in hidden else totals[code],
        )
        for code, name in town_choices()
        if code in totals
    ]


EXPORTED = (
    Column("number", "编号", "Number"),
    Column("kind", "类别", "Kind"),
    Column("level", "等级", "Level"),
    Column("town", "镇街", "Town"),
    Column("village", "村（社区）", "Village"),
    Column("state", "状态", "State"),
    Column("found", "发现时间", "Found"),
    Column("due", "期限", "Due"),
    Column("organisation", "责任单位", "Responsible organisation"),
    Column("rectified", "整改时间", "Put right"),
    Column("verified", "核验时间", "Verified"),
    Column("returns", "退回次数", "Sent back"),
)


@require_safe
@officer_page
def export(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Return what the filters leave as an Excel file without any child in it, 5,000 rows at most."""
    require(any(seat.pack == PACK for seat in actor.seats))
    found = hazards_found(actor, read_search(request), now()).select_related(
        "division__parent", "organisation", "matter"
    )
    named, zh = {code: label for code, label, _parent in kinds()}, language().startswith("zh")
    lines = [
        (
            row.matter.number if row.matter else "",
            named.get(row.kind, row.kind),
            levels().get(row.level, ""),
            row.division.parent.name if row.division.parent else "",
            row.division.name,
            states()[row.state],
            instant(row.found_at),
            instant(row.due_at),
            (row.organisation.name if zh else row.organisation.name_en) if row.organisation else "",
            instant(row.rectified_at),
            instant(row.verified_at),
            str(row.returns),
        )
        for row in found[:MOST]
    ]
    return table_response(request, EXPORTED, lines, "hazards")


@require_http_methods(["GET", "POST"])
@officer_page
def register(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Show the form of a hazard, and open it; `child` in the address names the child.

    Suspected harm opens the report instead, with what was typed: nothing is kept here.
    """
    require(near_children(actor).exists())
    form = form_of(current(HAZARD)[1], "hazard")
    values: Mapping[str, Any] = {"child_code": request.GET.get("child", "")[:12]}
    errors: Mapping[str, list[str]] = {}
    if request.method == "POST":
        if request.POST.get("hazard_kind") == HARM:
            return report_instead(request, actor)
        child = find_child(actor, request.POST.get("child_code", ""))
        try:
            values, refused = read_hazard(request, form, child)
            if child is None or refused:
                raise Refusals(refused)
            receipt = open_hazard(child, values, by=actor, at=now())
            messages.success(request, _("已登记 %(number)s") % {"number": receipt.number})
            return after_opening(actor, child, receipt.matter)
        except (Refusal, Refusals) as refusal:
            errors = by_field(refusal)
    shown = shown_fields(form, language(), values=values, errors=errors)
    context = {
        "shown": [field for field in shown if field.id in ASKED],
        "errors": errors,
        "here": "care-hazards",
    }
    return show(request, actor, "care/hazard.html", context, 422 if errors else 200)


def read_hazard(
    request: HttpRequest, form: Form, child: Child | None
) -> tuple[Mapping[str, Any], list[Refusal]]:
    """Return what was typed, and what is wrong with it; photos are taken in for a known child."""
    files = request.FILES if child is not None else type(request.FILES)()
    person = child.person_id if child is not None else None
    values, refused = read_form(form, request.POST, files, at=now(), person=person)
    refused += [
        Refusal("form.required", f"{one.zh}：请填写此项", f"{one.en}: Please fill this in", one.id)
        for one in form.fields
        if one.id in ASKED and one.required and not values.get(one.id)
    ]
    if child is None and values.get("child_code"):
        refused.append(no_child())
    return values, refused


def find_child(by: Actor, code: str) -> Child | None:
    """Return the child of a code in whose circle `by` is, or None for every other code."""
    found = near_children(by).filter(code=code.strip().upper())
    return found.select_related("village").first()


def no_child() -> Refusal:
    """Return the answer to a code that is no child's, or of a child in no circle of one's own."""
    return Refusal(
        "care.no_child",
        "没有这个编号的儿童，或不在您的知情范围内",
        "There is no child of this code in your circles",
        "child_code",
    )


def report_instead(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Return the form of a report of harm with what was typed as a hazard."""
    form = form_of(current(REPORT)[1], "report")
    values = {
        "told": request.POST.get("seen", "")[:1000],
        "child_code": request.POST.get("child_code", "")[:12],
    }
    shown = shown_fields(form, language(), values=values)
    context = {
        "shown": [field for field in shown if field.id in ASKED_OF_REPORT],
        "errors": {},
        "mark": new_mark(),
        "instead": True,
        "here": "care-report",
    }
    return show(request, actor, "care/report.html", context)
