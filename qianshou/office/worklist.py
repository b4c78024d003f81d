"""My list: what I, my posts and my organisation have to do, grouped by when it is due."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.views.decorators.http import require_safe
from markupsafe import Markup

from qianshou.design.asked import YEARS, whole
from qianshou.design.desk import is_fragment, officer_page, show
from qianshou.design.download import table_response
from qianshou.design.environment import address, due_tone, due_words, either, icon, instant
from qianshou.design.refused import language
from qianshou.kernel.access import Actor, principal_at, require
from qianshou.kernel.clock import CHINA, now
from qianshou.kernel.pack import declaration_of, pack_of, packs
from qianshou.kernel.procedures.wording import choice_label, fields_of, stages_of
from qianshou.kernel.registry.choices import officers_of, towns
from qianshou.kernel.registry.models import Division
from qianshou.kernel.registry.sheets import Column
from qianshou.kernel.worklist.lists import (
    LISTS,
    Filters,
    ListedTask,
    Page,
    count_tasks,
    list_tasks,
    versions_for,
)
from qianshou.office.peek import peek_of

MOST = 5000
GROUPS = ("late", "today", "week", "later")


@dataclass(frozen=True)
class Row:
    """A task as the list shows it."""

    task: ListedTask
    accent: str
    icon: Markup
    source: str
    address: str
    pane: str
    step: str
    place: str
    organisation: str
    level: str
    stage: tuple[int, int]
    tone: str
    left: str
    due: str
    principal: str = ""


@dataclass(frozen=True)
class Wanted:
    """What the address asks for: which list, how narrowed, from where."""

    which: str
    procedure: str
    level: str
    town: str
    words: str
    after: tuple[datetime, int] | None

    def query(self, **changed: str) -> str:
        """Return the query string of this list, changed, from its beginning."""
        told = {
            "list": self.which,
            "procedure": self.procedure,
            "level": self.level,
            "town": self.town,
            "q": self.words,
            **changed,
        }
        return urlencode({name: value for name, value in told.items() if value})

    @property
    def narrowed(self) -> bool:
        """Whether any filter is on."""
        return bool(self.procedure or self.level or self.town or self.words)


def read_wanted(request: HttpRequest) -> Wanted:
    """Return what the address asks for; unknown words fall back to the whole list."""
    told = request.GET
    which = told.get("list", "mine")
    return Wanted(
        which=which if which in (*LISTS, "left") else "mine",
        procedure=told.get("procedure", ""),
        level=told.get("level", ""),
        town=told.get("town", ""),
        words=told.get("q", "").strip()[:60],
        after=read_key(told.get("after", "")),
    )


def read_key(text: str) -> tuple[datetime, int] | None:
    """Return the keyset key that `key_text` wrote, or None."""
    instant, _mark, pk = text.partition("_")
    number = whole(pk)
    try:
        at = datetime.fromisoformat(instant)
    except ValueError:
        return None
    if number is None or at.tzinfo is None or at.year not in YEARS:
        return None
    return at, number


def key_text(key: tuple[datetime, int] | None) -> str:
    """Return a keyset key as the address carries it."""
    return f"{key[0].isoformat()}_{key[1]}" if key else ""


def filters_of(wanted: Wanted) -> Filters:
    """Return the filters of the list; a town stands for itself and its villages."""
    divisions: tuple[int, ...] = ()
    if wanted.town:
        town = Division.objects.filter(code=wanted.town).values_list("path", flat=True).first()
        divisions = (
            tuple(Division.objects.filter(path__startswith=town).values_list("pk", flat=True))
            if town
            else (0,)
        )
    return Filters(wanted.procedure, wanted.level, divisions, wanted.words)


Current = list[tuple[str, str, str, str]]


def current_versions(actor: Actor) -> Current:
    """Return procedure, name, English name and digest of each current version."""
    return [
        (one.procedure, one.name, one.name_en, one.digest)
        for one in versions_for(actor)
        if one.is_current
    ]


def rows_of(page: Page, actor: Actor, current: Current) -> list[Row]:
    """Return the rows of a page with their words; each with for whom the actor would do it as a
    substitute.
    """
    digests = {procedure: digest for procedure, _name, _name_en, digest in current}
    zh = language().startswith("zh")
    rows = []
    for task in page.rows:
        pack, digest = pack_of(task.procedure), digests[task.procedure]
        principal = principal_at(actor, task.assignee, task.organisation, task.posts)
        rows.append(
            Row(
                task=task,
                accent=pack.accent,
                icon=icon(pack.icon),
                source=pack.name.zh if zh else pack.name.en,
                address=address("matter", task.matter),
                pane=address("peek", task.id),
                step=either(task.name, task.name_en),
                place=place_of(task.division_name, task.division_above, task.kind_above),
                organisation=either(task.organisation_name, task.organisation_name_en),
                level=level_label(task.procedure, digest, task.level),
                stage=stages_of(digest).get(task.node, (1, 1)),
                tone=due_tone(task.due_at, task.amber_at),
                left=due_words(task.due_at),
                due=instant(task.due_at),
                principal=principal.name if principal else "",
            )
        )
    return rows


def place_words(division: Division) -> str:
    """Return a division's name behind its town's."""
    above = division.parent
    return place_of(division.name, above.name if above else None, above.kind if above else None)


def place_of(name: str, above: str | None, kind: str | None) -> str:
    """Return a division's name behind that of the one above it, but not behind the district's."""
    return name if above is None or kind == "district" else f"{above} · {name}"


def level_label(procedure: str, digest: str, level: str) -> str:
    """Return the name of a level, as the form that asks for it names it."""
    declared = declaration_of(procedure).level
    return choice_label(fields_of(digest).get(declared), level, language()) if level else ""


def grouped(rows: Iterable[Row], at: datetime) -> list[tuple[str, list[Row]]]:
    """Return the rows by due: late, today, this week, later; empty groups left out."""
    today = at.astimezone(CHINA).date()
    midnight = datetime.combine(today + timedelta(days=1), time(), CHINA)
    sunday = midnight + timedelta(days=6 - today.weekday())
    groups: dict[str, list[Row]] = {name: [] for name in GROUPS}
    for row in rows:
        due = row.task.due_at
        name = "late" if due < at else "today" if due <= midnight else "week"
        groups[name if due <= sunday else "later"].append(row)
    return [(name, found) for name, found in groups.items() if found]


def list_context(request: HttpRequest, actor: Actor, current: Current) -> dict[str, Any]:
    """Return what the list's own part of the page shows."""
    wanted, at = read_wanted(request), now()
    page = list_tasks(wanted.which, actor, at=at, filters=filters_of(wanted), after=wanted.after)
    return {
        "wanted": wanted,
        "groups": grouped(rows_of(page, actor, current), at),
        "following": key_text(page.after),
        "address": request.get_full_path(),
    }


