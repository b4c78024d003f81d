"""Sheets with names: asking for one, how those asked for stand, and fetching an approved one."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from qianshou.design.asked import whole
from qianshou.design.desk import officer_page, show
from qianshou.design.download import file_response
from qianshou.design.environment import instant
from qianshou.design.fields import read_form, shown_fields
from qianshou.design.refused import by_field, language
from qianshou.kernel.access import Actor, circles_of, require
from qianshou.kernel.clock import day_of, now
from qianshou.kernel.door.registering import history_of
from qianshou.kernel.procedures.wording import choice_label
from qianshou.kernel.refusal import Refusal, Refusals
from qianshou.kernel.registry.sheets import Column, write_sheet
from qianshou.kernel.registry.synthetic import marked_words
from qianshou.kernel.registry.watermark import watermark
from qianshou.packs.commission.care.enrolment import care
from qianshou.packs.commission.care.models import Child, NameSheet
from qianshou.packs.commission.care.models.namesheet import DOWNLOADS
from qianshou.packs.commission.care.namesheet import (
    MOST,
    Fetched,
    ask_names,
    fetch_names,
    may_ask,
)
from qianshou.packs.commission.care.pages.children import Search, children_found, read_search
from qianshou.packs.commission.care.pages.words import column_words
from qianshou.packs.commission.care.register import masked_names, my_children

PAGE = 50
ASKED = ("purpose", "words", "id_number", "columns", "needed_until")
ALWAYS = (
    Column("code", "编号", "Code"),
    Column("name", "姓名", "Name"),
    Column("town", "镇街", "Town"),
    Column("village", "村（社区）", "Village"),
)


@dataclass(frozen=True)
class Told:
    """A sheet asked for, as a list tells it: its row, its state in words with a tone."""

    row: NameSheet
    state: str
    tone: str
    purpose: str
    is_open: bool


def sheets_seen(actor: Actor) -> QuerySet[NameSheet]:
    """Return the sheets asked for in whose circle the actor is, the newest first."""
    found = NameSheet.objects.filter(matter__circle__in=circles_of(actor))
    return found.select_related("matter", "officer", "organisation", "decided_by").order_by("-pk")


def purpose_words(row: NameSheet) -> str:
    """Return a sheet's purpose in the page's language."""
    field = next(one for one in care().form("namesheet_open").fields if one.id == "purpose")
    return choice_label(field, row.purpose, language())


def tell(row: NameSheet, at: datetime) -> Told:
    """Return a sheet asked for in words."""
    purpose = purpose_words(row)
    if row.decided_at is None:
        return Told(row, _("待审批"), "y", purpose, False)
    if row.valid_to is None:
        return Told(row, _("不予批准"), "r", purpose, False)
    if row.downloads >= DOWNLOADS:
        return Told(row, _("次数已用完"), "", purpose, False)
    if row.valid_to < day_of(at):
        return Told(row, _("已过期"), "", purpose, False)
    return Told(row, _("可下载"), "g", purpose, True)


@require_safe
@officer_page
def page(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Show the sheets that the actor asked for or decides on; `before` is where the page begins."""
    require(may_ask(actor))
    found, at = sheets_seen(actor), now()
    before = whole(request.GET.get("before", ""))
    if before is not None:
        found = found.filter(pk__lt=before)
    rows = list(found[: PAGE + 1])
    context = {
        "rows": [tell(row, at) for row in rows[:PAGE]],
        "following": rows[PAGE - 1].pk if len(rows) > PAGE else None,
        "most": DOWNLOADS,
        "here": "care-children",
    }
    return show(request, actor, "care/namesheets.html", context)


