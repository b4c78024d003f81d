"""The one way in which a row of the registry changes: with an entry, before and after."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar

from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, models, transaction

from qianshou.kernel.access import Actor
from qianshou.kernel.door.turn import instant, signature, write_turn
from qianshou.kernel.ledger.append import (
    INSERT_ENTRY,
    Draft,
    append_statement,
)
from qianshou.kernel.ledger.chain import digest_of_bytes
from qianshou.kernel.ledger.read import entries_of, head_of
from qianshou.kernel.refusal import Refusal, Refusals
from qianshou.kernel.registry.bigram import search_tokens
from qianshou.kernel.worklist import change

Row = TypeVar("Row", bound=models.Model)
SECRET = {
    "password", "recovery", "tokens", "last_login", "phone_digest", "identity_digest",
    "secret_digest",
}  # fmt: skip


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
    """Append one entry to a registry row's own chain, inside the caller's transaction.

    The row is locked meanwhile, so that of two who write at once each gets a place of their own.
    """
    subject = subject_of(row)
    if connection.vendor == "postgresql":
        kept = row._meta.model._base_manager.select_for_update().filter(pk=row.pk)
        list(kept.values_list("pk"))
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


class New(NamedTuple):
    """A registry row to be inserted: its columns, who registers it, when, what is kept sealed."""

    values: Mapping[str, Any]
    by: Actor
    at: datetime
    sealed: Mapping[str, Any] | None = None


def insert_rows(model: type[models.Model], rows: Sequence[New]) -> list[int]:
    """Register many new rows of one table at once, each with an entry of its own.

    `values` go by column ("person_id", not "person"); what is left out takes the field's default.
    The tables' constraints hold, but no validation by field is run. Returns the new ids in the
    order of the rows. Nothing is inserted where one is refused (IntegrityError).
    """
    columns = [one for one in model._meta.concrete_fields if not one.primary_key]
    table, subject = model._meta.db_table, model._meta.model_name
    names = ", ".join(f'"{one.column}"' for one in (*columns, model._meta.pk))
    marks = ", ".join(["%s"] * (len(columns) + 1))
    prepared = [(one, one.attname, one.name, _preparer(one)) for one in columns]
    signatures: dict[Actor, dict[str, Any]] = {}
    with write_turn(), connection.cursor() as cursor:
        ids = change.reserve_ids(table, len(rows))
        inserted, entries = [], []
        for number, new in zip(ids, rows, strict=True):
            after: dict[str, Any] = {}
            stored: list[Any] = []
            for column, attname, name, prepare in prepared:
                if attname in new.values:
                    value = new.values[attname]
                    if name not in SECRET:
                        after[name] = _told(value)
                else:
                    value = column.get_default()
                stored.append(value if prepare is None or value is None else prepare(value))
            inserted.append([*stored, number])
            by = signatures.get(new.by)
            if by is None:
                by = signatures[new.by] = signature(new.by)
            facts = {"before": {}, "after": after, "reason": ""}
            if new.sealed:
                facts["sealed"] = new.sealed
            draft = Draft(f"{subject}/{number}", 1, "register", new.at, by, facts)
            entries.append(append_statement(draft, "", instant(new.at))[1])
        cursor.executemany(f'INSERT INTO "{table}" ({names}) VALUES ({marks})', inserted)
        cursor.executemany(INSERT_ENTRY, entries)
    return ids


def _preparer(column: Any) -> Callable[[Any], Any] | None:
    """Return what makes a column's value ready for the driver; None where it is ready."""
    if isinstance(column, models.DateTimeField):
        return lru_cache(maxsize=64)(instant)
    if isinstance(column, models.DateField | models.JSONField | models.BinaryField):
        return lambda value: column.get_db_prep_save(value, connection)
    return None


def _plain(row: models.Model, values: Iterable[str]) -> dict[str, Any]:
    plain = {}
    for name in values:
        if name in SECRET:
            continue
        value = getattr(row, row._meta.get_field(name).attname)  # type: ignore[union-attr]
        plain[name] = _told(value)
    return plain


def _told(value: Any) -> Any:
    """Return a column's value as an entry tells it: days and instants as text, bytes' digest."""
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, bytes | memoryview):
        return digest_of_bytes(bytes(value))
    return value


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
