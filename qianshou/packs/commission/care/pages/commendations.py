"""The list of commendations, giving one, and the list as a file."""

from collections.abc import Mapping

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from qianshou.design.asked import whole
from qianshou.design.desk import officer_page, show
from qianshou.design.download import table_response
from qianshou.design.refused import by_field, language
from qianshou.design.sought import read_sought
from qianshou.kernel.access import Actor, require
from qianshou.kernel.clock import now
from qianshou.kernel.refusal import Refusal, Refusals
from qianshou.kernel.registry.sheets import Column
from qianshou.packs.commission.care.commending import commend, may_commend
from qianshou.packs.commission.care.models import Commendation

PAGE, MOST = 50, 5000
PACK = "commission.care"


def commendations_found(words: str) -> QuerySet[Commendation]:
    """Return the commendations in which words are found, the newest first."""
    found = Commendation.objects.select_related("officer", "organisation", "given_by")
    if words:
        named = Q(officer__name__icontains=words) | Q(organisation__name__icontains=words)
        found = found.filter(named | Q(reason__icontains=words))
    return found.order_by("-given_on", "-pk")


@require_http_methods(["GET", "POST"])
@officer_page
def page(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Show the commendations to everybody of the pack, and give one."""
    require(any(seat.pack == PACK for seat in actor.seats))
    errors: Mapping[str, list[str]] = {}
    if request.method == "POST":
        try:
            who, reason = request.POST.get("who", ""), request.POST.get("reason", "")
            row = commend(who, reason, by=actor, at=now())
            messages.success(request, _("已表扬 %(name)s") % {"name": row.officer.name})
            return redirect("care-commendations")
        except (Refusal, Refusals) as refusal:
            if isinstance(refusal, Refusal) and refusal.code == "access.denied":
                raise
            errors = by_field(refusal)
    sought = read_sought(request)
    number = max(1, min(whole(request.GET.get("page", "")) or 1, 10_000))
    rows = list(commendations_found(sought.words)[(number - 1) * PAGE : number * PAGE + 1])
    context = {
        "rows": rows[:PAGE],
        "more": len(rows) > PAGE,
        "number": number,
        "sought": sought,
        "may_give": may_commend(actor),
        "errors": errors,
        "sent": request.POST,
        "here": "care-lead",
    }
    return show(request, actor, "care/commendations.html", context, 422 if errors else 200)


EXPORTED = (
    Column("name", "姓名", "Name"),
    Column("organisation", "单位", "Organisation"),
    Column("reason", "事由", "Reason"),
    Column("given", "日期", "Day"),
    Column("by", "表扬人", "Given by"),
)


@require_safe
@officer_page
def export(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Return the commendations found as an Excel file, 5,000 rows at most."""
    require(any(seat.pack == PACK for seat in actor.seats))
    zh = language().startswith("zh")
    lines = [
        (
            row.officer.name,
            row.organisation.name if zh else row.organisation.name_en,
            row.reason,
            row.given_on.isoformat(),
            row.given_by.name,
        )
        for row in commendations_found(read_sought(request).words)[:MOST]
    ]
    return table_response(request, EXPORTED, lines, "commendations")
