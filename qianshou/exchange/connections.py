"""An officer's own page: programs that act as them, the calendar's address, mail."""

from collections.abc import Mapping

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from qianshou.design.asked import whole
from qianshou.design.desk import officer_page, show
from qianshou.design.refused import by_field
from qianshou.exchange.feed import end_feed, make_feed
from qianshou.exchange.hooks import accept_hook, end_hook
from qianshou.exchange.models import Feed, Hook, Mailing
from qianshou.exchange.notices import KINDS, choose_mail, kind_words
from qianshou.kernel.access import Actor, require
from qianshou.kernel.clock import now
from qianshou.kernel.refusal import Refusal, Refusals
from qianshou.kernel.tokens.keeping import SCOPES, accept_token, revoke_token
from qianshou.kernel.tokens.models import Token


@require_http_methods(["GET", "POST"])
@officer_page
def page(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Show an officer's connections; agree to a token or a hook or end it, make the calendar's
    address or end it, choose what comes by mail. A new secret or address is shown this once.
    """
    require(actor.role == "officer")
    errors: Mapping[str, list[str]] = {}
    given: tuple[Token | None, str] = (None, "")
    if request.method == "POST":
        try:
            given = _change(request, actor)
            if not given[1]:
                return redirect("connections")
        except (Refusal, Refusals) as refusal:
            errors = by_field(refusal)
    mailing = Mailing.objects.filter(officer=actor.officer).first()
    tokens = Token.objects.filter(officer=actor.officer).select_related("organisation", "post")
    context = {
        "tokens": list(tokens.prefetch_related("hooks").order_by("-id")[:50]),
        "scopes": SCOPES,
        "given": given,
        "has_feed": Feed.objects.filter(officer=actor.officer).exclude(secret_digest="").exists(),
        "mail_works": bool(settings.EMAIL_HOST),
        "mail": request.POST.get("address", "") if errors else mailing.address if mailing else "",
        "chosen": request.POST.getlist("kinds") if errors else mailing.kinds if mailing else [],
        "kinds": [(kind, kind_words(kind)) for kind in KINDS],
        "errors": errors,
        "here": "profile",
    }
    return show(request, actor, "exchange/connections.html", context, 422 if errors else 200)


def _change(request: HttpRequest, actor: Actor) -> tuple[Token | None, str]:
    """Do what the page asks for; returns a token with its new secret, or the calendar's new
    address, where one was made.
    """
    sent, at, officer = request.POST, now(), request.user
    act = sent.get("act", "")
    if act in ("accept", "revoke"):
        own = Token.objects.filter(officer=actor.officer)
        token = get_object_or_404(own, pk=whole(sent.get("token", "")) or 0)
        if act == "accept":
            return token, accept_token(token, by=actor, at=at)
        revoke_token(token, by=actor, at=at)
        messages.success(request, _("令牌已停用"))
    elif act in ("accept_hook", "end_hook"):
        hooks = Hook.objects.filter(token__officer=actor.officer)
        hook = get_object_or_404(hooks, pk=whole(sent.get("hook", "")) or 0)
        if act == "accept_hook":
            accept_hook(hook, by=actor, at=at)
            messages.success(request, _("已同意"))
        else:
            end_hook(hook, by=actor, at=at)
            messages.success(request, _("回调已停用"))
    elif act == "feed":
        secret = make_feed(officer, by=actor, at=at)
        return None, request.build_absolute_uri(reverse("feed", args=[secret]))
    elif act == "end_feed":
        end_feed(officer, by=actor, at=at)
        messages.success(request, _("订阅地址已停用"))
    elif act == "mail":
        choose_mail(officer, sent.get("address", ""), sent.getlist("kinds"), by=actor, at=at)
        messages.success(request, _("已保存"))
    return None, ""
