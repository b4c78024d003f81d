"""The page of one's own list: template, file, rows on the screen, errors beside them, hand in."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from qianshou.design.asked import whole
from qianshou.design.desk import officer_page, show
from qianshou.design.refused import by_field, language
from qianshou.design.sought import read_sought
from qianshou.kernel.access import Actor, require
from qianshou.kernel.clock import now
from qianshou.kernel.documents.store import look_through
from qianshou.kernel.refusal import Refusal, Refusals
from qianshou.kernel.registry.models import Organisation
from qianshou.packs.commission.care.models import Roster, Round
from qianshou.packs.commission.care.roster import write_roster_template, write_row_errors
from qianshou.packs.commission.care.roster.columns import FIELDS, REQUIRED, TEMPLATE
from qianshou.packs.commission.care.rounds.collecting import withdraw
from qianshou.packs.commission.care.rounds.disclosing import note_list, noting_refusal
from qianshou.packs.commission.care.rounds.drafting import (
    Draft,
    Line,
    as_read,
    confirm,
    delete_line,
    drop_draft,
    edit_again,
    no_line,
    places_of_district,
    read_draft,
    require_own,
    save_line,
    take_file,
)
from qianshou.packs.commission.care.rounds.looking import masked_like
from qianshou.packs.commission.care.rounds.pages.frame import (
    HERE,
    PAGE,
    find_round,
    page_asked,
    require_known,
    round_state,
    sheet_answer,
)
from qianshou.packs.commission.care.rounds.sealed import open_rows
from qianshou.packs.commission.care.rounds.sharing import SHARED, Sharing, sharing_of
from qianshou.packs.commission.care.rounds.sight import sight_of

SHOWN = (
    "name", "id_number", "birth_date", "sex", "village", "school", "guardian", "phone", "flagged",
)  # fmt: skip
OPENED, DOWNLOADED = "打开已上报的名单", "下载错误行"
YES_OR_NO = ("是", "否")
CHOICES = {
    "sex": ("男", "女"),
    **dict.fromkeys(("father_away", "mother_away", "flagged"), YES_OR_NO),
}


@dataclass(frozen=True)
class Mine:
    """The list that a page is about: the round, its kind, whose it is."""

    row: Round
    kind: str
    organisation: Organisation

    @property
    def parts(self) -> tuple[Round, str, Organisation]:
        """The same as arguments."""
        return self.row, self.kind, self.organisation

    def address(self, name: str = "care-roster", *more: object) -> str:
        """Return the address of a page about this list."""
        return f"{reverse(name, args=[self.row.pk, *more])}?of={self.organisation.code}"


def my_list(request: HttpRequest, actor: Actor, pk: int) -> Mine:
    """Return the list that the address asks for, one of the officer's own; else access.denied, which
    counts as a refused opening of a list that was handed in.
    """
    row, wanted = find_round(pk), request.GET.get("of", "")
    theirs = Roster.objects.filter(round=row, organisation__code=wanted).first()
    with noting_refusal(theirs, OPENED, by=actor, at=now()):
        return _own_list(row, wanted, actor)


def _own_list(row: Round, wanted: str, actor: Actor) -> Mine:
    sight = sight_of(actor)
    own = Organisation.objects.filter(pk__in=[one for _kind, one in sight.lists])
    found = {one.pk: one for one in own.select_related("division")}
    for kind, organisation in sight.lists:
        if wanted in ("", found[organisation].code):
            return Mine(row, kind, found[organisation])
    require(False)
    raise Http404


@require_http_methods(["GET", "POST"])
@officer_page
def page(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    """Show one's list as it stands, and take a file or what else is asked of it."""
    mine = my_list(request, actor, pk)
    if request.method == "POST":
        try:
            return _do(request, actor, mine)
        except (Refusal, Refusals) as refusal:
            require_known(refusal)
            return _show(request, actor, mine, refusal)
    return _show(request, actor, mine)


