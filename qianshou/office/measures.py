"""One measure: what was told of it, its evidence, and whatever may be done with it."""

from collections.abc import Callable, Mapping

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from qianshou.design.asked import day, whole
from qianshou.design.desk import officer_page, show
from qianshou.design.download import give_file
from qianshou.design.refused import by_field, language
from qianshou.design.tried import Tried
from qianshou.kernel.access import Actor, require
from qianshou.kernel.campaigns.changing import (
    attach_evidence,
    change_measure,
    declare_done,
    report_progress,
    send_back,
    verify_measure,
)
from qianshou.kernel.campaigns.models import Measure
from qianshou.kernel.campaigns.reading import PAGE, tone_of
from qianshou.kernel.campaigns.rights import may_manage, may_read, may_report, may_verify
from qianshou.kernel.clock import CHINA, now
from qianshou.kernel.documents.store import path_of
from qianshou.kernel.refusal import Refusal, Refusals
from qianshou.kernel.registry.models import Officer, Organisation
from qianshou.office.taking import take_files


def find_measure(actor: Actor, measure: int) -> Measure:
    """Return a measure for an officer; raises the 404, or Refusal access.denied for others."""
    require(may_read(actor))
    return get_object_or_404(
        Measure.objects.select_related(
            "campaign", "organisation", "officer", "done_by", "verified_by"
        ),
        pk=measure,
    )


@require_safe
@officer_page
def page(request: HttpRequest, actor: Actor, measure: int) -> HttpResponse:
    """Show a measure with all that was told of it, the newest first."""
    return _show_measure(request, actor, find_measure(actor, measure), Tried())


def _show_measure(
    request: HttpRequest, actor: Actor, measure: Measure, tried: Tried
) -> HttpResponse:
    campaign = measure.campaign
    manages = may_manage(actor, campaign)
    after = whole(request.GET.get("after", ""))
    told = measure.progress.select_related("officer").order_by("-pk")
    if after is not None:
        told = told.filter(pk__lt=after)
    rows = list(told[: PAGE + 1])
    context = {
        "campaign": campaign,
        "measure": measure,
        "group": next((one for one in campaign.groups if one["id"] == measure.group), None),
        "tone": tone_of(measure, now().astimezone(CHINA).date()),
        "told": rows[:PAGE],
        "after": after,
        "following": rows[PAGE - 1].pk if len(rows) > PAGE else None,
        "evidence": list(
            measure.evidence.select_related("document", "officer").order_by("-pk")[:200]
        ),
        "may_report": may_report(actor, measure),
        "may_verify": may_verify(actor, measure),
        "own_word": manages and measure.state == "done" and actor.officer == measure.done_by_id,
        "manages": manages and measure.state != "verified",
        "organisations": _organisations() if manages else [],
        "officers": _officers(measure) if manages else [],
        "tried": tried,
        "here": "campaigns",
    }
    return show(request, actor, "office/measure.html", context, 422 if tried.errors else 200)


def _organisations() -> list[tuple[int, str]]:
    name = "name" if language().startswith("zh") else "name_en"
    return list(Organisation.objects.filter(valid_to=None).order_by("pk").values_list("pk", name))


def _officers(measure: Measure) -> list[tuple[int, str]]:
    """Return who holds a post at the organisation that owns the measure."""
    today = now().astimezone(CHINA).date()
    holders = Officer.objects.filter(
        is_active=True,
        postings__organisation=measure.organisation_id or 0,
        postings__from_date__lte=today,
    ).exclude(postings__to_date__lt=today)
    return list(holders.order_by("pk").distinct().values_list("pk", "name")[:200])


Sent = Mapping[str, str]


def _report(request: HttpRequest, measure: Measure, sent: Sent, by: Actor) -> None:
    share = whole(sent.get("share", "").strip())
    report_progress(
        measure, share=-1 if share is None else share, text=sent.get("text", ""), by=by, at=now()
    )


def _attach(request: HttpRequest, measure: Measure, sent: Sent, by: Actor) -> None:
    require(may_report(by, measure))
    at = now()
    attach_evidence(measure, take_files(request, "files", at), by=by, at=at)


def _change(request: HttpRequest, measure: Measure, sent: Sent, by: Actor) -> None:
    try:
        due = day(sent.get("due_date", ""))
    except ValueError:
        raise Refusal(
            "campaign.day",
            "日期要写成 2026-01-31 的样子",
            "Write the day like 2026-01-31",
            "due_date",
        ) from None
    change_measure(
        measure,
        organisation=whole(sent.get("organisation", "")),
        officer=whole(sent.get("officer", "")),
        due_date=due,
        reason=sent.get("reason", "")[:200],
        by=by,
        at=now(),
    )


ACTS: dict[str, Callable[[HttpRequest, Measure, Sent, Actor], None]] = {
    "report": _report,
    "attach": _attach,
    "change": _change,
    "done": lambda request, measure, sent, by: declare_done(
        measure, text=sent.get("text", ""), by=by, at=now()
    ),
    "verify": lambda request, measure, sent, by: verify_measure(
        measure, text=sent.get("text", ""), by=by, at=now()
    ),
    "return": lambda request, measure, sent, by: send_back(
        measure, text=sent.get("text", ""), by=by, at=now()
    ),
}


@require_POST
@officer_page
def act(request: HttpRequest, actor: Actor, measure: int, name: str) -> HttpResponse:
    """Do one act on a measure; what is refused is shown beside its field, with what was typed."""
    found = find_measure(actor, measure)
    if name not in ACTS:
        raise Http404
    try:
        ACTS[name](request, found, request.POST.dict(), actor)
    except (Refusal, Refusals) as refusal:
        if isinstance(refusal, Refusal) and refusal.code == "access.denied":
            raise
        tried = Tried(name, request.POST.dict(), by_field(refusal))
        return _show_measure(request, actor, find_measure(actor, measure), tried)
    messages.success(request, _("已保存"))
    return redirect("measure", measure)


@require_safe
@officer_page
def file(request: HttpRequest, actor: Actor, measure: int, digest: str) -> HttpResponse:
    """Give out a piece of evidence of a measure."""
    found = find_measure(actor, measure)
    one = found.evidence.filter(document=digest).select_related("document").first()
    if one is None or not path_of(digest).is_file():
        raise Http404
    return give_file(one.document, one.name)
