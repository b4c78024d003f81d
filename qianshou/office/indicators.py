"""Indicators: figures by town and period beside an earlier period, down to the records counted."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import reduce
from typing import Any
from urllib.parse import urlencode

from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from qianshou.design.asked import day, whole
from qianshou.design.desk import officer_page, show
from qianshou.design.download import table_response
from qianshou.design.environment import signed
from qianshou.design.refused import language
from qianshou.kernel.access import Actor
from qianshou.kernel.campaigns.funds import yuan_text
from qianshou.kernel.campaigns.rights import may_read
from qianshou.kernel.clock import CHINA, day_of, now
from qianshou.kernel.indicators.declaration import Indicator, indicator_named, indicators_for
from qianshou.kernel.indicators.evaluate import Result, evaluate
from qianshou.kernel.indicators.lines import Line, labels_of, name_of
from qianshou.kernel.indicators.period import Period, months_until
from qianshou.kernel.indicators.publish import may_publish
from qianshou.kernel.indicators.records import Narrowing, key_text
from qianshou.kernel.indicators.reported import reported, side_by_side
from qianshou.kernel.indicators.suppression import KEPT
from qianshou.kernel.indicators.trace import find_records
from qianshou.kernel.pack import Pack, packs, pages_of_records
from qianshou.kernel.refusal import Refusal
from qianshou.kernel.registry.models import Division
from qianshou.kernel.registry.sheets import Column
from qianshou.kernel.worklist.lists import see_matters

MONTHS = 12
LONGEST_DAYS = 3 * 366


@dataclass(frozen=True)
class Wanted:
    """What the address asks for: from which day to which, beside which, in which town."""

    period: Period
    compared: Period
    compare: str
    town: Division | None
    error: str

    @property
    def narrowing(self) -> Narrowing:
        """The records that the town leaves."""
        return Narrowing(towns=(self.town.pk,)) if self.town else Narrowing()

    def query(self, **changed: str) -> str:
        """Return the query string of this choice, changed."""
        told = {
            "from": self.period.first.isoformat(),
            "to": self.period.last.isoformat(),
            "compare": self.compare if self.compare != "year" else "",
            "town": self.town.code if self.town else "",
            **changed,
        }
        return urlencode({name: value for name, value in told.items() if value})


@dataclass(frozen=True)
class Figure:
    """An indicator with its value, the value compared with, and what became of it."""

    indicator: Indicator
    result: Result
    earlier: Result

    @property
    def change(self) -> float | None:
        """The difference: in points for a share, else in per cent of the earlier value."""
        value, before = self.result.value, self.earlier.value
        if value is None or before is None:
            return None
        if self.indicator.measure == "share":
            return round(value - before, 1)
        return round(100 * (value - before) / before, 1) if before else None

    @property
    def tone(self) -> str:
        """Whether the change is for the "good", the "bad" or neither ("")."""
        if not self.change or not self.indicator.better:
            return ""
        return "good" if (self.change > 0) == (self.indicator.better == "higher") else "bad"


def read_wanted(request: HttpRequest, sent: QueryDict | None = None) -> Wanted:
    """Return what the address, or a form, asks for; days that are none fall back to the last
    twelve months.
    """
    told = (request.GET if sent is None else sent).dict()
    usual = months_until(now().astimezone(CHINA).date(), MONTHS)
    error = ""
    try:
        period = Period(
            day(str(told["from"])) if told.get("from") else usual.first,
            day(str(told["to"])) if told.get("to") else usual.last,
        )
    except ValueError:
        period, error = usual, _("日期要写成 2026-01-31 的样子")
    if period.first > period.last:
        period, error = usual, _("开始日期不能晚于结束日期")
    elif period.days > LONGEST_DAYS:
        period, error = usual, _("一次最多看三年")
    compare = "before" if told.get("compare") == "before" else "year"
    town = Division.objects.filter(
        code=told.get("town", ""), kind__in=("street", "town", "district")
    ).first()
    return Wanted(
        period=period,
        compared=period.before() if compare == "before" else period.year_earlier(),
        compare=compare,
        town=town if town is not None and town.kind != "district" else None,
        error=error,
    )


def figure_of(actor: Actor, indicator: Indicator, wanted: Wanted) -> Figure:
    """Return an indicator's figure for both periods (two queries; more where small counts are
    kept back).
    """
    return Figure(
        indicator,
        evaluate(indicator, wanted.period, narrowing=wanted.narrowing, viewer=actor),
        evaluate(indicator, wanted.compared, narrowing=wanted.narrowing, viewer=actor),
    )


def named(pack: str) -> Pack:
    """Return a pack by its id."""
    return next(one for one in packs() if one.id == pack)


def towns() -> list[tuple[str, str]]:
    """Return the towns that a figure can be narrowed to."""
    return list(
        Division.objects.filter(kind__in=("street", "town"), valid_to=None)
        .order_by("id")
        .values_list("code", "name")
    )


@require_safe
@officer_page
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Show the indicators of one pack, the officer's own first, each with its value beside the
    earlier one; and apart from them what others reported, several values of one name side by side.
    """
    wanted = read_wanted(request)
    offered = indicators_for(actor)
    keys = list(dict.fromkeys(indicator.pack for indicator in offered))
    own = [seat.pack for seat in actor.seats if seat.pack in keys]
    chosen = request.GET.get("pack", "")
    if chosen not in keys:
        chosen = (own or keys or [""])[0]
    context = {
        "wanted": wanted,
        "packs": [named(key) for key in keys],
        "chosen": chosen,
        "figures": [
            figure_of(actor, one, wanted)
            for one in offered
            if one.pack == chosen and (one.division or not wanted.town)
        ],
        "reported": side_by_side(tuple(one for one in reported() if one.pack == chosen)),
        "towns": towns(),
        "here": "indicators",
    }
    return show(request, actor, "office/indicators.html", context)


