"""Keeps back, in what an indicator gives, the numbers that its viewer is not to learn."""

from collections.abc import Mapping
from dataclasses import replace

from qianshou.kernel.access import Actor
from qianshou.kernel.indicators.declaration import DIVISION, Indicator
from qianshou.kernel.indicators.lines import Cell
from qianshou.kernel.indicators.period import Period
from qianshou.kernel.indicators.records import Narrowing, group_of, records_of, unseen_cells
from qianshou.kernel.indicators.suppression import (
    FEW,
    KEPT,
    Unseen,
    hide_counts,
    hide_shares,
    is_few,
)

NOTHING = Unseen()


def guard_total(
    indicator: Indicator,
    cell: Cell,
    unseen: Unseen,
    period: Period,
    narrowing: Narrowing,
    viewer: Actor | None,
) -> Cell:
    """Return a total as far as `viewer` may learn it, who may not see `unseen` of its records.

    A town, or one value of a field, is a cell of the table of the whole district and is shown as
    it is there (one query); both together are not shown.
    """
    if narrowing.towns and narrowing.field:
        return _hide(indicator, cell, unseen, count=True)
    if not narrowing.towns and not narrowing.field:
        few = is_few(unseen.count)
        share = indicator.measure == "share" and (is_few(unseen.counted) or is_few(unseen.others))
        return _hide(indicator, cell, unseen, count=few) if few or share else cell
    by = DIVISION if narrowing.towns else narrowing.field
    keys = {str(pk) for pk in narrowing.towns} if narrowing.towns else {narrowing.key}
    cells = unseen_cells(
        indicator, records_of(indicator, period), viewer, group_of(indicator, by, "")
    )
    hidden = _hidden_keys(indicator, cells)
    if hidden is None or not keys & set(cells) or keys & hidden[0]:
        return _hide(indicator, cell, unseen, count=True)
    return _hide(indicator, cell, unseen, count=False) if keys & hidden[1] else cell


def guard_cells(
    indicator: Indicator, cells: Mapping[str, Cell], unseen: Mapping[str, Unseen]
) -> dict[str, Cell] | None:
    """Return the cells of a breakdown as far as they may be shown beside their total; None when
    none of them may be.
    """
    hidden = _hidden_keys(indicator, unseen)
    if hidden is None:
        return None
    counts, values = hidden
    return {
        key: _hide(indicator, cell, unseen.get(key, NOTHING), count=key in counts)
        if key in values
        else cell
        for key, cell in cells.items()
    }


def _hidden_keys(
    indicator: Indicator, unseen: Mapping[str, Unseen]
) -> tuple[set[str], set[str]] | None:
    """Return the cells whose number of records is hidden, and those whose value is."""
    counts = hide_counts({key: cell.count for key, cell in unseen.items()})
    if counts is None:
        return None
    if indicator.measure == "share":
        return counts, hide_shares(unseen, counts)
    return counts, counts


def _hide(indicator: Indicator, cell: Cell, unseen: Unseen, *, count: bool) -> Cell:
    """Return a cell without its value, and without its number of records if `count`.

    "1 to 4" is said only to somebody who sees none of them: to others it would say too much.
    """
    if not count:
        return replace(cell, value=None, hidden_value=KEPT)
    said = FEW if is_few(unseen.count) and cell.count == unseen.count else KEPT
    return Cell(None, None, said if indicator.measure == "count" else KEPT, said)
