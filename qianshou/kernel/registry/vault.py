"""The vault: persons' sealed fields, each person under a key of their own.

What opens something here writes nothing down: pages open persons through `kernel.door.sealing`.
"""

import base64
import json
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import cache
from typing import Any

from django.conf import settings

from qianshou.kernel.procedures.forms import Form
from qianshou.kernel.refusal import Refusal
from qianshou.kernel.registry import cipher
from qianshou.kernel.registry.models import LookupKey, Person


def master_keys() -> list[bytes]:
    """Return the vault's master keys: the one that wraps, then older ones that may still open."""
    return [cipher.derive_key(secret) for secret in settings.VAULT_KEYS()]


def master_key() -> bytes:
    """Return the master key that wraps what is new."""
    return master_keys()[0]


def unwrap(wrapped: Any) -> bytes:
    """Return what is wrapped by one of the master keys; Refusal vault.tampered or vault.no_key."""
    return cipher.unwrap_key(bytes(wrapped), master_keys())


def keep_persons(form: Form, facts: Mapping[str, Any], at: datetime) -> dict[str, Any]:
    """Return `facts` with every sealed field replaced by a reference {"person": id}; what is one
    already stays.
    """
    kept = dict(facts)
    for field in form.fields:
        value = kept.get(field.id)
        if field.vault and value and "person" not in value:
            kept[field.id] = {"person": keep_person(value, at)}
    return kept


def seal_facts(
    form: Form,
    facts: Mapping[str, Any],
    person: int | None,
    find_key: Callable[[int], bytes] | None = None,
) -> dict[str, Any]:
    """Return `facts` with every x-sealed field replaced by {"sealed": text} under `person`'s key.

    `find_key` gives keys that have been read already. Refuses vault.nobody where a form seals
    and the matter is about no person, and vault.erased.
    """
    names = [field.id for field in form.fields if field.sealed and field.id in facts]
    if not names:
        return dict(facts)
    if person is None:
        raise Refusal(
            "vault.nobody",
            "此事项没有对应的人，不能加密保存",
            "This matter is about nobody, so that nothing can be sealed",
            names[0],
        )
    key = (find_key or key_of)(person)
    return {**facts, **{name: {"sealed": seal_value(facts[name], key)} for name in names}}


def key_of(person: int) -> bytes:
    """Return a person's key; Refusal vault.erased where it is gone."""
    return keys_of([person])[person]


def keys_of(persons: Iterable[int]) -> dict[int, bytes]:
    """Return the keys of several persons (one query); Refusal vault.erased where one is gone."""
    rows = Person.objects.filter(pk__in=list(persons)).values_list("pk", "wrapped_key")
    masters = master_keys()
    return {pk: _unwrapped(wrapped, masters) for pk, wrapped in rows}


def _unwrapped(wrapped: Any, masters: list[bytes]) -> bytes:
    if wrapped is None:
        raise Refusal(
            "vault.erased",
            "该当事人的信息已按要求删除",
            "This person's data has been erased",
            "person",
        )
    return cipher.unwrap_key(bytes(wrapped), masters)


def seal_value(value: Any, key: bytes) -> str:
    """Return any JSON value sealed under a person's key, as text."""
    plain = json.dumps(value, ensure_ascii=False, sort_keys=True).encode()
    return base64.b64encode(cipher.encrypt(plain, key)).decode()


def open_value(sealed: str, key: bytes) -> Any:
    """Return what `seal_value` sealed; Refusal vault.tampered."""
    return json.loads(cipher.decrypt(base64.b64decode(sealed), key))


def keep_person(fields: Mapping[str, str], at: datetime) -> int:
    """Seal `fields` ({name, phone, …}) under a new key and return the person's id."""
    key = cipher.new_key()
    person = Person.objects.create(
        sealed=cipher.seal_fields(fields, key),
        wrapped_key=cipher.wrap_key(key, master_key()),
        phone_digest=lookup_digest(fields.get("phone", "")),
        created_at=at,
    )
    return person.pk


@cache
def lookup_key() -> tuple[bytes, str]:
    """Return the key of lookups and the name of their hash: one of each for a database's life.

    A digest cannot be made again without what it was made of, so that the key stays when the
    master key is changed, which only wraps it anew.
    """
    row = LookupKey.objects.get()
    return unwrap(row.wrapped_key), row.algorithm


def lookup_digest(text: str) -> str:
    """Return the keyed digest under which a telephone or identity number is found; "" for none."""
    return cipher.keyed_digest(text, *lookup_key()) if text else ""


def open_person(person: int) -> dict[str, str]:
    """Return a person's fields in clear; Refusal vault.erased where the key is gone.

    Only the door calls this, after it has written down who reads and why.
    """
    row = Person.objects.get(pk=person)
    return cipher.open_fields(bytes(row.sealed), _unwrapped(row.wrapped_key, master_keys()))
