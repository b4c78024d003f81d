"""An officer's calendar of deadlines (iCalendar, RFC 5545), read by a calendar at a secret address.

Titles name the step and the matter's number, never what the matter says; tasks in a circle are
left out.
"""

import secrets
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.http import require_safe
from icalendar import Calendar, Event

from qianshou.design.headers import address_of
from qianshou.exchange.models import Feed
from qianshou.kernel.access import Actor, actor_of
from qianshou.kernel.calendar import NEVER
from qianshou.kernel.clock import now
from qianshou.kernel.door.passwords import way_in
from qianshou.kernel.door.registering import change_row
from qianshou.kernel.limits.counting import Limit, TooMany, spend
from qianshou.kernel.registry.vault import lookup_digest
from qianshou.kernel.worklist.lists import list_tasks, matters_in_circles

MOST = 200
GUESSES = Limit("feed-guess", 20, timedelta(minutes=10))


def make_feed(officer: Any, *, by: Actor, at: datetime) -> str:
    """Give an officer's calendar a new secret address and return its secret; the old one ends."""
    secret = secrets.token_urlsafe(32)
    row = Feed.objects.filter(officer=officer).first() or Feed(officer=officer)
    values = {"officer": officer, "secret_digest": lookup_digest(f"feed/{secret}")}
    change_row(row, values, by=by, at=at, reason="新的订阅地址")
    return secret


@way_in
def end_feed(officer: Any, /, *, by: Actor, at: datetime) -> None:
    """End an officer's calendar."""
    row = Feed.objects.filter(officer=officer).exclude(secret_digest="").first()
    if row is not None:
        change_row(row, {"secret_digest": ""}, by=by, at=at, reason="停用订阅地址")


@require_safe
def calendar(request: HttpRequest, secret: str) -> HttpResponse:
    """Give out the calendar; an unknown secret is counted by address and answered with 404."""
    at, address = now(), address_of(request)
    try:
        digest = lookup_digest(f"feed/{secret}")
        rows = Feed.objects.filter(secret_digest=digest, officer__is_active=True)
        feed = rows.select_related("officer").first()
        if feed is None:
            spend(GUESSES, address, at)
            raise Http404
    except TooMany as refusal:
        wait = str(refusal.minutes * 60)
        return HttpResponse(refusal.en, status=429, headers={"Retry-After": wait})
    with override(feed.officer.language):
        content = calendar_of(actor_of(feed.officer, at), at, feed.officer.language)
    return HttpResponse(content, content_type="text/calendar; charset=utf-8")


def calendar_of(by: Actor, at: datetime, language: str) -> bytes:
    """Return the open tasks of an officer as a calendar (three queries)."""
    made = Calendar()
    made.add("prodid", "-//Qianshou//Deadlines//ZH")
    made.add("version", "2.0")
    made.add("x-wr-calname", _("千手：办理期限"))
    made.add("refresh-interval", timedelta(minutes=30), parameters={"VALUE": "DURATION"})
    rows = list_tasks("mine", by, at=at, size=MOST).rows
    hidden = matters_in_circles({row.matter for row in rows})
    for row in rows:
        if row.due_at == NEVER or row.matter in hidden:
            continue
        one = Event()
        one.add("uid", f"task-{row.id}@qianshou")
        one.add("dtstamp", at)
        one.add("dtstart", row.due_at)
        one.add("summary", f"{row.name if language.startswith('zh') else row.name_en} {row.number}")
        one.add("url", f"{settings.ADDRESS}{reverse('matter', args=[row.matter])}")
        one.add("transp", "TRANSPARENT")
        made.add_component(one)
    return bytes(made.to_ical())
