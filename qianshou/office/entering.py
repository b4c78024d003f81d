"""Logging in and out: a password, then a code where a second factor is set up or owed.

Five failures in a row, of passwords or codes, lock an account for a quarter of an hour.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from django.conf import settings
from django.contrib.auth import login, logout
from django.contrib.auth.hashers import check_password, make_password
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.crypto import constant_time_compare
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_POST

from qianshou.design.desk import keep_awake
from qianshou.design.headers import address_of
from qianshou.design.refused import by_field
from qianshou.kernel.access import Actor
from qianshou.kernel.clock import now
from qianshou.kernel.door.factors import use_code
from qianshou.kernel.door.registering import change_row
from qianshou.kernel.limits.counting import Limit, TooMany, refuse_if_spent, spend
from qianshou.kernel.login.oidc import provider
from qianshou.kernel.login.records import note_login
from qianshou.kernel.login.sessions import DEVICE
from qianshou.kernel.refusal import Refusal
from qianshou.kernel.registry.models import Officer

FAILURES = 5
LOCKED = timedelta(minutes=15)
KNOCKS = Limit("login", 30, LOCKED)
DOORMAN = Actor("clock", name="登录")
WAITING = "waiting"
PATIENCE = timedelta(minutes=10)


def wrong() -> Refusal:
    """Return the one answer to every failed log-in: it does not tell which accounts exist."""
    return Refusal(
        "account.wrong",
        "账号或密码不对；连续错 5 次，账号锁定 15 分钟",
        "Wrong account or password; five failures in a row lock an account for 15 minutes",
        "",
    )


@dataclass(frozen=True)
class Caller:
    """From where somebody calls: the address, and what the browser says of itself."""

    address: str
    device: str


def caller_of(request: HttpRequest) -> Caller:
    """Return from where a request comes."""
    return Caller(address_of(request), request.headers.get("User-Agent", "")[:200])


def check_account(username: str, password: str, caller: Caller) -> Officer:
    """Return the officer whose password this is, or record and raise Refusal account.wrong.

    Counts failures by account (on its row) and by address. A locked account answers like a
    wrong password, and so does an account that does not exist (a hash is computed for both).
    """
    at = now()
    officer = None
    try:
        refuse_if_spent(KNOCKS, caller.address, at)
        officer = Officer.objects.filter(username=username[:40]).first()
        matches = check_password(password, officer.password if officer else phantom())
        locked = officer is not None and is_locked(officer, at)
        if officer is not None and matches and officer.is_active and not locked:
            return officer
        if not locked:
            spend(KNOCKS, caller.address, at)
    except TooMany:
        locked = True
    note("refused", officer, caller, "password", at)
    if officer is not None and not locked:
        _count_failure(officer, at)
    raise wrong()


def note(kind: str, officer: Officer | None, caller: Caller, way: str, at: datetime) -> None:
    """Record what happened at the door of the house."""
    whose = None if officer is None else officer.pk
    note_login(kind, whose, at=at, way=way, address=caller.address, device=caller.device)


@lru_cache(maxsize=1)
def phantom() -> str:
    """Return a hash that no password has, so that an account unknown takes as long to refuse."""
    return make_password(secrets.token_hex(16))


def is_locked(officer: Officer, at: datetime) -> bool:
    """Whether failures keep an account out at `at`."""
    return officer.locked_until is not None and officer.locked_until > at


def check_own_password(
    officer: Officer, password: str, caller: Caller, field: str = "password"
) -> None:
    """Refuse, beside `field`, what is not the password of the officer who is logged in.

    A failure counts as one at the log-in does. Refuses account.password, limit.spent, and
    account.locked once the account is locked.
    """
    at = now()
    refuse_if_spent(KNOCKS, caller.address, at)
    if not is_locked(officer, at):
        if check_password(password, officer.password):
            return
        spend(KNOCKS, caller.address, at)
        _count_failure(officer, at)
    note("refused", officer, caller, "password", at)
    if is_locked(officer, at):
        raise Refusal(
            "account.locked",
            "连续错了 5 次，账号已锁定 15 分钟；到时再试",
            "Five failures in a row have locked the account for 15 minutes; try again then",
            field,
        )
    raise Refusal("account.password", "密码不对", "The password is wrong", field)


def check_code(officer: Officer, code: str, caller: Caller) -> str:
    """Return which kind of code this is ("totp", "recovery") and use it up.

    A failure counts as one of a password does. Refuses factor.wrong, limit.spent, and
    account.wrong once the account is locked.
    """
    at = now()
    refuse_if_spent(KNOCKS, caller.address, at)
    if is_locked(officer, at):
        raise wrong()
    try:
        return use_code(officer, code[:60], by=DOORMAN, at=at)
    except Refusal:
        note("refused", officer, caller, "code", at)
        spend(KNOCKS, caller.address, at)
        _count_failure(officer, at)
        if is_locked(officer, at):
            raise wrong() from None
        raise


def _count_failure(officer: Officer, at: datetime) -> None:
    Officer.objects.filter(pk=officer.pk).update(failures=F("failures") + 1)
    officer.refresh_from_db(fields=["failures"])
    if officer.failures >= FAILURES:
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
                caller_of(request),
            )
        except Refusal as refusal:
            errors = by_field(refusal)
        else:
            return go_on(request, officer, onward, "password")
    elif isinstance(request.user, Officer):
        return redirect(onward)
    return show_login(request, errors, onward)


def show_login(request: HttpRequest, errors: Mapping[str, list[str]], onward: str) -> HttpResponse:
    """Return the log-in page with what was refused."""
    context = {
        "errors": errors,
        "username": request.POST.get("username", ""),
        "next": onward,
        "oidc": provider() is not None,
    }
    return render(request, "office/login.html", context, status=422 if errors else 200)


def go_on(request: HttpRequest, officer: Officer, onward: str, way: str) -> HttpResponse:
    """Let an officer in who has come by `way`, or ask for the second factor first.

    Until then the session belongs to nobody: it only remembers whose code it waits for.
    """
    if officer.totp_since is None and not officer.lacks_factor:
        return let_in(request, officer, redirect(onward), way)
    request.session.flush()
    request.session[WAITING] = {
        "officer": officer.pk,
        "until": (now() + PATIENCE).isoformat(),
        "bound": officer.get_session_auth_hash(),
        "next": onward,
    }
    return redirect("factor" if officer.lacks_factor else "code")


def waiting_for(request: HttpRequest) -> tuple[Officer, str] | None:
    """Return whose code this session waits for, and where they wanted to go; None for nobody."""
    told = request.session.get(WAITING)
    at = now()
    if told is None or datetime.fromisoformat(told["until"]) <= at:
        return None
    officer = Officer.objects.filter(pk=told["officer"], is_active=True).first()
    if officer is None or is_locked(officer, at):
        return None
    same = constant_time_compare(officer.get_session_auth_hash(), told["bound"])
    return (officer, str(told["next"])) if same else None


@require_http_methods(["GET", "POST"])
def code(request: HttpRequest) -> HttpResponse:
    """Ask for the code of the second factor, or a recovery code, and let the officer in."""
    waiting = waiting_for(request)
    if waiting is None:
        return redirect("login")
    officer, onward = waiting
    errors: Mapping[str, list[str]] = {}
    if request.method == "POST":
        try:
            way = check_code(officer, request.POST.get("code", ""), caller_of(request))
            return let_in(request, officer, redirect(onward), way)
        except Refusal as refusal:
            errors = by_field(refusal)
            if refusal.code == "account.wrong":
                request.session.flush()
                return show_login(request, errors, onward)
    context = {"errors": errors, "username": officer.username}
    return render(request, "office/code.html", context, status=422 if errors else 200)


def let_in(
    request: HttpRequest, officer: Officer, response: HttpResponse, way: str
) -> HttpResponse:
    """Begin a session of its own key for an officer who has shown who they are."""
    caller, at = caller_of(request), now()
    if officer.failures or officer.locked_until:
        Officer.objects.filter(pk=officer.pk).update(failures=0, locked_until=None)
    request.session.flush()
    login(request, officer)
    request.session[DEVICE] = caller.device
    keep_awake(request, at)
    note("in", officer, caller, way, at)
    return in_language(response, officer.language)


@require_POST
def leave(request: HttpRequest) -> HttpResponse:
    """End the session."""
    if isinstance(request.user, Officer):
        note("out", request.user, caller_of(request), "", now())
    logout(request)
    response = redirect("login")
    response.headers["Clear-Site-Data"] = '"cache"'  # drafts of a visit stay (ADR 0011)
    return response


def in_language(response: HttpResponse, code: str) -> HttpResponse:
    """Let the browser remember in which language an officer reads."""
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME, code, max_age=365 * 86400, samesite="Lax",
        secure=settings.SECURE, httponly=True,
    )  # fmt: skip
    return response
