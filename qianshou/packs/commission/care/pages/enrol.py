"""The list of enrolments under way, and taking a candidate in by hand."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from qianshou.design.asked import whole
from qianshou.design.desk import officer_page, show
from qianshou.design.download import table_response
from qianshou.design.fields import division_label, read_form, shown_fields
from qianshou.design.refused import by_field, language
from qianshou.design.sought import read_sought
from qianshou.kernel.access import Actor, require
from qianshou.kernel.clock import now
from qianshou.kernel.refusal import Refusal, Refusals
from qianshou.kernel.registry.models import Division
from qianshou.kernel.registry.sheets import Column
from qianshou.kernel.worklist.lists import see_matters
from qianshou.packs.commission.care.enrolment import ENROL, add_candidate, care
from qianshou.packs.commission.care.limits import limit_of
from qianshou.packs.commission.care.models import Child
from qianshou.packs.commission.care.pages.words import stage_words
from qianshou.packs.commission.care.register import masked_names, my_children

PAGE = 50
MOST = 5000
ADDERS = {"town_team", "village_child", "lead_office"}
SORTS = {"old": "candidate_on", "new": "-candidate_on"}


@dataclass(frozen=True)
class Waiting:
    """A candidate of the list: her masked name, and the step that waits."""

    child: Child
    name: str
    task: Any


@dataclass(frozen=True)
class Asked:
    """What the list's address asks for."""

    words: str
    mark: str
    sort: str
    page: int

    def query(self, **changed: str) -> str:
        """Return the query string of this search, changed, from its first page."""
        told = {"s": self.mark, "sort": self.sort if self.sort != "old" else "", **changed}
        return urlencode({name: value for name, value in told.items() if value})


def read_asked(request: HttpRequest) -> Asked:
    """Return what the address asks for; what is odd is left out."""
    told, sought = request.GET, read_sought(request)
    sort = told.get("sort", "")
    return Asked(
        sought.words.upper()[:12],
        sought.mark,
        sort if sort in SORTS else "old",
        max(1, whole(told.get("page", "")) or 1),
    )


def candidates_found(actor: Actor, asked: Asked) -> QuerySet[Child]:
    """Return the candidates of the actor's circles that are asked for, in order."""
    found = my_children(actor).filter(state="candidate").select_related("town", "village")
    if asked.words:
        found = found.filter(code__contains=asked.words)
    return found.order_by(SORTS[asked.sort], "pk")


def waiting_of(actor: Actor, children: list[Child], *, named: bool) -> list[Waiting]:
    """Return children with the step of their enrolment that waits, and their names if asked."""
    persons = [child.person_id for child in children]
    matters: Any = see_matters(actor).filter(procedure=ENROL, closed_at=None, person__in=persons)
    tasks = matters.model._meta.get_field("tasks").related_model.objects
    opened = Prefetch("tasks", tasks.filter(state=0), to_attr="waiting")
    found = {matter.person_id: matter for matter in matters.prefetch_related(opened)}
    names = masked_names(children) if named else {}
    return [
        Waiting(
            child,
            names.get(child.pk, ""),
            next(iter(getattr(found.get(child.person_id), "waiting", ())), None),
        )
        for child in children
    ]


@require_safe
@officer_page
def page(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Show the candidates of the actor's circles with what waits for each."""
    asked = read_asked(request)
    found = candidates_found(actor, asked)
    total = found.order_by().count()
    last = max(1, -(-total // PAGE))
    number = min(asked.page, last)
    rows = waiting_of(actor, list(found[(number - 1) * PAGE : number * PAGE]), named=True)
    context = {
        "rows": rows,
        "asked": asked,
        "total": total,
        "number": number,
        "last": last,
        "may_add": may_add(actor),
        "here": "care-enrol",
    }
    return show(request, actor, "care/enrol.html", context)


EXPORTED = (
    Column("code", "儿童编号", "Code"),
    Column("town", "镇街", "Town"),
    Column("village", "村（社区）", "Village"),
    Column("found", "发现日期", "Found on"),
    Column("waiting", "正在办理", "Under way"),
    Column("due", "期限", "Due"),
)


@require_safe
@officer_page
def export(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Return the candidates as an Excel file without names, 5,000 at most."""
    zh = language().startswith("zh")
    children = list(candidates_found(actor, read_asked(request))[:MOST])
    lines = [
        (
            row.child.code,
            row.child.town.name,
            row.child.village.name,
            row.child.candidate_on.isoformat(),
            (row.task.name if zh else row.task.name_en) if row.task else "",
            row.task.due_at.date().isoformat() if row.task else "",
        )
        for row in waiting_of(actor, children, named=False)
    ]
    return table_response(request, EXPORTED, lines, "candidates")


def may_add(actor: Actor) -> bool:
    """Whether some post of the actor takes candidates in."""
    return any(seat.post in ADDERS for seat in actor.seats)


def villages_for(actor: Actor) -> list[tuple[str, str]]:
    """Return the villages of which an actor may take children in: (code, name)."""
    paths = [seat.division_path for seat in actor.seats if seat.post in ADDERS]
    rows = Division.objects.filter(valid_to=None, kind__in=("village", "community"))
    rows = rows.order_by("pk").select_related("parent")
    return [
        (
            row.code,
            f"{row.parent.name if row.parent else ''} · {division_label(row.name, language())}",
        )
        for row in rows
        if any(row.path.startswith(path) for path in paths)
    ]


@require_http_methods(["GET", "POST"])
@officer_page
def add(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Show the form of a candidate, and take one in; refusals stand beside their fields."""
    require(may_add(actor))
    form, sent = care().form("identity"), request.POST
    values: Mapping[str, Any] = {}
    errors: Mapping[str, list[str]] = {}
    if request.method == "POST":
        values, _refused = read_form(form, sent, request.FILES, at=now())
        village = Division.objects.filter(code=sent.get("village", ""), valid_to=None).first()
        try:
            stages = {code for code, _label in stage_words()}
            if sent.get("stage") not in stages:
                raise Refusal("care.stage", "请选择就学阶段", "Choose the stage of school", "stage")
            child, receipt = add_candidate(
                values,
                village,
                sex=sent.get("sex", ""),
                stage=sent.get("stage", ""),
                by=actor,
                at=now(),
            )
            messages.success(request, _("已登记 %(number)s") % {"number": receipt.number})
            return redirect("care-enrolling", child.code)
        except (Refusal, Refusals) as refusal:
            errors = by_field(refusal)
    sexes = [("F", _("女")), ("M", _("男"))]
    context = {
        "fields_shown": shown_fields(form, language(), values=values, errors=errors),
        "errors": errors,
        "sent": sent,
        "villages": villages_for(actor),
        "stages": stage_words(),
        "sexes": sexes,
        "covered": dict(sexes).get(limit_of("sex"), ""),
        "here": "care-enrol",
    }
    return show(request, actor, "care/candidate.html", context, 422 if errors else 200)
