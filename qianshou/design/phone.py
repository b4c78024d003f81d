"""What the residents' pages share: limits by address, refusals by field, the frame."""

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from qianshou.design.headers import address_of
from qianshou.kernel.clock import now
from qianshou.kernel.limits.counting import Limit, TooMany, spend

P = ParamSpec("P")
LOOKS = Limit("look", 60, timedelta(minutes=10))


def resident_page(
    view: Callable[Concatenate[HttpRequest, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """Keep a view within the limit of its visitor's address; beyond it the 429 page is shown."""

    @wraps(view)
    def page(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        try:
            if request.method == "POST":
                spend(LOOKS, address_of(request), now())
            return view(request, *args, **kwargs)
        except TooMany as refusal:
            response = render(
                request, "design/waiting.html", {"minutes": refusal.minutes}, status=429
            )
            response.headers["Retry-After"] = str(refusal.minutes * 60)
            return response

    return page


def show(
    request: HttpRequest, template: str, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    """Return a page in the residents' frame."""
    return render(request, template, context, status=status)
