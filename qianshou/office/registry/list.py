"""The registry's first page, with what each table holds, and each table's list."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from qianshou.design.desk import officer_page, show
from qianshou.design.refused import language
from qianshou.kernel.access import Actor
from qianshou.kernel.clock import now
from qianshou.kernel.pack import packs
from qianshou.kernel.registry.models import Posting, Shift
from qianshou.kernel.registry.shifts import Span, gaps_between
from qianshou.office.registry.finding import Asked, find_rows, read_asked, sortable
from qianshou.office.registry.reading import shown_text
from qianshou.office.registry.references import short_name
from qianshou.office.registry.tables import SHIFTS, TABLES, Table, may_edit, until

PAGE = 50
AHEAD = timedelta(days=7)
MOST_GAPS = 12
HERE = {"here": "registry", "nav": "registry"}


@dataclass(frozen=True)
class ShownRow:
    """A row of a list, ready for a template: its key, its texts by column."""

    key: str
    texts: list[str]
    ended: bool


@dataclass(frozen=True)
class Gap:
    """A time in which nobody is on duty at a post."""

    post: str
    start: datetime
    end: datetime


@dataclass(frozen=True)
class Heading:
    """A column's heading; `sort` is what a click on it asks for, "" where it cannot sort."""

    key: str
    label: str
    sort: str
    direction: str


def table_of(key: str) -> Table:
    """Return a table by its key; raises Http404 where there is none."""
    if key not in TABLES:
        raise Http404
    return TABLES[key]


@require_safe
@officer_page
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Show the tables with the number of their current rows."""
    at = now()
    counts = {
        table.key: find_rows(table, Asked(), at=at).order_by().aggregate(n=Count("pk"))["n"]
        for table in TABLES.values()
    }
    told = [(table, counts[table.key], may_edit(table, actor)) for table in TABLES.values()]
    return show(request, actor, "office/registry/index.html", {**HERE, "tables": told})


@require_safe
@officer_page
def page(request: HttpRequest, actor: Actor, table: str) -> HttpResponse:
    """Show one page of a table's list."""
    return show(
        request, actor, "office/registry/list.html", list_context(request, actor, table_of(table))
    )


def list_context(request: HttpRequest, actor: Actor, table: Table) -> dict[str, Any]:
    """Return what a table's list shows (two queries: the rows and their number)."""
    asked, at = read_asked(request, table), now()
    found = find_rows(table, asked, at=at)
    total = found.order_by().count()
    last = max(1, -(-total // PAGE))
    number = min(asked.page, last)
    rows = list(found[(number - 1) * PAGE : number * PAGE])
    return {
        **HERE,
        "table": table,
        "asked": asked,
        "headings": headings(table, asked),
        "rows": [shown_row(table, row) for row in rows],
        "total": total,
        "number": number,
        "last": last,
        "may_edit": may_edit(table, actor),
        "gaps": gaps_ahead(actor, at) if table is SHIFTS and may_edit(table, actor) else [],
    }


def gaps_ahead(actor: Actor, at: datetime) -> list[Gap]:
    """Return when, in the week to come, nobody is on duty at a post of the actor's organisations.

    Looked at are posts that must be filled around the clock and have holders there, and those
    with shifts this week or the next (two queries).
    """
    always = [
        post.code for pack in packs() for post in pack.posts.values() if post.around_the_clock
    ]
    held = Posting.objects.filter(until("to_date")(at), post__in=always)
    shifts = Shift.objects.filter(starts_at__lt=at + AHEAD, ends_at__gt=at - AHEAD)
    spans: dict[str, list[Span]] = {}
    for rows in (held, shifts):
        for row in (
            rows.filter(organisation__in=actor.organisations)
            .select_related("post", "organisation")
            .order_by("organisation", "post", "pk")
        ):
            names = (short_name(row.organisation, language()), short_name(row.post, language()))
            known = spans.setdefault(" · ".join(names), [])
            if isinstance(row, Shift):
                known.append((row.starts_at, row.ends_at))
    return [
        Gap(where, start, end)
        for where, known in spans.items()
        for start, end in gaps_between(known, at, at + AHEAD)
    ][:MOST_GAPS]


def shown_row(table: Table, row: Any) -> ShownRow:
    """Return a row as the list shows it."""
    texts = [title_of(table, row)]
    texts += [
        shown_text(table.field(key), getattr(row, key), language()) for key in table.shown[1:]
    ]
    ended = getattr(row, "is_active", True) is False or getattr(row, "is_current", True) is False
    return ShownRow(str(row.pk), texts, ended)


def title_of(table: Table, row: Any) -> str:
    """Return what a row is called: its first column, in English where it has an English name."""
    key = table.shown[0]
    if key == "name":
        return short_name(row, language())
    return shown_text(table.field(key), getattr(row, key), language())


def headings(table: Table, asked: Asked) -> list[Heading]:
    """Return the headings of a list; a click sorts up, a second click down."""
    able = sortable(table)
    told = []
    for key in table.shown:
        direction = {key: "ascending", f"-{key}": "descending"}.get(asked.sort, "none")
        follow = f"-{key}" if asked.sort == key else key
        told.append(
            Heading(
                key, table.field(key).label(language()), follow if key in able else "", direction
            )
        )
    return told
