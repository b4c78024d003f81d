"""My children: cards on a phone, a table at a desk; what is due, the last contact, the month."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

from django.db.models import F, OuterRef, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from qianshou.design.asked import day as read_day
from qianshou.design.asked import whole
from qianshou.design.desk import officer_page, show
from qianshou.design.download import table_response
from qianshou.design.environment import instant
from qianshou.design.refused import language
from qianshou.design.sought import read_sought
from qianshou.kernel.access import Actor, circles_of, holds_task
from qianshou.kernel.clock import CHINA, now
from qianshou.kernel.refusal import Refusal
from qianshou.kernel.registry.models import Division
from qianshou.kernel.registry.sheets import Column
from qianshou.kernel.worklist.lists import open_matters, open_tasks
from qianshou.packs.commission.care.models import Child, Contact
from qianshou.packs.commission.care.month import MONTH
from qianshou.packs.commission.care.namesheet import may_ask
from qianshou.packs.commission.care.pages.words import contact_words
from qianshou.packs.commission.care.register import (
    find_by_name,
    masked_names,
    my_children,
    my_pupils,
)

PAGE = 50
MOST = 5000
MOST_PUPILS = 200
WAITING = ("due", "late", "stale")
SORTS = ("updated", "code", "young")
STATES = dict(Child.STATES)


@dataclass(frozen=True)
class Search:
    """What the address asks for."""

    words: str = ""
    mark: str = ""
    waiting: str = ""
    village: str = ""
    state: str = "enrolled"
    sort: str = "updated"
    after: str = ""

    def query(self, **changed: str) -> str:
        """Return the query string of this search, changed, from its beginning."""
        told = {
            "s": self.mark,
            "waiting": self.waiting,
            "village": self.village,
            "state": self.state if self.state != "enrolled" else "",
            "sort": self.sort if self.sort != "updated" else "",
            **changed,
        }
        return urlencode({name: value for name, value in told.items() if value})


@dataclass(frozen=True)
class Row:
    """A child as the list shows her; `start` is the visit that the reader can begin."""

    child: Child
    name: str
    age: int
    task: Any | None
    start: int | None
    contact: Contact | None
    is_current: bool


def read_search(request: HttpRequest) -> Search:
    """Return what the address asks for; unknown words are left out."""
    told, sought = request.GET, read_sought(request)
    waiting, sort = told.get("waiting", ""), told.get("sort", "updated")
    state = told.get("state", "enrolled")
    return Search(
        words=sought.words[:20],
        mark=sought.mark,
        waiting=waiting if waiting in WAITING else "",
        village=told.get("village", "")[:20],
        state=state if state in STATES or state == "all" else "enrolled",
        sort=sort if sort in SORTS else "updated",
        after=told.get("after", "")[:40],
    )


def children_found(actor: Actor, search: Search, at: datetime) -> QuerySet[Child]:
    """Return the children of the actor's circles that the search asks for, in its order.

    Raises Refusal care.many for a name among more than 300.
    """
    found = my_children(actor).select_related("town", "village")
    if search.state != "all":
        found = found.filter(state=search.state)
    if search.village:
        found = found.filter(village__code=search.village)
    if search.waiting == "stale":
        first = at.astimezone(CHINA).date().replace(day=1)
        found = found.filter(Q(updated_on=None) | Q(updated_on__lt=first))
    elif search.waiting:
        visits = Q(tasks__procedure=MONTH, tasks__closed_at=None)
        if search.waiting == "late":
            visits &= Q(tasks__due_at__lt=at)
        waiting = open_matters().filter(visits, circle__in=circles_of(actor))
        found = found.filter(circle__in=waiting.values("circle"))
    if search.words:
        found = _with_words(found, search.words)
    return found.order_by(*ORDERS[search.sort])


ORDERS: dict[str, tuple[Any, ...]] = {
    "updated": (F("updated_on").asc(nulls_first=True), "pk"),
    "code": ("code",),
    "young": ("-birth_year", "pk"),
}


def _with_words(found: QuerySet[Child], words: str) -> QuerySet[Child]:
    if words.isascii():
        return found.filter(code__icontains=words)
    return found.filter(pk__in=find_by_name(found, words))


def key_after(child: Child, sort: str) -> str:
    """Return the place of a child in an order, as an address carries it."""
    if sort == "code":
        return child.code
    first = child.updated_on or "" if sort == "updated" else child.birth_year
    return f"{first}~{child.pk}"


def behind(found: QuerySet[Child], search: Search) -> QuerySet[Child]:
    """Return what follows the place that the search names; all where it names none."""
    if not search.after:
        return found
    if search.sort == "code":
        return found.filter(code__gt=search.after)
    first, _, number = search.after.partition("~")
    pk = whole(number)
    if pk is None:
        return found
    if search.sort == "young":
        year = whole(first) or 0
        return found.filter(Q(birth_year__lt=year) | Q(birth_year=year, pk__gt=pk))
    if not first:
        return found.filter(Q(updated_on=None, pk__gt=pk) | Q(updated_on__isnull=False))
    try:
        day = read_day(first)
    except ValueError:
        return found
    return found.filter(Q(updated_on__gt=day) | Q(updated_on=day, pk__gt=pk))


def rows_of(actor: Actor, children: list[Child], at: datetime) -> list[Row]:
    """Return children with their words (five queries, whatever their number)."""
    names = masked_names(children)
    tasks = open_visits(children)
    contacts = last_contacts(children)
    today = at.astimezone(CHINA).date()
    rows = []
    for child in children:
        task = tasks.get(child.circle_id)
        mine = task is not None and holds_task(
            actor, task.assignee_id, task.organisation_id, task.posts
        )
        rows.append(
            Row(
                child=child,
                name=names[child.pk],
                age=today.year - child.birth_year,
                task=task,
                start=task.pk if task is not None and mine else None,
                contact=contacts.get(child.pk),
                is_current=is_current(child, today),
            )
        )
    return rows


def is_current(child: Child, today: date) -> bool:
    """Whether a child's registers were brought up to date in the month of `today`."""
    return child.updated_on is not None and child.updated_on >= today.replace(day=1)


