"""Logging in and out, one's own profile; five failures lock an account for a quarter of an hour."""

import secrets
from collections.abc import Mapping
from datetime import timedelta
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.contrib.auth import login, logout, update_session_auth_hash
from django.contrib.auth.hashers import check_password, make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from qianshou.design.desk import officer_page, show
from qianshou.design.headers import address_of
from qianshou.design.refused import by_field
from qianshou.kernel.access import Actor
from qianshou.kernel.clock import now
from qianshou.kernel.door.passwords import GIVEN
from qianshou.kernel.door.registering import change_row, history_of
from qianshou.kernel.limits.counting import Limit, TooMany, refuse_if_spent, spend
from qianshou.kernel.refusal import Refusal, Refusals
from qianshou.kernel.registry.models import Officer

FAILURES = 5
LOCKED = timedelta(minutes=15)
KNOCKS = Limit("login", 30, LOCKED)
DOORMAN = Actor("clock", name="登录")


def wrong() -> Refusal:
    """Return the one answer to every failed log-in: it does not tell which accounts exist."""
    return Refusal(
        "account.wrong",
        "账号或密码不对；连续错 5 次，账号锁定 15 分钟",
        "Wrong account or password; five failures in a row lock an account for 15 minutes",
        "",
    )


def check_account(username: str, password: str, address: str) -> Officer:
    """Return the officer who may log in, or raise Refusal account.wrong.

    Counts failures by account (on its row) and by address. A locked account answers like a
    wrong password, and so does an account that does not exist (a hash is computed for both).
    """
    at = now()
    try:
        refuse_if_spent(KNOCKS, address, at)
        officer = Officer.objects.filter(username=username[:40]).first()
        matches = check_password(password[:200], officer.password if officer else phantom())
        until = officer.locked_until if officer is not None else None
        if until is not None and until > at:
            raise wrong()
        if officer is not None and matches and officer.is_active:
            if officer.failures or until:
                Officer.objects.filter(pk=officer.pk).update(failures=0, locked_until=None)
            return officer
        spend(KNOCKS, address, at)
    except TooMany:
        raise wrong() from None
    if officer is not None:
        _count_failure(officer)
    raise wrong()


@lru_cache(maxsize=1)
def phantom() -> str:
    """Return a hash that no password has, so that an account unknown takes as long to refuse."""
    return make_password(secrets.token_hex(16))


def _count_failure(officer: Officer) -> None:
    Officer.objects.filter(pk=officer.pk).update(failures=F("failures") + 1)
    officer.refresh_from_db(fields=["failures"])
    if officer.failures >= FAILURES:
        at = now()
        change_row(
            officer, {"failures": 0, "locked_until": at + LOCKED}, by=DOORMAN, at=at,
            reason="连续登录失败",
        )  # fmt: skip


def own_address(request: HttpRequest, onward: str) -> str:
    """Return `onward` where it is an address of this server, else the first page's."""
    own = url_has_allowed_host_and_scheme(onward, {request.get_host()}, request.is_secure())
    return onward if own and onward.startswith("/") else "/"


@require_http_methods(["GET", "POST"])
def enter(request: HttpRequest) -> HttpResponse:
    """Show the log-in page, or let an officer in."""
    onward = own_address(request, request.POST.get("next") or request.GET.get("next") or "")
    errors: Mapping[str, list[str]] = {}
    if request.method == "POST":
        try:
            officer = check_account(
                request.POST.get("username", "").strip(),
                request.POST.get("password", ""),
                address_of(request),
            )
        except Refusal as refusal:
            errors = by_field(refusal)
        else:
            login(request, officer)
            return _in_language(redirect(onward), officer.language)
    elif isinstance(request.user, Officer):
        return redirect(onward)
    return render(
        request,
        "office/login.html",
        {"errors": errors, "username": request.POST.get("username", ""), "next": onward},
        status=422 if errors else 200,
    )


@require_POST
def leave(request: HttpRequest) -> HttpResponse:
    """End the session."""
    logout(request)
    return redirect("login")


@require_POST
def switch_theme(request: HttpRequest) -> HttpResponse:
    """Turn light to dark and back, for browsers without script."""
    onward = own_address(request, request.POST.get("next", ""))
    response = redirect(onward)
    dark = request.COOKIES.get("theme") != "dark"
    response.set_cookie("theme", "dark" if dark else "light", max_age=365 * 86400, samesite="Lax")
    return response


@require_http_methods(["GET", "POST"])
@officer_page
def profile(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Show one's own account; change its language or password."""
    officer = request.user
    assert isinstance(officer, Officer)
    errors: Mapping[str, list[str]] = {}
    done = ""
    if request.method == "POST":
        try:
            if "language" in request.POST:
                change_language(officer, request.POST["language"], actor)
                return _in_language(redirect("profile"), officer.language)
            change_password(officer, request.POST, actor)
            update_session_auth_hash(request, officer)
            done = _("密码已更改")
        except (Refusal, Refusals) as refusal:
            errors = by_field(refusal)
    context: dict[str, Any] = {
        "officer": officer,
        "postings": officer.postings.select_related("post", "organisation").order_by("id"),
        "errors": errors,
        "done": done,
        "giver": giver_of(officer) if officer.must_change_password else None,
        "languages": settings.LANGUAGES,
        "here": "profile",
    }
    return show(request, actor, "office/profile.html", context, 422 if errors else 200)


def giver_of(officer: Officer) -> dict[str, Any] | None:
    """Return the ledger's entry of who gave the account its password, and when."""
    given = [entry for entry in history_of(officer) if entry.get("reason") == GIVEN]
    return given[-1] if given else None


def change_language(officer: Officer, code: str, by: Actor) -> None:
    """Set the language in which an officer reads; refuses account.language."""
    if code not in dict(settings.LANGUAGES):
        raise Refusal("account.language", "没有这种语言", "There is no such language", "language")
    change_row(officer, {"language": code}, by=by, at=now())


def change_password(officer: Officer, sent: Mapping[str, str], by: Actor) -> None:
    """Set a new password.

    Refuses account.old (the old one is wrong), account.again (the two differ) and
    account.weak (too short, too common, too like the name).
    """
    if not check_password(sent.get("old", "")[:200], officer.password):
        raise Refusal("account.old", "原密码不对", "The old password is wrong", "old")
    fresh = sent.get("new", "")
    if fresh != sent.get("again", ""):
        raise Refusal("account.again", "两次输入的新密码不一样", "The two differ", "again")
    try:
        validate_password(fresh[:200], officer)
    except ValidationError as error:
        zh, en = _in_both(error)
        raise Refusal("account.weak", zh, en, "new") from error
    values = {"password": make_password(fresh), "must_change_password": False}
    change_row(officer, values, by=by, at=now())


def _in_both(error: ValidationError) -> tuple[str, str]:
    texts = []
    for code in ("zh-hans", "en"):
        with translation.override(code):
            texts.append(" ".join(str(text) for text in error.messages))
    return texts[0], texts[1]


def _in_language(response: HttpResponse, code: str) -> HttpResponse:
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME, code, max_age=365 * 86400, samesite="Lax",
        secure=settings.SECURE, httponly=True,
    )  # fmt: skip
    return response
