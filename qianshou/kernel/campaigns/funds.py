"""The money of a campaign (专项经费): budget lines, and what was spent on them, in whole 分."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

from django.db.models import Sum

from qianshou.kernel.access import Actor, require
from qianshou.kernel.campaigns.changing import acting
from qianshou.kernel.campaigns.models import BudgetLine, FundEntry
from qianshou.kernel.campaigns.rights import may_manage
from qianshou.kernel.clock import CHINA
from qianshou.kernel.documents.models import Document
from qianshou.kernel.door.registering import change_row, lock_row
from qianshou.kernel.door.rules import require_text
from qianshou.kernel.door.turn import write_turn
from qianshou.kernel.refusal import Refusal, Refusals

MOST_FEN = 10**13


@dataclass(frozen=True)
class Spending:
    """What somebody enters: so much 分 on a day for something, with the voucher's digest and name.

    `reason` says why the line may be overspent; without `confirmed` it may not.
    """

    amount: int
    spent_date: date
    text: str
    voucher: str
    voucher_name: str
    reason: str = ""
    confirmed: bool = False


def read_yuan(text: str, field: str = "amount") -> int:
    """Return the 分 that an amount of yuan such as "1,234.50" makes.

    Refuses what is no amount, has more than two decimals or is beyond 100 billion yuan
    (campaign.amount).
    """
    try:
        fen = Decimal(text.strip().replace(",", "").replace("，", "")) * 100
        if fen == fen.to_integral_value() and abs(fen) <= MOST_FEN:
            return int(fen)
    except InvalidOperation:
        pass
    raise Refusal(
        "campaign.amount",
        "金额请写成元，最多两位小数，如 1234.50",
        "Please write the amount in yuan with at most two decimals, such as 1234.50",
        field,
    )


def yuan_text(fen: int) -> str:
    """Return an amount of 分 in yuan: "1,234.50", "-0.05"."""
    return f"{Decimal(fen) / 100:,.2f}"


def spent_on(line: BudgetLine) -> int:
    """Return how many 分 are spent on a line."""
    return line.entries.aggregate(spent=Sum("amount"))["spent"] or 0


def spend(line: BudgetLine, what: Spending, *, by: Actor, at: datetime) -> FundEntry:
    """Enter money spent on a line, or with an amount below nought taken back.

    Refuses nothing at all (campaign.amount), a day to come (campaign.day), no purpose or voucher
    (door.text, campaign.voucher), more taken back than was spent (campaign.taken_back), and an
    overspent line unless it is confirmed with a reason (campaign.overspent).
    """
    with _locked(line):
        require(may_manage(by, line.campaign))
        wrong = _wrong(what, at)
        if wrong:
            raise Refusals(wrong)
        spent = spent_on(line)
        left = line.amount - spent
        if spent + what.amount < 0:
            raise Refusal(
                "campaign.taken_back",
                f"冲减不能多于已支出的 {yuan_text(spent)} 元",
                f"No more than the {yuan_text(spent)} yuan spent can be taken back",
                "amount",
            )
        over = what.amount > max(left, 0)
        if over and not (what.confirmed and what.reason.strip()):
            raise Refusal(
                "campaign.overspent",
                f"该科目只余 {yuan_text(left)} 元；确需超支，请勾选确认并写明原因",
                f"Only {yuan_text(left)} yuan are left on this line; "
                "to overspend it, confirm and say why",
                "reason",
            )
        values = {
            "line": line,
            "amount": what.amount,
            "spent_date": what.spent_date,
            "text": what.text.strip()[:200],
            "voucher": Document.objects.get(pk=what.voucher),
            "voucher_name": what.voucher_name[:120] or what.voucher[:8],
            "reason": what.reason.strip()[:200] if over else "",
            "officer": acting(by),
            "at": at,
        }
        return change_row(FundEntry(), values, by=by, at=at, reason=what.reason if over else "")


def change_budget(line: BudgetLine, amount: int, *, reason: str, by: Actor, at: datetime) -> None:
    """Set a line's budget, with the reason; Refusal campaign.amount for one below nought."""
    with _locked(line):
        require(may_manage(by, line.campaign))
        require_text(reason, "reason", "请写明调整原因", "Please say why you change it")
        if amount < 0:
            raise Refusal(
                "campaign.amount", "预算不能为负", "A budget is not below nought", "amount"
            )
        change_row(line, {"amount": amount}, by=by, at=at, reason=reason)


@contextmanager
def _locked(line: BudgetLine) -> Iterator[None]:
    with write_turn():
        lock_row(line)
        yield


def _wrong(what: Spending, at: datetime) -> list[Refusal]:
    wrong = []
    if not what.amount:
        wrong.append(Refusal("campaign.amount", "请填写金额", "Please write the amount", "amount"))
    if what.spent_date > at.astimezone(CHINA).date():
        wrong.append(
            Refusal(
                "campaign.day",
                "支出日期不能晚于今天",
                "The day of spending cannot be later than today",
                "spent_date",
            )
        )
    if not what.text.strip():
        wrong.append(Refusal("door.text", "请写明用途", "Please say what it was spent on", "text"))
    if not what.voucher:
        wrong.append(
            Refusal("campaign.voucher", "请上传凭证", "Please upload the voucher", "voucher")
        )
    return wrong