@require_safe
@officer_page
def page(request: HttpRequest, actor: Actor, pack: str, key: str) -> HttpResponse:
    """Show one indicator: over time beside the earlier period, unless it counts what stands; by
    town, by its other fields.
    """
    indicator = find_indicator(actor, pack, key)
    wanted = _wanted_of(request, indicator)
    step = wanted.period.step()
    lines = None if indicator.until else _broken_down(actor, indicator, wanted, "period", step)
    tables = [
        (by, _title(indicator, by), _broken_down(actor, indicator, wanted, by, step))
        for by in indicator.by
        if by != "period" and not (by == "division" and wanted.town)
    ]
    context = {
        "wanted": wanted,
        "pack": named(pack),
        "indicator": indicator,
        "figure": figure_of(actor, indicator, wanted),
        "lines": lines,
        "line_chart": lines
        and _line_chart(indicator, lines.rows, _earlier_lines(actor, indicator, wanted, step)),
        "tables": [
            (by, title, found, _bar_chart(title, found.rows)) for by, title, found in tables
        ],
        "towns": towns() if indicator.division else [],
        "publishes": may_publish(actor, indicator) and not indicator.visible_only,
        "here": "indicators",
    }
    return show(request, actor, "office/indicator.html", context)


LISTED = (
    Column("name", "指标", "Indicator"),
    Column("unit", "单位", "Unit"),
    Column("value", "本期", "This period"),
    Column("earlier", "对比期", "Period compared with"),
    Column("change", "变化", "Change"),
)


