"""One's own second factor: setting it up, new recovery codes, taking it off."""

import base64
from collections.abc import Mapping

import segno
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from qianshou.design.desk import ask_who
from qianshou.design.refused import by_field
from qianshou.kernel.access import Actor, actor_of
from qianshou.kernel.clock import now
from qianshou.kernel.door.factors import renew_recovery, set_up_factor, take_off_factor
from qianshou.kernel.login.codes import app_address, new_secret, open_secret, seal_secret
from qianshou.kernel.refusal import Refusal
from qianshou.kernel.registry.models import Officer
from qianshou.kernel.registry.vault import master_key, master_keys
from qianshou.office.entering import caller_of, check_code, check_own_password, let_in, waiting_for

PENDING = "pending"
ISSUER = "千手 Qianshou"


@require_http_methods(["GET", "POST"])
def page(request: HttpRequest) -> HttpResponse:
    """Set up a second factor: for whoever is logged in, or has just given the right password.

    Shows the secret as a QR code until a first code proves that it was taken up; then the
    recovery codes, once. Whoever is logged in gives the password again.
    """
    waiting = waiting_for(request)
    inside = request.user if isinstance(request.user, Officer) else None
    officer = inside or (waiting[0] if waiting else None)
    if officer is None:
        return ask_who(request)
    if officer.totp_since is not None:
        return redirect("profile")
    secret = _pending_secret(request, officer)
    errors: Mapping[str, list[str]] = {}
    if request.method == "POST":
        try:
            if inside is not None:
                check_own_password(officer, request.POST.get("password", ""), caller_of(request))
            at = now()
            sent = "".join(request.POST.get("code", "").split())[:10]
            session = request.session.session_key
            codes = set_up_factor(
                officer, secret, sent, by=actor_of(officer, at), at=at, session=session
            )
        except Refusal as refusal:
            errors = by_field(refusal)
        else:
            onward = waiting[1] if waiting and inside is None else ""
            request.session.pop(PENDING, None)
            shown = show_codes(request, codes, onward)
            return shown if inside is not None else let_in(request, officer, shown, "totp")
    link = app_address(secret, officer.username, ISSUER)
    context = {
        "errors": errors,
        "officer": officer,
        "inside": inside is not None,
        "secret": " ".join(secret[place : place + 4] for place in range(0, len(secret), 4)),
        "picture": segno.make_qr(link, error="m").svg_data_uri(scale=4, border=3, light="#fff"),
    }
    return render(request, "office/factor.html", context, status=422 if errors else 200)


def _pending_secret(request: HttpRequest, officer: Officer) -> str:
    """Return the secret that this session offers to an officer, sealed in it, making it at first."""
    kept = request.session.get(PENDING)
    if kept is not None:
        try:
            return open_secret(base64.b64decode(kept), officer.pk, master_keys())
        except Refusal:  # another officer's, who used this browser before
            pass
    secret = new_secret()
    sealed = seal_secret(secret, officer.pk, master_key())
    request.session[PENDING] = base64.b64encode(sealed).decode()
    return secret


def show_codes(request: HttpRequest, codes: list[str], onward: str) -> HttpResponse:
    """Return the page that shows recovery codes, this once."""
    return render(request, "office/recovery.html", {"codes": codes, "next": onward or "/me/"})


def change_factor(request: HttpRequest, officer: Officer, actor: Actor) -> HttpResponse:
    """Renew the recovery codes, or take one's own second factor off, against a code of it.

    Refuses what `check_code` refuses.
    """
    off = request.POST["factor"] == "off"
    check_code(officer, request.POST.get("code", ""), caller_of(request))
    if not off:
        return show_codes(request, renew_recovery(officer, by=actor, at=now()), "")
    take_off_factor(officer, by=actor, at=now(), session=request.session.session_key)
    messages.success(request, _("第二因素已停用"))
    return redirect("profile")
