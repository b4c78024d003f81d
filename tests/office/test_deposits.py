"""The auditor prints the roots of some days and takes the deposit away; nobody else does."""

import json
from collections.abc import Callable
from datetime import date
from hashlib import sha256

import pytest
from django.test import Client

from qianshou.kernel.clock import CHINA, now
from qianshou.kernel.ledger.deposit import check_deposit, make_deposit
from qianshou.kernel.ledger.seals import seal_entries
from qianshou.office.deposits import fours, sheet_of

Browse = Callable[[str], Client]
ADDRESS = "/audit/deposit/"


def test_the_sheet_of_today_can_be_printed_and_its_file_compared(browse: Browse) -> None:
    seal = seal_entries(now())
    assert seal is not None
    auditor, day = browse("audit_admin"), now().astimezone(CHINA).date().isoformat()
    page = auditor.get(ADDRESS).content.decode()
    assert fours(seal.root) in page
    assert fours(seal.hash) in page
    assert '<svg xmlns="http://www.w3.org/2000/svg"' in page or "<svg width" in page
    assert "style=" not in page
    shown = sheet_of(make_deposit(date.fromisoformat(day), date.fromisoformat(day)))["digest"]
    assert shown in page
    assert f"{ADDRESS}{day}/{day}/?seal={seal.pk}" in page
    file = auditor.get(f"{ADDRESS}{day}/{day}/?seal={seal.pk}")
    assert fours(sha256(file.content).hexdigest()) == shown
    assert file["Content-Disposition"].startswith("attachment")
    assert list(check_deposit(json.loads(file.content))) == []


@pytest.mark.parametrize(
    ("asked", "field"),
    [("from=soon", "from"), ("from=2020-01-01&to=2020-01-02", "from"), ("to=1999-01-01", "from")],
)
def test_days_that_give_nothing_are_told_beside_their_field(
    browse: Browse, asked: str, field: str
) -> None:
    answer = browse("audit_admin").get(f"{ADDRESS}?{asked}")
    assert answer.status_code == 422
    assert f'id="{field}-err"' in answer.content.decode()


def test_an_address_without_days_is_not_there_and_others_see_nothing(browse: Browse) -> None:
    assert browse("audit_admin").get(f"{ADDRESS}soon/later/").status_code == 404
    assert browse("audit_admin").get(f"{ADDRESS}2020-01-01/2020-01-01/").status_code == 404
    assert browse("sec_admin").get(ADDRESS).status_code == 403
    assert browse("sec_admin").get(f"{ADDRESS}2020-01-01/2020-01-01/").status_code == 403
