"""The quarterly sample: drawing it, drawing it again, its visits and what came of them by town."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.contrib import messages
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from qianshou.design.asked import whole
from qianshou.design.desk import officer_page, show
from qianshou.design.download import table_response
from qianshou.design.environment import instant
from qianshou.design.refused import by_field, language
from qianshou.kernel.access import Actor, circles_of, require
from qianshou.kernel.clock import CHINA, now
from qianshou.kernel.indicators.declaration import indicator_named
from qianshou.kernel.indicators.evaluate import Result, evaluate
from qianshou.kernel.indicators.period import Period
from qianshou.kernel.refusal import Refusal, Refusals
from qianshou.kernel.registry.sheets import Column
from qianshou.packs.commission.care.limits import limit_number
from qianshou.packs.commission.care.models import Sample, SampleVisit
from qianshou.packs.commission.care.sample import (
    LEAST,
    PERCENT,
    draw_codes,
    draw_for,
    lines_of,
    quarter_of,
    reproduce,
)

LOOKERS = {"lead_office", "town_team", "leader"}
PAGE, MOST = 50, 5000


def may_draw(actor: Actor) -> bool:
    """Whether an actor draws the sample: the lead group's office."""
    return any(seat.post == "lead_office" for seat in actor.seats)


def require_looker(actor: Actor) -> None:
    """Refuse whoever has no part in the sample (access.denied)."""
    require(bool({seat.post for seat in actor.seats} & LOOKERS))


