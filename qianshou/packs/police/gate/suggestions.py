"""The page of what ranks categories at triage: each version with how often it was right."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from qianshou.design.desk import officer_page, show
from qianshou.design.refused import language
from qianshou.kernel.access import Actor, require
from qianshou.kernel.clock import now
from qianshou.kernel.registry.choices import labelled_choices
from qianshou.packs.police.gate.models import Call, SuggestionModel
from qianshou.packs.police.gate.suggesting import LEAST, may_switch, switch

PAGE = 24


@require_http_methods(["GET", "POST"])
@officer_page
def page(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Show the newest two years of versions to the district seat, and switch the newest."""
    require(may_switch(actor))
    if request.method == "POST":
        switch(request.POST.get("on") == "yes", by=actor, at=now())
        return redirect("gate-suggestions")
    versions = list(SuggestionModel.objects.defer("weights").order_by("-version")[:PAGE])
    names = {code: label for code, label, _parent in labelled_choices("gate.category", language())}
    context = {
        "versions": versions,
        "categories": [
            (names.get(code, code), *hits) for code, hits in versions[0].by_category.items()
        ]
        if versions
        else [],
        "decided": Call.objects.filter(triaged_at__isnull=False).count(),
        "least": LEAST,
        "here": "gate-suggestions",
    }
    return show(request, actor, "gate/suggestions.html", context)
