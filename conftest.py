"""What every test shares: where the database lies, cheap passwords, one instant.

The database is the one of DATABASE_URL, or else an SQLite file (a file, not memory, so that
threads, locks and the write-ahead log behave as they do in the product).
"""

import tempfile
import threading
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from django.conf import settings
from django.core.cache import cache
from django.core.wsgi import get_wsgi_application
from django.db import connection, connections, transaction
from django.test import Client, TransactionTestCase

from qianshou.kernel.clock import CHINA, now
from qianshou.kernel.ledger import triggers
from qianshou.kernel.registry.models import LookupKey
from qianshou.kernel.registry.synthetic import remember
from tests.keeping import built_once


def pytest_configure(config: pytest.Config) -> None:
    """Keep what tests write in a folder of its own; hash passwords quickly."""
    folder = tempfile.TemporaryDirectory(prefix="qianshou-test-")
    config.add_cleanup(folder.cleanup)
    default = connections["default"]
    if default.vendor == "sqlite":
        default.settings_dict["TEST"]["NAME"] = str(Path(folder.name) / "test.sqlite3")
    settings.DOCUMENTS_ROOT = Path(folder.name) / "documents"
    settings.STATIC_ROOT = Path(folder.name) / "static"
    settings.STATIC_ROOT.mkdir()
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    TransactionTestCase._fixture_teardown = empty_the_ledger_too  # type: ignore[attr-defined]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out on PostgreSQL what asks no database: SQLite's run has had it."""
    if connection.vendor != "postgresql":
        return
    asking = {"db", "transactional_db", "django_db_setup", "live_server"}
    left_out = [
        item
        for item in items
        if not asking & set(getattr(item, "fixturenames", ()))
        and item.get_closest_marker("django_db") is None
    ]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in set(left_out)]


flush = TransactionTestCase._fixture_teardown  # type: ignore[attr-defined]


def empty_the_ledger_too(case: TransactionTestCase) -> None:
    """Flush the tables after a test that commits: the ledger's triggers forbid it to all others.

    Its ids begin at 1 again: on SQLite a gap means that entries were taken away.
    """
    triggers.remove(connection)
    kept = list(LookupKey.objects.all())
    try:
        flush(case)
        LookupKey.objects.bulk_create(kept)
        if connection.vendor == "sqlite":
            with connection.cursor() as cursor:
                cursor.execute("DELETE FROM sqlite_sequence WHERE name LIKE 'ledger_%'")
    finally:
        triggers.install(connection)


@pytest.fixture(autouse=True)
def real_people() -> None:
    """Let no test ask, nor keep from another, whether the database's people are invented."""
    remember(False)


@pytest.fixture
def at() -> datetime:
    """Return a working Monday's morning: the instant at which tests act."""
    return datetime(2026, 11, 23, 9, 0, tzinfo=CHINA)


@pytest.fixture(scope="session")
def settle() -> Callable[[], None]:
    """Return what is to be called when the rows that a module's tests share are there.

    Without it PostgreSQL checks all their keys again after each test, and makes plans for tables
    that it takes for empty.
    """
    from qianshou.demo.planner import tell_planner

    def settled() -> None:
        connection.check_constraints()
        tell_planner()

    return settled


@pytest.fixture(scope="module")
def built(
    django_db_setup: None, django_db_blocker: Any, settle: Callable[[], None]
) -> Iterator[None]:
    """Have the demonstration's people and places for a module, and take them away again.

    They are built anew when a shift of theirs has ended since.
    """
    from qianshou.demo.district import SHIFT_STARTS, build_district
    from qianshou.kernel.installing import install_packs
    from qianshou.kernel.registry.workdays import forget_calendar

    present = now().astimezone(CHINA)

    def build() -> None:
        install_packs(present)
        build_district(present, 1)

    turn = sum(start <= present.hour for start in SHIFT_STARTS)
    with django_db_blocker.unblock(), transaction.atomic():
        built_once((present.date(), turn), build)
        forget_calendar()
        settle()
        yield
        transaction.set_rollback(True)
        forget_calendar()


@pytest.fixture
def district(built: None, db: None) -> None:
    """Let a test use the district: 27 towns with their officers, no matter yet."""
    cache.clear()


@pytest.fixture
def browse(district: None) -> Callable[[str], Client]:
    """Return what opens a browser for an account of the cast; "" is nobody."""
    from qianshou.kernel.registry.models import Officer

    def open_as(username: str) -> Client:
        client = Client()
        if username:
            client.force_login(Officer.objects.get(username=username))
        return client

    return open_as


class Quiet(WSGIRequestHandler):
    """Answers without telling the console."""

    def log_message(self, *told: object) -> None:
        """Say nothing."""


@pytest.fixture
def application(district: None, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return the product as WSGI, which leaves the test's own database connection open."""
    monkeypatch.setattr(connections["default"], "close_if_unusable_or_obsolete", lambda: None)
    return get_wsgi_application()


@pytest.fixture
def served(application: Any) -> Iterator[str]:
    """Serve the product over HTTP on the test's own database connection; return its address."""
    with make_server("127.0.0.1", 0, application, handler_class=Quiet) as server:
        own = connections["default"]
        own.inc_thread_sharing()

        def serve() -> None:
            connections["default"] = own
            server.serve_forever(poll_interval=0.02)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
            own.dec_thread_sharing()
