"""Rows of lists under a key of their own: sealing and opening them, and their digests."""

import json
import zlib
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from qianshou.kernel.refusal import Refusal
from qianshou.kernel.registry import cipher
from qianshou.kernel.registry.vault import lookup_digest, master_key, unwrap
from qianshou.packs.commission.care.models import Roster, RosterDraft


class ListRow(NamedTuple):
    """A row of a list: its number, and its texts by field."""

    number: int
    texts: Mapping[str, str]


class Sealed(NamedTuple):
    """Rows as they are kept: the sealed bytes, their wrapped key, their keyed digest."""

    sealed: bytes
    wrapped_key: bytes
    digest: str


def canonical(value: Any) -> bytes:
    """Return the one text of a JSON value: keys sorted, no spaces, UTF-8."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def digest_of(value: Any) -> str:
    """Return the keyed digest of a JSON value; nobody without the key can try names against it."""
    return lookup_digest(canonical(value).decode())


def row_digest(texts: Mapping[str, str]) -> str:
    """Return the keyed digest of a row's texts; empty ones do not count."""
    return digest_of({key: text for key, text in texts.items() if text})


def rows_digest(rows: Iterable[ListRow]) -> str:
    """Return the keyed digest of a list's rows in their order."""
    return digest_of([[row.number, dict(row.texts)] for row in rows])


def seal_rows(rows: Iterable[ListRow]) -> Sealed:
    """Seal rows under a new key, wrapped by the house's."""
    rows = list(rows)
    key = cipher.new_key()
    return Sealed(
        pack(key, [[row.number, dict(row.texts)] for row in rows]),
        cipher.wrap_key(key, master_key()),
        rows_digest(rows),
    )


def pack(key: bytes, value: Any) -> bytes:
    """Return a JSON value compressed and sealed."""
    return cipher.encrypt(zlib.compress(canonical(value)), key)


def unpack(key: bytes, sealed: bytes) -> Any:
    """Return what `pack` sealed; Refusal vault.tampered."""
    return json.loads(zlib.decompress(cipher.decrypt(sealed, key)))


def key_of_list(kept: Roster | RosterDraft) -> bytes:
    """Return the key of a list; Refusal care.list_erased where it has been destroyed."""
    if kept.wrapped_key is None:
        raise Refusal(
            "care.list_erased",
            "这份名单的密钥已按用途限制销毁，内容不能再打开",
            "The key of this list was destroyed when its purpose was met; it cannot be opened",
            "roster",
        )
    return unwrap(kept.wrapped_key)


def open_rows(roster: Roster) -> list[ListRow]:
    """Return the rows of a roster in clear; Refusal care.list_erased.

    Nothing is written down: whoever shows a row to a person does that.
    """
    return [
        ListRow(number, texts)
        for number, texts in unpack(key_of_list(roster), bytes(roster.sealed))
    ]
