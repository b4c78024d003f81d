"""From a number to the matters behind it, as far as the viewer may see them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from qianshou.kernel.access import Actor
from qianshou.kernel.indicators.declaration import Indicator
from qianshou.kernel.indicators.evaluate import EVERYTHING, Narrowing, records_of
from qianshou.kernel.indicators.period import Period
from qianshou.kernel.worklist.lists import see_matters

PAGE = 50


@dataclass(frozen=True)
class RecordsPage:
    """Records, newest first; the id after which the next page begins; how many are kept back."""

    rows: Sequence[Any]
    after: int | None
    total: int
    hidden: int


def find_records(
    indicator: Indicator,
    period: Period,
    *,
    by: Actor,
    narrowing: Narrowing = EVERYTHING,
    after: int | None = None,
    size: int = PAGE,
) -> RecordsPage:
    """Return a page of what a number counts and `by` may see (three queries).

    The rows are matters, or the records themselves where no matter stands behind them.
    """
    records = records_of(indicator, period, narrowing)
    if not indicator.matter:
        total = records.count()
        return _page(records.select_related(indicator.division), after, size, total, 0)
    counted = records.order_by().values(indicator.matter)
    visible = see_matters(by).filter(pk__in=counted)
    total = counted.distinct().count()
    shown = visible.count()
    page = visible.select_related("division", "organisation")
    return _page(page, after, size, total, total - shown)


def _page(
    records: QuerySet[Any], after: int | None, size: int, total: int, hidden: int
) -> RecordsPage:
    page = records.order_by("-pk")
    if after is not None:
        page = page.filter(pk__lt=after)
    rows = list(page[: size + 1])
    more = len(rows) > size
    rows = rows[:size]
    return RecordsPage(rows, rows[-1].pk if more else None, total, hidden)
