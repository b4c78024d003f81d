"""My list: what I, my posts and my organisation have to do, grouped by when it is due."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from qianshou.design.asked import YEARS, whole
from qianshou.design.desk import is_fragment, officer_page, show
from qianshou.design.refused import language
from qianshou.kernel import door
from qianshou.kernel.access import Actor, require
from qianshou.kernel.clock import CHINA, now
from qianshou.kernel.door import acts
from qianshou.kernel.pack import Pack, declaration_of, pack_of, packs
from qianshou.kernel.procedures.models import Version
from qianshou.kernel.procedures.wording import choice_label, fields_of, stages_of
from qianshou.kernel.refusal import Refusal, Refusals
from qianshou.kernel.registry.models import Division, Officer, Organisation
from qianshou.kernel.worklist.lists import (
    LISTS,
    Filters,
    ListedTask,
    Page,
    count_tasks,
    list_tasks,
)
from qianshou.office.peek import peek_of

GROUPS = ("late", "today", "week", "later")


@dataclass(frozen=True)
class Row:
    """A task as the list shows it."""

    task: ListedTask
    pack: Pack
    place: str
    organisation: str
    level: str
    stage: tuple[int, int]


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
        which=which if which in LISTS else "mine",
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


def rows_of(page: Page) -> list[Row]:
    """Return the rows of a page with their words (a fixed number of queries)."""
    divisions = Division.objects.select_related("parent").in_bulk(
        {task.division for task in page.rows}
    )
    organisations = Organisation.objects.in_bulk({task.organisation for task in page.rows})
    digests = dict(
        Version.objects.filter(
            procedure__in={task.procedure for task in page.rows}, is_current=True
        ).values_list("procedure", "digest")
    )
    zh = language().startswith("zh")
    rows = []
    for task in page.rows:
        division = divisions[task.division]
        organisation = organisations[task.organisation]
        digest = digests[task.procedure]
        rows.append(
            Row(
                task=task,
                pack=pack_of(task.procedure),
                place=place_words(division),
                organisation=organisation.name if zh else organisation.name_en,
                level=level_label(task.procedure, digest, task.level),
                stage=stages_of(digest).get(task.node, (1, 1)),
            )
        )
    return rows


def place_words(division: Division) -> str:
    """Return a division's name behind its town's."""
    if division.parent is None or division.parent.kind == "district":
        return division.name
    return f"{division.parent.name} · {division.name}"


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


def list_context(request: HttpRequest, actor: Actor) -> dict[str, Any]:
    """Return what the list's own part of the page shows."""
    wanted, at = read_wanted(request), now()
    page = list_tasks(wanted.which, actor, at=at, filters=filters_of(wanted), after=wanted.after)
    return {
        "wanted": wanted,
        "groups": grouped(rows_of(page), at),
        "following": key_text(page.after),
        "address": request.get_full_path(),
    }


@require_safe
@officer_page
def my_list(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Show my list; administrators, who have none, are shown the registry."""
    if actor.role != "officer":
        return redirect("profile")
    at = now()
    peek = None
    if task := whole(request.GET.get("task", "")):
        peek = peek_of(actor, task)
    return show(
        request,
        actor,
        "office/worklist.html",
        {
            **list_context(request, actor),
            "choices": filter_choices(),
            "receivers": receivers_of(actor, at),
            "peek": peek,
            "here": "worklist",
        },
    )


def filter_choices() -> dict[str, list[tuple[str, str]]]:
    """Return what the filters offer: procedures, levels, towns."""
    current = list(
        Version.objects.filter(is_current=True)
        .order_by("id")
        .values_list("procedure", "name", "name_en", "digest")
    )
    zh = language().startswith("zh")
    declared = {key for pack in packs() for key in pack.procedures}
    levels: dict[str, str] = {}
    for procedure, _name, _name_en, digest in current:
        if procedure in declared and declaration_of(procedure).level:
            field = fields_of(digest).get(declaration_of(procedure).level)
            for choice in field.choices if field else ():
                levels.setdefault(choice.value, choice.zh if zh else choice.en)
    towns = (
        Division.objects.filter(kind__in=("street", "town"), valid_to=None)
        .order_by("id")
        .values_list("code", "name")
    )
    return {
        "procedures": [
            (key, name if zh else name_en) for key, name, name_en, _ in current if key in declared
        ],
        "levels": list(levels.items()),
        "towns": list(towns),
    }


def receivers_of(actor: Actor, at: datetime) -> list[tuple[int, str]]:
    """Return the officers with a post in the actor's organisations today, but the actor."""
    today = at.astimezone(CHINA).date()
    found = (
        Officer.objects.filter(
            postings__organisation__in=actor.organisations,
            postings__from_date__lte=today,
            is_active=True,
        )
        .exclude(postings__to_date__lt=today)
        .exclude(pk=actor.officer or 0)
        .order_by("name", "pk")
        .distinct()
    )
    return list(found.values_list("pk", "name")[:200])


@require_safe
@officer_page
def rows(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Return the rows alone, for the page that stays open; 304 when nothing has changed."""
    require(actor.role == "officer")
    context = {
        **list_context(request, actor),
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


@require_POST
@officer_page
def batch(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Claim or transfer the ticked tasks, each on its own; say what was not done and why."""
    require(actor.role == "officer")
    told = [whole(text) for text in request.POST.getlist("task")]
    tasks = [task for task in told if task is not None][:100]
    if not tasks:
        messages.warning(request, _("没有勾选任务"))
    done = 0
    refused: dict[str, int] = {}
    for task in tasks:
        try:
            door.act(_batch_act(request, task), by=actor, at=now())
            done += 1
        except (Refusal, Refusals) as refusal:
            first = refusal.refusals[0] if isinstance(refusal, Refusals) else refusal
            text = first.text(language())
            refused[text] = refused.get(text, 0) + 1
    if done:
        messages.success(
            request, ngettext("已办理 %(n)s 件", "已办理 %(n)s 件", done) % {"n": done}
        )
    for text, number in refused.items():
        messages.error(request, _("%(n)s 件没有办理：%(text)s") % {"n": number, "text": text})
    onward = request.POST.get("back", "")
    return redirect(f"/?{onward}" if onward and "\n" not in onward else "worklist")


def _batch_act(request: HttpRequest, task: int) -> acts.Act:
    if request.POST.get("act") == "transfer":
        officer = whole(request.POST.get("officer", "")) or 0
        return acts.Transfer(task, officer, request.POST.get("reason", ""))
    return acts.Claim(task)
