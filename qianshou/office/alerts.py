"""The security administrator's alerts: what was unusual, by whom, and who has looked at it."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from qianshou.design.asked import whole
from qianshou.design.desk import officer_page, show
from qianshou.kernel.access import Actor, require
from qianshou.kernel.clock import now
from qianshou.kernel.door.alerts import look_at_alert
from qianshou.kernel.registry.models import Alert

PAGE = 50


@require_safe
@officer_page
def page(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Show the alerts, the newest first; all of them, or those that nobody has looked at."""
    require(actor.role == "security")
    found = Alert.objects.select_related("officer", "read_by").order_by("-pk")
    state = "open" if request.GET.get("state") == "open" else ""
    if state:
        found = found.filter(read_at=None)
    before = whole(request.GET.get("before", ""))
    if before is not None:
        found = found.filter(pk__lt=before)
    rows = list(found[: PAGE + 1])
    context = {
        "rows": rows[:PAGE],
        "following": rows[PAGE - 1].pk if len(rows) > PAGE else None,
        "state": state,
        "here": "alerts",
    }
    return show(request, actor, "office/alerts.html", context)


@require_POST
@officer_page
def look(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Mark one alert as looked at, written down with who did."""
    require(actor.role == "security")
    number = whole(request.POST.get("alert", ""))
    alert = Alert.objects.filter(pk=number or 0).first()
    if alert is not None:
        look_at_alert(alert, by=actor, at=now())
        messages.success(request, _("已标为看过"))
    return redirect("alerts")