def _do(request: HttpRequest, actor: Actor, mine: Mine) -> HttpResponse:
    asked, at = request.POST.get("act", ""), now()
    if asked == "file":
        file = request.FILES.get("file")
        if file is None:
            raise Refusal("care.no_file", "请选择文件", "Choose a file", "file")
        look_through(file)
        file.seek(0)
        draft = take_file(*mine.parts, file.read(), file.name or "", by=actor, at=at)
        if draft.wrong:
            messages.error(
                request, _("有 %(n)s 行有错误，改好前不能上报") % {"n": len(draft.wrong)}
            )
        else:
            messages.success(
                request, _("已读入 %(n)s 行，请核对后确认上报") % {"n": len(draft.lines)}
            )
    elif asked == "confirm":
        sharing = Sharing(*(request.POST.get(name, "") for name in Sharing._fields))
        roster = confirm(*mine.parts, sharing, by=actor, at=at)
        messages.success(request, _("已上报 %(n)s 行") % {"n": roster.number_of_rows})
    elif asked == "withdraw":
        roster = _handed_in(mine)
        withdraw(roster, by=actor, at=at)
        _edit(mine, roster, actor, at)
        messages.success(request, _("已撤回，修改后请重新上报"))
    elif asked == "edit":
        require_own(*mine.parts, actor)
        roster = _handed_in(mine)
        _edit(mine, roster, actor, at)
    elif asked == "drop":
        drop_draft(*mine.parts, by=actor)
    elif asked == "delete":
        delete_line(*mine.parts, whole(request.POST.get("row", "")) or 0, by=actor, at=at)
        messages.success(request, _("已删去一行"))
    else:
        raise Http404
    return redirect(mine.address())


def _edit(mine: Mine, roster: Roster, actor: Actor, at: datetime) -> None:
    with noting_refusal(roster, OPENED, by=actor, at=at):
        rows = open_rows(roster)
    edit_again(*mine.parts, rows, by=actor, at=at)
    note_list(roster, OPENED, by=actor, at=at)


def _handed_in(mine: Mine) -> Roster:
    found = Roster.objects.filter(
        round=mine.row, kind=mine.kind, organisation=mine.organisation
    ).first()
    if found is None:
        raise Refusal("care.no_list", "还没有上报过", "Nothing has been handed in yet")
    return found


def _show(
    request: HttpRequest, actor: Actor, mine: Mine, error: Refusal | Refusals | None = None
) -> HttpResponse:
    draft = read_draft(*mine.parts)
    roster = Roster.objects.filter(
        round=mine.row, kind=mine.kind, organisation=mine.organisation
    ).first()
    lines = draft.lines if draft else []
    only_wrong = request.GET.get("show") == "wrong"
    sought = read_sought(request)
    chosen = [
        line
        for line in lines
        if (line.errors or not only_wrong)
        and (not sought.words or any(sought.words in text for text in line.texts.values()))
    ]
    if not only_wrong:
        chosen.sort(key=lambda line: not line.errors)
    number, last = page_asked(request, len(chosen))
    errors = by_field(error) if error else {}
    beside = {name: errors.pop(name) for name in Sharing._fields if name in errors}
    sent = request.POST if beside else sharing_of(*mine.parts[:2], roster)._asdict()
    context = {
        **HERE,
        "row": mine.row,
        "state": round_state(mine.row, language()),
        "shared": mine.kind in SHARED,
        "sharing": {name: sent.get(name, "") for name in Sharing._fields},
        "beside": beside,
        "mine": mine,
        "others": sight_of(actor).lists,
        "draft": draft,
        "wrong": len(draft.wrong) if draft else 0,
        "noted": sum(bool(line.notes) for line in lines),
        "told": [one.text(language()) for one in _told(draft)],
        "roster": roster,
        "collecting": mine.row.state == "collecting",
        "headings": [FIELDS[key].title(language()) for key in _shown(mine.kind)],
        "lines": [_shown_line(line, mine.kind) for line in _slice(chosen, number)],
        "number": number,
        "last": last,
        "found": len(chosen),
        "only_wrong": only_wrong,
        "sought": sought,
        "errors": {"": [text for texts in errors.values() for text in texts]} if errors else {},
    }
    return show(request, actor, "care/rounds/roster.html", context, 422 if error else 200)


def _told(draft: Draft | None) -> list[Refusal]:
    return [one.refusal for one in draft.told] if draft else []


def _slice(lines: list[Line], number: int) -> list[Line]:
    return lines[(number - 1) * PAGE : number * PAGE]


