"""What a sheet would do to a table, row by row, before anything is written."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Model

from qianshou.kernel.access import Actor
from qianshou.kernel.refusal import Refusal, Refusals
from qianshou.kernel.registry.sheets import Column, SheetRow
from qianshou.office.registry.reading import form_text, read_value, read_values
from qianshou.office.registry.references import MODELS, Find, NameFinder
from qianshou.office.registry.saving import check_row, save_row
from qianshou.office.registry.tables import Field, Table


@dataclass(frozen=True)
class PlannedRow:
    """A sheet's row: what it would do ("new", "changed", "same", or "bad"), and what is wrong."""

    number: int
    texts: Mapping[str, str]
    act: str
    row: Any
    values: Mapping[str, Any]
    differs: frozenset[str] = frozenset()
    refusals: tuple[Refusal, ...] = ()


def columns_of(table: Table) -> list[Column]:
    """Return the columns of a table's sheets."""
    return [Column(field.key, field.zh, field.en) for field in table.fields]


def plan_rows(table: Table, rows: Iterable[SheetRow], by: Actor) -> list[PlannedRow]:
    """Return what each row would do; a fixed number of queries, whatever the number of rows.

    A row may point at one that the sheet adds above it.
    """
    find = NameFinder()
    known = {
        key_of(table, {name: getattr(row, name) for name in table.matches}): row
        for row in table.model._default_manager.select_related(*table.joins)
    }
    seen: dict[tuple[Any, ...], int] = {}
    planned = []
    for line in rows:
        key = _key_in(table, line.texts, find)
        row = known.get(key) if key is not None else None
        told = _plan(table, line, row, find, by)
        if key is not None and key in seen:
            told = _refused(line, (_twice(seen[key]),))
        elif key is not None:
            seen[key] = line.number
        if told.act == "new" and table.key in MODELS:
            find.learn(table.key, told.row)
        planned.append(told)
    return planned


def key_of(table: Table, values: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return what finds a row again: the values of the fields that match."""
    told = (values[name] for name in table.matches)
    return tuple(value.pk if isinstance(value, Model) else value for value in told)


def _key_in(table: Table, texts: Mapping[str, str], find: Find) -> tuple[Any, ...] | None:
    try:
        return key_of(
            table,
            {
                name: read_value(table, table.field(name), texts.get(name, ""), find)
                for name in table.matches
            },
        )
    except Refusal:
        return None  # read_values will say what is wrong, beside the field


def _plan(table: Table, line: SheetRow, row: Any, find: Find, by: Actor) -> PlannedRow:
    texts = {
        field.key: _filled(field, line.texts.get(field.key, ""), row) for field in table.fields
    }
    try:
        values = read_values(table, texts, find, adding=True)
        if row is None:
            fresh = table.model()
            check_row(table, fresh, values, by)
            for name, value in values.items():
                setattr(fresh, name, value)
            return PlannedRow(line.number, line.texts, "new", fresh, values)
        differs = frozenset(name for name, value in values.items() if getattr(row, name) != value)
        _refuse_fixed(table, differs)
        free = {name: value for name, value in values.items() if not table.field(name).fixed}
        if differs:
            check_row(table, row, free, by)
        act = "changed" if differs else "same"
        return PlannedRow(line.number, line.texts, act, row, free, differs)
    except Refusal as refusal:
        return _refused(line, (refusal,))
    except Refusals as several:
        return _refused(line, several.refusals)


def _filled(field: Field, text: str, row: Any) -> str:
    """Return a blank cell as what the row has already, or as the field's usual value."""
    if text or not field.preset:
        return text
    return field.preset if row is None else str(form_text(field, row))


def _refuse_fixed(table: Table, differs: Iterable[str]) -> None:
    refusals = [
        Refusal(
            "registry.fixed",
            f"“{table.field(name).zh}”定了不能改",
            f"“{table.field(name).en}” is given once and cannot change",
            name,
        )
        for name in sorted(differs)
        if table.field(name).fixed
    ]
    if refusals:
        raise Refusals(refusals)


def _refused(line: SheetRow, refusals: tuple[Refusal, ...]) -> PlannedRow:
    return PlannedRow(line.number, line.texts, "bad", None, {}, refusals=refusals)


def _twice(number: int) -> Refusal:
    return Refusal(
        "registry.twice", f"与第 {number} 行重复", f"The same as row {number} of this sheet"
    )


def take_rows(
    table: Table, planned: Iterable[PlannedRow], file: str, *, by: Actor, at: datetime
) -> list[PlannedRow]:
    """Write each planned row, whole or not at all; return the rows as they came out.

    A row that the table refuses comes back as "bad" with its refusals; the others stay.
    """
    done = []
    for line in planned:
        if line.act in ("bad", "same"):
            done.append(line)
            continue
        reason = f"导入 {file[:100]} 第 {line.number} 行"
        try:
            _require_saved(line.values)
            save_row(table, line.row, line.values, by=by, at=at, reason=reason)
        except Refusal as refusal:
            done.append(_refused(SheetRow(line.number, line.texts), (refusal,)))
        except Refusals as several:
            done.append(_refused(SheetRow(line.number, line.texts), several.refusals))
        else:
            done.append(line)
    return done


def _require_saved(values: Mapping[str, Any]) -> None:
    """Refuse a row that points at one above it in the sheet which was not taken."""
    for name, value in values.items():
        if isinstance(value, Model) and value._state.adding:
            raise Refusal(
                "registry.unknown", f"“{value}”没有导入", f"“{value}” was not brought in", name
            )
