"""What every test shares: where the database lies, cheap passwords, one instant.

The database is the one of DATABASE_URL, or else an SQLite file (a file, not memory, so that
threads, locks and the write-ahead log behave as they do in the product).
"""

import tempfile
from datetime import datetime
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection, connections
from django.test import TransactionTestCase

from qianshou.kernel.clock import CHINA
from qianshou.kernel.ledger import triggers


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


flush = TransactionTestCase._fixture_teardown  # type: ignore[attr-defined]


def empty_the_ledger_too(case: TransactionTestCase) -> None:
    """Flush the tables after a test that commits: the ledger's triggers forbid it to all others."""
    triggers.remove(connection)
    try:
        flush(case)
    finally:
        triggers.install(connection)


@pytest.fixture
def at() -> datetime:
    """Return a working Monday's morning: the instant at which tests act."""
    return datetime(2026, 11, 23, 9, 0, tzinfo=CHINA)
