"""Publications: what was published when, and side by side what reads as the same and differs."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from qianshou.design.asked import whole
from qianshou.design.desk import officer_page, show
from qianshou.design.download import table_response
from qianshou.design.environment import either, signed
from qianshou.design.refused import by_field, language
from qianshou.kernel.access import Actor
from qianshou.kernel.clock import day_of, now
from qianshou.kernel.indicators.differ import (
    CORRECTED,
    DEFINITION,
    LATE,
    PERIOD,
    Comparison,
    Difference,
    compare_publications,
    indicator_of,
    is_conflict,
    publications_like,
)
from qianshou.kernel.indicators.models import Publication
from qianshou.kernel.indicators.publish import (
    Wanted,
    change_of,
    is_intact,
    publish_indicator,
)
from qianshou.kernel.indicators.records import seen_by
from qianshou.kernel.pack import Name, pages_of_records
from qianshou.kernel.refusal import Refusal, Refusals
from qianshou.kernel.registry.sheets import Column
from qianshou.kernel.worklist.lists import see_matters
from qianshou.office.indicators import find_indicator, read_wanted

PAGE = 50
LINKED = 200


def visible_publications(actor: Actor) -> list[Publication]:
    """Return the publications whose indicator is shown to the officer, the newest first."""
    rows = Publication.objects.select_related("officer", "town").defer("breakdowns")
    return [row for row in rows.order_by("-as_of_at", "-pk") if is_shown(actor, row)]


def is_shown(actor: Actor, row: Publication) -> bool:
    """Whether what a publication counts is shown to the officer at all."""
    posts = row.declaration.get("posts", [])
    return not posts or any(seat.pack == row.pack and seat.post in posts for seat in actor.seats)


def find_publication(actor: Actor, row: int) -> Publication:
    """Return a publication that is shown to the officer, or raise the 404."""
    found = Publication.objects.select_related("officer", "town", "counted").filter(pk=row).first()
    if found is None or not is_shown(actor, found):
        raise Http404
    return found


def number_of(row: Publication, name: str) -> str:
    """Return a published number as text, or what stands for it."""
    mark, value = row.marks.get(name), getattr(row, name)
    if mark:
        return Name(**mark).text(language())
    return "—" if value is None else f"{value:,.12g}"


def change_text(row: Publication) -> str:
    """Return the published change as text."""
    change = change_of(row)
    if change is None:
        return "—"
    unit = _(" 个百分点") if row.declaration["measure"] == "share" else "%"
    return f"{signed(change)}{unit}"


@require_safe
@officer_page
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Show the publications; those of one name that say something else are marked."""
    rows = visible_publications(actor)
    start = whole(request.GET.get("start", "")) or 0
    context = {
        "rows": [
            (
                row,
                number_of(row, "value"),
                number_of(row, "earlier"),
                change_text(row),
                _other_than(row, rows),
            )
            for row in rows[start : start + PAGE]
        ],
        "following": start + PAGE if len(rows) > start + PAGE else None,
        "here": "indicators",
    }
    return show(request, actor, "office/publications.html", context)


def _other_than(row: Publication, rows: list[Publication]) -> int | None:
    """Return the newest publication of the same name that says something else."""
    return next((one.pk for one in rows if one.name == row.name and is_conflict(one, row)), None)


COLUMNS = (
    Column("title", "发布", "Publication"),
    Column("indicator", "指标", "Indicator"),
    Column("period", "时段", "Period"),
    Column("compared", "对比期", "Compared with"),
    Column("value", "数值", "Value"),
    Column("earlier", "对比期数值", "Earlier value"),
    Column("change", "变化", "Change"),
    Column("as_of", "截至", "As of"),
    Column("digest", "口径摘要", "Digest of the definition"),
    Column("records", "所数记录摘要", "Digest of the records"),
)


