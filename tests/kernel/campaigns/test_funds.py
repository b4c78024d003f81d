"""Money: whole 分, a voucher for every entry, and no line overspent without a reason."""

from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from django.db import IntegrityError, transaction

from qianshou.kernel.campaigns.funds import (
    Spending,
    change_budget,
    read_yuan,
    spend,
    spent_on,
    yuan_text,
)
from qianshou.kernel.campaigns.models import BudgetLine, FundEntry
from qianshou.kernel.campaigns.reading import find_entries, lines_of
from qianshou.kernel.door.registering import history_of
from qianshou.kernel.ledger.replay import verify
from qianshou.kernel.refusal import Refusal
from tests.kernel.campaigns.small import MANAGER, OWNER, STRANGER, actor, install_small
from tests.kernel.campaigns.test_measures import paper, refused


@pytest.fixture
def line(district: None, tmp_path: Path, at: datetime) -> BudgetLine:
    """Return a line with 1,000.00 yuan."""
    return install_small(tmp_path, at).lines.get(code="meters")


@pytest.fixture
def what(line: BudgetLine, at: datetime) -> Spending:
    digest, name = paper(at)
    return Spending(60_000, at.date(), "监测仪两台", digest, name)


@pytest.mark.parametrize(
    ("text", "fen"),
    [("1,234.50", 123450), ("0.01", 1), (" 7 ", 700), ("-3.2", -320), ("1，000", 100000)],
)
def test_yuan_are_read_as_fen(text: str, fen: int) -> None:
    assert read_yuan(text) == fen


@pytest.mark.parametrize(
    "text", ["", "x", "1.234", "NaN", "Infinity", "-Infinity", "1e40", "100000000000.01"]
)
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(Refusal) as found:
        read_yuan(text)
    assert (found.value.code, found.value.field) == ("campaign.amount", "amount")


def test_fen_are_written_as_yuan() -> None:
    assert [yuan_text(fen) for fen in (0, 5, -5, 62_000_000)] == [
        "0.00", "0.05", "-0.05", "620,000.00",
    ]  # fmt: skip


def test_money_is_spent_and_taken_back(line: BudgetLine, what: Spending, at: datetime) -> None:
    by = actor(MANAGER, at)
    entry = spend(line, what, by=by, at=at)
    spend(line, replace(what, amount=-10_000, text="退一台差价"), by=by, at=at)
    assert spent_on(line) == 50_000
    row = next(one for one in lines_of(line.campaign) if one.pk == line.pk)
    assert (row.spent, row.left) == (50_000, 50_000)
    assert history_of(entry)[0]["after"]["amount"] == 60_000
    assert list(verify()) == []


def test_a_line_is_overspent_only_with_a_confirmed_reason(
    line: BudgetLine, what: Spending, at: datetime
) -> None:
    by = actor(MANAGER, at)
    spend(line, what, by=by, at=at)
    more = replace(what, amount=40_001)
    for tried in (more, replace(more, confirmed=True), replace(more, reason="涨价")):
        assert refused(partial(spend, line, tried, by=by, at=at)) == [
            ("campaign.overspent", "reason")
        ]
    spend(line, replace(what, amount=40_000), by=by, at=at)
    entry = spend(line, replace(what, amount=1, reason="涨价", confirmed=True), by=by, at=at)
    assert entry.reason == "涨价"
    assert history_of(entry)[0]["reason"] == "涨价"
    assert refused(lambda: spend(line, replace(what, amount=1), by=by, at=at)) == [
        ("campaign.overspent", "reason")
    ]


def test_a_reason_that_is_not_needed_is_not_kept(
    line: BudgetLine, what: Spending, at: datetime
) -> None:
    entry = spend(line, replace(what, reason="备用", confirmed=True), by=actor(MANAGER, at), at=at)
    assert entry.reason == ""


def test_every_mistake_is_told_at_once(line: BudgetLine, at: datetime) -> None:
    wrong = Spending(0, at.date() + timedelta(days=1), " ", "", "")
    assert refused(lambda: spend(line, wrong, by=actor(MANAGER, at), at=at)) == [
        ("campaign.amount", "amount"),
        ("campaign.day", "spent_date"),
        ("door.text", "text"),
        ("campaign.voucher", "voucher"),
    ]


def test_no_more_is_taken_back_than_was_spent(
    line: BudgetLine, what: Spending, at: datetime
) -> None:
    by = actor(MANAGER, at)
    spend(line, what, by=by, at=at)
    assert refused(lambda: spend(line, replace(what, amount=-60_001), by=by, at=at)) == [
        ("campaign.taken_back", "amount")
    ]


@pytest.mark.parametrize("username", [OWNER, STRANGER, "sys_admin"])
def test_only_who_manages_touches_the_money(
    line: BudgetLine, what: Spending, at: datetime, username: str
) -> None:
    by = actor(username, at)
    denied = [("access.denied", None)]
    assert refused(lambda: spend(line, what, by=by, at=at)) == denied
    assert refused(lambda: change_budget(line, 1, reason="x", by=by, at=at)) == denied


def test_a_budget_changes_with_a_reason(line: BudgetLine, at: datetime) -> None:
    by = actor(MANAGER, at)
    assert refused(lambda: change_budget(line, 1, reason="", by=by, at=at)) == [
        ("door.reason", "reason")
    ]
    assert refused(lambda: change_budget(line, -1, reason="x", by=by, at=at)) == [
        ("campaign.amount", "amount")
    ]
    change_budget(line, 120_000, reason="追加", by=by, at=at)
    assert history_of(line)[-1]["reason"] == "追加"


def test_the_database_holds_what_money_is(line: BudgetLine, what: Spending, at: datetime) -> None:
    entry = spend(line, what, by=actor(MANAGER, at), at=at)
    with pytest.raises(IntegrityError), transaction.atomic():
        FundEntry.objects.filter(pk=entry.pk).update(amount=0)
    with pytest.raises(IntegrityError), transaction.atomic():
        BudgetLine.objects.filter(pk=line.pk).update(amount=-1)
    with pytest.raises(IntegrityError), transaction.atomic():
        BudgetLine.objects.filter(code="leaflets").update(code="meters")


def test_entries_come_in_pages(line: BudgetLine, what: Spending, at: datetime) -> None:
    by = actor(MANAGER, at)
    for _ in range(5):
        spend(line, replace(what, amount=1), by=by, at=at)
    campaign = line.campaign
    first, after = find_entries(campaign, size=3)
    rest, end = find_entries(campaign, size=3, after=after)
    assert (len(first), len(rest), end) == (3, 2, None)
    assert find_entries(campaign, line=campaign.lines.get(code="leaflets").pk) == ([], None)
