"""Counts what an indicator declares, in SQL that both databases understand.

A percentile is the nearest rank: the smallest value that at least so many per cent of the
records do not exceed; it is always a value that was really measured. Durations are told in
days where the unit is days, else in hours. Small counts of an indicator that declares `suppress`
are kept back (see suppression). Money is kept in 分 and told in 元.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from django.db.models import (
    Avg,
    Count,
    DurationField,
    ExpressionWrapper,
    F,
    Model,
    Q,
    QuerySet,
    Sum,
    Value,
    Window,
)
from django.db.models.functions import RowNumber

from qianshou.kernel.access import Actor
from qianshou.kernel.indicators.declaration import DIVISION, PERIOD, Indicator
from qianshou.kernel.indicators.guard import guard_cells, guard_total
from qianshou.kernel.indicators.lines import Cell, Line, field_lines, period_lines, town_lines
from qianshou.kernel.indicators.period import Period
from qianshou.kernel.indicators.records import (
    EVERYTHING,
    Narrowing,
    count_unseen,
    group_of,
    key_text,
    records_of,
    refuse_unless_offered,
    unseen_cells,
)
from qianshou.kernel.pack import Name


@dataclass(frozen=True)
class Result:
    """The value, the records it counts out of those it looks at, and a breakdown if asked for.

    A number that is kept back is None, with what stands there instead; `withheld` says that a
    breakdown was asked for and is not shown.
    """

    value: float | None
    numerator: float | None
    denominator: int | None
    rows: tuple[Line, ...] = ()
    hidden_value: Name | None = None
    hidden_count: Name | None = None
    withheld: bool = False


def evaluate(
    indicator: Indicator,
    period: Period,
    *,
    by: str | None = None,
    step: str = "month",
    narrowing: Narrowing = EVERYTHING,
    language: str = "zh-hans",
    viewer: Actor | None = None,
) -> Result:
    """Return the value of `indicator` over `period`, with rows by town, `step` or a field.

    One query for the value, one for the rows and at most one for their names, whatever the
    number of records; where small counts are kept back, up to three more for what `viewer` may
    not see. With no viewer nothing is seen; the clock sees all. Somebody who does not see all of
    a town's records is not shown how they divide. Refuses a breakdown that is not declared
    (indicator.by).
    """
    records = records_of(indicator, period, narrowing, viewer=viewer)
    unseen = count_unseen(indicator, records, viewer)
    total = _measure(indicator, records)
    if unseen.count:
        kept = Cell(total.value, total.denominator)
        kept = guard_total(indicator, kept, unseen, period, narrowing, viewer)
        total = replace(
            total,
            value=kept.value,
            numerator=total.numerator if kept.hidden_value is None else None,
            denominator=kept.count,
            hidden_value=kept.hidden_value,
            hidden_count=kept.hidden_count,
        )
    if by is None:
        return total
    refuse_unless_offered(indicator, by)
    if unseen.count and (narrowing != EVERYTHING or total.hidden_count is not None):
        return replace(total, withheld=True)
    group = group_of(indicator, by, step)
    found = {
        key_text(key): Cell(value, count)
        for key, value, count in _grouped(indicator, records, group)
    }
    if unseen.count:
        cells = guard_cells(indicator, found, unseen_cells(indicator, records, viewer, group))
        if cells is None:
            return replace(total, withheld=True)
        found = cells
    if by == PERIOD:
        rows = period_lines(indicator, period, step, found)
    elif by == DIVISION:
        rows = town_lines(found)
    else:
        rows = field_lines(indicator, by, found, language)
    return replace(total, rows=tuple(rows))


def _measured(indicator: Indicator) -> Any:
    """Return the expression that is measured: a field, or the time from another to it."""
    if not indicator.since:
        return F(indicator.of)
    span = F(indicator.of) - F(indicator.since)
    return ExpressionWrapper(span, output_field=DurationField())


def _aggregates(indicator: Indicator) -> dict[str, Any]:
    measure = indicator.measure
    counted: dict[str, Any] = {"counted": Count("pk")}
    if measure == "sum":
        counted["measured"] = Sum(_measured(indicator))
    elif measure == "distinct":
        counted["measured"] = Count(indicator.of, distinct=True)
    elif measure == "mean":
        counted["measured"] = Avg(_measured(indicator))
    elif measure == "share":
        counted["measured"] = Count("pk", filter=Q(**indicator.when))
    return counted


def _measure(indicator: Indicator, records: QuerySet[Model]) -> Result:
    if indicator.measure == "percentile":
        for _, value, count in _ranked(indicator, records, None):
            return Result(_number(indicator, value), count, count)
        return Result(None, 0, 0)
    found = records.aggregate(**_aggregates(indicator))
    count = found["counted"]
    value = _value(indicator, found.get("measured"), count)
    numerator = {"sum": value, "distinct": value, "share": found.get("measured")}.get(
        indicator.measure, count
    )
    return Result(value, float(numerator or 0), count)


def _value(indicator: Indicator, measured: Any, count: int) -> float | None:
    if indicator.measure == "count":
        return count
    if indicator.measure == "share":
        return None if not count else round(100 * measured / count, 2)
    if indicator.measure in ("sum", "distinct"):
        return _number(indicator, measured or 0)
    return _number(indicator, measured)


def _number(indicator: Indicator, value: Any) -> float | None:
    if isinstance(value, timedelta):
        value = value / timedelta(days=1 if indicator.unit.en == "days" else 1 / 24)
    if value is not None and indicator.money:
        value = value / 100
    return None if value is None else round(float(value), 2)


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
        .annotate(measured_value=_measured(indicator))
        .annotate(
            rank_place=Window(
                RowNumber(),
                partition_by=[F("group_key")],
                order_by=[F("measured_value"), F("pk")],
            ),
            rank_among=Window(Count("*"), partition_by=[F("group_key")]),
        )
        .filter(rank_place=(F("rank_among") * indicator.percent + 99) / 100)
        .order_by("group_key")
        .values_list("group_key", "measured_value", "rank_among")
    )
    return [(found, _number(indicator, value), count) for found, value, count in rows]