@require_safe
@officer_page
def export(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Return the publications as an Excel or CSV file."""
    rows = [
        (
            row.title,
            either(row.name, row.name_en),
            f"{row.first_date} – {row.last_date}",
            f"{row.compared_first_date} – {row.compared_last_date}",
            number_of(row, "value"),
            number_of(row, "earlier"),
            change_text(row),
            row.as_of_at.isoformat(timespec="minutes"),
            row.digest,
            row.records_digest,
        )
        for row in visible_publications(actor)
    ]
    return table_response(request, COLUMNS, rows, "publications")


@require_POST
@officer_page
def publish(request: HttpRequest, actor: Actor, pack: str, key: str) -> HttpResponse:
    """Publish an indicator as the page shows it; what is refused is shown beside its field."""
    indicator = find_indicator(actor, pack, key)
    wanted = read_wanted(request, request.POST)
    town = wanted.town if indicator.division else None
    asked = Wanted(wanted.period, wanted.compared, request.POST.get("title", "")[:200], town)
    try:
        if wanted.error:
            raise Refusal("publish.period", "时段不对", "The period is not right", "title")
        row = publish_indicator(indicator, asked, by=actor, at=now())
    except (Refusal, Refusals) as refusal:
        if isinstance(refusal, Refusal) and refusal.code == "access.denied":
            raise
        texts = [text for found in by_field(refusal).values() for text in found]
        context = {
            "errors": texts,
            "title": asked.title,
            "indicator": indicator,
            "wanted": wanted,
            "here": "indicators",
        }
        return show(request, actor, "office/publish.html", context, 422)
    return redirect("publication", row.pk)


@require_safe
@officer_page
def page(request: HttpRequest, actor: Actor, row: int) -> HttpResponse:
    """Show a publication as it was frozen, and the others of what reads as the same indicator."""
    found = find_publication(actor, row)
    others = [one for one in publications_like(found) if is_shown(actor, one)]
    zh = language().startswith("zh")
    context = {
        "row": found,
        "value": number_of(found, "value"),
        "earlier": number_of(found, "earlier"),
        "change": change_text(found),
        "intact": is_intact(found),
        "breakdowns": [
            (_title(found, one["by"]), one["withheld"], [_line(line, zh) for line in one["rows"]])
            for one in found.breakdowns
        ],
        "others": [(one, change_text(one), is_conflict(one, found)) for one in others],
        "here": "indicators",
    }
    return show(request, actor, "office/publication.html", context)


def _title(row: Publication, by: str) -> str:
    if by == "division":
        return _("按镇街")
    return Name(**row.declaration["titles"][by]).text(language())


def _line(line: Mapping[str, Any], zh: bool) -> tuple[str, str, str]:
    mark = Name(**line["mark"]).text(language()) if line.get("mark") else ""
    value = mark or ("—" if line["value"] is None else f"{line['value']:,.12g}")
    count = "—" if line["count"] is None else str(line["count"])
    return line["zh" if zh else "en"], value, mark or count


@require_safe
@officer_page
def compare(request: HttpRequest, actor: Actor, row: int, other: int) -> HttpResponse:
    """Show two publications side by side with what made the difference."""
    first, second = find_publication(actor, row), find_publication(actor, other)
    if second not in publications_like(first):
        raise Http404
    found = compare_publications(first, second)
    context = {
        "found": found,
        "sides": [
            (one, number_of(one, "value"), number_of(one, "earlier"), change_text(one))
            for one in (found.first, found.second)
        ],
        "differences": [
            (title, "—" if told.whole is None else signed(told.whole), _lines(actor, found, told))
            for title, told in ((_("本期"), found.value), (_("对比期"), found.earlier))
        ],
        "here": "indicators",
    }
    return show(request, actor, "office/publications_compare.html", context)


def reason_words(name: str) -> str:
    """Return what a reason is called."""
    return {
        DEFINITION: _("口径变了"),
        PERIOD: _("时段不同"),
        LATE: _("事后补录"),
        CORRECTED: _("更正或撤销"),
    }[name]


def _lines(actor: Actor, found: Comparison, told: Difference) -> list[dict[str, Any]]:
    """Return the reasons in words, with the records that the officer may see."""
    lines = []
    for one in told.reasons:
        lines.append(
            {
                "name": reason_words(one.name),
                "came": one.came,
                "went": one.went,
                "sum": signed(one.sum),
                "mark": one.mark.text(language()) if one.mark else "",
                "records": _records(actor, found.second, one.keys) if one.keys else [],
                "cut": len(one.keys) > LINKED,
            }
        )
    return lines


def _records(actor: Actor, row: Publication, keys: list[int]) -> list[tuple[str, str]]:
    """Return (words, address or "") of records, as far as the officer may see them."""
    indicator = indicator_of(row)
    if indicator is None:
        return []
    records = indicator.model._default_manager.filter(pk__in=keys)
    if indicator.matter:
        matters = see_matters(actor).filter(pk__in=records.values(indicator.matter))
        pairs = matters.order_by("pk").values_list("pk", "number")[:LINKED]
        return [(number, reverse("matter", args=[pk])) for pk, number in pairs]
    if indicator.suppress or indicator.circle or indicator.sight:
        records = records.filter(seen_by(indicator, actor))
    shown = list(records.order_by("pk")[:LINKED])
    pages = pages_of_records(indicator.pack, indicator.over, shown, actor)
    return [(_record_words(one, indicator.at), pages.get(one.pk, "")) for one in shown]


def _record_words(record: Any, at: str) -> str:
    when = getattr(record, at)
    return f"{record} · {day_of(when) if isinstance(when, datetime) else when}"
