"""What the pages of officers share: who asks, what the frame shows, how a refusal comes back."""

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render

from qianshou.design.headers import address_of
from qianshou.design.refused import language
from qianshou.kernel.access import Actor, actor_of, require
from qianshou.kernel.clock import now
from qianshou.kernel.door.alerts import count_alerts
from qianshou.kernel.login.sessions import ADDRESS, SEEN, SINCE
from qianshou.kernel.pack import PageDeclaration, packs
from qianshou.kernel.refusal import Refusal
from qianshou.kernel.registry.models import Officer
from qianshou.kernel.worklist.lists import count_tasks
from qianshou.kernel.worklist.notices import count_unread

P = ParamSpec("P")
AWAKE_SECONDS = 120
PACKS_ADDRESS = "/p/"


def officer_page(
    view: Callable[Concatenate[HttpRequest, Actor, P], HttpResponseBase],
) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """Give a view the officer who asks, with the seats held now; others go to the log-in page, and
    an administrator without a second factor to where it is set up.

    A Refusal access.denied that the view lets through becomes the 403 page. What packs bring is
    for those who do the work: no administrator opens it (三员分立).
    """

    @wraps(view)
    def page(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        officer = request.user
        if not isinstance(officer, Officer):
            return ask_who(request)
        if officer.lacks_factor:
            return redirect("factor")
        if officer.must_change_password and not _is_profile(request):
            return redirect("profile")
        actor = actor_of(officer, now())
        if not is_fragment(request):
            keep_awake(request, now())
        try:
            require(actor.role == "officer" or not request.path.startswith(PACKS_ADDRESS))
            return view(request, actor, *args, **kwargs)
        except Refusal as refusal:
            if refusal.code != "access.denied":
                raise
            return show(request, actor, "office/refused.html", {"refusal": refusal}, 403)

    return page


def _is_profile(request: HttpRequest) -> bool:
    return request.resolver_match is not None and request.resolver_match.url_name == "profile"


def ask_who(request: HttpRequest) -> HttpResponse:
    """Return the way to the log-in page; a fragment's request is told to load the whole page."""
    if is_fragment(request):
        return HttpResponse(status=401, headers={"HX-Refresh": "true"})
    return redirect_to_login(request.get_full_path() if request.method == "GET" else "/")


def is_fragment(request: HttpRequest) -> bool:
    """Whether a script asks for a part of a page."""
    return request.headers.get("HX-Request") == "true"


def keep_awake(request: HttpRequest, at: datetime) -> None:
    """Move the end of the session on; polling does not, so that an idle desk is logged out."""
    seen = int(at.timestamp())
    if seen - request.session.get(SEEN, 0) > AWAKE_SECONDS:
        request.session.setdefault(SINCE, seen)
        request.session[SEEN] = seen
        request.session[ADDRESS] = address_of(request)[:45]


def show(
    request: HttpRequest,
    actor: Actor,
    template: str,
    context: dict[str, Any] | None = None,
    status: int = 200,
) -> HttpResponse:
    """Return a page in the officers' frame."""
    return render(request, template, {**frame(actor), **(context or {})}, status=status)


def frame(actor: Actor) -> dict[str, Any]:
    """Return what the frame shows: the officer, their post, counts of tasks, notices and alerts."""
    at, pages = now(), pages_for(actor)
    return {
        "actor": actor,
        "seat": seat_line(actor),
        "counts": count_tasks(actor, at=at),
        "unread": count_unread(actor),
        "pages": [page for page in pages if not page.urgent],
        "urgent": [page for page in pages if page.urgent],
        "alerts": count_alerts() if actor.role == "security" else 0,
        "at": at,
    }


def pages_for(actor: Actor) -> list[PageDeclaration]:
    """Return the pages of packs that stand in the frame of an actor's posts."""
    held = {seat.post for seat in actor.seats}
    return [page for pack in packs() for page in pack.pages.values() if held & set(page.posts)]


def seat_line(actor: Actor) -> tuple[str, str]:
    """Return the organisation and the post of an actor's first seat, in the page's language."""
    if not actor.seats:
        roles = {"system": "系统管理员", "security": "安全管理员", "audit": "审计管理员"}
        return ("", roles.get(actor.role, "") if language().startswith("zh") else actor.role)
    seat, english = actor.seats[0], not language().startswith("zh")
    return seat.names[english], seat.post_names[english]