def _shown(kind: str) -> list[str]:
    return [key for key in SHOWN if key in TEMPLATE[kind]]


def _shown_line(line: Line, kind: str) -> dict[str, Any]:
    zh = language().startswith("zh")
    keys = _shown(kind)
    beside: dict[str, list[str]] = {}
    for one in line.errors:
        beside.setdefault(one.field if one.field in keys else "", []).append(
            one.zh if zh else one.en
        )
    return {
        "number": line.number,
        "cells": [
            (masked_like(key, line.texts.get(key, ""), whole=False), beside.get(key, []))
            for key in keys
        ],
        "errors": beside.get("", []),
        "wrong": bool(line.errors),
        "notes": [one.refusal.text(language()) for one in line.notes],
    }


@require_http_methods(["GET", "POST"])
@officer_page
def row(request: HttpRequest, actor: Actor, pk: int, number: int) -> HttpResponse:
    """Add a row (number 0) or change one, held against the same rules as a file.

    Once the lists are closed the way leads back to the list, which says so.
    """
    mine = my_list(request, actor, pk)
    try:
        require_own(*mine.parts, actor)
    except Refusal as refusal:
        require_known(refusal)
        messages.error(request, refusal.text(language()))
        return redirect(mine.address())
    draft = read_draft(*mine.parts) or Draft()
    line = next((line for line in draft.lines if line.number == number), None)
    if number and line is None:
        raise Http404(no_line().zh)
    keys = TEMPLATE[mine.kind]
    if request.method == "POST":
        texts = {key: request.POST.get(key, "") for key in keys}
        if number and line is not None:
            texts = {**line.texts, **texts}
        line = save_line(*mine.parts, number or None, texts, by=actor, at=now())
        if not line.errors:
            messages.success(request, _("已保存第 %(n)s 行") % {"n": line.number})
            again = request.POST.get("act") == "another"
            return redirect(mine.address("care-roster-row", 0) if again else mine.address())
    zh = language().startswith("zh")
    beside: dict[str, list[str]] = {}
    for one in line.errors if line else []:
        beside.setdefault(one.field or "", []).append(one.zh if zh else one.en)
    town = mine.organisation.division.name if mine.kind == "town" else ""
    villages = places_of_district(town).get(town, []) if town else []
    context = {
        **HERE,
        "row": mine.row,
        "mine": mine,
        "number": line.number if line else 0,
        "fields_shown": [
            {
                "id": key,
                "label": FIELDS[key].title(language()),
                "value": line.texts.get(key, "") if line else town if key == "town" else "",
                "errors": beside.get(key, []),
                "required": key in REQUIRED[mine.kind] and key != "id_number",
                "choices": villages if key == "village" else CHOICES.get(key, ()),
                "kind": "date" if key == "birth_date" else "tel" if key == "phone" else "text",
            }
            for key in keys
        ],
        "errors": beside,
    }
    status = 422 if request.method == "POST" else 200
    return show(request, actor, "care/rounds/row.html", context, status)


@require_safe
@officer_page
def template(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    """Return the sheet to fill in, with the town's villages as choices."""
    mine = my_list(request, actor, pk)
    town = mine.organisation.division.name if mine.kind == "town" else ""
    villages = places_of_district(town).get(town, []) if town else []
    content = write_roster_template(mine.kind, language(), town or None, villages)
    return sheet_answer(content, f"{_('名单模板')}-{mine.organisation.name}.xlsx")


@require_safe
@officer_page
def wrong_rows(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    """Return the rows that are wrong as a sheet that can be mended and sent again.

    They hold whole numbers: who takes them is written down with the list, or with the round as
    long as no list is handed in.
    """
    mine = my_list(request, actor, pk)
    draft = read_draft(*mine.parts)
    if draft is None or not draft.wrong:
        raise Http404
    roster = Roster.objects.filter(
        round=mine.row, kind=mine.kind, organisation=mine.organisation
    ).first()
    what_for = f"{DOWNLOADED}：{mine.organisation.name}"
    note_list(roster or mine.row, what_for, by=actor, at=now())
    content = write_row_errors(as_read(draft, mine.kind), language())
    return sheet_answer(content, f"{_('错误行')}-{mine.organisation.name}.xlsx")
