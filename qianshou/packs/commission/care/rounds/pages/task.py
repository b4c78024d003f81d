"""From a task of the list to the page of the survey where it is done."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_safe

from qianshou.design.desk import officer_page
from qianshou.kernel.access import Actor
from qianshou.packs.commission.care.models import Round
from qianshou.packs.commission.care.rounds.sight import seen_mismatches, sight_of


@require_safe
@officer_page
def page(request: HttpRequest, actor: Actor, task: int) -> HttpResponse:
    """Go to the roster's page, the board or the mismatch that a task is about."""
    mine = seen_mismatches(sight_of(actor)).distinct()
    one = mine.filter(matter__tasks=task).values_list("pk", flat=True).first()
    if one is not None:
        return redirect("care-mismatch", one)
    found = (
        Round.objects.filter(matter__tasks=task)
        .values_list("pk", "matter__tasks__node", "matter__tasks__organisation__code")
        .filter(matter__tasks=task)
        .first()
    )
    if found is None:
        raise Http404
    pk, node, code = found
    if node == "hand_in":
        return redirect(f"{reverse('care-roster', args=[pk])}?of={code}")
    return redirect("care-confer" if node == "confer" else "care-round", pk)
