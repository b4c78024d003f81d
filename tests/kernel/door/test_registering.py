"""A row of the registry changes as it is in the table now, not as somebody read it once."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from qianshou.kernel.access import CLOCK
from qianshou.kernel.door.registering import change_row, history_of
from qianshou.kernel.ledger.replay import verify
from qianshou.kernel.registry.models import Officer


@pytest.fixture
def wang(db: None, at: datetime) -> Officer:
    return change(Officer(), at, username="wang", name="王芳", password="old")


def change(row: Officer, at: datetime, **values: Any) -> Officer:
    return change_row(row, values, by=CLOCK, at=at)


def test_a_failed_log_in_does_not_bring_a_closed_account_back(wang: Officer, at: datetime) -> None:
    """The page of the log-in read the row before the security administrator closed it."""
    change(Officer.objects.get(pk=wang.pk), at, is_active=False, password="new")
    change(wang, at, failures=0, locked_until=at + timedelta(minutes=15))
    kept = Officer.objects.get(pk=wang.pk)
    assert (kept.is_active, kept.password) == (False, "new")
    assert (wang.is_active, wang.password) == (False, "new")


def test_what_was_before_is_what_the_table_held(wang: Officer, at: datetime) -> None:
    change(Officer.objects.get(pk=wang.pk), at, name="王芬")
    change(wang, at, name="王菲")
    assert history_of(wang)[-1]["before"] == {"name": "王芬"}
    assert list(verify()) == []


def test_what_is_in_the_table_already_is_not_written_again(wang: Officer, at: datetime) -> None:
    change(Officer.objects.get(pk=wang.pk), at, name="王菲")
    change(wang, at, name="王菲")
    assert len(history_of(wang)) == 2
