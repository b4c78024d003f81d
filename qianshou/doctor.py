"""`qianshou doctor`: what this machine lacks, and how to get it."""

import importlib.util
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from ssl import OPENSSL_VERSION
from urllib.parse import urlsplit

from qianshou.kernel.clock import CHINA, now

Say = Callable[[str, str], None]
ROOT = Path(__file__).resolve().parent.parent
ENOUGH_BYTES = 2 * 1024**3
APT_FONTS = "apt-get install fonts-noto-cjk"


@dataclass(frozen=True)
class Finding:
    """One thing looked at: whether it is well, whether the product runs without it, the remedy."""

    zh: str
    en: str
    well: bool
    remedy: str = ""
    needed: bool = True


def examine(*, say: Say) -> int:
    """Print every finding with its remedy; return 1 when something needed is missing, else 0."""
    missing = 0
    for finding in look():
        mark = "✓" if finding.well else ("✗" if finding.needed else "!")
        say(f"{mark} {finding.zh}", f"{mark} {finding.en}")
        if not finding.well:
            missing += finding.needed
            print(f"    → {finding.remedy}")
    if missing:
        say(f"缺 {missing} 项必需条件", f"{missing} needed things are missing")
        return 1
    say("必需条件齐备", "Nothing needed is missing")
    return 0


def look() -> Iterator[Finding]:
    """Yield one finding after another, cheap ones first."""
    yield look_at_python()
    yield look_at_lock()
    yield from look_at_disk()
    yield look_at_search()
    yield from look_at_cryptography()
    yield from look_at_database()
    yield from look_at_scanner()
    yield from look_at_exposure()
    yield look_at_texts()
    yield from look_at_holidays()
    yield look_at_fonts()
    yield look_at_browser()


def look_at_python() -> Finding:
    """The interpreter is 3.11 or later."""
    version = ".".join(str(part) for part in sys.version_info[:3])
    return Finding(
        f"Python {version}", f"Python {version}", sys.version_info >= (3, 11), "Python >= 3.11"
    )


def look_at_lock() -> Finding:
    """The environment was made from the present lock."""
    stamp = Path(sys.prefix) / "locks"
    lock = ROOT / "requirements.lock"
    well = not lock.exists() or (
        stamp.exists() and sha256(lock.read_bytes()).hexdigest() in stamp.read_text()
    )
    return Finding("依赖与锁文件一致", "Packages match the lock file", well, "./run")


def look_at_disk() -> Iterator[Finding]:
    """The data folder can be written, and there is room."""
    from qianshou.settings import VAR

    try:
        with tempfile.TemporaryFile(dir=VAR):
            writable = True
    except OSError:
        writable = False
    yield Finding(f"{VAR} 可写", f"{VAR} can be written", writable, f"chown {VAR} / QIANSHOU_VAR")
    free = shutil.disk_usage(ROOT).free
    room = f"{free / 1024**3:.1f} GiB"
    yield Finding(
        f"磁盘余量 {room}", f"Free disk {room}", free > ENOUGH_BYTES, "2 GiB", needed=False
    )


def look_at_search() -> Finding:
    """SQLite has FTS5."""
    with closing(sqlite3.connect(":memory:")) as memory:
        options = {row[0] for row in memory.execute("PRAGMA compile_options")}
    version = sqlite3.sqlite_version
    return Finding(
        f"SQLite {version}，FTS5 全文检索",
        f"SQLite {version} with FTS5",
        "ENABLE_FTS5" in options and sqlite3.sqlite_version_info >= (3, 37),
        "apt-get install libsqlite3-0, or DATABASE_URL=postgresql://...",
    )


def look_at_cryptography() -> Iterator[Finding]:
    """The hash of the ledger and the cipher of the vault are among what this machine supports."""
    import hashlib

    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.backends.openssl import backend

    from qianshou.kernel.ledger.chain import ALGORITHMS
    from qianshou.kernel.registry import cipher
    from qianshou.settings import CIPHER, HASH

    hashes = [name for name in ALGORITHMS if name in hashlib.algorithms_available]
    told = ", ".join(hashes)
    yield Finding(
        f"台账用 {HASH}；本机 {OPENSSL_VERSION} 支持 {told}",
        f"The ledger uses {HASH}; {OPENSSL_VERSION} here supports {told}",
        HASH in hashes,
        "OpenSSL >= 3, or QIANSHOU_HASH=sha256",
    )
    ciphers = []
    for name, mark in cipher.NAMES.items():
        with suppress(UnsupportedAlgorithm):
            cipher.encrypt(b"", bytes(cipher.KEY), mark)
            ciphers.append(name)
    told, library = ", ".join(ciphers), backend.openssl_version_text()
    yield Finding(
        f"保险库用 {CIPHER}（GCM）；cryptography 的 {library} 支持 {told}",
        f"The vault uses {CIPHER} (GCM); cryptography's {library} supports {told}",
        CIPHER in ciphers,
        "cryptography >= 45 with OpenSSL >= 3, or QIANSHOU_CIPHER=aes",
    )


def look_at_database() -> Iterator[Finding]:
    """The database answers and every migration is applied."""
    from django.db import Error, connection
    from django.db.migrations.executor import MigrationExecutor

    try:
        connection.ensure_connection()
    except Error as error:
        name = connection.vendor
        yield Finding(f"数据库 {name}：{error}", f"Database {name}: {error}", False, "DATABASE_URL")
        return
    yield Finding(f"数据库 {connection.vendor}", f"Database {connection.vendor}", True)
    executor = MigrationExecutor(connection)
    waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    yield Finding(
        "数据库结构为最新", "Every migration is applied", not waiting, "python -m qianshou demo"
    )
    if not waiting:
        yield look_at_outbox()
        yield look_at_passwords()


