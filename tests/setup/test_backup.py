"""A backup brings everything back on either database; an altered one changes nothing."""

import json
import shutil
from collections.abc import Iterator
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.db.utils import ConnectionHandler
from PIL import Image
from psycopg.conninfo import conninfo_to_dict

from qianshou import backup
from qianshou.cli import say
from qianshou.kernel.access import CLOCK
from qianshou.kernel.documents.models import Document
from qianshou.kernel.documents.store import keep_sealed_file, read_document
from qianshou.kernel.door.sealing import erase_person, read_sheets, register_person
from qianshou.kernel.ledger.seals import seal_entries
from qianshou.kernel.refusal import Refusal
from qianshou.kernel.registry import vault
from qianshou.kernel.registry.models import Person
from qianshou.settings import read_database


@pytest.fixture
def kept(transactional_db: None, at: datetime, tmp_path: Path, settings: Any) -> Iterator[Path]:
    """Return a backup of a house with a child and a sealed photograph of her."""
    settings.DOCUMENTS_ROOT = tmp_path / "documents"
    child = register_person({"care.family": {"guardian": "奶奶"}}, by=CLOCK, at=at)
    out = BytesIO()
    Image.new("RGB", (30, 20), "teal").save(out, "PNG")
    keep_sealed_file(BytesIO(out.getvalue()), person=child.pk, at=at)
    seal_entries(at)
    backup.back_up(tmp_path / "kept", say=say)
    yield tmp_path / "kept"
    connection.close()


def everything() -> tuple[dict[str, Any], bytes]:
    """Return what the child's sheet and photograph say."""
    child, document = Person.objects.get(), Document.objects.get()
    sheets = read_sheets(child.pk, ["care.family"], vault.key_of(child.pk))
    return sheets, read_document(document)


def refused(folder: Path, *, replace: bool = True) -> Refusal:
    with pytest.raises(Refusal) as told:
        backup.restore(folder, replace=replace, say=say)
    return told.value


def test_what_happened_since_is_undone_and_nothing_else(
    kept: Path,
    at: datetime,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("LC_ALL", "en")
    before = everything()
    manifest = json.loads((kept / "manifest.json").read_text(encoding="utf-8"))
    secret = django_settings.VAULT_KEYS()[0].encode()
    assert (manifest["database"], manifest["seal"]["count"]) == (connection.vendor, 2)
    assert not any(secret in path.read_bytes() for path in kept.rglob("*") if path.is_file())
    register_person({}, by=CLOCK, at=at)
    erase_person(Person.objects.earliest("pk").pk, by=CLOCK, at=at, reason="期满")
    seal_entries(at)
    (django_settings.DOCUMENTS_ROOT / "since").write_bytes(b"x")
    assert refused(kept, replace=False).code == "backup.in_use"
    assert Person.objects.count() == 2
    assert backup.restore(kept, replace=True, say=say) == 0
    assert everything() == before
    assert not (django_settings.DOCUMENTS_ROOT / "since").exists()
    assert "everything agrees" in capsys.readouterr().out
    register_person({}, by=CLOCK, at=at)  # ids go on where they were
    assert seal_entries(at) is not None


@pytest.mark.parametrize("how", ["altered", "missing", "added", "manifest"])
def test_an_altered_backup_is_named_and_changes_nothing(kept: Path, at: datetime, how: str) -> None:
    register_person({}, by=CLOCK, at=at)
    database = kept / backup.DATABASE[connection.vendor]
    if how == "altered":
        content = bytearray(database.read_bytes())
        content[len(content) // 2] ^= 1
        database.write_bytes(bytes(content))
    elif how == "missing":
        database.unlink()
    elif how == "added":
        (kept / "more").write_bytes(b"x")
    else:
        (kept / "manifest.json").write_text("{}")
    told = refused(kept)
    assert told.code == ("backup.unreadable" if how == "manifest" else "backup.altered")
    assert ("more" if how == "added" else database.name) in told.en or how == "manifest"
    assert Person.objects.count() == 2


def test_a_restore_that_fails_leaves_what_was_there(
    kept: Path, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The dump is none, though the manifest says that it is whole; or the disk is full."""
    before = everything()
    if connection.vendor == "sqlite":
        copyfile = shutil.copyfile

        def full(source: Path, target: Path, **options: Any) -> Any:
            if Path(source).name != backup.DATABASE["sqlite"]:
                return copyfile(source, target, **options)
            Path(target).write_bytes(b"half")
            raise OSError("no space left on device")

        monkeypatch.setattr(shutil, "copyfile", full)
        with pytest.raises(OSError, match="no space"):
            backup.restore(kept, replace=True, say=say)
    else:
        database = kept / backup.DATABASE["postgresql"]
        database.write_bytes(b"PGDMP and no more")
        manifest = json.loads((kept / "manifest.json").read_text(encoding="utf-8"))
        manifest["files"] = {
            str(path.relative_to(kept)): told for path, told in backup.digests_of(kept)
        }
        (kept / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
        assert refused(kept).code == "backup.failed"
    assert everything() == before


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("database", "oracle", "backup.other_database"),
        ("migrations", ["registry.9999_later"], "backup.newer"),
        ("kind", "other", "backup.unreadable"),
    ],
)
def test_a_backup_of_elsewhere_is_refused(kept: Path, name: str, value: Any, code: str) -> None:
    manifest = json.loads((kept / "manifest.json").read_text(encoding="utf-8"))
    (kept / "manifest.json").write_text(json.dumps({**manifest, name: value}), encoding="utf-8")
    assert refused(kept).code == code


def test_a_folder_that_holds_something_is_not_written_over(kept: Path) -> None:
    with pytest.raises(Refusal) as told:
        backup.back_up(kept, say=say)
    assert told.value.code == "backup.not_empty"


def test_without_the_tool_the_way_to_it_is_said(
    db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Refusal) as told:
        backup.run_tool("pg_dump")
    assert told.value.code == "backup.no_tool"
    assert "postgresql-client" in told.value.en


def test_the_tools_reach_the_database_as_the_product_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = (
        "postgresql://office:p%40ss@/qianshou"
        "?host=one,two&target_session_attrs=read-write&sslmode=verify-full"
    )
    elsewhere = ConnectionHandler({"default": read_database(url)})["default"]
    monkeypatch.setattr(backup, "connection", elsewhere)
    monkeypatch.setenv("PATH", str(tmp_path))
    tool = tmp_path / "pg_dump"
    tool.write_text(f'#!/bin/sh\nprintf "%s\\n" "$PGPASSWORD" "$@" > {tmp_path}/told\n')
    tool.chmod(0o700)
    backup.run_tool("pg_dump", "--file", "x")
    password, option, reached, *rest = (tmp_path / "told").read_text().splitlines()
    assert (password, option, rest) == ("p@ss", "--dbname", ["--file", "x"])
    assert conninfo_to_dict(reached) == {
        "user": "office",
        "dbname": "qianshou",
        "host": "one,two",
        "target_session_attrs": "read-write",
        "sslmode": "verify-full",
        "client_encoding": "UTF8",
    }


@pytest.mark.skipif(connection.vendor != "sqlite", reason="an empty place is a file of its own")
def test_an_empty_place_needs_no_further_word(
    kept: Path, tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = everything()
    connection.close()
    settings.DOCUMENTS_ROOT = tmp_path / "fresh"
    with monkeypatch.context() as elsewhere:
        fresh = str(tmp_path / "fresh.sqlite3")
        elsewhere.setitem(connection.settings_dict, "NAME", fresh)
        assert backup.restore(kept, replace=False, say=say) == 0
        assert everything() == before
        connection.close()
