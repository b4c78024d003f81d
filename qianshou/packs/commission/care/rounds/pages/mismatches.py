"""The list of a round's mismatches: filters, paging, and an export without names."""

from typing import Any
from urllib.parse import urlencode

from django.db.models import Min, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from qianshou.design.asked import whole
from qianshou.design.desk import officer_page, show
from qianshou.design.download import table_response
from qianshou.design.environment import instant
from qianshou.design.refused import language
from qianshou.kernel.access import Actor
from qianshou.kernel.clock import now
from qianshou.kernel.registry.choices import labelled_choices
from qianshou.kernel.registry.sheets import Column
from qianshou.packs.commission.care.models import Mismatch, Round
from qianshou.packs.commission.care.rounds.pages.frame import (
    HERE,
    PAGE,
    code_name,
    find_round,
    mismatch_state,
    organisation_name,
    page_asked,
)
from qianshou.packs.commission.care.rounds.sight import Sight, seen_mismatches, sight_of

STATES = ("open", "settled", "passed", "late", "mine")
SETTLED = ("explained", "corrected", "confirmed", "carried")
MOST = 5000
DECISIONS = {
    "roster": ("花名册正确", "The roster is right"),
    "other": ("对方名单正确", "The other list is right"),
    "mixed": ("逐字段认定", "Field by field"),
    "same": ("同一名儿童", "One child"),
    "apart": ("两名儿童", "Two children"),
    "none": ("候选中没有", "None of the candidates"),
    "first": ("保留第一行", "The first row stays"),
    "second": ("保留第二行", "The second row stays"),
    "stays": ("属实，保留", "True: it stays"),
    "leave": ("移出名单", "Taken out"),
    "add": ("补入花名册", "Taken in"),
    "eligible": ("符合条件", "Eligible"),
    "ineligible": ("不符合条件", "Not eligible"),
}
COLUMNS = (
    Column("number", "事项编号", "Matter"),
    Column("code", "类型", "Code"),
    Column("name", "含义", "Meaning"),
    Column("town", "镇街", "Town"),
    Column("owner", "责任单位", "Owner"),
    Column("state", "状态", "State"),
    Column("decision", "认定", "Decision"),
    Column("reason", "原因", "Reason"),
    Column("opened", "发现时间", "Found"),
    Column("due", "期限", "Due"),
    Column("decided", "认定时间", "Decided"),
)


def find_asked(request: HttpRequest, row: Round, sight: Sight) -> QuerySet[Any]:
    """Return the mismatches that the address asks for, of those the officer sees."""
    found = seen_mismatches(sight).filter(round=row)
    asked = request.GET
    if asked.get("code") in dict(Mismatch.CODES):
        found = found.filter(code=asked["code"])
    if (town := whole(asked.get("town", ""))) is not None:
        found = found.filter(division=town)
    if (owner := whole(asked.get("owner", ""))) is not None:
        found = found.filter(matter__tasks__state=0, matter__tasks__organisation=owner)
    state = asked.get("state", "")
    if state in ("open", "passed"):
        found = found.filter(state=state)
    elif state == "settled":
        found = found.filter(state__in=SETTLED)
    elif state == "late":
        late = Q(matter__tasks__state=0, matter__tasks__due_at__lt=now())
        found = found.filter(late, state="open")
    elif state == "mine":
        own = [*sight.organisations]
        found = found.filter(matter__tasks__state=0, matter__tasks__organisation__in=own)
    due = Min("matter__tasks__due_at", filter=Q(matter__tasks__state=0))
    return found.select_related("division", "organisation").annotate(due=due).order_by("code", "pk")


def decision_words(row: Mismatch, language_code: str) -> str:
    """Return what was decided, in words; "" before."""
    told = DECISIONS.get(row.decision)
    return "" if told is None else told[0 if language_code.startswith("zh") else 1]


@require_safe
@officer_page
def page(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    """Show a page of mismatches."""
    row, sight = find_round(pk), sight_of(actor)
    asked = find_asked(request, row, sight)
    total = asked.count()
    number, last = page_asked(request, total)
    found = list(asked[(number - 1) * PAGE : number * PAGE])
    kept = {key: text for key, text in request.GET.items() if key != "page" and text}
    towns = (
        seen_mismatches(sight)
        .filter(round=row)
        .order_by("division")
        .values_list("division", "division__name")
        .distinct()
    )
    context = {
        **HERE,
        "row": row,
        "rows": [_shown(one) for one in found],
        "total": total,
        "number": number,
        "last": last,
        "asked": request.GET,
        "query": urlencode(kept),
        "towns": [(str(pk), name) for pk, name in towns],
        "codes": [(code, f"{code} {code_name(code, language())}") for code, _n in Mismatch.CODES],
        "sight": sight,
        "at": now(),
    }
    return show(request, actor, "care/rounds/mismatches.html", context)


def _shown(one: Any) -> dict[str, Any]:
    return {
        "row": one,
        "name": code_name(one.code, language()),
        "owner": organisation_name(one.organisation, language()),
        "state": mismatch_state(one, language()),
        "decision": decision_words(one, language()),
        "due": one.due,
    }


@require_safe
@officer_page
def export(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    """Return what the filters leave as an Excel file without a name or number of a child."""
    row, sight = find_round(pk), sight_of(actor)
    reasons = {code: label for code, label, _p in labelled_choices("care.reason", language())}
    lines = [
        (
            one.matter.number if one.matter else "",
            one.code,
            code_name(one.code, language()),
            one.division.name,
            organisation_name(one.organisation, language()),
            mismatch_state(one, language()),
            decision_words(one, language()),
            reasons.get(one.reason, ""),
            instant(one.opened_at),
            instant(one.due) if one.state == "open" else "",
            instant(one.decided_at),
        )
        for one in find_asked(request, row, sight).select_related("matter")[:MOST]
    ]
    return table_response(request, COLUMNS, lines, f"{_('不一致项')}-{row.year}-{row.number}")
