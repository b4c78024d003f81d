"""Who may be close to children: the yearly look-up of records, kept by towns and lead group."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from qianshou.design.asked import day as read_day
from qianshou.design.asked import whole
from qianshou.design.desk import officer_page, show
from qianshou.design.refused import by_field
from qianshou.design.sought import read_sought
from qianshou.kernel.access import Actor, require
from qianshou.kernel.clock import CHINA, now
from qianshou.kernel.refusal import Refusal, Refusals
from qianshou.kernel.registry.models import Officer, Posting
from qianshou.packs.commission.care.contacts import VETTED, record_vetting
from qianshou.packs.commission.care.models import Vetting
from qianshou.packs.commission.care.pages.words import role_words

PAGE = 50


def postings_kept(actor: Actor, at: datetime) -> Any:
    """Return the postings whose holders need a check: the lead group's all, a town's its own."""
    today = at.astimezone(CHINA).date()
    found = Posting.objects.filter(post__in=VETTED, from_date__lte=today).exclude(to_date__lt=today)
    if not any(seat.post == "lead_office" for seat in actor.seats):
        paths = [seat.division_path for seat in actor.seats if seat.post == "town_team"]
        found = found.filter(organisation__division__path__startswith=paths[0] if paths else "none")
    return found.select_related("officer", "organisation", "post").order_by("pk")


@require_http_methods(["GET", "POST"])
@officer_page
def page(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Show grid workers, social workers and volunteers with their checks; take down a new one."""
    require(any(seat.post in ("lead_office", "town_team") for seat in actor.seats))
    at, errors = now(), dict[str, list[str]]()
    mine = postings_kept(actor, at)
    chosen = whole(request.POST.get("officer", "")) if request.method == "POST" else None
    if request.method == "POST":
        posting = mine.filter(officer=chosen).first()
        require(posting is not None)
        try:
            _take_down(request, actor, posting.officer, at)
        except (Refusal, Refusals) as refusal:
            errors = by_field(refusal)
        else:
            messages.success(request, _("已登记"))
            return redirect("care-vetting")
    sought, after = read_sought(request), whole(request.GET.get("after", ""))
    if sought.words:
        mine = mine.filter(officer__name__contains=sought.words)
    rows = list(mine.filter(pk__gt=after or 0)[: PAGE + 1])
    context = {
        "rows": _with_checks(rows[:PAGE], at),
        "following": rows[PAGE - 1].pk if len(rows) > PAGE else None,
        "sought": sought,
        "errors": errors,
        "typed": request.POST,
        "chosen": chosen,
        "today": at.astimezone(CHINA).date(),
        "here": "care-month",
    }
    return show(request, actor, "care/vetting.html", context, 422 if errors else 200)


def _take_down(request: HttpRequest, actor: Actor, officer: Officer, at: datetime) -> None:
    sent = request.POST
    try:
        checked, valid_to = read_day(sent.get("checked_on", "")), read_day(sent.get("valid_to", ""))
    except ValueError:
        raise Refusal(
            "form.date", "请写成 2026-11-23 这样的日期", "Write a date like 2026-11-23", "valid_to"
        ) from None
    record_vetting(officer, checked, valid_to, sent.get("source", ""), by=actor, at=at)


def _with_checks(rows: list[Any], at: datetime) -> list[tuple[Any, str, Vetting | None, bool]]:
    today = at.astimezone(CHINA).date()
    checks = Vetting.objects.filter(officer__in=[row.officer_id for row in rows])
    latest = {check.officer_id: check for check in checks.order_by("valid_to", "pk")}
    told = []
    for row in rows:
        check = latest.get(row.officer_id)
        valid = check is not None and check.valid_to >= today
        told.append((row, role_words(row.post_id), check, valid))
    return told
