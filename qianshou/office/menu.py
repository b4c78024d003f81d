"""Everything that the side of a wide screen offers, as one page for a phone."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from qianshou.design.desk import officer_page, show
from qianshou.kernel.access import Actor


@require_safe
@officer_page
def page(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Show every part of the house that the officer's posts use."""
    return show(request, actor, "office/menu.html", {"here": "menu"})
