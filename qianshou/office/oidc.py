"""Logging in by the single sign-on, and binding one's own account to it; nobody is created."""

from datetime import datetime, timedelta

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from qianshou.design.refused import by_field
from qianshou.kernel.access import Actor, actor_of
from qianshou.kernel.clock import now
from qianshou.kernel.door.registering import change_row
from qianshou.kernel.login import oidc
from qianshou.kernel.refusal import Refusal
from qianshou.kernel.registry.models import Officer
from qianshou.office.entering import (
    Caller,
    caller_of,
    check_own_password,
    go_on,
    is_locked,
    note,
    own_address,
    show_login,
    wrong,
)

ASKED, MAY_BIND = "oidc", "may_bind"
PATIENCE = timedelta(minutes=10)
BOUND, UNBOUND = "绑定统一登录", "解除统一登录"


@require_safe
def begin(request: HttpRequest) -> HttpResponse:
    """Send the browser to the provider: to log in, or to bind the account that is logged in."""
    one = oidc.provider()
    inside = isinstance(request.user, Officer)
    if one is None or (inside and not may_bind(request)):
        return redirect("profile" if inside else "login")
    try:
        asked = oidc.ask(one, request.build_absolute_uri(reverse("oidc-back")))
    except Refusal as refusal:
        return _refused(request, refusal)
    request.session[ASKED] = {
        "state": asked.state,
        "nonce": asked.nonce,
        "verifier": asked.verifier,
        "next": own_address(request, request.GET.get("next", "")),
        "until": (now() + PATIENCE).isoformat(),
    }
    return redirect(asked.address)


@require_safe
def back(request: HttpRequest) -> HttpResponse:
    """Take the provider's answer: let its officer in, or bind the one who is logged in."""
    one, told, at = oidc.provider(), request.session.pop(ASKED, None), now()
    try:
        if one is None or told is None or datetime.fromisoformat(told["until"]) <= at:
            raise oidc.failed()
        if not constant_time_compare(request.GET.get("state", ""), told["state"]):
            raise oidc.failed()
        if request.GET.get("iss", one.issuer) != one.issuer or "code" not in request.GET:
            raise oidc.failed()  # RFC 9207: another provider's answer
        subject = oidc.subject_of(
            one, request.GET["code"], request.build_absolute_uri(reverse("oidc-back")),
            verifier=told["verifier"], nonce=told["nonce"], at=at,
        )  # fmt: skip
        if isinstance(request.user, Officer):
            return _bind(request, request.user, subject, at)
        return go_on(request, officer_of(subject, caller_of(request), at), told["next"], "oidc")
    except Refusal as refusal:
        return _refused(request, refusal)


def officer_of(subject: str, caller: Caller, at: datetime) -> Officer:
    """Return the officer bound to a subject; refuses oidc.unbound, and account.wrong while locked."""
    officer = Officer.objects.filter(oidc_subject=subject).first()
    if officer is not None and officer.is_active and not is_locked(officer, at):
        return officer
    note("refused", officer, caller, "oidc", at)
    if officer is not None:
        raise wrong()
    raise Refusal(
        "oidc.unbound",
        "这个统一登录账号还没有绑定；请先用账号和密码登录，在个人设置里绑定",
        "This account of the single sign-on is bound to nobody; log in with your password first "
        "and bind it in your settings",
        "",
    )


def may_bind(request: HttpRequest) -> bool:
    """Whether the officer who is logged in gave the password for binding within ten minutes."""
    until = request.session.get(MAY_BIND)
    return until is not None and datetime.fromisoformat(until) > now()


def change_binding(request: HttpRequest, officer: Officer, actor: Actor) -> HttpResponse:
    """Let an officer who gives the password bind the account, or unbind it.

    Refuses what `check_own_password` refuses. The way to the provider is a link and not
    this form's answer: a form leads to no other host.
    """
    check_own_password(officer, request.POST.get("password", ""), caller_of(request))
    if request.POST["oidc"] == "off":
        change_row(officer, {"oidc_subject": None}, by=actor, at=now(), reason=UNBOUND)
        messages.success(request, _("统一登录已解除"))
    else:
        request.session[MAY_BIND] = (now() + PATIENCE).isoformat()
    return redirect("profile")


def _bind(request: HttpRequest, officer: Officer, subject: str, at: datetime) -> HttpResponse:
    if not may_bind(request):
        raise oidc.failed()
    del request.session[MAY_BIND]
    if Officer.objects.filter(oidc_subject=subject).exclude(pk=officer.pk).exists():
        raise Refusal(
            "oidc.taken",
            "这个统一登录账号已经绑定了别的工作人员",
            "This account of the single sign-on is bound to another officer",
            "",
        )
    change_row(officer, {"oidc_subject": subject}, by=actor_of(officer, at), at=at, reason=BOUND)
    messages.success(request, _("统一登录已绑定"))
    return redirect("profile")


def _refused(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    if isinstance(request.user, Officer):
        for texts in by_field(refusal).values():
            messages.error(request, " ".join(texts))
        return redirect("profile")
    return show_login(request, by_field(refusal), "/")
