"""The list of rounds and the board of one: who has handed in, the funnel, what is owed, the exit."""

from datetime import date
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from qianshou.design.asked import day
from qianshou.design.desk import officer_page, show
from qianshou.design.refused import by_field, language
from qianshou.kernel.access import Actor
from qianshou.kernel.clock import CHINA, now
from qianshou.kernel.refusal import Refusal, Refusals
from qianshou.packs.commission.care.models import Comparison, Mismatch, Round
from qianshou.packs.commission.care.rounds.closing import conclude, note_reproduction, reproduce
from qianshou.packs.commission.care.rounds.collecting import close_collecting
from qianshou.packs.commission.care.rounds.exits import reasons_against
from qianshou.packs.commission.care.rounds.opening import next_number, open_round
from qianshou.packs.commission.care.rounds.pages.frame import (
    HERE,
    code_name,
    find_round,
    require_known,
    round_state,
)
from qianshou.packs.commission.care.rounds.sight import require_lead, sight_of
from qianshou.packs.commission.care.rounds.standing import (
    Bar,
    Standing,
    agreement_of,
    handed_in,
    owing,
    standing_of,
)

PHASES = {
    "waiting": ("排队等待", "Waiting for its turn"),
    "opening": ("打开名单", "Opening the lists"),
    "cleaning": ("整理名单", "Cleaning the lists"),
    "duplicates": ("查重", "Looking for duplicates"),
    "matching": ("逐对比对", "Matching"),
    "deciding": ("判定", "Deciding"),
    "done": ("汇总", "Gathering"),
    "eligibility": ("核对资格", "Checking eligibility"),
    "raising": ("生成不一致项", "Raising mismatches"),
    "failed": ("没有完成，将自动重试", "Not finished; it is tried again"),
}


