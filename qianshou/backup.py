"""Backing the whole house up into a folder, and restoring it: database, documents, a manifest.

The master key is never in a backup: whoever finds one reads no sealed field.
"""

import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from psycopg.conninfo import make_conninfo
from psycopg.pq import Conninfo

from qianshou.kernel.clock import now
from qianshou.kernel.door.rewrapping import count_wrapped
from qianshou.kernel.ledger.deposit import sealed_as
from qianshou.kernel.ledger.proof import seal_facts
from qianshou.kernel.ledger.read import last_seal
from qianshou.kernel.ledger.replay import verify
from qianshou.kernel.refusal import Refusal
from qianshou.kernel.registry.vault import lookup_key
from qianshou.keys import tell_keys

Say = Callable[[str, str], None]
KIND = "qianshou.backup"
MANIFEST = "manifest.json"
DATABASE = {"sqlite": "database.sqlite3", "postgresql": "database.dump"}
ASIDE = "before_restore"
CHUNK = 1 << 20


def back_up(folder: Path, *, say: Say) -> int:
    """Write a backup into an empty folder while people go on working; return 0.

    Documents are copied after the database, so that every one it names is there. Refuses
    backup.not_empty, backup.no_tool and backup.failed.
    """
    if folder.exists() and any(folder.iterdir()):
        raise Refusal(
            "backup.not_empty",
            f"{folder} 不是空文件夹，请换一个",
            f"{folder} is not empty; name another folder",
            "folder",
        )
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    head = last_seal()
    keys = sorted(count_wrapped())
    applied = sorted(".".join(one) for one in MigrationRecorder(connection).applied_migrations())
    database = folder / DATABASE[connection.vendor]
    if connection.vendor == "sqlite":
        copy_sqlite(database)
    else:
        run_tool("pg_dump", "--format=custom", "--no-owner", "--file", str(database))
    documents = Path(settings.DOCUMENTS_ROOT)
    if documents.exists():
        ignore = shutil.ignore_patterns(".*")  # files that are being written
        shutil.copytree(documents, folder / "documents", ignore=ignore)
    files = {str(path.relative_to(folder)): told for path, told in digests_of(folder)}
    manifest = {
        "kind": KIND,
        "v": 1,
        "made_at": now().isoformat(),
        "database": connection.vendor,
        "migrations": applied,
        "seal": seal_facts(head) if head else None,
        "master_keys": keys,
        "files": files,
    }
    text = json.dumps(manifest, ensure_ascii=False, indent=1)
    (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")
    say(
        f"已备份到 {folder}：{len(files)} 个文件",
        f"Backed up into {folder}: {len(files)} files",
    )
    say(
        f"备份不含主密钥（{'、'.join(keys)}）：请另行保管，没有它加密信息打不开",
        f"The master key ({', '.join(keys)}) is not in it: keep it elsewhere; without it nothing "
        "sealed opens",
    )
    return 0


def copy_sqlite(target: Path) -> None:
    """Copy the live SQLite database by its backup interface into one file."""
    connection.ensure_connection()
    with closing(sqlite3.connect(target)) as copy:
        connection.connection.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")


def run_tool(name: str, *arguments: str) -> None:
    """Run one of PostgreSQL's tools on this database, with all that the settings say of reaching
    it (hosts, TLS); the password goes by the environment, where other users cannot list it.

    Refuses backup.no_tool where it is not installed and backup.failed with what it said.
    """
    found = shutil.which(name)
    if found is None:
        raise Refusal(
            "backup.no_tool",
            f"找不到 {name}：请安装 PostgreSQL 客户端（apt-get install postgresql-client）",
            f"{name} is not there: install PostgreSQL's client (apt-get install postgresql-client)",
        )
    known = {option.keyword.decode() for option in Conninfo.get_defaults()}
    told = {key: value for key, value in connection.get_connection_params().items() if key in known}
    password = told.pop("password", None)
    environment = {**os.environ, **({"PGPASSWORD": str(password)} if password else {})}
    command = [found, "--dbname", make_conninfo(**told), *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Refusal(
            "backup.failed",
            f"{name} 出错：{done.stderr.strip()[-500:]}",
            f"{name} failed: {done.stderr.strip()[-500:]}",
        )


def digests_of(folder: Path) -> Iterator[tuple[Path, str]]:
    """Yield each file under a folder with the SHA-256 of its bytes."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name != MANIFEST:
            with path.open("rb") as stream:
                yield path, hashlib.file_digest(stream, "sha256").hexdigest()


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return a backup's manifest after comparing every file with it; changes nothing.

    Refuses backup.unreadable, backup.altered (names the file), backup.other_database and
    backup.newer (made by a later version).
    """
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        files, applied = dict(manifest["files"]), set(manifest["migrations"])
        if manifest["kind"] != KIND:
            raise ValueError(manifest["kind"])
    except (OSError, ValueError, LookupError, TypeError):
        raise Refusal(
            "backup.unreadable",
            f"{folder} 里没有可读的备份清单 {MANIFEST}",
            f"{folder} has no readable {MANIFEST}",
            "folder",
        ) from None
    there = {str(path.relative_to(folder)): told for path, told in digests_of(folder)}
    wrong = sorted(
        name for name in files.keys() | there.keys() if files.get(name) != there.get(name)
    )
    if wrong:
        raise Refusal(
            "backup.altered",
            f"备份不完整或被改动：{'、'.join(wrong[:5])}（共 {len(wrong)} 个文件）",
            f"The backup is incomplete or was altered: {', '.join(wrong[:5])} ({len(wrong)} files)",
            "folder",
        )
    if manifest["database"] != connection.vendor:
        raise Refusal(
            "backup.other_database",
            f"这是 {manifest['database']} 的备份，而本机用 {connection.vendor}",
            f"This is a backup of {manifest['database']}; here is {connection.vendor}",
            "folder",
        )
    known = {".".join(key) for key in MigrationLoader(None).disk_migrations}
    unknown = sorted(name for name in applied - known if not name.startswith("django"))
    if unknown:
        raise Refusal(
            "backup.newer",
            f"备份来自更新的版本（{unknown[0]}），请先升级程序",
            f"The backup comes from a later version ({unknown[0]}); upgrade first",
            "folder",
        )
    return dict(manifest)


def restore(folder: Path, *, replace: bool, say: Say) -> int:
    """Restore a backup and verify it; return 1 where `verify` finds something or keys are missing.

    Servers and worker must be stopped. Every file is checked before anything changes, and what was
    there is put aside until all is in its place. Refuses backup.in_use where something is there and
    `replace` is not said, and what `read_manifest` and `run_tool` refuse.
    """
    manifest = read_manifest(folder)
    if not replace and not is_empty():
        raise Refusal(
            "backup.in_use",
            "这里已有数据；确要覆盖请加 --replace",
            "There is something here already; say --replace to put the backup in its place",
        )
    documents = Path(settings.DOCUMENTS_ROOT)
    with aside(documents):
        if (folder / "documents").exists():
            shutil.copytree(folder / "documents", documents)
        if connection.vendor == "sqlite":
            put_sqlite(folder / DATABASE["sqlite"])
        else:
            put_postgresql(folder / DATABASE["postgresql"])
    lookup_key.cache_clear()
    call_command("migrate", verbosity=0)
    say("已恢复，正在核验……", "Restored; verifying …")
    found = 0
    for problem in verify():
        found += 1
        say(problem.zh, problem.en)
    seal = manifest["seal"]
    if seal and not sealed_as(seal):
        found += 1
        say(
            f"备份时的封存 {seal['id']} 与数据库里的不同",
            f"seal {seal['id']} is not what it was when the backup was made",
        )
    say(
        f"台账核验：发现 {found} 处问题" if found else "台账核验：全部一致",
        f"Ledger: {found} problems found" if found else "Ledger: everything agrees",
    )
    return 1 if found else tell_keys(say)


def is_empty() -> bool:
    """Whether neither the database nor the folder of documents holds anything."""
    documents = Path(settings.DOCUMENTS_ROOT)
    if documents.exists() and any(path.is_file() for path in documents.rglob("*")):
        return False
    tables = set(connection.introspection.table_names())
    with connection.cursor() as cursor:
        for table in tables & {"ledger_entry", "registry_officer", "worklist_matter"}:
            cursor.execute(f'SELECT 1 FROM "{table}" LIMIT 1')  # noqa: S608 - our own names
            if cursor.fetchone():
                return False
    return True


@contextmanager
def aside(kept: Path) -> Iterator[None]:
    """Put a file or folder aside; taken away when all went well, put back when it did not."""
    before = kept.with_name(f"{kept.name}.{ASIDE}")
    if kept.exists():
        kept.replace(before)
    try:
        yield
    except BaseException:
        _remove(kept)
        if before.exists():
            before.replace(kept)
        raise
    _remove(before)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def put_sqlite(source: Path) -> None:
    """Put a copied database in the place of the one in settings."""
    name = Path(connection.settings_dict["NAME"])
    connection.close()
    with aside(name):
        shutil.copyfile(source, name)
        for ending in ("-wal", "-shm"):
            _remove(name.with_name(name.name + ending))


def put_postgresql(source: Path) -> None:
    """Restore a dump into a fresh schema; the one before is dropped only when that went well."""
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER SCHEMA public RENAME TO {ASIDE}")
        cursor.execute("CREATE SCHEMA public")
    connection.close()
    try:
        run_tool(
            "pg_restore", "--no-owner", "--exit-on-error", "--single-transaction", str(source)
        )  # fmt: skip
    except BaseException:
        with connection.cursor() as cursor:
            cursor.execute("DROP SCHEMA public CASCADE")
            cursor.execute(f"ALTER SCHEMA {ASIDE} RENAME TO public")
        raise
    with connection.cursor() as cursor:
        cursor.execute(f"DROP SCHEMA {ASIDE} CASCADE")
