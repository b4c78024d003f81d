"""The records that an indicator looks at: narrowed, grouped, and those a viewer may not see."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Case, Count, F, Model, Q, QuerySet, When
from django.db.models.functions import TruncDay, TruncMonth, TruncWeek

from qianshou.kernel.access import Actor, circles_of
from qianshou.kernel.clock import CHINA, day_of, now
from qianshou.kernel.indicators.declaration import (
    DIVISION,
    MEASURED,
    NEVER,
    PERIOD,
    Indicator,
    is_day,
)
from qianshou.kernel.indicators.period import Period
from qianshou.kernel.indicators.suppression import Unseen
from qianshou.kernel.pack import sight_named
from qianshou.kernel.refusal import Refusal
from qianshou.kernel.worklist.lists import see_matters

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


def records_of(
    indicator: Indicator,
    period: Period,
    narrowing: Narrowing = EVERYTHING,
    *,
    viewer: Actor | None = None,
) -> QuerySet[Model]:
    """Return the records that `indicator` looks at; what is still to come is not counted.

    Of an indicator that is `visible_only`, those whose matter `viewer` may see: None sees none,
    the clock all. Refuses a field that is not one of its breakdowns (indicator.by), as a town of
    what belongs to the whole district is.
    """
    manager = indicator.model._default_manager
    records = manager.filter(_within(indicator, period), **indicator.where)
    if indicator.unless:
        records = records.exclude(pk__in=manager.filter(**indicator.unless).values("pk"))
    for relation, least in indicator.least.items():
        many = manager.filter(**indicator.where).values("pk").annotate(related=Count(relation))
        records = records.filter(pk__in=many.filter(related__gte=least).values("pk"))
    if indicator.visible_only and not sees_all(viewer):
        records = records.filter(seen_by(indicator, viewer))
    if indicator.measure in MEASURED:
        measured = (indicator.of, indicator.since) if indicator.since else (indicator.of,)
        records = records.filter(**{f"{name}__isnull": False for name in measured})
    if narrowing.counted_only and indicator.when:
        records = records.filter(**indicator.when)
    if narrowing.towns:
        refuse_unless_offered(indicator, DIVISION)
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
        refuse_unless_offered(indicator, narrowing.field)
        try:
            records = records.filter(**{narrowing.field: narrowing.key})
        except (ValueError, TypeError):
            return records.none()
    return records


def _within(indicator: Indicator, period: Period) -> Q:
    """Return what falls into a period, or with `until` stands at its end; never what is to come."""
    at, until, due = indicator.at, indicator.until, indicator.due
    first, end = _bounds(indicator, at, period)
    if not until:
        return Q(**{f"{at}__gte": first, f"{at}__lt": end})
    found = Q(**{f"{at}__lt": end})
    if until != NEVER:
        found &= Q(**{until: None}) | Q(**{f"{until}__gte": _bounds(indicator, until, period)[1]})
    if due:
        over = min(period.end, now())
        found &= Q(**{f"{due}__lt": day_of(over) if is_day(indicator.model, due) else over})
    return found


def _bounds(indicator: Indicator, name: str, period: Period) -> tuple[Any, Any]:
    """Return from when until when a period lasts, as far as it has come, in what a field holds."""
    if not is_day(indicator.model, name):
        return period.start, min(period.end, now())
    return period.first, min(period.last, day_of(now())) + timedelta(days=1)


def refuse_unless_offered(indicator: Indicator, by: str) -> None:
    """Raise Refusal indicator.by unless the indicator is broken down by `by`."""
    offered = {
        *indicator.fields,
        PERIOD if not indicator.until else "",
        indicator.division and DIVISION,
    }
    if not by or by not in offered:
        raise Refusal(
            "indicator.by",
            f"指标“{indicator.name.zh}”不能按 {by} 分组",
            f"The indicator “{indicator.name.en}” is not broken down by {by}",
            "by",
        )


def sees_all(viewer: Actor | None) -> bool:
    """Whether no record is hidden from `viewer`, as from the clock."""
    return viewer is not None and viewer.kind == "clock"


def seen_by(indicator: Indicator, viewer: Actor | None) -> Q:
    """Return the filter for the records that `viewer` may see: by their matter, their circle, or
    what the pack says.
    """
    if viewer is not None and indicator.circle:
        return Q(**{f"{indicator.circle}__in": circles_of(viewer)})
    if viewer is not None and indicator.sight:
        seen: Q = sight_named(indicator.sight)(viewer)
        return seen
    if viewer is None or not indicator.matter:
        return Q(pk__in=())
    return Q(**{f"{indicator.matter}__in": see_matters(viewer).values("pk")})


def group_of(indicator: Indicator, by: str, step: str) -> Any:
    """Return the expression whose values are the cells of a breakdown by town, `step` or field."""
    if by == DIVISION:
        division = indicator.division
        return Case(
            When(**{f"{division}__kind__in": BELOW_TOWNS}, then=F(f"{division}__parent_id")),
            default=F(f"{division}_id"),
        )
    if by == PERIOD:
        zone = None if is_day(indicator.model, indicator.at) else CHINA
        return TRUNCATED[step](indicator.at, tzinfo=zone)
    return F(by)


def key_text(key: Any) -> str:
    """Return the key of a cell as text: a day in China, or what the field holds."""
    if isinstance(key, datetime):
        return key.astimezone(CHINA).date().isoformat()
    return "" if key is None else str(key)


def count_unseen(indicator: Indicator, records: QuerySet[Model], viewer: Actor | None) -> Unseen:
    """Return how many of `records` the viewer may not see, of which small counts are guarded."""
    if not indicator.suppress or indicator.visible_only or sees_all(viewer):
        return Unseen()
    unseen = records.exclude(seen_by(indicator, viewer))
    return Unseen(**unseen.aggregate(**_sums(indicator)))


def unseen_cells(
    indicator: Indicator, records: QuerySet[Model], viewer: Actor | None, group: Any
) -> dict[str, Unseen]:
    """Return the same for each cell of a breakdown in which there are any."""
    rows = (
        records.exclude(seen_by(indicator, viewer))
        .annotate(group_key=group)
        .values("group_key")
        .annotate(**_sums(indicator))
        .order_by("group_key")
    )
    return {key_text(row.pop("group_key")): Unseen(**row) for row in rows}


def _sums(indicator: Indicator) -> dict[str, Any]:
    return {
        "count": Count("pk"),
        "counted": Count("pk", filter=Q(**indicator.when)) if indicator.when else Count("pk"),
    }
