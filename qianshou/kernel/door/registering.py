"""The one way in which a row of the registry changes: with an entry, before and after."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Generic, TypeVar

from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, models, transaction

from qianshou.kernel.access import Actor
from qianshou.kernel.door.turn import instant, signature, write_turn
from qianshou.kernel.ledger.append import (
    INSERT_ENTRY,
    Draft,
    append_statement,
    digest_of_bytes,
)
from qianshou.kernel.ledger.read import entries_of, head_of
from qianshou.kernel.refusal import Refusal, Refusals
from qianshou.kernel.registry.bigram import search_tokens
from qianshou.kernel.worklist import change

Row = TypeVar("Row", bound=models.Model)
SECRET = {"password", "tokens", "last_login"}


def subject_of(row: models.Model) -> str:
    """Return the ledger's name of a registry row, such as "division/12"."""
    return f"{row._meta.model_name}/{row.pk}"


def change_row(
    row: Row,
    values: Mapping[str, Any],
    *,
    by: Actor,
    at: datetime,
    reason: str = "",
    sealed: Mapping[str, Any] | None = None,
) -> Row:
    """Set `values` on a registry row, new or kept, and write down what changed.

    Of bytes the entry has the digest; `sealed` is what else it keeps, sealed already. Returns
    the saved row: a kept one as it is in the table, with nothing else of it saved.
    Raises Refusals with one field each where the table's own constraints refuse it
    (registry.invalid). Nothing is written where nothing changed.
    """
    try:
        with write_turn(), transaction.atomic():
            _change(row, values, by, at, reason, sealed or {})
    except ValidationError as error:
        raise Refusals(_refusals(row, error)) from error
    except IntegrityError as error:
        raise Refusals([_refused("", f"数据库不接受：{error}", str(error))]) from error
    return row


def lock_row(row: models.Model) -> None:
    """Lock a kept row for this transaction and read it again."""
    row.refresh_from_db(from_queryset=row._meta.model._base_manager.select_for_update())


def _change(
    row: models.Model,
    values: Mapping[str, Any],
    by: Actor,
    at: datetime,
    reason: str,
    sealed: Mapping[str, Any],
) -> None:
    adding = row._state.adding
    if not adding:
        lock_row(row)
    before = {} if adding else _plain(row, values)
    for name, value in values.items():
        setattr(row, name, value)
    after = _plain(row, values)
    changed = {name: after[name] for name in after if before.get(name, ...) != after[name]}
    saved = {*changed, *(SECRET & set(values))}
    if not adding and not saved:
        return
    if any(field.name == "tokens" for field in row._meta.fields):
        words = " ".join(
            str(getattr(row, name))
            for name in ("name", "name_en", "code", "username")
            if hasattr(row, name)
        )
        row.tokens = search_tokens(words, name=True)  # type: ignore[attr-defined]
        saved.add("tokens")
    row.full_clean()
    row.save(update_fields=None if adding else saved)
    act = "register" if adding else "amend"
    told = {name: before[name] for name in changed if name in before}
    write_down(row, act, told, changed, by=by, at=at, reason=reason, sealed=sealed)


def write_down(
    row: models.Model,
    act: str,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    *,
    by: Actor,
    at: datetime,
    reason: str = "",
    sealed: Mapping[str, Any] | None = None,
) -> None:
    """Append one entry to a registry row's own chain, inside the caller's transaction."""
    subject = subject_of(row)
    seq, head = head_of(subject)
    draft = _drafted(subject, seq + 1, act, before, after, by, at, reason, sealed or {})
    sql, parameters, _ = append_statement(draft, head, instant(at))
    change.run([(sql, parameters)])


def _drafted(
    subject: str,
    seq: int,
    act: str,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    by: Actor,
    at: datetime,
    reason: str,
    sealed: Mapping[str, Any],
) -> Draft:
    facts = {"before": dict(before), "after": dict(after), "reason": reason}
    return Draft(
        subject, seq, act, at, signature(by), {**facts, **({"sealed": sealed} if sealed else {})}
    )


@dataclass(frozen=True, slots=True)
class New(Generic[Row]):
    """A new registry row with who registers it, when and what its entry keeps sealed."""

    row: Row
    by: Actor
    at: datetime
    sealed: Mapping[str, Any] = field(default_factory=dict)


def insert_rows(rows: Sequence[New[Any]]) -> None:
    """Register many new rows of one table at once, each with an entry of its own; sets their ids.

    The rows are the caller's own making: the tables' constraints hold, but their validation
    by field is not run. Nothing is inserted where one is refused (IntegrityError).
    """
    if not rows:
        return
    table = rows[0].row._meta
    columns = [one for one in table.concrete_fields if not one.primary_key]
    written = [one.name for one in columns if one.name != "tokens"]
    names = ", ".join(f'"{one.column}"' for one in (*columns, table.pk))
    marks = ", ".join(["%s"] * (len(columns) + 1))
    with write_turn(), connection.cursor() as cursor:
        ids = change.reserve_ids(table.db_table, len(rows))
        inserted, entries = [], []
        for number, new in zip(ids, rows, strict=True):
            new.row.pk = number
            new.row._state.adding = False
            values = [
                one.get_db_prep_save(one.pre_save(new.row, True), connection) for one in columns
            ]
            inserted.append([*values, number])
            after, subject = _plain(new.row, written), subject_of(new.row)
            draft = _drafted(subject, 1, "register", {}, after, new.by, new.at, "", new.sealed)
            entries.append(append_statement(draft, "", instant(new.at))[1])
        cursor.executemany(f'INSERT INTO "{table.db_table}" ({names}) VALUES ({marks})', inserted)
        cursor.executemany(INSERT_ENTRY, entries)


def _plain(row: models.Model, values: Iterable[str]) -> dict[str, Any]:
    plain = {}
    for name in values:
        if name in SECRET:
            continue
        value = getattr(row, row._meta.get_field(name).attname)  # type: ignore[union-attr]
        if isinstance(value, bytes | memoryview):
            value = digest_of_bytes(bytes(value))
        plain[name] = value.isoformat() if isinstance(value, date | datetime) else value
    return plain


def _refused(field: str, zh: str, en: str) -> Refusal:
    return Refusal("registry.invalid", zh, en, field)


def _refusals(row: models.Model, error: ValidationError) -> list[Refusal]:
    return [
        _refused("" if name == "__all__" else name, "；".join(texts), "; ".join(texts))
        for name, texts in error.message_dict.items()
    ]


def history_of(row: models.Model) -> list[dict[str, Any]]:
    """Return the ledger entries of a registry row, oldest first."""
    return entries_of(subject_of(row))
