"""The lead group's page: figures at a glance, by town, hazards, measures, money, pairing gaps.

Every number is an indicator's, evaluated for whoever looks: small counts of children in whose
circles they are not are kept back, and reports of harm are left out for everybody but those who
deal with them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from qianshou.design.asked import whole
from qianshou.design.desk import officer_page, show
from qianshou.design.refused import language
from qianshou.kernel.access import Actor, require
from qianshou.kernel.campaigns.funds import yuan_text
from qianshou.kernel.campaigns.models import Campaign
from qianshou.kernel.campaigns.reading import lines_of, progress_of
from qianshou.kernel.clock import CHINA, now
from qianshou.kernel.indicators.declaration import Indicator, indicator_named
from qianshou.kernel.indicators.evaluate import Result, evaluate
from qianshou.kernel.indicators.lines import Line
from qianshou.kernel.indicators.period import Period, month_of
from qianshou.kernel.indicators.suppression import KEPT
from qianshou.kernel.registry.models import Division
from qianshou.packs.commission.care.board import Board, build_board, towns_for

PACK = "commission.care"
FIRST_YEAR = 2023
LOOKERS = {"lead_office", "leader"}
FIGURES = (
    "enrolled", "pairings", "cadres", "pledges", "visits", "talks", "exchanges", "letters", "wishes",
    "handovers", "sampled", "days_to_enrol", "joint", "overdue", "harm_reports",
)  # fmt: skip
MONTH = ("current", "month_done", "month_overdue")
HAZARDS = ("hazards_found", "hazards_rectified", "hazards_verified", "hazards_days")
CAMPAIGN = ("measures", "measures_overdue", "funds_budget", "funds_spent")
BY_TOWN = (
    "enrolled", "current", "visits", "hazards_found", "hazards_verified", "overdue", "month_overdue",
)  # fmt: skip


@dataclass(frozen=True)
class Figure:
    """An indicator with what it is worth to whoever looks."""

    indicator: Indicator
    result: Result


@dataclass(frozen=True)
class TownLine:
    """A town with one cell for each figure that is broken down by town."""

    town: Division
    cells: list[Line]


def figures_for(actor: Actor, keys: Sequence[str], period: Period) -> list[Figure]:
    """Return the figures that are open to an actor over a period."""
    found = [indicator_named(PACK, key) for key in keys]
    return [
        Figure(one, evaluate(one, period, language=language(), viewer=actor))
        for one in found
        if one.is_open_to(actor)
    ]


def by_town(actor: Actor, period: Period, towns: Sequence[Division]) -> list[TownLine]:
    """Return the towns with their cells: nothing where nothing is counted, and what stands for it
    where a whole breakdown is kept back.
    """
    columns = []
    for key in BY_TOWN:
        one = indicator_named(PACK, key)
        result = evaluate(one, period, by="division", language=language(), viewer=actor)
        blank = Line(0 if one.measure == "count" else None, 0)
        if result.withheld:
            blank = Line(None, None, KEPT, KEPT)
        columns.append((blank, {row.key: row for row in result.rows}))
    return [
        TownLine(town, [rows.get(str(town.pk), blank) for blank, rows in columns]) for town in towns
    ]


def bar_chart(title: str, lines: Sequence[Line]) -> dict[str, Any]:
    """Return a chart of bars, one a line; what is kept back has none."""
    shown = list(lines)[::-1]
    return {
        "label": title,
        "legend": {"show": False},
        "xAxis": {"type": "value"},
        "yAxis": {"type": "category", "data": [line.label for line in shown]},
        "series": [
            {
                "type": "bar",
                "barMaxWidth": 16,
                "data": [line.value for line in shown],
                "label": {"show": True, "position": "right"},
            }
        ],
    }


def line_chart(title: str, lines: Sequence[Line]) -> dict[str, Any]:
    """Return a chart of a line over the months."""
    return {
        "label": title,
        "legend": {"show": False},
        "xAxis": {"type": "category", "data": [line.label for line in lines]},
        "yAxis": {"type": "value"},
        "series": [{"type": "line", "symbolSize": 7, "data": [line.value for line in lines]}],
    }


def charts_for(actor: Actor, period: Period) -> list[tuple[str, str, dict[str, Any] | None]]:
    """Return (id, title, chart) of visits by month, hazards by state and wishes by kind; no chart
    where the breakdown is kept back.
    """
    wanted = (
        ("visits", "period", _("各月走访")),
        ("hazards_found", "state", _("隐患按状态")),
        ("wishes", "kind", _("圆梦微心愿按类别")),
    )
    found = []
    for key, by, title in wanted:
        result = evaluate(
            indicator_named(PACK, key), period, by=by, language=language(), viewer=actor
        )
        draw = line_chart if by == "period" else bar_chart
        found.append((f"chart-{key}", title, draw(title, result.rows) if result.rows else None))
    return found


def gaps_of(board: Board) -> dict[str, int]:
    """Return how many towns lack a department, lack a leader, or have children without a cadre."""
    return {
        "departments": sum(not town.bureaus for town in board.towns),
        "leaders": sum(not town.leaders for town in board.towns),
        "children": sum(bool(town.uncovered) for town in board.towns),
        "overloaded": sum(town.overloaded for town in board.towns),
        "unpaired": len(board.unpaired),
    }


def campaigns_shown(today: date) -> list[tuple[Campaign, Any, list[tuple[str, str, str, int]]]]:
    """Return the campaigns of the pack with the progress of their groups and their money."""
    zh = language().startswith("zh")
    return [
        (
            one,
            progress_of(one, today),
            [
                (
                    line.name if zh else line.name_en,
                    yuan_text(line.amount),
                    yuan_text(line.spent),
                    round(100 * line.spent / line.amount) if line.amount else 0,
                )
                for line in lines_of(one)
            ],
        )
        for one in Campaign.objects.filter(pack=PACK).order_by("-pk")
    ]


@require_safe
@officer_page
def page(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Show the page to the lead group's office, and to a leader with the towns supervised."""
    posts = {seat.post for seat in actor.seats}
    require(bool(posts & LOOKERS))
    at = now()
    today = at.astimezone(CHINA).date()
    wanted = whole(request.GET.get("year", "")) or today.year
    if wanted not in range(FIRST_YEAR, today.year):
        wanted = today.year
    year = Period(date(wanted, 1, 1), min(today, date(wanted, 12, 31)))
    month, towns = month_of(today), list(towns_for(actor))
    context = {
        "figures": figures_for(actor, FIGURES, year),
        "sections": [
            ("month", _("本月进度"), figures_for(actor, MONTH, month), month),
            ("hazards", _("隐患整改"), figures_for(actor, HAZARDS, year), year),
            ("campaign", _("措施与经费"), figures_for(actor, CAMPAIGN, year), year),
        ],
        "year": year,
        "years": list(range(today.year, FIRST_YEAR - 1, -1)),
        "towns": by_town(actor, year, towns),
        "columns": [indicator_named(PACK, key) for key in BY_TOWN],
        "charts": charts_for(actor, year),
        "gaps": gaps_of(build_board(actor, at)),
        "campaigns": campaigns_shown(today),
        "exact": "lead_office" in posts,
        "at": at,
        "here": "care-lead",
    }
    return show(request, actor, "care/lead.html", context)