@require_safe
@officer_page
def page(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Show the samples drawn, the newest first, and the form of this quarter's drawing."""
    require_looker(actor)
    return show_list(request, actor)


def show_list(
    request: HttpRequest, actor: Actor, errors: Mapping[str, list[str]] | None = None
) -> HttpResponse:
    """Return the page of all samples."""
    today = now().astimezone(CHINA).date()
    year, quarter = today.year, quarter_of(today)
    number = max(1, min(whole(request.GET.get("page", "")) or 1, 10_000))
    rows = list(
        Sample.objects.select_related("officer")
        .defer("frozen")
        .order_by("-year", "-quarter")[(number - 1) * PAGE : number * PAGE + 1]
    )
    context = {
        "rows": rows[:PAGE],
        "more": len(rows) > PAGE,
        "number": number,
        "year": year,
        "quarter": quarter,
        "may_draw": may_draw(actor)
        and not Sample.objects.filter(year=year, quarter=quarter).exists(),
        "percent": limit_number("sample_percent", PERCENT),
        "least": limit_number("sample_least", LEAST),
        "errors": errors or {},
        "seed": request.POST.get("seed", "")[:64],
        "here": "care-samples",
    }
    return show(request, actor, "care/samples.html", context, 422 if errors else 200)


@require_POST
@officer_page
def draw(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Draw this quarter's sample from the seed given, or from one that is made."""
    require(may_draw(actor))
    at = now()
    today = at.astimezone(CHINA).date()
    try:
        sample = draw_for(
            today.year, quarter_of(today), request.POST.get("seed", ""), by=actor, at=at
        )
    except (Refusal, Refusals) as refusal:
        return show_list(request, actor, by_field(refusal))
    messages.success(request, _("已抽取 %(n)s 名，走访任务随后派出") % {"n": sample.size})
    return redirect("care-sample", sample.pk)


@dataclass(frozen=True)
class Asked:
    """What the address of a sample asks for."""

    outcome: str
    town: str
    page: int


def read_asked(request: HttpRequest) -> Asked:
    """Return what the address asks for; what is odd is left out."""
    outcome = request.GET.get("outcome", "")
    return Asked(
        outcome if outcome in (*outcome_words(), "open") else "",
        request.GET.get("town", "")[:20],
        max(1, min(whole(request.GET.get("page", "")) or 1, 10_000)),
    )


def outcome_words() -> dict[str, str]:
    """Return the outcomes with their names."""
    return {"good": _("落实到位"), "part": _("部分落实"), "poor": _("未落实")}


def seen_visits(actor: Actor, sample: Sample) -> QuerySet[SampleVisit]:
    """Return the visits of a sample in whose circle the actor is: of own children, or to be made."""
    mine = circles_of(actor)
    found = sample.visits.filter(Q(child__circle__in=mine) | Q(matter__circle__in=mine))
    return found.select_related("division__parent", "organisation", "matter", "child").order_by(
        "pk"
    )


def visits_asked(actor: Actor, sample: Sample, asked: Asked) -> QuerySet[SampleVisit]:
    """Return the visits that an actor sees and asks for."""
    found = seen_visits(actor, sample)
    if asked.outcome:
        found = found.filter(outcome="" if asked.outcome == "open" else asked.outcome)
    if asked.town:
        found = found.filter(division__parent__code=asked.town)
    return found


def period_of(sample: Sample) -> Period:
    """Return the time in which a sample's visits are made: its quarter and the one after."""
    first = date(sample.year, sample.quarter * 3 - 2, 1)
    year, month = divmod(first.year * 12 + first.month - 1 + 6, 12)
    return Period(first, date.fromordinal(date(year, month + 1, 1).toordinal() - 1))


def results_of(actor: Actor, sample: Sample) -> list[tuple[str, Result]]:
    """Return what came of the visits by town, as the figures tell it: small counts kept back."""
    period = period_of(sample)
    return [
        (
            name,
            evaluate(
                indicator_named("commission.care", key),
                period,
                by="division",
                language=language(),
                viewer=actor,
            ),
        )
        for key, name in (("sampled", _("已督查（名）")), ("sample_good", _("落实到位（%）")))
    ]


@require_safe
@officer_page
def show_sample(request: HttpRequest, actor: Actor, sample: int) -> HttpResponse:
    """Show a sample: how it was drawn, what came of it, and the visits that the actor sees."""
    require_looker(actor)
    found = get_object_or_404(Sample.objects.select_related("officer").defer("frozen"), pk=sample)
    return show_one(request, actor, found)


def show_one(
    request: HttpRequest, actor: Actor, sample: Sample, drawn: Mapping[str, Any] | None = None
) -> HttpResponse:
    """Return the page of a sample; `drawn` is what drawing it again gave."""
    asked = read_asked(request)
    visits = visits_asked(actor, sample, asked)
    rows = list(visits[(asked.page - 1) * PAGE : asked.page * PAGE + 1])
    seen = seen_visits(actor, sample).aggregate(
        all=Count("pk"),
        done=Count("pk", filter=~Q(outcome="")),
        good=Count("pk", filter=Q(outcome="good")),
        found=Count("pk", filter=Q(outcome__in=("part", "poor"))),
        mended=Count("pk", filter=Q(rectified_at__isnull=False)),
    )
    context = {
        "sample": sample,
        "rows": rows[:PAGE],
        "more": len(rows) > PAGE,
        "asked": asked,
        "seen": seen,
        "results": results_of(actor, sample),
        "outcomes": outcome_words(),
        "drawn": drawn,
        "here": "care-samples",
    }
    return show(request, actor, "care/sample.html", context)


@require_POST
@officer_page
def again(request: HttpRequest, actor: Actor, sample: int) -> HttpResponse:
    """Draw a sample again from its recorded seed and say whether the same children come out."""
    require_looker(actor)
    found = get_object_or_404(Sample, pk=sample)
    codes = draw_codes(lines_of(found), found.seed, percent=found.percent, least=found.least)
    drawn = {
        "same": reproduce(found),
        "codes": codes if may_draw(actor) else [],
        "size": len(codes),
    }
    return show_one(request, actor, found, drawn)


EXPORTED = (
    Column("number", "编号", "Number"),
    Column("town", "镇街", "Town"),
    Column("village", "村（社区）", "Village"),
    Column("visitor", "督查镇街", "Visited by"),
    Column("outcome", "结论", "Outcome"),
    Column("findings", "不符项", "Items not in order"),
    Column("visited", "走访时间", "Visited"),
    Column("rectified", "整改复核时间", "Put right"),
)


@require_safe
@officer_page
def export(request: HttpRequest, actor: Actor, sample: int) -> HttpResponse:
    """Return the visits that an actor sees as an Excel file without any child in it."""
    require_looker(actor)
    found = get_object_or_404(Sample.objects.defer("frozen"), pk=sample)
    zh, words = language().startswith("zh"), outcome_words()
    lines = [
        (
            row.matter.number if row.matter else "",
            row.division.parent.name if row.division.parent else "",
            row.division.name,
            row.organisation.name if zh else row.organisation.name_en,
            words.get(row.outcome, ""),
            str(row.findings),
            instant(row.visited_at),
            instant(row.rectified_at),
        )
        for row in visits_asked(actor, found, read_asked(request))[:MOST]
    ]
    return table_response(request, EXPORTED, lines, f"sample-{found}")
