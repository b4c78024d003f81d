"""Counts what an indicator declares, in SQL that both databases understand.

A percentile is the nearest rank: the smallest value that at least so many per cent of the
records do not exceed; it is always a value that was really measured. Durations are told in
hours.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Avg, Case, Count, F, Model, Q, QuerySet, Sum, Value, When, Window
from django.db.models.functions import RowNumber, TruncDay, TruncMonth, TruncWeek

from qianshou.kernel.clock import CHINA, now
from qianshou.kernel.indicators.declaration import DIVISION, PERIOD, Indicator
from qianshou.kernel.indicators.period import Period
from qianshou.kernel.pack import Name
from qianshou.kernel.refusal import Refusal
from qianshou.kernel.registry.choices import labelled_choices
from qianshou.kernel.registry.models import Division

BELOW_TOWNS = ("village", "community")
TRUNCATED = {"day": TruncDay, "week": TruncWeek, "month": TruncMonth}


@dataclass(frozen=True)
class Narrowing:
    """What narrows the records: towns, one value of one field, only those that a share counts."""

    towns: tuple[int, ...] = ()
    field: str = ""
    key: str = ""
    counted_only: bool = False


EVERYTHING = Narrowing()


@dataclass(frozen=True)
class Line:
    """One row of a breakdown: its key, what it is called, its value, over how many records."""

    key: str
    label: str
    value: float | None
    count: int
    period: Period | None = None


@dataclass(frozen=True)
class Result:
    """The value, the records it counts out of those it looks at, and a breakdown if asked for."""

    value: float | None
    numerator: float
    denominator: int
    rows: tuple[Line, ...] = ()


def records_of(
    indicator: Indicator, period: Period, narrowing: Narrowing = EVERYTHING
) -> QuerySet[Model]:
    """Return the records that `indicator` looks at; what is still to come is not counted.

    Refuses a field that is not one of its breakdowns (indicator.by).
    """
    records = indicator.model._default_manager.filter(
        **{f"{indicator.at}__gte": period.start, f"{indicator.at}__lt": min(period.end, now())},
        **indicator.where,
    )
    if indicator.measure in ("sum", "mean", "percentile"):
        records = records.filter(**{f"{indicator.of}__isnull": False})
    if narrowing.counted_only and indicator.when:
        records = records.filter(**indicator.when)
    if narrowing.towns:
        division = indicator.division
        records = records.filter(
            Q(**{f"{division}__in": narrowing.towns})
            | Q(
                **{
                    f"{division}__parent__in": narrowing.towns,
                    f"{division}__kind__in": BELOW_TOWNS,
                }
            )
        )
    if narrowing.field:
        _refuse_unless_offered(indicator, narrowing.field)
        try:
            records = records.filter(**{narrowing.field: narrowing.key})
        except (ValueError, TypeError):
            return records.none()
    return records


def _refuse_unless_offered(indicator: Indicator, by: str) -> None:
    if by not in (DIVISION, PERIOD) and by not in indicator.fields:
        raise Refusal(
            "indicator.by",
            f"指标“{indicator.name.zh}”不能按 {by} 分组",
            f"The indicator “{indicator.name.en}” is not broken down by {by}",
            "by",
        )


def evaluate(
    indicator: Indicator,
    period: Period,
    *,
    by: str | None = None,
    step: str = "month",
    narrowing: Narrowing = EVERYTHING,
    language: str = "zh-hans",
) -> Result:
    """Return the value of `indicator` over `period`, with rows by town, `step` or a field.

    One query for the value, one for the rows and at most one for their names, whatever the
    number of records. Refuses a breakdown that is not declared (indicator.by).
    """
    records = records_of(indicator, period, narrowing)
    total = _measure(indicator, records)
    if by is None:
        return total
    _refuse_unless_offered(indicator, by)
    found = {
        _key_text(key): (value, count)
        for key, value, count in _grouped(indicator, records, _key_of(indicator, by, step))
    }
    if by == PERIOD:
        rows = _period_lines(indicator, period, step, found)
    elif by == DIVISION:
        rows = _town_lines(found)
    else:
        rows = _field_lines(indicator, by, found, language)
    return Result(total.value, total.numerator, total.denominator, tuple(rows))


def _aggregates(indicator: Indicator) -> dict[str, Any]:
    measure = indicator.measure
    counted: dict[str, Any] = {"counted": Count("pk")}
    if measure == "sum":
        counted["measured"] = Sum(indicator.of)
    elif measure == "mean":
        counted["measured"] = Avg(indicator.of)
    elif measure == "share":
        counted["measured"] = Count("pk", filter=Q(**indicator.when))
    return counted


def _measure(indicator: Indicator, records: QuerySet[Model]) -> Result:
    if indicator.measure == "percentile":
        for _, value, count in _ranked(indicator, records, None):
            return Result(_number(value), count, count)
        return Result(None, 0, 0)
    found = records.aggregate(**_aggregates(indicator))
    count = found["counted"]
    value = _value(indicator, found.get("measured"), count)
    numerator = {"sum": value, "share": found.get("measured")}.get(indicator.measure, count)
    return Result(value, float(numerator or 0), count)


def _value(indicator: Indicator, measured: Any, count: int) -> float | None:
    if indicator.measure == "count":
        return count
    if indicator.measure == "share":
        return None if not count else round(100 * measured / count, 2)
    if indicator.measure == "sum":
        return _number(measured or 0)
    return _number(measured)


def _number(value: Any) -> float | None:
    if isinstance(value, timedelta):
        value = value / timedelta(hours=1)
    return None if value is None else round(float(value), 2)


def _key_of(indicator: Indicator, by: str, step: str) -> Any:
    if by == DIVISION:
        division = indicator.division
        return Case(
            When(**{f"{division}__kind__in": BELOW_TOWNS}, then=F(f"{division}__parent_id")),
            default=F(f"{division}_id"),
        )
    if by == PERIOD:
        return TRUNCATED[step](indicator.at, tzinfo=CHINA)
    return F(by)


def _grouped(
    indicator: Indicator, records: QuerySet[Model], key: Any
) -> Iterable[tuple[Any, float | None, int]]:
    if indicator.measure == "percentile":
        return _ranked(indicator, records, key)
    rows = (
        records.annotate(group_key=key)
        .values("group_key")
        .annotate(**_aggregates(indicator))
        .order_by("group_key")
    )
    return [
        (row["group_key"], _value(indicator, row.get("measured"), row["counted"]), row["counted"])
        for row in rows
    ]


def _ranked(
    indicator: Indicator, records: QuerySet[Model], key: Any
) -> list[tuple[Any, float | None, int]]:
    group = Value(0) if key is None else key
    rows = (
        records.annotate(group_key=group)
        .annotate(
            rank_place=Window(
                RowNumber(), partition_by=[F("group_key")], order_by=[F(indicator.of), F("pk")]
            ),
            rank_among=Window(Count("*"), partition_by=[F("group_key")]),
        )
        .filter(rank_place=(F("rank_among") * indicator.percent + 99) / 100)
        .order_by("group_key")
        .values_list("group_key", indicator.of, "rank_among")
    )
    return [(found, _number(value), count) for found, value, count in rows]


def _key_text(key: Any) -> str:
    if isinstance(key, datetime):
        return key.astimezone(CHINA).date().isoformat()
    return "" if key is None else str(key)


def _period_lines(
    indicator: Indicator,
    period: Period,
    step: str,
    found: dict[str, tuple[float | None, int]],
) -> list[Line]:
    empty = 0 if indicator.measure in ("count", "sum") else None
    lines = []
    for place, part in enumerate(period.parts(step)):
        key = part.first.isoformat()
        if place == 0:
            key = _step_start(part.first, step).isoformat()
        value, count = found.get(key, (empty, 0))
        label = part.first.isoformat()[:7] if step == "month" else part.first.isoformat()
        lines.append(Line(key, label, value, count, part))
    return lines


def _step_start(day: date, step: str) -> date:
    if step == "week":
        return date.fromordinal(day.toordinal() - day.weekday())
    return day.replace(day=1) if step == "month" else day


def _town_lines(found: dict[str, tuple[float | None, int]]) -> list[Line]:
    names = Division.objects.filter(pk__in=[int(key) for key in found if key])
    known = {str(pk): name for pk, name in names.values_list("pk", "name")}
    return _sorted(Line(key, known.get(key, key), *pair) for key, pair in found.items())


def _field_lines(
    indicator: Indicator, by: str, found: dict[str, tuple[float | None, int]], language: str
) -> list[Line]:
    known = _labels(indicator, by, language)
    return _sorted(Line(key, known.get(key, key) or "—", *pair) for key, pair in found.items())


def _labels(indicator: Indicator, by: str, language: str) -> dict[str, str]:
    told = indicator.labels.get(by)
    if isinstance(told, str):
        return {code: label for code, label, _ in labelled_choices(told, language)}
    if told:
        return {code: _said(name, language) for code, name in told.items()}
    choices = getattr(indicator.model._meta.get_field(by), "flatchoices", ())
    return {str(code): str(label) for code, label in choices}


def _said(name: Name, language: str) -> str:
    return name.text(language)


def _sorted(lines: Iterable[Line]) -> list[Line]:
    return sorted(lines, key=lambda line: (-(line.value or 0), line.label))
