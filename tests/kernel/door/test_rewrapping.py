"""The master key changes while everything still opens; a person erased is gone from everywhere."""

import base64
import hmac
import json
import sqlite3
from collections.abc import Iterator
from datetime import datetime
from importlib import import_module
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from PIL import Image

import qianshou.settings
from qianshou import keys
from qianshou.cli import say
from qianshou.kernel.access import CLOCK
from qianshou.kernel.documents.drafts import keep_draft, take_draft
from qianshou.kernel.documents.store import keep_sealed_file, path_of, read_document
from qianshou.kernel.door import rewrapping
from qianshou.kernel.door.registering import New, history_of, insert_rows
from qianshou.kernel.door.rewrapping import count_wrapped, rotate_master, wrapped_columns
from qianshou.kernel.door.sealing import erase_person, read_sheets, register_person
from qianshou.kernel.ledger.replay import verify
from qianshou.kernel.refusal import Refusal
from qianshou.kernel.registry import cipher, vault
from qianshou.kernel.registry.models import LookupKey, MasterKey, Officer, Person, Sheet


@pytest.fixture
def secrets(
    db: None, tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """Keep the master secret in a folder of the test's own, as it is now."""
    (tmp_path / "vault_key").write_text(settings.VAULT_KEYS()[0])
    monkeypatch.setattr(qianshou.settings, "VAR", tmp_path)
    settings.VAR = tmp_path
    monkeypatch.delenv("QIANSHOU_VAULT_KEY", raising=False)
    yield tmp_path
    vault.lookup_key.cache_clear()


def child(at: datetime) -> Person:
    return register_person(
        {"care.family": {"guardian": "奶奶"}}, identity_number="500199201501010026", by=CLOCK, at=at
    )


def test_everything_opens_after_a_change_and_the_old_key_can_go(
    secrets: Path, at: datetime, capsys: pytest.CaptureFixture[str]
) -> None:
    one = child(at)
    officer = Officer.objects.create(username="li", name="李强")
    draft = keep_draft({"rows": 1}, officer.pk, "about", at=at)
    found = vault.lookup_digest("500199201501010026")
    values = {
        "sealed": b"x",
        "wrapped_key": cipher.wrap_key(cipher.new_key(), vault.master_key()),
        "created_at": at,
    }
    insert_rows(Person, [New(values, CLOCK, at)])  # its entry has the digest of the wrapped key
    old = cipher.id_of(vault.master_key()).hex()
    told: list[tuple[int, int]] = []
    done = rotate_master(by=CLOCK, at=at, progress=lambda *step: told.append(step))
    assert (done.done, done.broken) == (4, 0)
    assert told[-1] == (4, 4)
    assert count_wrapped() == {done.key_id: 4}
    assert keys.tell_keys(say) == 0
    assert f"{old}  old, wraps nothing since {at:%Y-%m-%d}" in capsys.readouterr().out
    (secrets / "vault_key_old").unlink()
    vault.lookup_key.cache_clear()
    assert len(vault.master_keys()) == 1
    assert read_sheets(one.pk, ["care.family"], vault.key_of(one.pk)) == {
        "care.family": {"guardian": "奶奶"}
    }
    assert take_draft(draft, officer.pk, "about", at=at) == {"rows": 1}
    assert vault.lookup_digest("500199201501010026") == found
    retired = MasterKey.objects.get(key_id=old)
    assert [entry["act"] for entry in history_of(retired)] == ["register", "amend"]
    assert history_of(MasterKey.objects.get(key_id=done.key_id))[0]["act"] == "register"
    assert list(verify()) == []


def test_an_interrupted_change_goes_on_where_it_stopped(
    secrets: Path, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rewrapping, "BATCH", 2)
    for _ in range(5):
        child(at)

    def stop(done: int, total: int) -> None:
        if done >= 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rotate_master(by=CLOCK, at=at, progress=stop)
    between = count_wrapped()
    assert len(between) == 2
    assert all(vault.key_of(pk) for pk in Person.objects.values_list("pk", flat=True))
    assert not MasterKey.objects.exclude(retired_at=None).exists()
    done = rotate_master(by=CLOCK, at=at)
    assert done.done == 6 - between[done.key_id]
    assert count_wrapped() == {done.key_id: 6}
    assert MasterKey.objects.exclude(retired_at=None).count() == 1


def test_a_key_that_does_not_open_keeps_the_old_master_key(secrets: Path, at: datetime) -> None:
    one = child(at)
    Person.objects.filter(pk=one.pk).update(
        wrapped_key=bytes(one.wrapped_key or b"")[:-1] + b"\0\0"
    )
    done = rotate_master(by=CLOCK, at=at)
    assert (done.done, done.broken) == (1, 1)
    assert not MasterKey.objects.exclude(retired_at=None).exists()


def test_a_missing_master_key_is_named(
    secrets: Path, at: datetime, capsys: pytest.CaptureFixture[str]
) -> None:
    one = child(at)
    old = cipher.id_of(vault.master_key()).hex()
    (secrets / "vault_key").write_text("another")
    with pytest.raises(Refusal) as refused:
        vault.key_of(one.pk)
    assert refused.value.code == "vault.no_key"
    assert old in refused.value.en
    assert keys.tell_keys(say) == 1
    assert f"{old}  missing, 2 keys cannot be opened" in capsys.readouterr().out


def test_a_key_from_the_environment_is_changed_by_hand(
    secrets: Path, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = child(at)
    before = (secrets / "vault_key").read_text()
    monkeypatch.setenv("QIANSHOU_VAULT_KEY", before)
    with pytest.raises(Refusal) as refused:
        rotate_master(by=CLOCK, at=at)
    assert refused.value.code == "keys.environment"
    monkeypatch.setenv("QIANSHOU_VAULT_KEY", "fresh")
    monkeypatch.setenv("QIANSHOU_VAULT_KEY_OLD", before)
    assert rotate_master(by=CLOCK, at=at).done == 2
    monkeypatch.delenv("QIANSHOU_VAULT_KEY_OLD")
    assert vault.key_of(one.pk)


def test_keys_of_before_ids_are_wrapped_anew_too(secrets: Path, at: datetime) -> None:
    one = child(at)
    key = vault.key_of(one.pk)
    bare = cipher.encrypt(key, vault.master_key(), b"SM4G")
    Person.objects.filter(pk=one.pk).update(wrapped_key=bare)
    assert vault.key_of(one.pk) == key
    assert rotate_master(by=CLOCK, at=at).done == 1
    assert vault.key_of(one.pk) == key
    assert len(vault.master_keys()) == 1  # what was left of an earlier change needed no new key


def test_every_wrapped_key_of_the_house_is_changed() -> None:
    names = {f"{model._meta.label}.{column}" for model, column in wrapped_columns()}
    assert names >= {
        "registry.Person.wrapped_key", "registry.LookupKey.wrapped_key", "care.Roster.wrapped_key",
        "care.RosterDraft.wrapped_key", "documents.Draft.sealed", "registry.Officer.totp_sealed",
        "exchange.Robot.sealed_url", "exchange.Robot.sealed_secret",
    }  # fmt: skip


def test_both_ciphers_stand_side_by_side(secrets: Path, at: datetime, settings: Any) -> None:
    opened = {}
    for name in ("aes", "sm4", "aes"):
        settings.CIPHER = name
        one = child(at)
        opened[one.pk] = bytes(Sheet.objects.get(person=one).sealed)
    kinds = [base64.b64decode(sealed)[:4] for sealed in opened.values()]
    assert kinds == [b"AESG", b"SM4G", b"AESG"]
    rotate_master(by=CLOCK, at=at)
    for pk in opened:
        assert read_sheets(pk, ["care.family"], vault.key_of(pk))["care.family"]


def tables_hold(needle: bytes) -> list[str]:
    """Return the tables of which some row holds these bytes, raw, as text or in base 64."""
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            for row in cursor.fetchall():
                values = [
                    bytes(v) if isinstance(v, memoryview | bytes) else str(v).encode() for v in row
                ]
                if any(needle in value for value in values):
                    found.append(table)
    return found


def test_an_erased_person_is_in_no_table_and_no_file(secrets: Path, at: datetime) -> None:
    one = child(at)
    stream = BytesIO()
    Image.new("RGB", (30, 20), "teal").save(stream, "PNG")
    file = keep_sealed_file(BytesIO(stream.getvalue()), person=one.pk, at=at)
    wrapped, digest = bytes(one.wrapped_key or b""), one.identity_digest
    sealed = bytes(Sheet.objects.get(person=one).sealed)
    key = vault.key_of(one.pk)
    assert tables_hold(wrapped) == ["registry_person"]
    assert json.loads(cipher.decrypt(base64.b64decode(sealed), key)) == {"guardian": "奶奶"}
    erase_person(one.pk, by=CLOCK, at=at, reason="监护人要求")
    assert tables_hold(wrapped) == tables_hold(digest.encode()) == tables_hold(key) == []
    assert tables_hold("奶奶".encode()) == []
    for opening in (lambda: vault.key_of(one.pk), lambda: read_document(file)):
        with pytest.raises(Refusal) as refused:
            opening()
        assert refused.value.code == "vault.erased"
    with pytest.raises(Refusal):
        cipher.decrypt(path_of(file.digest).read_bytes(), vault.master_key())
    assert rotate_master(by=CLOCK, at=at).done == LookupKey.objects.count()
    assert list(verify()) == []


@pytest.mark.skipif(connection.vendor != "sqlite", reason="a dump leaves dead rows out anyway")
@pytest.mark.django_db(transaction=True)
def test_an_erased_key_leaves_no_bytes_in_a_later_copy(at: datetime, tmp_path: Path) -> None:
    one = child(at)
    wrapped = bytes(one.wrapped_key or b"")
    erase_person(one.pk, by=CLOCK, at=at, reason="期满")
    connection.ensure_connection()
    inner: Any = connection.connection
    with sqlite3.connect(tmp_path / "copy.sqlite3") as copy:
        inner.backup(copy)
    copy.close()
    assert wrapped not in (tmp_path / "copy.sqlite3").read_bytes()


@pytest.mark.parametrize("used", [True, False])
def test_a_database_of_before_keeps_finding_its_numbers(
    secrets: Path, at: datetime, used: bool
) -> None:
    migration = import_module("qianshou.kernel.registry.migrations.0005_keys")
    if used:
        child(at)
    LookupKey.objects.all().delete()
    vault.lookup_key.cache_clear()
    migration.make_lookup_key(apps, SimpleNamespace(connection=connection))
    before = hmac.new(vault.master_key(), b"138", "sm3").hexdigest()
    assert (vault.lookup_digest("138") == before) == used
