"""The rows of a breakdown: periods, towns, or the values of a field with what they are called."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from django.db.models import Model

from qianshou.kernel.indicators.declaration import Indicator
from qianshou.kernel.indicators.period import Period
from qianshou.kernel.pack import Name
from qianshou.kernel.registry.choices import labelled_choices
from qianshou.kernel.registry.models import Division


@dataclass(frozen=True)
class Cell:
    """A value, over how many records; each None where it is kept back, with what stands there.

    A value is None too where there is nothing to measure.
    """

    value: float | None
    count: int | None
    hidden_value: Name | None = None
    hidden_count: Name | None = None


@dataclass(frozen=True)
class Line(Cell):
    """One row of a breakdown: a cell with its key, what it is called, and its part of a period."""

    key: str = ""
    label: str = ""
    period: Period | None = None


def period_lines(
    indicator: Indicator, period: Period, step: str, found: Mapping[str, Cell]
) -> list[Line]:
    """Return a row for every part of `period`, also for those in which nothing was."""
    empty = Cell(0 if indicator.measure in ("count", "distinct", "sum") else None, 0)
    lines = []
    for place, part in enumerate(period.parts(step)):
        key = part.first.isoformat()
        if place == 0:
            key = _step_start(part.first, step).isoformat()
        label = part.first.isoformat()[:7] if step == "month" else part.first.isoformat()
        lines.append(_line(key, label, found.get(key, empty), part))
    return lines


def town_lines(found: Mapping[str, Cell]) -> list[Line]:
    """Return a row for every town that has records (one query for their names)."""
    names = Division.objects.filter(pk__in=[int(key) for key in found if key])
    known = {str(pk): name for pk, name in names.values_list("pk", "name")}
    return _sorted(_line(key, known.get(key, key), cell) for key, cell in found.items())


def field_lines(
    indicator: Indicator, by: str, found: Mapping[str, Cell], language: str
) -> list[Line]:
    """Return a row for every value that the field `by` has, by its name in `language`."""
    known = labels_of(indicator, by, found, language)
    return _sorted(_line(key, known.get(key, key) or "—", cell) for key, cell in found.items())


def _line(key: str, label: str, cell: Cell, period: Period | None = None) -> Line:
    return Line(cell.value, cell.count, cell.hidden_value, cell.hidden_count, key, label, period)


def _step_start(day: date, step: str) -> date:
    if step == "week":
        return date.fromordinal(day.toordinal() - day.weekday())
    return day.replace(day=1) if step == "month" else day


def labels_of(indicator: Indicator, by: str, keys: Iterable[str], language: str) -> dict[str, str]:
    """Return what values of the field `by` are called in `language`; rows that it points at by
    their names (one query).
    """
    told = indicator.labels.get(by)
    if isinstance(told, str):
        return {code: label for code, label, _ in labelled_choices(told, language)}
    if told:
        return {code: name.text(language) for code, name in told.items()}
    column = indicator.model._meta.get_field(by)
    if column.related_model is not None:
        rows = column.related_model._default_manager.in_bulk([int(key) for key in keys if key])
        return {str(pk): name_of(row, language) for pk, row in rows.items()}
    choices = getattr(column, "flatchoices", ())
    return {str(code): str(label) for code, label in choices}


def name_of(row: Model, language: str) -> str:
    """Return what a row is called: in English by its `name_en`, where it has one."""
    english = "" if language.startswith("zh") else getattr(row, "name_en", "")
    return english or str(row)


def _sorted(lines: Iterable[Line]) -> list[Line]:
    """Return rows from the greatest; hidden ones at the end by name, for a place tells a value."""
    return sorted(
        lines, key=lambda line: (line.hidden_value is not None, -(line.value or 0), line.label)
    )