@require_http_methods(["GET", "POST"])
@officer_page
def rounds(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Show the rounds of every year, and let the lead group's office open the next."""
    sight = sight_of(actor)
    errors: dict[str, list[str]] = {}
    sent: dict[str, Any] = {}
    if request.method == "POST":
        sent = request.POST.dict()
        try:
            row = open_round(*_read_opening(sent), by=actor, at=now())
        except (Refusal, Refusals) as refusal:
            require_known(refusal)
            errors = by_field(refusal)
        else:
            messages.success(request, _("已启动第 %(n)s 轮，任务已发到各单位") % {"n": row.number})
            return redirect("care-round", row.pk)
    rows = list(Round.objects.order_by("-year", "-number"))
    today = now().astimezone(CHINA).date()
    under_way = any(one.state not in ("closed", "passed") for one in rows)
    context = {
        **HERE,
        "rows": [(one, round_state(one, language())) for one in rows],
        "may_open": sight.is_lead and not under_way,
        "sent": sent or {
            "year": today.year, "number": next_number(today.year), "as_of": today.isoformat()
        },
        "errors": errors,
    }  # fmt: skip
    return show(request, actor, "care/rounds/rounds.html", context, 422 if errors else 200)


def _read_opening(sent: dict[str, Any]) -> tuple[int, int, date]:
    wrong, numbers = [], []
    for name in ("year", "number"):
        text = str(sent.get(name, ""))
        good = text.isascii() and text.isdigit() and len(text) < 5
        if not good:
            wrong.append(Refusal("care.whole", "请填整数", "Write a whole number", name))
        numbers.append(int(text) if good else 0)
    try:
        as_of = day(str(sent.get("as_of", "")))
    except ValueError:
        wrong.append(Refusal("care.day", "请选择截止日期", "Choose the day", "as_of"))
    if not wrong and not 2020 <= numbers[0] <= 2100:
        wrong.append(Refusal("care.year", "年份不对", "That is no year of a survey", "year"))
    if wrong:
        raise Refusals(wrong)
    return numbers[0], numbers[1], as_of


@require_safe
@officer_page
def board(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    """Show one round as far as the officer sees it."""
    return _board(request, actor, find_round(pk))


def _board(
    request: HttpRequest,
    actor: Actor,
    row: Round,
    error: Refusal | Refusals | None = None,
    told: Any = None,
) -> HttpResponse:
    sight = sight_of(actor)
    at = now()
    standing = standing_of(row, sight)
    against = reasons_against(row) if sight.is_lead else []
    rounds_of_year = Round.objects.filter(year=row.year).order_by("number")
    lists = handed_in(row, sight)
    context = {
        **HERE,
        "row": row,
        "state": round_state(row, language()),
        "sight": sight,
        "standing": standing,
        "by_round": [
            (one, standing.total if one.pk == row.pk else standing_of(one, sight).total)
            for one in rounds_of_year
        ],
        "code_name": code_name,
        "language_code": language(),
        "charts": charts_of(standing) if row.compared_at else [],
        "lists": lists,
        "there": sum(one.roster is not None and not one.roster.withdrawn_at for one in lists),
        "owing": owing(row, sight, at) if row.compared_at else [],
        "against": [one.text(language()) for one in against],
        "agreement": agreement_of(row) if sight.is_lead else None,
        "progress": progress_of(row),
        "errors": by_field(error) if error else {},
        "told": told,
    }
    return show(request, actor, "care/rounds/board.html", context, 422 if error else 200)


def progress_of(row: Round) -> dict[str, Any] | None:
    """Return how far a comparison that is under way has come, or None."""
    if row.state != "comparing":
        return None
    found = Comparison.objects.filter(round=row).defer("outcome").first()
    phase = found.phase if found else "waiting"
    zh = language().startswith("zh")
    return {
        "percent": found.percent if found else 0,
        "phase": PHASES[phase][0 if zh else 1],
        "failure": found.failure if found else "",
    }


@require_safe
@officer_page
def progress(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    """Return the comparison's progress as a part of the board; done, the board is loaded anew."""
    sight_of(actor)
    row = find_round(pk)
    told = progress_of(row)
    if told is None:
        return HttpResponse(headers={"HX-Refresh": "true"})
    return render(request, "care/rounds/progress.html", {"row": row, "progress": told})


@require_POST
@officer_page
def act(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    """Close the collecting, conclude the round, or make its result again."""
    row = find_round(pk)
    require_lead(actor)
    asked = request.POST.get("act", "")
    try:
        if asked == "collected":
            close_collecting(row, by=actor, at=now())
            messages.success(request, _("已收口，正在比对"))
        elif asked == "conclude":
            conclude(row, request.POST.get("result", ""), by=actor, at=now())
            messages.success(request, _("已办理"))
        elif asked == "reproduce":
            told = reproduce(row)
            note_reproduction(row, told, by=actor, at=now())
            return _board(request, actor, row, told=told)
        else:
            raise Http404
    except (Refusal, Refusals) as refusal:
        require_known(refusal)
        row.refresh_from_db()
        return _board(request, actor, row, error=refusal)
    return redirect("care-round", row.pk)


def charts_of(standing: Standing) -> list[tuple[str, str, dict[str, Any]]]:
    """Return the pictures of the board: (id, heading, option) of stacked bars."""
    zh = language().startswith("zh")
    parts = [
        ("open", "待核实" if zh else "Open"),
        ("settled", "已说清" if zh else "Settled"),
        ("confirmed", "一致" if zh else "Agree"),
    ]
    towns = [bar for bar in standing.by_town if bar.rows or bar.mismatches]
    codes = [bar for bar in standing.by_code if bar.mismatches]
    if not standing.total.rows:  # a bureau sees no rosters, so none of their rows agree
        parts = parts[:2]
    made = []
    if towns:
        heading = _("按镇街")
        made.append(("by-town", heading, _stack(heading, towns, parts, zh)))
    if codes:
        heading = _("按不一致类型")
        made.append(("by-code", heading, _stack(heading, codes, parts[:2], zh)))
    return made


def _stack(heading: str, bars: list[Bar], parts: list[tuple[str, str]], zh: bool) -> dict[str, Any]:
    is_code = bars[0].key in dict(Mismatch.CODES)
    labels = [bar.key if is_code else bar.label for bar in bars]
    return {
        "label": heading,
        "xAxis": {"type": "category", "data": labels},
        "yAxis": {"type": "value", "minInterval": 1},
        "series": [
            {
                "type": "bar",
                "stack": "all",
                "name": name,
                "data": [getattr(bar, key) for bar in bars],
            }
            for key, name in parts
        ],
    }
