"""The deadlines of measures on one strip of time, drawn by the server: a lane for each group."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from qianshou.kernel.campaigns.models import Campaign, Measure
from qianshou.kernel.campaigns.reading import tone_of

WIDTH, LEFT, RIGHT = 1120, 30, 30
ROW, TOP, GAP, NAME = 30, 34, 30, 24


@dataclass(frozen=True)
class Mark:
    """A measure on the strip."""

    x: int
    y: int
    tone: str
    measure: Measure


@dataclass(frozen=True)
class Lane:
    """A group's part of the strip: its name at `y`, its marks below."""

    y: int
    zh: str
    en: str
    marks: tuple[Mark, ...]


@dataclass(frozen=True)
class Strip:
    """The whole drawing: lanes, the months along it, where today stands if it is on it."""

    height: int
    lanes: tuple[Lane, ...]
    months: tuple[tuple[int, str], ...]
    today: int | None
    width: int = WIDTH


def draw_strip(campaign: Campaign, measures: Sequence[Measure], today: date) -> Strip | None:
    """Return the strip of a campaign's measures, or None where there are none.

    Marks that would touch stand in rows one below the other.
    """
    if not measures:
        return None
    first = min(campaign.began_date, *(one.due_date for one in measures))
    last = max(campaign.began_date, *(one.due_date for one in measures))
    days = max((last - first).days, 1)

    def place(day: date) -> int:
        return LEFT + round((WIDTH - LEFT - RIGHT) * (day - first).days / days)

    lanes, y = [], TOP
    for group in campaign.groups:
        own = [one for one in measures if one.group == group["id"]]
        if own:
            marks, rows = _marks(own, place, y + NAME, today)
            lanes.append(Lane(y, group["zh"], group["en"], marks))
            y += NAME + rows * ROW
    return Strip(
        height=y + 8,
        lanes=tuple(lanes),
        months=_months(first, last, place),
        today=place(today) if first <= today <= last else None,
    )


def _marks(
    own: Sequence[Measure], place: Callable[[date], int], y: int, today: date
) -> tuple[tuple[Mark, ...], int]:
    ends: list[int] = []
    marks = []
    for measure in sorted(own, key=lambda one: (one.due_date, one.number)):
        x = place(measure.due_date)
        row = next((number for number, end in enumerate(ends) if end <= x), len(ends))
        ends[row : row + 1] = [x + GAP]
        marks.append(Mark(x, y + row * ROW + ROW // 2, tone_of(measure, today), measure))
    return tuple(marks), len(ends)


def _months(first: date, last: date, place: Callable[[date], int]) -> tuple[tuple[int, str], ...]:
    """Return the firsts of months on the strip, no more than twelve of them."""
    count = (last.year - first.year) * 12 + last.month - first.month
    step = count // 12 + 1
    found = []
    for ahead in range(1, count + 1, step):
        year, month = divmod(first.year * 12 + first.month - 1 + ahead, 12)
        found.append((place(date(year, month + 1, 1)), f"{year}-{month + 1:02d}"))
    return tuple(found)
