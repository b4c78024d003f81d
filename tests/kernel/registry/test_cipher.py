"""The vault: what is sealed opens with its key only, and a destroyed key destroys a person."""

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as some

from qianshou.kernel.access import CLOCK
from qianshou.kernel.door.sealing import erase_person
from qianshou.kernel.refusal import Refusal
from qianshou.kernel.registry import cipher, vault
from qianshou.kernel.registry.models import Person

FIELDS = {"name": "王芳", "phone": "10000000001"}


@pytest.mark.parametrize("name", [b"SM4G", b"AESG"])
def test_each_algorithm_opens_what_it_sealed(name: bytes) -> None:
    key = cipher.new_key()
    sealed = cipher.encrypt(b"secret", key, name)
    assert sealed[:4] == name
    assert cipher.decrypt(sealed, key) == b"secret"


@given(some.binary(max_size=200), some.integers(0, 10**6))
def test_one_changed_byte_is_found(plain: bytes, place: int) -> None:
    key = cipher.new_key()
    sealed = bytearray(cipher.encrypt(plain, key))
    sealed[place % len(sealed)] ^= 1
    with pytest.raises(Refusal) as refused:
        cipher.decrypt(bytes(sealed), key)
    assert refused.value.code == "vault.tampered"


def test_another_key_opens_nothing() -> None:
    sealed = cipher.seal_fields(FIELDS, cipher.new_key())
    for key in (cipher.new_key(), bytes(32)):
        with pytest.raises(Refusal):
            cipher.open_fields(sealed, key)
    with pytest.raises(Refusal):
        cipher.decrypt(b"", cipher.new_key())


def test_the_same_fields_look_different_each_time() -> None:
    key = cipher.new_key()
    assert cipher.seal_fields(FIELDS, key) != cipher.seal_fields(FIELDS, key)
    assert cipher.keyed_digest("138", key) == cipher.keyed_digest("138", key)
    assert cipher.keyed_digest("138", key) != cipher.keyed_digest("138", cipher.new_key())


def test_nothing_of_a_person_stands_in_clear_in_the_table(db: None, at: datetime) -> None:
    person = vault.keep_person(FIELDS, at)
    row = Person.objects.get(pk=person)
    kept = bytes(row.sealed) + bytes(row.wrapped_key or b"") + row.phone_digest.encode()
    assert "王芳".encode() not in kept
    assert b"10000000001" not in kept
    assert vault.open_person(person) == FIELDS


def test_an_erased_person_cannot_be_read_again(db: None, at: datetime) -> None:
    person = vault.keep_person(FIELDS, at)
    erase_person(person, by=CLOCK, at=at, reason="期满")
    with pytest.raises(Refusal) as refused:
        vault.open_person(person)
    assert refused.value.code == "vault.erased"
    row = Person.objects.get(pk=person)
    assert row.wrapped_key is None
    assert row.phone_digest == ""
