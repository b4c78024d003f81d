"""The system administrator's pages: tokens with their hooks, and the groups' robots."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from qianshou.design.asked import day, whole
from qianshou.design.desk import officer_page, show
from qianshou.design.environment import either
from qianshou.design.refused import by_field
from qianshou.exchange.hooks import KINDS, end_hook, make_hook
from qianshou.exchange.models import Hook, Robot
from qianshou.exchange.notices import KINDS as NOTICE_KINDS
from qianshou.exchange.notices import end_robot, kind_words, make_robot
from qianshou.kernel.access import Actor, require
from qianshou.kernel.clock import now
from qianshou.kernel.refusal import Refusal, Refusals
from qianshou.kernel.registry.models import Officer, Organisation
from qianshou.kernel.tokens.keeping import SCOPES, issue_token, revoke_token
from qianshou.kernel.tokens.models import Token

MOST = 200
Errors = Mapping[str, list[str]]


@require_http_methods(["GET", "POST"])
@officer_page
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Show the tokens, or give one out. The secret of one that acts as nobody is shown this once;
    of the others the officer is shown it when they agree.
    """
    require(actor.role == "system")
    errors: Errors = {}
    given: tuple[Token, str] | None = None
    if request.method == "POST":
        try:
            given = _issue(request, actor)
        except (Refusal, Refusals) as refusal:
            errors = by_field(refusal)
    rows = Token.objects.select_related("officer", "organisation", "post").order_by("-id")[:MOST]
    context = {
        "rows": list(rows),
        "given": given,
        "options": [(scope, either(*names)) for scope, names in SCOPES.items()],
        "chosen": request.POST.getlist("scopes") if errors else [],
        "typed": request.POST if errors else {},
        "errors": errors,
        "today": now().date(),
        "here": "tokens",
    }
    return show(request, actor, "exchange/tokens.html", context, 422 if errors else 200)


def _issue(request: HttpRequest, actor: Actor) -> tuple[Token, str]:
    sent = request.POST
    return issue_token(
        sent.get("name", "")[:100],
        sent.getlist("scopes"),
        _day(sent.get("expires_on", "")),
        officer=_officer(sent.get("officer", "").strip()),
        seat=_seat(sent.get("seat", "").strip()),
        by=actor,
        at=now(),
    )


def _day(text: str) -> date:
    try:
        return day(text)
    except ValueError:
        raise Refusal(
            "token.day", "日期要写成 2026-01-31 的样子", "Write a day like 2026-01-31", "expires_on"
        ) from None


def _officer(username: str) -> Officer | None:
    if not username:
        return None
    found = Officer.objects.filter(username=username[:40]).first()
    if found is None:
        raise Refusal("token.no_officer", "没有这个账号", "There is no such account", "officer")
    return found


def _seat(text: str) -> tuple[int, str] | None:
    if not text:
        return None
    code, _mark, post = text.partition("/")
    found = Organisation.objects.filter(code=code[:60]).values_list("pk", flat=True).first()
    return (found or 0, post[:40])


@require_http_methods(["GET", "POST"])
@officer_page
def page(request: HttpRequest, actor: Actor, token: int) -> HttpResponse:
    """Show a token with its hooks; revoke it, make a hook, or end one."""
    require(actor.role == "system")
    rows = Token.objects.select_related("officer", "organisation", "post")
    found = get_object_or_404(rows, pk=token)
    errors: Errors = {}
    given: tuple[Hook, str] | None = None
    if request.method == "POST":
        try:
            given = _change(request, found, actor)
            if given is None:
                return redirect("token", token)
        except (Refusal, Refusals) as refusal:
            errors = by_field(refusal)
    context = {
        "token": found,
        "hooks": list(Hook.objects.filter(token=found).order_by("-id")[:MOST]),
        "given": given,
        "kinds": [(kind, kind) for kind in KINDS],
        "chosen": request.POST.getlist("kinds") if errors else ["open", "complete", "warn"],
        "typed": request.POST if errors else {},
        "scopes": SCOPES,
        "errors": errors,
        "today": now().date(),
        "here": "tokens",
    }
    return show(request, actor, "exchange/token.html", context, 422 if errors else 200)


def _change(request: HttpRequest, token: Token, actor: Actor) -> tuple[Hook, str] | None:
    sent, at = request.POST, now()
    if sent.get("act") == "hook":
        url = sent.get("url", "").strip()[:300]
        return make_hook(token, url, sent.getlist("kinds"), by=actor, at=at)
    if sent.get("act") == "end":
        hook = whole(sent.get("hook", "")) or 0
        end_hook(get_object_or_404(Hook, token=token, pk=hook), by=actor, at=at)
        messages.success(request, _("回调已停用"))
    elif sent.get("act") == "revoke":
        revoke_token(token, by=actor, at=at)
        messages.success(request, _("令牌已停用"))
    return None


@require_http_methods(["GET", "POST"])
@officer_page
def robots(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Show the groups' robots; make one, or end one."""
    require(actor.role == "system")
    errors: Errors = {}
    if request.method == "POST":
        try:
            _change_robot(request, actor)
            return redirect("robots")
        except (Refusal, Refusals) as refusal:
            errors = by_field(refusal)
    rows = Robot.objects.filter(ended_at=None).select_related("organisation").order_by("-id")
    context: dict[str, Any] = {
        "rows": list(rows[:MOST]),
        "kinds": [(kind, kind_words(kind)) for kind in NOTICE_KINDS],
        "chosen": request.POST.getlist("kinds") if errors else ["late", "supervise"],
        "typed": request.POST if errors else {},
        "errors": errors,
        "outbound": [host for host in settings.OUTBOUND_HOSTS if host],
        "here": "robots",
    }
    return show(request, actor, "exchange/robots.html", context, 422 if errors else 200)


def _change_robot(request: HttpRequest, actor: Actor) -> None:
    sent, at = request.POST, now()
    if sent.get("act") == "end":
        robot = whole(sent.get("robot", "")) or 0
        end_robot(get_object_or_404(Robot, pk=robot), by=actor, at=at)
        messages.success(request, _("机器人已停用"))
        return
    make_robot(
        Organisation.objects.filter(code=sent.get("organisation", "").strip()[:60]).first(),
        sent.get("kind", ""),
        sent.get("name", "")[:60],
        sent.get("url", "").strip()[:500],
        sent.get("secret", "")[:200],
        sent.getlist("kinds"),
        by=actor,
        at=at,
    )
    messages.success(request, _("机器人已登记"))
