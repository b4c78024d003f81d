"""The vault: persons' sealed fields, each person under a key of their own."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.conf import settings

from qianshou.kernel.procedures.forms import Form
from qianshou.kernel.refusal import Refusal
from qianshou.kernel.registry import cipher
from qianshou.kernel.registry.models import Person


def master_key() -> bytes:
    """Return the vault's master key, derived from the secret in settings."""
    return cipher.derive_key(settings.VAULT_KEY)


def keep_persons(form: Form, facts: Mapping[str, Any], at: datetime) -> dict[str, Any]:
    """Return `facts` with every sealed field replaced by a reference {"person": id}."""
    kept = dict(facts)
    for field in form.fields:
        value = kept.get(field.id)
        if field.vault and value:
            kept[field.id] = {"person": keep_person(value, at)}
    return kept


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


def lookup_digest(phone: str) -> str:
    """Return the keyed digest under which a telephone number is found; "" for none."""
    return cipher.keyed_digest(phone, master_key()) if phone else ""


def open_person(person: int) -> dict[str, str]:
    """Return a person's fields in clear; Refusal vault.erased where the key is gone.

    Only the door calls this, after it has written down who reads and why.
    """
    row = Person.objects.get(pk=person)
    if row.wrapped_key is None:
        raise Refusal(
            "vault.erased",
            "该当事人的信息已按要求删除",
            "This person's data has been erased",
            "person",
        )
    key = cipher.unwrap_key(bytes(row.wrapped_key), master_key())
    return cipher.open_fields(bytes(row.sealed), key)


def erase_person(person: int, at: datetime) -> None:
    """Destroy a person's key: what was sealed can never be read again."""
    Person.objects.filter(pk=person, wrapped_key__isnull=False).update(
        wrapped_key=None, phone_digest="", erased_at=at
    )