@require_safe
@officer_page
def my_list(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Show my list; administrators, who have none, are shown the registry."""
    if actor.role != "officer":
        return redirect("profile")
    at, current = now(), current_versions(actor)
    peek = None
    if task := whole(request.GET.get("task", "")):
        peek = peek_of(actor, task)
    return show(
        request,
        actor,
        "office/worklist.html",
        {
            **list_context(request, actor, current),
            "choices": filter_choices(current),
            "receivers": receivers_of(actor, at),
            "peek": peek,
            "here": "worklist",
        },
    )


COLUMNS = (
    Column("number", "编号", "Number"),
    Column("title", "标题", "Title"),
    Column("task", "任务", "Task"),
    Column("place", "地点", "Place"),
    Column("level", "紧急程度", "Level"),
    Column("organisation", "单位", "Organisation"),
    Column("opened", "开始", "Began"),
    Column("due", "期限", "Due"),
)


@require_safe
@officer_page
def export(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Return the list that the filters leave as an Excel or CSV file, 5,000 tasks at most."""
    require(actor.role == "officer")
    wanted = read_wanted(request)
    page = list_tasks(wanted.which, actor, at=now(), filters=filters_of(wanted), size=MOST + 1)
    lines = [
        (
            row.task.number,
            row.task.title,
            either(row.task.name, row.task.name_en),
            row.place,
            row.level,
            row.organisation,
            instant(row.task.opened_at),
            instant(row.task.due_at),
        )
        for row in rows_of(page, actor, current_versions(actor))
    ]
    return table_response(request, COLUMNS, lines, "worklist", MOST)


def filter_choices(current: Current) -> dict[str, list[tuple[str, str]]]:
    """Return what the filters offer: procedures, levels, towns."""
    zh = language().startswith("zh")
    declared = {key for pack in packs() for key in pack.procedures}
    levels: dict[str, str] = {}
    for procedure, _name, _name_en, digest in current:
        if procedure in declared and declaration_of(procedure).level:
            field = fields_of(digest).get(declaration_of(procedure).level)
            for choice in field.choices if field else ():
                levels.setdefault(choice.value, choice.zh if zh else choice.en)
    return {
        "procedures": [
            (key, either(name, name_en)) for key, name, name_en, _ in current if key in declared
        ],
        "levels": list(levels.items()),
        "towns": towns(),
    }


def receivers_of(actor: Actor, at: datetime) -> list[tuple[int, str]]:
    """Return the officers with a post in the actor's organisations today, but the actor."""
    named = officers_of(sorted(actor.organisations), at, 201)
    return [(officer, name) for officer, name in named if officer != actor.officer][:200]


@require_safe
@officer_page
def rows(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Return the rows alone, for the page that stays open; 304 when nothing has changed."""
    require(actor.role == "officer")
    context = {
        **list_context(request, actor, current_versions(actor)),
        "actor": actor,
        "counts": count_tasks(actor, at=now()),
    }
    body = render_to_string("office/rows.html", context, request)
    mark = f'"{hashlib.sha256(body.encode()).hexdigest()[:32]}"'
    headers = {"ETag": mark, "Cache-Control": "private, no-cache"}
    if request.headers.get("If-None-Match") == mark:
        return HttpResponse(status=304, headers=headers)
    return HttpResponse(body, headers=headers)


@require_safe
@officer_page
def peek(request: HttpRequest, actor: Actor, task: int) -> HttpResponse:
    """Return the side pane of one task; as a page of its own without script."""
    shown = peek_of(actor, task)
    if shown is None:
        raise Http404
    if not is_fragment(request):
        return redirect("matter", shown.matter.pk)
    return HttpResponse(
        render_to_string("office/peek.html", {"peek": shown, "actor": actor}, request)
    )