@require_http_methods(["GET", "POST"])
@officer_page
def new(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Show the children whom the address asks for, and ask for a sheet with the names of some."""
    require(may_ask(actor))
    search, at, sent = read_search(request), now(), request.POST
    form = care().form("namesheet_open")
    raw: Mapping[str, Any] = {}
    errors: Mapping[str, list[str]] = {}
    if request.method == "POST":
        raw, _none = read_form(form, sent, request.FILES, at=at)
        told = {name: raw[name] for name in ASKED if raw[name]}
        try:
            receipt = ask_names(sent.getlist("child"), told, by=actor, at=at)
            messages.success(request, _("已提交 %(number)s，等待审批") % {"number": receipt.number})
            return redirect("care-namesheets")
        except (Refusal, Refusals) as refusal:
            if isinstance(refusal, Refusal) and refusal.code == "access.denied":
                raise
            errors = by_field(refusal)
    found, refused = _offered(actor, search, at)
    names = masked_names(found)
    chosen = set(sent.getlist("child")) if request.method == "POST" else None
    context = {
        "search": search,
        "children": [(one, names[one.pk], chosen is None or one.code in chosen) for one in found],
        "refused": refused,
        "fields_shown": [
            one
            for one in shown_fields(form, language(), values=raw, errors=errors)
            if one.id in ASKED
        ],
        "errors": errors,
        "most": MOST,
        "here": "care-children",
    }
    return show(
        request, actor, "care/namesheet_new.html", context, 422 if errors or refused else 200
    )


def _offered(actor: Actor, search: Search, at: datetime) -> tuple[list[Child], str]:
    """Return the children who can be asked for; none, and why, where there are more than 300."""
    try:
        found = children_found(actor, search, at).filter(person__wrapped_key__isnull=False)
        children = list(found[: MOST + 1])
    except Refusal as refusal:
        return [], refusal.text(language())
    if len(children) > MOST:
        most = {"most": MOST}
        return [], _("超过 %(most)s 名：请回到列表，先选村（社区）或别的条件") % most
    return children, ""


@require_safe
@officer_page
def sheet(request: HttpRequest, actor: Actor, sheet: int) -> HttpResponse:
    """Show a sheet that was asked for: what for, whom, what was decided, and how often fetched."""
    return show_sheet(request, actor, get_object_or_404(sheets_seen(actor), pk=sheet))


def show_sheet(
    request: HttpRequest, actor: Actor, row: NameSheet, refused: str = ""
) -> HttpResponse:
    """Return the page of a sheet that was asked for, with what was refused."""
    seen = my_children(actor).filter(pk__in=row.children).select_related("town", "village")
    children = list(seen.order_by("town", "village", "code"))
    names = masked_names(children)
    named = column_words()
    context = {
        "told": tell(row, now()),
        "row": row,
        "columns": [named[one] for one in named if one in row.columns],
        "children": [(one, names[one.pk]) for one in children],
        "fetched": [
            (
                datetime.fromisoformat(one["at"]),
                one["by"]["name"],
                one["after"]["downloads"],
                one["reason"],
            )
            for one in history_of(row)
            if "downloads" in one["after"] and one["act"] == "amend"
        ],
        "is_mine": row.officer_id == actor.officer,
        "most": DOWNLOADS,
        "refused": refused,
        "here": "care-children",
    }
    return show(request, actor, "care/namesheet.html", context, 422 if refused else 200)


@require_POST
@officer_page
def fetch(request: HttpRequest, actor: Actor, sheet: int) -> HttpResponse:
    """Return an approved sheet as a workbook with a watermark; made now and kept nowhere."""
    row, at = get_object_or_404(sheets_seen(actor), pk=sheet), now()
    try:
        fetched = fetch_names(row, by=actor, at=at)
    except Refusal as refusal:
        if refusal.code == "access.denied":
            raise
        return show_sheet(request, actor, row, refusal.text(language()))
    answer = file_response(workbook(row, fetched, at), f"{row.matter.number}-{fetched.time}.xlsx")
    answer["Cache-Control"] = "no-store"
    return answer


def workbook(row: NameSheet, fetched: Fetched, at: datetime) -> bytes:
    """Return a fetched sheet as a workbook: who, of where, when, what for, on each screen and page."""
    zh = language().startswith("zh")
    mark = " · ".join(
        (
            row.officer.name,
            row.organisation.name if zh else row.organisation.name_en,
            instant(at),
            purpose_words(row),
            f"{row.matter.number}-{fetched.time}",
        )
    )
    told = {"n": len(fetched.lines), "left": fetched.left_out, "words": row.words}
    above = (
        mark,
        _("用途：%(words)s") % told,
        _("共 %(n)s 名；%(left)s 名已不在申请人的知情范围，未列出") % told
        if fetched.left_out
        else _("共 %(n)s 名") % told,
    )
    named = column_words()
    asked = [name for name in named if name in row.columns]
    columns = [*ALWAYS, *(Column(name, named[name], named[name]) for name in asked)]
    lines = [
        (
            one.child.code,
            one.name,
            one.child.town.name,
            one.child.village.name,
            *(one.told[name] for name in asked),
        )
        for one in fetched.lines
    ]
    foot = _("仅限申请的用途，用后销毁，不得转发")
    made = write_sheet(columns, lines, language(), above=above, head=mark, foot=foot)
    words = f"{marked_words(language())} {mark}".strip()
    return watermark(made, words, len(lines) + len(above) + 1)
