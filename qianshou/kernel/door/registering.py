"""The one way in which a row of the registry changes: with an entry, before and after."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, TypeVar

from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction

from qianshou.kernel.access import Actor
from qianshou.kernel.door.turn import instant, signature, write_turn
from qianshou.kernel.ledger.append import Draft, append_statement
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
    row: Row, values: Mapping[str, Any], *, by: Actor, at: datetime, reason: str = ""
) -> Row:
    """Set `values` on a registry row, new or kept, and write down what changed.

    Returns the saved row: a kept one as it is in the table, with nothing else of it saved.
    Raises Refusals with one field each where the table's own constraints refuse it
    (registry.invalid). Nothing is written where nothing changed.
    """
    try:
        with write_turn(), transaction.atomic():
            _change(row, values, by, at, reason)
    except ValidationError as error:
        raise Refusals(_refusals(row, error)) from error
    except IntegrityError as error:
        raise Refusals([_refused("", f"数据库不接受：{error}", str(error))]) from error
    return row


def lock_row(row: models.Model) -> None:
    """Lock a kept row for this transaction and read it again."""
    row.refresh_from_db(from_queryset=row._meta.model._base_manager.select_for_update())


def _change(
    row: models.Model, values: Mapping[str, Any], by: Actor, at: datetime, reason: str
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
    _write_down(row, act, before, changed, by, at, reason)


def _write_down(
    row: models.Model,
    act: str,
    before: Mapping[str, Any],
    changed: Mapping[str, Any],
    by: Actor,
    at: datetime,
    reason: str,
) -> None:
    subject = subject_of(row)
    seq, head = head_of(subject)
    draft = Draft(
        subject=subject,
        seq=seq + 1,
        act=act,
        at=at,
        by=signature(by),
        facts={
            "before": {name: before[name] for name in changed if name in before},
            "after": dict(changed),
            "reason": reason,
        },
    )
    sql, parameters, _ = append_statement(draft, head, instant(at))
    change.run([(sql, parameters)])


def _plain(row: models.Model, values: Mapping[str, Any]) -> dict[str, Any]:
    plain = {}
    for name in values:
        if name in SECRET:
            continue
        value = getattr(row, row._meta.get_field(name).attname)  # type: ignore[union-attr]
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
