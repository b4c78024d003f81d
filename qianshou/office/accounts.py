"""One's own profile: language, password, theme."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from qianshou.design.desk import officer_page, show
from qianshou.design.refused import by_field
from qianshou.kernel.access import Actor, require
from qianshou.kernel.clock import now
from qianshou.kernel.door.passwords import GIVEN
from qianshou.kernel.door.registering import change_row, history_of
from qianshou.kernel.login.oidc import provider
from qianshou.kernel.login.records import device_words, note_login
from qianshou.kernel.login.sessions import end_sessions, sessions_of
from qianshou.kernel.refusal import Refusal, Refusals
from qianshou.kernel.registry.models import Officer
from qianshou.office.entering import (
    Caller,
    caller_of,
    check_own_password,
    in_language,
    own_address,
)
from qianshou.office.factor import change_factor
from qianshou.office.oidc import change_binding, may_bind


@require_POST
def switch_theme(request: HttpRequest) -> HttpResponse:
    """Turn light to dark and back, for browsers without script."""
    onward = own_address(request, request.POST.get("next", ""))
    response = redirect(onward)
    dark = request.COOKIES.get("theme") != "dark"
    response.set_cookie(
        "theme", "dark" if dark else "light", max_age=365 * 86400, samesite="Lax",
        secure=settings.SECURE,
    )  # fmt: skip
    return response


@require_http_methods(["GET", "POST"])
@officer_page
def profile(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Show one's own account; change its language, password or second factor."""
    officer = request.user
    assert isinstance(officer, Officer)
    errors: Mapping[str, list[str]] = {}
    done = ""
    if request.method == "POST":
        require(officer.role == "officer" or request.POST.get("factor") != "off")
        try:
            if "language" in request.POST:
                change_language(officer, request.POST["language"], actor)
                return in_language(redirect("profile"), officer.language)
            if "end" in request.POST:
                return end_own(request, officer)
            if "oidc" in request.POST:
                return change_binding(request, officer, actor)
            if "factor" in request.POST:
                return change_factor(request, officer, actor)
            change_password(officer, request.POST, caller_of(request), actor)
            update_session_auth_hash(request, officer)
            end_sessions(officer.pk, but=request.session.session_key)
            done = _("密码已更改")
        except (Refusal, Refusals) as refusal:
            errors = by_field(refusal)
    context: dict[str, Any] = {
        "officer": officer,
        "postings": officer.postings.select_related("post", "organisation").order_by("id"),
        "errors": errors,
        "done": done,
        "giver": giver_of(officer) if officer.must_change_password else None,
        "oidc": provider() is not None,
        "may_bind": may_bind(request),
        "sessions": own_sessions(request, officer),
        "languages": settings.LANGUAGES,
        "here": "profile",
    }
    return show(request, actor, "office/profile.html", context, 422 if errors else 200)


def own_sessions(request: HttpRequest, officer: Officer) -> list[dict[str, Any]]:
    """Return where an officer is logged in, the present browser first; its key is not told."""
    return sorted(
        (
            {
                "mark": mark_of(one.session_key),
                "since": one.since,
                "seen_at": one.seen_at,
                "address": one.address,
                "device": device_words(one.device),
                "here": one.session_key == request.session.session_key,
            }
            for one in sessions_of(officer.pk, now())
        ),
        key=lambda told: not told["here"],
    )


def mark_of(key: str) -> str:
    """Return a name for a session that does not open it."""
    return sha256(key.encode()).hexdigest()[:16]


def end_own(request: HttpRequest, officer: Officer) -> HttpResponse:
    """End one of one's own other sessions, or all of them but the present."""
    at, asked, here = now(), request.POST["end"], request.session.session_key
    ended = 0
    for one in sessions_of(officer.pk, at).exclude(session_key=here):
        if asked in ("all", mark_of(one.session_key)):
            note_login("ended", officer.pk, at=at, address=one.address, device=one.device)
            ended += one.delete()[0]
    messages.success(request, _("已结束 %(n)s 处登录") % {"n": ended})
    return redirect("profile")


def giver_of(officer: Officer) -> dict[str, Any] | None:
    """Return the ledger's entry of who gave the account its password, and when."""
    given = [entry for entry in history_of(officer) if entry.get("reason") == GIVEN]
    return given[-1] if given else None


def change_language(officer: Officer, code: str, by: Actor) -> None:
    """Set the language in which an officer reads; refuses account.language."""
    if code not in dict(settings.LANGUAGES):
        raise Refusal("account.language", "没有这种语言", "There is no such language", "language")
    change_row(officer, {"language": code}, by=by, at=now())


def change_password(officer: Officer, sent: Mapping[str, str], caller: Caller, by: Actor) -> None:
    """Set a new password.

    Refuses what `check_own_password` refuses of the old one, account.again (the two differ) and
    account.weak (too short, too common, too like the name or the house's).
    """
    check_own_password(officer, sent.get("old", ""), caller, "old")
    fresh = sent.get("new", "")
    if fresh != sent.get("again", ""):
        raise Refusal("account.again", "两次输入的新密码不一样", "The two differ", "again")
    try:
        validate_password(fresh, officer)
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
