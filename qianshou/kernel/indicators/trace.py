"""From a number to the matters behind it, as far as the viewer may see them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db.models import QuerySet

from qianshou.kernel.access import Actor
from qianshou.kernel.indicators.declaration import Indicator
from qianshou.kernel.indicators.evaluate import evaluate
from qianshou.kernel.indicators.period import Period
from qianshou.kernel.indicators.records import (
    EVERYTHING,
    Narrowing,
    count_unseen,
    records_of,
    seen_by,
)
from qianshou.kernel.indicators.suppression import FEW, KEPT, is_few
from qianshou.kernel.pack import Name
from qianshou.kernel.worklist.lists import see_matters

PAGE = 50


@dataclass(frozen=True)
class RecordsPage:
    """Records, newest first; the id after which the next page begins; how many are kept back.

    Where the total is not to be learned, it is None and `hidden_total` stands there; how many are
    kept back is then None too, for what small counts of are guarded.
    """

    rows: Sequence[Any]
    after: int | None
    total: int | None
    hidden: int | None
    hidden_total: Name | None = None


def find_records(
    indicator: Indicator,
    period: Period,
    *,
    by: Actor,
    narrowing: Narrowing = EVERYTHING,
    after: int | None = None,
    size: int = PAGE,
) -> RecordsPage:
    """Return a page of what a number counts and `by` may see (three queries; more where small
    counts are guarded).

    The rows are matters, or the records themselves where no matter stands behind them.
    """
    records = records_of(indicator, period, narrowing, viewer=by)
    unseen = count_unseen(indicator, records, by)
    if indicator.circle or indicator.sight:
        page = records.filter(seen_by(indicator, by)).select_related(*_named(indicator))
        total = records.count()
        hidden = total - page.count()
    elif not indicator.matter:
        shown = records.none() if unseen.count else records
        page = shown.select_related(*_named(indicator))
        total, hidden = records.count(), 0
    else:
        counted = records.order_by().values(indicator.matter)
        visible = see_matters(by).filter(pk__in=counted)
        page = visible.select_related("division", "organisation")
        total = counted.distinct().count()
        hidden = total - visible.count()
    rows, following = _page(page, after, size)
    if not unseen.count:
        return RecordsPage(rows, following, total, hidden)
    mark = _mark(indicator, period, by, narrowing)
    if mark is None and is_few(hidden):
        mark = FEW if hidden == total else KEPT
    return RecordsPage(rows, following, None if mark else total, None, mark)


def _named(indicator: Indicator) -> list[str]:
    """Return what a record's words need: its division, whoever its circle is around, and whatever
    has a name or is a breakdown.
    """
    named = [
        column.name
        for column in indicator.model._meta.fields
        if (other := column.related_model) is not None
        and (column.name in indicator.fields or hasattr(other, "name"))
    ]
    return [path for path in (indicator.division, indicator.owner, *named) if path]


def _mark(indicator: Indicator, period: Period, by: Actor, narrowing: Narrowing) -> Name | None:
    """Return what stands for the number of records, as on the page of the indicator."""
    whole = replace(narrowing, counted_only=False)
    result = evaluate(indicator, period, narrowing=whole, viewer=by)
    return result.hidden_value if narrowing.counted_only else result.hidden_count


def _page(records: QuerySet[Any], after: int | None, size: int) -> tuple[Sequence[Any], int | None]:
    page = records.order_by("-pk")
    if after is not None:
        page = page.filter(pk__lt=after)
    rows = list(page[: size + 1])
    more = len(rows) > size
    rows = rows[:size]
    return rows, rows[-1].pk if more else None
