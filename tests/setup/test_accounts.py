"""Accounts from the command line: what is made can log in, what is locked cannot."""

from datetime import datetime

import pytest
from django.contrib.auth import authenticate

from qianshou import accounts, cli
from qianshou.kernel.access import CLOCK
from qianshou.kernel.clock import now
from qianshou.kernel.door.passwords import give_password, new_password
from qianshou.kernel.refusal import Refusal
from qianshou.kernel.registry.models import Officer

pytestmark = pytest.mark.django_db


def test_a_new_account_can_log_in_with_the_password_shown() -> None:
    password = accounts.create_account("wang_li", "王丽", "officer")
    assert authenticate(username="wang_li", password=password) is not None


def test_an_account_name_is_given_once() -> None:
    accounts.create_account("wang_li", "王丽", "officer")
    with pytest.raises(Refusal) as refused:
        accounts.create_account("wang_li", "王莉", "officer")
    assert (refused.value.code, refused.value.field) == ("accounts.taken", "username")


def test_a_locked_account_cannot_log_in_until_it_is_unlocked(at: datetime) -> None:
    password = accounts.create_account("wang_li", "王丽", "officer")
    accounts.set_active("wang_li", active=False)
    assert authenticate(username="wang_li", password=password) is None
    Officer.objects.filter(username="wang_li").update(failures=5, locked_until=at)
    accounts.set_active("wang_li", active=True)
    assert authenticate(username="wang_li", password=password) is not None
    assert Officer.objects.get(username="wang_li").locked_until is None


def test_a_reset_makes_the_old_password_useless() -> None:
    old = accounts.create_account("wang_li", "王丽", "officer")
    new = give_password(accounts.find_account("wang_li"), by=CLOCK, at=now())
    assert authenticate(username="wang_li", password=old) is None
    assert authenticate(username="wang_li", password=new) is not None


def test_an_unknown_account_is_refused() -> None:
    with pytest.raises(Refusal) as refused:
        accounts.find_account("nobody")
    assert refused.value.code == "accounts.unknown"


def test_the_command_lists_who_may_log_in(capsys: pytest.CaptureFixture[str]) -> None:
    accounts.create_account("wang_li", "王丽", "officer")
    accounts.create_account("li_ming", "李明", "audit")
    accounts.set_active("li_ming", active=False)
    assert cli.main(["users", "list"]) == 0
    printed = capsys.readouterr().out
    assert "✓ wang_li" in printed
    assert "✗ li_ming" in printed


def test_passwords_differ_and_avoid_letters_that_look_alike() -> None:
    made = {new_password() for _ in range(50)}
    assert len(made) == 50
    assert not set("".join(made)) & set("01loi")


def test_what_the_command_line_does_to_accounts_is_written_down(db: None) -> None:
    from qianshou.kernel.door.registering import history_of

    accounts.create_account("wang_wu", "王五", "officer")
    accounts.set_active("wang_wu", active=False)
    assert cli.main(["users", "reset", "wang_wu"]) == 0
    officer = Officer.objects.get(username="wang_wu")
    entries = history_of(officer)
    assert [entry["act"] for entry in entries] == ["register", "amend", "amend"]
    assert all(entry["by"]["name"] == "命令行" for entry in entries)
    assert officer.password not in str(entries)
    assert "'password'" not in str(entries)
