"""The money of a campaign: budget lines with what is spent, and every entry with its voucher."""

from collections.abc import Mapping
from datetime import date
from urllib.parse import urlencode

from django.contrib import messages
from django.core import signing
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from qianshou.design.asked import day, whole
from qianshou.design.desk import officer_page, show
from qianshou.design.download import give_file, table_response
from qianshou.design.environment import either, instant
from qianshou.design.refused import by_field
from qianshou.design.tried import Tried
from qianshou.kernel.access import Actor, require
from qianshou.kernel.campaigns.funds import (
    Spending,
    change_budget,
    read_yuan,
    spend,
    yuan_text,
)
from qianshou.kernel.campaigns.models import BudgetLine, Campaign, FundEntry
from qianshou.kernel.campaigns.reading import find_entries, lines_of
from qianshou.kernel.campaigns.rights import may_manage
from qianshou.kernel.clock import CHINA, now
from qianshou.kernel.documents.store import path_of
from qianshou.kernel.refusal import Refusal, Refusals
from qianshou.kernel.registry.sheets import Column
from qianshou.office.campaigns import find_campaign
from qianshou.office.taking import take_files

MOST = 5000
SALT = "campaigns.voucher"


@require_safe
@officer_page
def page(request: HttpRequest, actor: Actor, campaign: int) -> HttpResponse:
    """Show the budget lines and the entries, the newest first, of all lines or one."""
    return _show_funds(request, actor, find_campaign(actor, campaign), Tried())


def _show_funds(
    request: HttpRequest, actor: Actor, campaign: Campaign, tried: Tried
) -> HttpResponse:
    lines = list(lines_of(campaign))
    line = whole(request.GET.get("line", ""))
    after = whole(request.GET.get("after", ""))
    entries, following = find_entries(campaign, line=line, after=after)
    context = {
        "campaign": campaign,
        "lines": lines,
        "budget": sum(one.amount for one in lines),
        "spent": sum(one.spent for one in lines),
        "line": line,
        "entries": entries,
        "after": after,
        "following": following,
        "query": lambda **told: urlencode({key: value for key, value in told.items() if value}),
        "yuan": yuan_text,
        "manages": may_manage(actor, campaign),
        "today": now().astimezone(CHINA).date(),
        "tried": tried,
        "here": "campaigns",
    }
    return show(request, actor, "office/funds.html", context, 422 if tried.errors else 200)


@require_POST
@officer_page
def add(request: HttpRequest, actor: Actor, campaign: int) -> HttpResponse:
    """Enter money spent; what is refused is shown beside its field, with what was typed."""
    found = find_campaign(actor, campaign)
    require(may_manage(actor, found))
    sent = request.POST.dict()
    try:
        line = _line(found, sent)
        spend(line, _read_spending(request, sent), by=actor, at=now())
    except (Refusal, Refusals) as refusal:
        return _show_funds(request, actor, found, Tried("add", sent, by_field(refusal)))
    messages.success(request, _("已保存"))
    return redirect("funds", campaign)


@require_POST
@officer_page
def change(request: HttpRequest, actor: Actor, campaign: int) -> HttpResponse:
    """Set the budget of a line, with the reason."""
    found = find_campaign(actor, campaign)
    require(may_manage(actor, found))
    sent = request.POST.dict()
    try:
        line = _line(found, sent)
        amount = read_yuan(sent.get("amount", ""))
        change_budget(line, amount, reason=sent.get("reason", "")[:200], by=actor, at=now())
    except (Refusal, Refusals) as refusal:
        return _show_funds(request, actor, found, Tried("change", sent, by_field(refusal)))
    messages.success(request, _("已保存"))
    return redirect("funds", campaign)


def _line(campaign: Campaign, sent: Mapping[str, str]) -> BudgetLine:
    line = campaign.lines.filter(pk=whole(sent.get("line", "")) or 0).first()
    if line is None:
        raise Refusal("campaign.line", "请选择预算科目", "Please choose a budget line", "line")
    return line


def _read_spending(request: HttpRequest, sent: dict[str, str]) -> Spending:
    """Return what a form of spending says; refuses all that cannot be read, at once."""
    wrong: list[Refusal] = []
    amount, spent, voucher = 0, date.min, ("", "")
    try:
        amount = read_yuan(sent.get("amount", ""))
    except Refusal as refusal:
        wrong.append(refusal)
    try:
        spent = day(sent.get("spent_date", ""))
    except ValueError:
        wrong.append(
            Refusal(
                "campaign.day",
                "日期要写成 2026-01-31 的样子",
                "Write the day like 2026-01-31",
                "spent_date",
            )
        )
    try:
        voucher = _read_voucher(request, sent)
    except Refusal as refusal:
        wrong.append(refusal)
    if wrong:
        raise Refusals(wrong)
    return Spending(
        amount=amount,
        spent_date=spent,
        text=sent.get("text", ""),
        voucher=voucher[0],
        voucher_name=voucher[1],
        reason=sent.get("reason", ""),
        confirmed=sent.get("confirmed") == "1",
    )


def _read_voucher(request: HttpRequest, sent: dict[str, str]) -> tuple[str, str]:
    """Return the voucher that is sent, or else the one that an earlier attempt brought.

    It is put under `kept`, signed, so that the page can send it again.
    """
    if request.FILES.get("voucher") is None and sent.get("kept"):
        try:
            digest, name = signing.loads(sent["kept"], salt=SALT)
        except signing.BadSignature:
            sent["kept"] = ""
        else:
            sent["kept_name"] = name
            return digest, name
    [voucher, *_] = take_files(request, "voucher", now())
    sent["kept"], sent["kept_name"] = signing.dumps(voucher, salt=SALT), voucher[1]
    return voucher


COLUMNS = (
    Column("line", "预算科目", "Budget line"),
    Column("day", "支出日期", "Spent on"),
    Column("amount", "金额（元）", "Amount (yuan)"),
    Column("text", "用途", "For what"),
    Column("reason", "超支原因", "Why overspent"),
    Column("voucher", "凭证", "Voucher"),
    Column("officer", "登记人", "Entered by"),
    Column("at", "登记时间", "Entered"),
)


@require_safe
@officer_page
def export(request: HttpRequest, actor: Actor, campaign: int) -> HttpResponse:
    """Return the entries, of all lines or one, as an Excel or CSV file, 5,000 at most."""
    found = find_campaign(actor, campaign)
    line = whole(request.GET.get("line", ""))
    entries, _following = find_entries(found, line=line, size=MOST + 1)
    rows = [
        (
            either(one.line.name, one.line.name_en),
            one.spent_date.isoformat(),
            yuan_text(one.amount),
            one.text,
            one.reason,
            one.voucher_name,
            one.officer.name,
            instant(one.at),
        )
        for one in entries
    ]
    return table_response(request, COLUMNS, rows, f"{found.code}.funds", MOST)


@require_safe
@officer_page
def voucher(request: HttpRequest, actor: Actor, campaign: int, entry: int) -> HttpResponse:
    """Give out the voucher of an entry."""
    found = find_campaign(actor, campaign)
    one = get_object_or_404(
        FundEntry.objects.select_related("voucher"), pk=entry, line__campaign=found
    )
    if not path_of(one.voucher.digest).is_file():
        raise Http404
    return give_file(one.voucher, one.voucher_name)