@require_safe
@officer_page
def export_all(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Return the indicators of one pack with both values as an Excel or CSV file."""
    wanted, chosen = read_wanted(request), request.GET.get("pack", "")
    rows = []
    for one in indicators_for(actor):
        if one.pack != chosen or (wanted.town and not one.division):
            continue
        figure = figure_of(actor, one, wanted)
        change = "" if figure.change is None else signed(figure.change)
        rows.append(
            (
                one.name.text(language()),
                one.unit.text(language()),
                _value_text(figure.result),
                _value_text(figure.earlier),
                change,
            )
        )
    return table_response(request, LISTED, rows, "indicators")


def _value_text(result: Result) -> str:
    """Return a value as text, or what stands for it."""
    if result.hidden_value:
        return result.hidden_value.text(language())
    return "" if result.value is None else f"{result.value:.12g}"


COLUMNS = (
    Column("by", "分组", "Broken down"),
    Column("label", "名称", "Name"),
    Column("value", "数值", "Value"),
    Column("count", "记录数", "Records"),
)


@require_safe
@officer_page
def export(request: HttpRequest, actor: Actor, pack: str, key: str) -> HttpResponse:
    """Return an indicator with all its breakdowns as an Excel or CSV file."""
    indicator = find_indicator(actor, pack, key)
    wanted = _wanted_of(request, indicator)
    rows = []
    for by in indicator.by:
        title = _("逐期") if by == "period" else _title(indicator, by)
        found = _broken_down(actor, indicator, wanted, by, wanted.period.step())
        if found.withheld:
            said = KEPT.text(language())
            rows.append((title, "—", said, said))
        for line in found.rows:
            value = "" if line.value is None else f"{line.value:g}"
            rows.append(
                (
                    title,
                    line.label,
                    line.hidden_value.text(language()) if line.hidden_value else value,
                    line.hidden_count.text(language()) if line.hidden_count else str(line.count),
                )
            )
    return table_response(request, COLUMNS, rows, indicator.id)


@require_safe
@officer_page
def records(request: HttpRequest, actor: Actor, pack: str, key: str) -> HttpResponse:
    """Show the matters or records that a number counts, as far as the officer may see them; each
    opens what the officer may open.
    """
    indicator = find_indicator(actor, pack, key)
    wanted = _wanted_of(request, indicator)
    by, value = request.GET.get("by", ""), request.GET.get("value", "")[:80]
    counted = request.GET.get("counted") == "1"
    town = whole(value) if by == "division" and indicator.division else None
    narrowing = Narrowing(
        towns=wanted.narrowing.towns if town is None else (town,),
        field=by if by in indicator.fields else "",
        key=value,
        counted_only=counted,
    )
    after = whole(request.GET.get("after", ""))
    found = find_records(
        indicator,
        wanted.period,
        by=actor,
        narrowing=narrowing,
        after=after,
    )
    context = {
        "wanted": wanted,
        "pack": named(pack),
        "indicator": indicator,
        "found": found,
        "told": [] if indicator.matter else _told(actor, indicator, found.rows),
        "by": by,
        "value": value,
        "counted": counted,
        "here": "indicators",
    }
    return show(request, actor, "office/records.html", context)


def _wanted_of(request: HttpRequest, indicator: Indicator) -> Wanted:
    """Return what the address asks for, without a town where the indicator has none."""
    wanted = read_wanted(request)
    return wanted if indicator.division else replace(wanted, town=None)


def _reached(row: Any, path: str) -> Any:
    """Return what a path of relations leads to from a row, or None."""
    return reduce(lambda at, name: getattr(at, name, None), path.split("__"), row)


def _told(actor: Actor, indicator: Indicator, rows: Sequence[Any]) -> list[tuple[str, str, str]]:
    """Return records in words, without a name that is sealed: (words, place, address or "")."""
    labels = {
        by: labels_of(indicator, by, {_key_of(row, by) for row in rows}, language())
        for by in indicator.fields
    }
    pages = _pages(actor, indicator, rows)
    told = []
    for row in rows:
        parts = [name_of(_reached(row, indicator.owner) if indicator.owner else row, language())]
        parts += [labels[by].get(_key_of(row, by), "") for by in labels]
        at = getattr(row, indicator.at, None)
        parts.append(f"{day_of(at) if isinstance(at, datetime) else at or ''}")
        if indicator.money:
            parts.append(
                f"{yuan_text(getattr(row, indicator.of))} {indicator.unit.text(language())}"
            )
        place = _reached(row, f"{indicator.division}__name") if indicator.division else None
        words = " · ".join(dict.fromkeys(" · ".join(filter(None, parts)).split(" · ")))
        told.append((words, place or "", pages.get(row.pk, "")))
    return told


def _key_of(row: Any, by: str) -> str:
    value = getattr(row, by)
    return key_text(value.pk if isinstance(value, Model) else value)


CAMPAIGN_PAGES: dict[str, Callable[[Any], str]] = {
    "campaigns.Measure": lambda row: reverse("measure", args=[row.pk]),
    "campaigns.BudgetLine": lambda row: f"{reverse('funds', args=[row.campaign_id])}?line={row.pk}",
    "campaigns.FundEntry": lambda row: (
        f"{reverse('funds', args=[row.line.campaign_id])}?line={row.line_id}"
    ),
}


def _pages(actor: Actor, indicator: Indicator, rows: Sequence[Any]) -> Mapping[int, str]:
    """Return the addresses that open the rows, of those that the officer may open: the matter of
    a record, else the page that its pack or the campaigns have for it (at most one query, and
    those of the pack).
    """
    found = dict(pages_of_records(indicator.pack, indicator.over, rows, actor))
    campaign_page = CAMPAIGN_PAGES.get(indicator.over)
    if campaign_page and may_read(actor):
        found |= {row.pk: campaign_page(row) for row in rows}
    matters = {row.pk: row.matter_id for row in rows if getattr(row, "matter_id", None)}
    if matters:
        seen = set(see_matters(actor).filter(pk__in=matters.values()).values_list("pk", flat=True))
        found |= {
            pk: reverse("matter", args=[matter]) for pk, matter in matters.items() if matter in seen
        }
    return found


def find_indicator(actor: Actor, pack: str, key: str) -> Indicator:
    """Return an indicator that is shown to the officer, or raise the 404."""
    try:
        found = indicator_named(pack, key)
    except Refusal as refusal:
        raise Http404 from refusal
    if not found.is_open_to(actor):
        raise Http404
    return found


def _broken_down(actor: Actor, indicator: Indicator, wanted: Wanted, by: str, step: str) -> Result:
    return evaluate(
        indicator,
        wanted.period,
        by=by,
        step=step,
        narrowing=wanted.narrowing,
        language=language(),
        viewer=actor,
    )


def _earlier_lines(
    actor: Actor, indicator: Indicator, wanted: Wanted, step: str
) -> tuple[Line, ...]:
    """Return the parts of the earlier period; none where a part stands in both, of which one
    table may keep back what the other shows.
    """
    if indicator.suppress and wanted.compared.last >= wanted.period.first:
        return ()
    return evaluate(
        indicator,
        wanted.compared,
        by="period",
        step=step,
        narrowing=wanted.narrowing,
        viewer=actor,
    ).rows


def _title(indicator: Indicator, by: str) -> str:
    return _("按镇街") if by == "division" else indicator.titles[by].text(language())


def _line_chart(
    indicator: Indicator, lines: tuple[Line, ...], earlier: tuple[Line, ...]
) -> dict[str, Any]:
    name = indicator.name.text(language())
    return {
        "label": name,
        "xAxis": {"type": "category", "data": [line.label for line in lines]},
        "yAxis": {"type": "value", "name": indicator.unit.text(language())},
        "series": [
            {
                "name": _("本期"),
                "type": "line",
                "symbolSize": 7,
                "data": [line.value for line in lines],
            },
            {
                "name": _("对比期"),
                "type": "line",
                "symbol": "none",
                "lineStyle": {"type": "dashed"},
                "data": [line.value for line in earlier[: len(lines)]],
            },
        ],
    }


def _bar_chart(title: str, rows: tuple[Line, ...]) -> dict[str, Any]:
    shown = rows[:15][::-1]
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
