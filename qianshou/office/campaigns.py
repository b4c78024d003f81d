"""Campaigns: the list, and one with its measures by group, its strip of deadlines, its money."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import NoReverseMatch, reverse
from django.views.decorators.http import require_safe

from qianshou.design.asked import whole
from qianshou.design.desk import officer_page, show
from qianshou.design.download import table_response
from qianshou.design.refused import language
from qianshou.kernel.access import Actor, require
from qianshou.kernel.campaigns.declaration import Mechanism, mechanisms_of
from qianshou.kernel.campaigns.models import Campaign, Measure
from qianshou.kernel.campaigns.reading import (
    PAGE,
    STATES,
    Asked,
    find_campaigns,
    find_measures,
    lines_of,
    progress_of,
    tone_of,
)
from qianshou.kernel.campaigns.rights import may_manage, may_read
from qianshou.kernel.clock import CHINA, now
from qianshou.kernel.registry.models import Organisation
from qianshou.kernel.registry.sheets import Column
from qianshou.office.strip import draw_strip


@dataclass(frozen=True)
class Carried:
    """A mechanism with the address of what carries it, or "" where that has no page."""

    mechanism: Mechanism
    address: str


@dataclass(frozen=True)
class Wanted:
    """What the address asks for, and after which number its page begins."""

    asked: Asked
    after: int | None

    def query(self, **changed: str) -> str:
        """Return the query string of this choice, changed, from its beginning."""
        told = {
            "q": self.asked.words,
            "group": self.asked.group,
            "owner": str(self.asked.organisation or ""),
            "state": self.asked.state,
            **changed,
        }
        return urlencode({name: value for name, value in told.items() if value})


def find_campaign(actor: Actor, campaign: int) -> Campaign:
    """Return a campaign for an officer; raises the 404, or Refusal access.denied for others."""
    require(may_read(actor))
    return get_object_or_404(Campaign, pk=campaign)


def read_wanted(request: HttpRequest, campaign: Campaign) -> Wanted:
    """Return what the address asks for; unknown words are left out."""
    told = request.GET
    group, state = told.get("group", ""), told.get("state", "")
    return Wanted(
        Asked(
            words=told.get("q", "").strip()[:60],
            group=group if group in {one["id"] for one in campaign.groups} else "",
            organisation=whole(told.get("owner", "")),
            state=state if state in STATES else "",
        ),
        whole(told.get("after", "")),
    )


@require_safe
@officer_page
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Show every campaign with how far it is, the newest first."""
    require(may_read(actor))
    found = find_campaigns(now().astimezone(CHINA).date())
    after = whole(request.GET.get("after", ""))
    if after is not None:
        found = found.filter(pk__lt=after)
    rows = list(found[: PAGE + 1])
    following = rows[PAGE - 1].pk if len(rows) > PAGE else None
    context = {
        "rows": rows[:PAGE],
        "after": after,
        "following": following,
        "here": "campaigns",
    }
    return show(request, actor, "office/campaigns.html", context)


LISTED = (
    Column("name", "专项行动", "Campaign"),
    Column("began", "启动", "Began"),
    Column("total", "措施", "Measures"),
    Column("waiting", "待核验", "To be verified"),
    Column("verified", "已核验", "Verified"),
    Column("overdue", "已逾期", "Overdue"),
    Column("share", "进度（%）", "Progress (%)"),
)


