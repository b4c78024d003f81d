"""Changing the vault's master key: every key that it wraps is wrapped anew, and that is written down."""

import os
import secrets
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import connection
from django.db.models import BinaryField, Count, Model
from django.db.models.functions import Substr

from qianshou.kernel.access import Actor
from qianshou.kernel.door.registering import change_row
from qianshou.kernel.door.turn import write_turn
from qianshou.kernel.refusal import Refusal
from qianshou.kernel.registry import cipher
from qianshou.kernel.registry.models import MasterKey
from qianshou.kernel.registry.vault import master_keys

BATCH = 500
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Rewrapped:
    """What a change of the master key did: how many keys it wrapped anew, how many do not open."""

    key_id: str
    done: int
    broken: int


def wrapped_columns() -> list[tuple[type[Model], str]]:
    """Return every table and column that lies under the master key: those named `wrapped_key`, and
    those that a table names as `under_master`.
    """
    return [
        (model, field.name)
        for model in apps.get_models()
        for field in model._meta.concrete_fields
        if field.name in ("wrapped_key", *getattr(model, "under_master", ()))
    ]


def count_wrapped() -> Counter[str]:
    """Return how many keys each master key wraps, by its id; "" for those of before ids."""
    counted: Counter[str] = Counter()
    for model, column in wrapped_columns():
        begins = Substr(column, 1, len(cipher.WRAPPED) + cipher.ID, output_field=BinaryField())
        kept = model._base_manager.exclude(**{column: None}).annotate(begins=begins)
        for begun, many in kept.values_list("begins").annotate(Count("pk")).order_by():
            counted[cipher.wrapper_of(bytes(begun)).hex()] += many
    return counted


def renew_secret() -> None:
    """Make a new master secret in var/ and keep the one before as an old one beside it.

    Refuses keys.environment where the secret comes from the environment, which a program does not
    change.
    """
    if os.environ.get("QIANSHOU_VAULT_KEY") or os.environ.get("QIANSHOU_VAULT_KEY_FILE"):
        raise Refusal(
            "keys.environment",
            "主密钥来自环境变量：请把现值放到 QIANSHOU_VAULT_KEY_OLD，把新值放到 QIANSHOU_VAULT_KEY，"
            "重启服务后再运行本命令",
            "The master key comes from the environment: put the present one into "
            "QIANSHOU_VAULT_KEY_OLD and a new one into QIANSHOU_VAULT_KEY, restart the servers, and "
            "run this again",
        )
    _write(settings.VAR / "vault_key_old", "\n".join(settings.VAULT_KEYS()))
    _write(settings.VAR / "vault_key", secrets.token_hex(32))


def _write(path: Path, text: str) -> None:
    """Replace a secret's file whole, on the disk before its name is."""
    part = path.with_name(f"{path.name}.new")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    part.replace(path)


def rotate_master(*, by: Actor, at: datetime, progress: Progress | None = None) -> Rewrapped:
    """Make a new master key, or go on where an earlier change was interrupted, and wrap under it
    whatever an older one wraps.

    Servers that run meanwhile follow. The ledger has an entry for each key that is first used
    and one for each that nothing is left to. A wrapped key that does not open is left as it is,
    counted, and keeps the older master keys from being retired. Refuses keys.environment.
    """
    own = cipher.id_of(master_keys()[0]).hex()
    if set(count_wrapped()) <= {own}:
        renew_secret()
    masters = master_keys()
    rows = {key: _noted(cipher.id_of(key).hex(), by, at) for key in reversed(masters)}
    counted = count_wrapped()
    done = broken = seen = 0
    for model, column in wrapped_columns():
        last: Any = None
        while batch := _rewrap_batch(model, column, last, masters):
            last, looked, wrapped, failed = batch
            seen, done, broken = seen + looked, done + wrapped, broken + failed
            if progress:
                progress(seen, counted.total())
    if not broken and set(count_wrapped()) <= {cipher.id_of(masters[0]).hex()}:
        for key in masters[1:]:
            if rows[key].retired_at is None:
                change_row(rows[key], {"retired_at": at}, by=by, at=at, reason="密钥轮换完成")
    return Rewrapped(cipher.id_of(masters[0]).hex(), done, broken)


def _noted(key_id: str, by: Actor, at: datetime) -> MasterKey:
    row = MasterKey.objects.filter(key_id=key_id).first()
    if row is not None:
        return row
    values = {"key_id": key_id, "noted_at": at, "retired_at": None}
    return change_row(MasterKey(), values, by=by, at=at)


def _rewrap_batch(
    model: type[Model], column: str, after: Any, masters: list[bytes]
) -> tuple[Any, int, int, int] | None:
    """Wrap the next keys of a table anew in one transaction; returns the last row's key, how many
    were looked at, wrapped and found broken; None at the end.
    """
    own, fresh, broken = cipher.id_of(masters[0]), [], 0
    with write_turn():
        kept = model._base_manager.exclude(**{column: None}).order_by("pk")
        if after is not None:
            kept = kept.filter(pk__gt=after)
        rows = list(kept.select_for_update().values_list("pk", column)[:BATCH])
        for pk, wrapped in rows:
            if cipher.wrapper_of(bytes(wrapped)) == own:
                continue
            try:
                key = cipher.unwrap_key(bytes(wrapped), masters)
            except Refusal:
                broken += 1
                continue
            fresh.append((cipher.wrap_key(key, masters[0]), pk))
        if fresh:
            table, name = model._meta.db_table, model._meta.pk.column
            with connection.cursor() as cursor:
                cursor.executemany(
                    f'UPDATE "{table}" SET "{column}" = %s WHERE "{name}" = %s', fresh
                )
    return (rows[-1][0], len(rows), len(fresh), broken) if rows else None