def open_visits(children: Iterable[Child]) -> dict[int, Any]:
    """Return the earliest open visit of the month for each child's circle (two queries)."""
    circles = [child.circle_id for child in children]
    matters = open_matters().filter(circle__in=circles)
    whose = dict(matters.values_list("pk", "circle"))
    tasks = open_tasks(MONTH).filter(matter__in=list(whose))
    found = {}
    for task in tasks.order_by("-due_at", "-pk"):
        circle = whose[task.matter_id]
        if circle is not None:
            found[circle] = task
    return found


def last_contacts(children: Iterable[Child]) -> dict[int, Contact]:
    """Return the last contact with each child (one query)."""
    latest = Contact.objects.filter(child=OuterRef("child")).order_by("-at", "-pk")
    found = Contact.objects.filter(
        child__in=[child.pk for child in children], pk=latest.values("pk")[:1]
    )
    return {contact.child_id: contact for contact in found.defer("note")}


@require_safe
@officer_page
def page(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Show the children in whose circles the officer is, a page at a time, and one's pupils."""
    search, at = read_search(request), now()
    refused, found = "", list[Child]()
    try:
        found = list(behind(children_found(actor, search, at), search)[: PAGE + 1])
    except Refusal as refusal:
        refused = refusal.text(language())
    following = key_after(found[PAGE - 1], search.sort) if len(found) > PAGE else ""
    pupils = list(my_pupils(actor).order_by("stage", "code")[:MOST_PUPILS])
    names = masked_names(pupils)
    context = {
        "search": search,
        "rows": rows_of(actor, found[:PAGE], at),
        "pupils": [(one, names[one.pk]) for one in pupils],
        "following": following,
        "villages": villages_of(actor),
        "states": [(code, state_words(code)) for code in STATES],
        "states_of": {code: state_words(code) for code in STATES},
        "stages": {code: stage_words(code) for code, _zh in Child.STAGES},
        "kinds": dict(contact_words()),
        "refused": refused,
        "may_ask": may_ask(actor),
        "here": "care-children",
    }
    return show(request, actor, "care/children.html", context, 422 if refused else 200)


def villages_of(actor: Actor) -> list[tuple[str, str]]:
    """Return the villages in which the actor's children live, 400 at most."""
    mine = my_children(actor).values("village")
    found = Division.objects.filter(pk__in=mine).select_related("parent").order_by("pk")
    return [
        (one.code, f"{one.parent.name} · {one.name}" if one.parent else one.name)
        for one in found[:400]
    ]


def state_words(state: str) -> str:
    """Return a child's state in the page's language."""
    return STATES[state] if language().startswith("zh") else STATES_EN[state]


def stage_words(stage: str) -> str:
    """Return a child's stage of school in the page's language."""
    return dict(Child.STAGES)[stage] if language().startswith("zh") else STAGES_EN[stage]


STATES_EN = {
    "candidate": "Candidate",
    "enrolled": "Enrolled",
    "moved": "Moved away",
    "aged_out": "Aged out",
    "ineligible": "No longer eligible",
}
STAGES_EN = {
    "none": "Not at school yet",
    "kindergarten": "Kindergarten",
    "primary": "Primary school",
    "junior": "Junior secondary",
    "senior": "Senior secondary",
    "out": "Left school",
}
EXPORTED = (
    Column("code", "编号", "Code"),
    Column("town", "镇街", "Town"),
    Column("village", "村（社区）", "Village"),
    Column("age", "年龄", "Age"),
    Column("stage", "学段", "Stage"),
    Column("state", "状态", "State"),
    Column("updated", "台账更新日", "Registers updated on"),
    Column("contact", "最近联系", "Last contact"),
    Column("due", "走访期限", "Visit due"),
)


@require_safe
@officer_page
def export(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Return what the filters leave as an Excel file without names, 5,000 children at most."""
    at = now()
    try:
        found = list(children_found(actor, read_search(request), at)[:MOST])
    except Refusal as refusal:
        return HttpResponse(refusal.text(language()), status=422, content_type="text/plain")
    tasks, contacts = open_visits(found), last_contacts(found)
    lines = []
    for child in found:
        task, contact = tasks.get(child.circle_id), contacts.get(child.pk)
        lines.append(
            (
                child.code,
                child.town.name,
                child.village.name,
                str(at.astimezone(CHINA).year - child.birth_year),
                stage_words(child.stage),
                state_words(child.state),
                child.updated_on.isoformat() if child.updated_on else "",
                instant(contact.at) if contact else "",
                instant(task.due_at) if task else "",
            )
        )
    return table_response(request, EXPORTED, lines, "children")