@require_safe
@officer_page
def export_all(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Return every campaign with how far it is as an Excel or CSV file."""
    require(may_read(actor))
    zh = language().startswith("zh")
    rows: list[Sequence[str]] = []
    for found in find_campaigns(now().astimezone(CHINA).date()):
        one: Any = found
        rows.append(
            (
                one.name if zh else one.name_en,
                one.began_date.isoformat(),
                str(one.total),
                str(one.waiting),
                str(one.verified),
                str(one.overdue),
                str(round(one.shares / one.total) if one.total else 0),
            )
        )
    return table_response(request, LISTED, rows, "campaigns")


@require_safe
@officer_page
def page(request: HttpRequest, actor: Actor, campaign: int) -> HttpResponse:
    """Show one campaign: its groups, its deadlines, its measures, its mechanisms, its money."""
    found = find_campaign(actor, campaign)
    today = now().astimezone(CHINA).date()
    wanted = read_wanted(request, found)
    measures = find_measures(found, wanted.asked, today)
    if wanted.after is not None:
        measures = measures.filter(number__gt=wanted.after)
    rows = list(measures[: PAGE + 1])
    lines = list(lines_of(found))
    every = list(find_measures(found, Asked(), today))
    context = {
        "campaign": found,
        "wanted": wanted,
        "rows": [(one, tone_of(one, today)) for one in rows[:PAGE]],
        "following": rows[PAGE - 1].number if len(rows) > PAGE else None,
        "groups": progress_of(found, today),
        "strip": draw_strip(found, every, today),
        "owners": _owners(every),
        "mechanisms": [_carried(found, one) for one in mechanisms_of(found.code)],
        "budget": sum(line.amount for line in lines),
        "spent": sum(line.spent for line in lines),
        "lines": lines,
        "manages": may_manage(actor, found),
        "here": "campaigns",
    }
    return show(request, actor, "office/campaign.html", context)


def _owners(measures: Sequence[Measure]) -> list[tuple[int, str]]:
    zh = language().startswith("zh")
    owners: dict[int, Organisation] = {}
    for one in measures:
        if one.organisation is not None:
            owners[one.organisation.pk] = one.organisation
    named = [(pk, one.name if zh else one.name_en) for pk, one in owners.items()]
    return sorted(named, key=lambda pair: pair[1])


def _carried(campaign: Campaign, mechanism: Mechanism) -> Carried:
    address = ""
    if mechanism.kind == "procedure":
        address = reverse("procedure", args=[mechanism.target])
    elif mechanism.kind == "page":
        address = mechanism.target
    elif mechanism.kind == "indicator":
        try:
            address = reverse("indicator", args=[campaign.pack, mechanism.target])
        except NoReverseMatch:
            address = ""
    return Carried(mechanism, address)


COLUMNS = (
    Column("number", "编号", "Number"),
    Column("group", "分组", "Group"),
    Column("name", "措施", "Measure"),
    Column("owner", "责任单位", "Owner"),
    Column("officer", "责任人", "Officer"),
    Column("due", "完成期限", "Due"),
    Column("share", "进度（%）", "Progress (%)"),
    Column("state", "状态", "State"),
    Column("papers", "佐证份数", "Pieces of evidence"),
    Column("source", "来源", "Source"),
)


@require_safe
@officer_page
def export(request: HttpRequest, actor: Actor, campaign: int) -> HttpResponse:
    """Return the measures that the filters leave as an Excel or CSV file."""
    found = find_campaign(actor, campaign)
    today = now().astimezone(CHINA).date()
    zh = language().startswith("zh")
    groups = {one["id"]: one["zh"] if zh else one["en"] for one in found.groups}
    rows: list[Sequence[str]] = []
    for one in find_measures(found, read_wanted(request, found).asked, today):
        measure: Any = one
        owner = one.organisation
        rows.append(
            (
                str(one.number),
                groups.get(one.group, one.group),
                one.name if zh else one.name_en,
                "" if owner is None else owner.name if zh else owner.name_en,
                one.officer.name if one.officer else "",
                one.due_date.isoformat(),
                str(one.share),
                state_words(one),
                str(measure.papers),
                one.source,
            )
        )
    return table_response(request, COLUMNS, rows, found.code)


def state_words(measure: Measure) -> str:
    """Return what the state of a measure is called."""
    return measure.get_state_display() if language().startswith("zh") else measure.state