def look_at_outbox() -> Finding:
    """No parcel has failed so often that it was laid aside."""
    from qianshou.kernel.outbox.models import Parcel
    from qianshou.kernel.outbox.parcels import MOST_TRIES

    aside = Parcel.objects.filter(done_at=None, tries__gte=MOST_TRIES)
    kinds = ", ".join(sorted(set(aside.values_list("kind", flat=True))))
    return Finding(
        f"发件箱：{aside.count()} 件投递失败",
        f"Outbox: {aside.count()} parcels could not be carried out",
        not kinds,
        f"outbox_parcel.failure: {kinds}",
        needed=False,
    )


def look_at_scanner() -> Iterator[Finding]:
    """The virus scanner answers, where one is set."""
    from qianshou.kernel.documents.clamav import scanner_answers
    from qianshou.settings import CLAMAV

    if CLAMAV:
        yield Finding(
            f"ClamAV（{CLAMAV}）应答；不应答时不接收文件",
            f"ClamAV ({CLAMAV}) answers; without it no file is taken",
            scanner_answers(),
            "apt-get install clamav-daemon; QIANSHOU_CLAMAV",
        )


def look_at_passwords() -> Finding:
    """No account has the published password of the demonstration."""
    from django.contrib.auth.hashers import check_password

    from qianshou.demo.cast import ACCOUNTS, PASSWORD
    from qianshou.kernel.registry.models import Officer

    names = [username for username, *_ in ACCOUNTS]
    hashes = Officer.objects.filter(username__in=names, is_active=True).values_list("password")
    known = {kept for (kept,) in hashes.distinct() if check_password(PASSWORD, kept)}
    return Finding(
        "没有账号用演示密码",
        "No account has the demonstration's password",
        not known,
        "qianshou users reset NAME / qianshou users lock NAME",
        needed=False,
    )


def look_at_exposure() -> Iterator[Finding]:
    """Secrets lie apart from the data, errors tell nothing, other hosts have TLS and get links."""
    from django.conf import settings

    from qianshou.settings import VAR, given_secret

    for name in ("SECRET_KEY", "VAULT_KEY"):
        variable = f"QIANSHOU_{name}"
        yield Finding(
            f"{variable} 不与数据放在一起",
            f"{variable} is kept apart from the data",
            bool(given_secret(variable)),
            f"{variable}_FILE=/run/secrets/{name.lower()} (now: {VAR / name.lower()})",
            needed=False,
        )
    yield Finding(
        "调试页面已关闭",
        "Debug pages are off",
        not settings.DEBUG,
        "QIANSHOU_DEBUG=0",
        needed=False,
    )
    local = {"127.0.0.1", "localhost", "[::1]"}
    public = sorted(set(settings.ALLOWED_HOSTS) - local)
    yield Finding(
        "对外的主机名都走 TLS",
        "Public host names are served by TLS",
        settings.SECURE or not public,
        f"QIANSHOU_TLS=1 (QIANSHOU_HOSTS: {', '.join(public)})",
        needed=False,
    )
    leads_here = urlsplit(settings.ADDRESS).hostname in {host.strip("[]") for host in local}
    yield Finding(
        "邮件、日历和群消息里的链接指向对外的主机名",
        "Links in mails, calendars and groups lead to a public host name",
        not (public and leads_here),
        f"QIANSHOU_ADDRESS=https://{(public or ['HOST'])[0]} (now: {settings.ADDRESS})",
        needed=False,
    )


def look_at_texts() -> Finding:
    """Every room that has texts has a compiled English catalogue."""
    sources = list((ROOT / "qianshou").glob("**/locale/en/LC_MESSAGES/django.po"))
    well = all(source.with_suffix(".mo").exists() for source in sources)
    return Finding("英文文本已编译", "English texts are compiled", well, "./messages")


def look_at_holidays() -> Iterator[Finding]:
    """The State Council's holidays of this year and the next are in the shipped table."""
    from qianshou.kernel.calendar import shipped

    calendar = shipped()
    this_year = now().astimezone(CHINA).year
    for year in (this_year, this_year + 1):
        yield Finding(
            f"{year} 年节假日安排",
            f"Holidays of {year}",
            calendar.is_published(year),
            "State Council notice, each November / 国务院办公厅通知，每年 11 月",
            needed=False,
        )


def look_at_fonts() -> Finding:
    """A Chinese font is there for documents made as PDF and for screenshots."""
    command = shutil.which("fc-list")
    found = (
        command
        and subprocess.run(
            [command, ":lang=zh"], capture_output=True, check=False, timeout=20
        ).stdout
    )
    return Finding("中文字体", "A Chinese font", bool(found), APT_FONTS, needed=False)


def look_at_browser() -> Finding:
    """Chromium and its driver are there for the browser tests."""
    chromium = shutil.which(os.environ.get("CHROMIUM", "chromium"))
    driver = importlib.util.find_spec("playwright")
    return Finding(
        "Chromium（仅浏览器测试需要）",
        "Chromium (for the browser tests only)",
        bool(chromium and driver),
        "apt-get install chromium; ./test",
        needed=False,
    )
