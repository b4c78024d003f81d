"""Notices: what an officer, or whoever sits at their post, should read."""

from collections.abc import Iterable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from qianshou.design.asked import whole
from qianshou.design.desk import officer_page, show
from qianshou.design.download import table_response
from qianshou.design.environment import either, instant
from qianshou.kernel.access import Actor
from qianshou.kernel.clock import now
from qianshou.kernel.registry.sheets import Column
from qianshou.kernel.worklist import notices

PAGE = 50
MOST = 5000


@require_safe
@officer_page
def page(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Show the notices, the newest first; `before` is the id under which the next page begins."""
    found = notices.notices_for(actor).select_related("matter")
    before = whole(request.GET.get("before", ""))
    if before is not None:
        found = found.filter(pk__lt=before)
    rows = list(found[: PAGE + 1])
    following = rows[PAGE - 1].pk if len(rows) > PAGE else None
    return show(
        request,
        actor,
        "office/notices.html",
        {"rows": rows[:PAGE], "following": following, "here": "notices"},
    )


COLUMNS = (
    Column("at", "时间", "Time"),
    Column("text", "通知", "Notice"),
    Column("matter", "编号", "Number"),
    Column("read", "已读", "Read"),
)


@require_safe
@officer_page
def export(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Return the notices as an Excel or CSV file, the newest 5,000."""
    found: Iterable[Any] = notices.notices_for(actor).select_related("matter")[: MOST + 1]
    rows = [
        (
            instant(one.at),
            either(one.text, one.text_en),
            one.matter.number if one.matter else "",
            _("是") if one.is_read else _("否"),
        )
        for one in found
    ]
    return table_response(request, COLUMNS, rows, "notices", MOST)


@require_POST
@officer_page
def mark_read(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Mark one notice read and go to its matter, if it has one, or mark them all."""
    one = whole(request.POST.get("notice", ""))
    if one is None:
        notices.mark_read(actor, at=now())
        return redirect("notices")
    notice = notices.notices_for(actor).filter(pk=one).first()
    if notice is None:
        return redirect("notices")
    notices.mark_read(actor, at=now(), notice=notice.pk)
    if notice.matter_id is None:
        return redirect("notices")
    return redirect("matter", notice.matter_id)
