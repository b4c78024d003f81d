"""What the pages of campaigns read: measures found, how far the groups are, what is spent."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import Count, F, IntegerField, Q, QuerySet, Sum, Value
from django.db.models.functions import Coalesce

from qianshou.kernel.campaigns.models import BudgetLine, Campaign, FundEntry, Measure

PAGE = 50
AMBER = 0.8
STATES = ("open", "done", "verified", "overdue")


@dataclass(frozen=True)
class Asked:
    """What narrows measures: words of number or name, a group, an owner, a state."""

    words: str = ""
    group: str = ""
    organisation: int | None = None
    state: str = ""


@dataclass(frozen=True)
class GroupProgress:
    """How far a group is: its measures by state, and their progress on average."""

    id: str
    zh: str
    en: str
    open: int
    done: int
    verified: int
    overdue: int
    share: int

    @property
    def measures(self) -> int:
        """How many measures it has."""
        return self.open + self.done + self.verified


def find_campaigns(today: date) -> QuerySet[Campaign, Any]:
    """Return campaigns, the newest first, with counts of their measures at `today`."""
    late = Q(measures__state="open", measures__due_date__lt=today)
    return Campaign.objects.annotate(
        total=Count("measures"),
        verified=Count("measures", filter=Q(measures__state="verified")),
        waiting=Count("measures", filter=Q(measures__state="done")),
        overdue=Count("measures", filter=late),
        shares=Coalesce(Sum("measures__share"), 0),
    ).order_by("-pk")


def find_measures(campaign: Campaign, asked: Asked, today: date) -> QuerySet[Measure]:
    """Return the measures of a campaign that `asked` leaves, by number."""
    found = campaign.measures.select_related("campaign", "organisation", "officer").order_by(
        "number"
    )
    if asked.words:
        words = Q(name__icontains=asked.words) | Q(name_en__icontains=asked.words)
        if asked.words.isascii() and asked.words.isdigit() and len(asked.words) < 5:
            words |= Q(number=int(asked.words))
        found = found.filter(words)
    if asked.group:
        found = found.filter(group=asked.group)
    if asked.organisation is not None:
        found = found.filter(organisation=asked.organisation)
    if asked.state == "overdue":
        found = found.filter(state="open", due_date__lt=today)
    elif asked.state:
        found = found.filter(state=asked.state)
    return found.annotate(papers=Count("evidence"))


def progress_of(campaign: Campaign, today: date) -> list[GroupProgress]:
    """Return how far each group of a campaign is, in the order of its groups (one query)."""
    rows = {
        row["group"]: row
        for row in campaign.measures.order_by("group")
        .values("group")
        .annotate(
            open=Count("pk", filter=Q(state="open")),
            done=Count("pk", filter=Q(state="done")),
            verified=Count("pk", filter=Q(state="verified")),
            overdue=Count("pk", filter=Q(state="open", due_date__lt=today)),
            shares=Sum("share"),
        )
    }
    found = []
    for group in campaign.groups:
        row = rows.get(group["id"])
        if row is not None:
            measures = row["open"] + row["done"] + row["verified"]
            found.append(
                GroupProgress(
                    group["id"],
                    group["zh"],
                    group["en"],
                    row["open"],
                    row["done"],
                    row["verified"],
                    row["overdue"],
                    round(row["shares"] / measures),
                )
            )
    return found


def tone_of(measure: Measure, today: date) -> str:
    """Return "r" for an open measure whose day is past, "y" in the last fifth of its time, "g" for
    one verified, "b" for one that waits for it, else "".
    """
    if measure.state != "open":
        return "g" if measure.state == "verified" else "b"
    if measure.due_date < today:
        return "r"
    days = (measure.due_date - measure.campaign.began_date).days
    amber = measure.campaign.began_date + timedelta(days=int(days * AMBER))
    return "y" if today >= amber else ""


def lines_of(campaign: Campaign) -> QuerySet[BudgetLine, Any]:
    """Return the budget lines of a campaign with what is `spent` and `left` (one query)."""
    spent = Coalesce(Sum("entries__amount"), Value(0), output_field=IntegerField())
    return campaign.lines.annotate(spent=spent, left=F("amount") - spent).order_by("pk")


def find_entries(
    campaign: Campaign, *, line: int | None = None, after: int | None = None, size: int = PAGE
) -> tuple[Sequence[FundEntry], int | None]:
    """Return fund entries, the newest first, of all lines or one; and after which id the next
    page begins, if there is one.
    """
    found = FundEntry.objects.filter(line__campaign=campaign).select_related("line", "officer")
    if line is not None:
        found = found.filter(line=line)
    if after is not None:
        found = found.filter(pk__lt=after)
    rows = list(found.order_by("-pk")[: size + 1])
    return rows[:size], rows[size - 1].pk if len(rows) > size else None
