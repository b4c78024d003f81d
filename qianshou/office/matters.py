"""The list of matters that one may see: search, filters, keyset paging, export."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.db.models import Prefetch, Q
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from qianshou.design.desk import officer_page, show
from qianshou.design.download import table_response
from qianshou.design.environment import either, instant
from qianshou.design.refused import language
from qianshou.kernel.access import Actor, require
from qianshou.kernel.pack import Pack, pack_of
from qianshou.kernel.procedures.wording import stages_of
from qianshou.kernel.registry.models import Division
from qianshou.kernel.registry.sheets import Column
from qianshou.kernel.worklist.lists import PAGE, find_matters, see_matters
from qianshou.office.worklist import (
    current_versions,
    filter_choices,
    key_text,
    level_label,
    place_words,
    read_key,
)

STATES = ("open", "closed", "supervised")
SORTS = ("new", "old")


@dataclass(frozen=True)
class Search:
    """What the address asks for."""

    words: str
    procedure: str
    level: str
    town: str
    state: str
    sort: str
    after: tuple[datetime, int] | None

    def query(self, **changed: str) -> str:
        """Return the query string of this search, changed, from its beginning."""
        told = {
            "q": self.words,
            "procedure": self.procedure,
            "level": self.level,
            "town": self.town,
            "state": self.state,
            "sort": self.sort if self.sort != "new" else "",
            **changed,
        }
        return urlencode({name: value for name, value in told.items() if value})


@dataclass(frozen=True)
class MatterRow:
    """A matter as the list shows it."""

    matter: Any
    pack: Pack
    place: str
    level: str
    waiting: tuple[Any, ...]
    stage: tuple[int, int]


def read_search(request: HttpRequest) -> Search:
    """Return what the address asks for; unknown words are left out."""
    told = request.GET
    state, sort = told.get("state", ""), told.get("sort", "new")
    return Search(
        words=told.get("q", "").strip()[:60],
        procedure=told.get("procedure", ""),
        level=told.get("level", ""),
        town=told.get("town", ""),
        state=state if state in STATES else "",
        sort=sort if sort in SORTS else "new",
        after=read_key(told.get("after", "")),
    )


def matters_found(actor: Actor, search: Search) -> Any:
    """Return the matters that the actor may see and asks for, in order."""
    found = see_matters(actor).select_related("version", "division__parent", "organisation")
    if search.words:
        found = find_matters(found, search.words)
    if search.procedure:
        found = found.filter(procedure=search.procedure)
    if search.level:
        found = found.filter(level=search.level)
    if search.town:
        town = Division.objects.filter(code=search.town).values_list("path", flat=True).first()
        found = found.filter(division__path__startswith=town or "none")
    if search.state == "open":
        found = found.filter(closed_at=None)
    elif search.state == "closed":
        found = found.filter(closed_at__isnull=False)
    elif search.state == "supervised":
        found = found.filter(supervised=True, closed_at=None)
    newest = search.sort == "new"
    if search.after:
        at, pk = search.after
        side = "lt" if newest else "gt"
        found = found.filter(
            Q(**{f"opened_at__{side}": at}) | Q(opened_at=at, **{f"pk__{side}": pk})
        )
    return found.order_by("-opened_at", "-pk") if newest else found.order_by("opened_at", "pk")


def with_open_tasks(found: Any) -> Any:
    """Return matters with their open tasks read in one query more, as `waiting`."""
    tasks = found.model._meta.get_field("tasks").related_model.objects
    return found.prefetch_related(
        Prefetch("tasks", tasks.filter(state=0).order_by("due_at"), to_attr="waiting")
    )


def rows_of(found: Any) -> list[MatterRow]:
    """Return matters with their words."""
    rows = []
    for matter in found:
        stages = stages_of(matter.version.digest)
        first = matter.waiting[0] if matter.waiting else None
        rows.append(
            MatterRow(
                matter=matter,
                pack=pack_of(matter.procedure),
                place=place_words(matter.division),
                level=level_label(matter.procedure, matter.version.digest, matter.level),
                waiting=tuple(matter.waiting),
                stage=stages.get(first.node, (1, 1)) if first else (0, 0),
            )
        )
    return rows


@require_safe
@officer_page
def page(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Show the matters that the officer may see, a page at a time."""
    require(actor.role == "officer")
    search = read_search(request)
    found = list(with_open_tasks(matters_found(actor, search))[: PAGE + 1])
    following = ""
    if len(found) > PAGE:
        found = found[:PAGE]
        following = key_text((found[-1].opened_at, found[-1].pk))
    return show(
        request,
        actor,
        "office/matters.html",
        {
            "search": search,
            "rows": rows_of(found),
            "following": following,
            "choices": filter_choices(current_versions(actor)),
            "language_code": language(),
            "here": "matters",
        },
    )


EXPORTED = (
    Column("number", "编号", "Number"),
    Column("title", "标题", "Title"),
    Column("place", "地点", "Place"),
    Column("level", "紧急程度", "Level"),
    Column("organisation", "主办单位", "Lead organisation"),
    Column("opened", "登记时间", "Registered"),
    Column("closed", "办结时间", "Closed"),
    Column("waiting", "正在办理", "Under way"),
    Column("due", "期限", "Due"),
)
MOST = 5000


@require_safe
@officer_page
def export(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Return what the filters leave as an Excel or CSV file, 5,000 matters at most."""
    require(actor.role == "officer")
    rows = rows_of(with_open_tasks(matters_found(actor, read_search(request))[: MOST + 1]))
    lines = [
        (
            row.matter.number,
            row.matter.title,
            row.place,
            row.level,
            either(row.matter.organisation.name, row.matter.organisation.name_en),
            instant(row.matter.opened_at),
            instant(row.matter.closed_at),
            "、".join(either(task.name, task.name_en) for task in row.waiting),
            instant(row.waiting[0].due_at) if row.waiting else "",
        )
        for row in rows
    ]
    return table_response(request, EXPORTED, lines, "matters", MOST)
