"""Which cadres can take a child (结对): of departments paired with her town, below the set load."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q

from qianshou.kernel.clock import CHINA
from qianshou.kernel.registry.models import CircleMember, Division, Pairing, Posting
from qianshou.packs.commission.care.circle import CADRE
from qianshou.packs.commission.care.limits import limit_number

DEPARTMENT, LEADER = "department_town", "leader_town"
LOAD = 25


@dataclass(frozen=True)
class Cadre:
    """A cadre who may be paired: who, of which organisation, with how many children now."""

    officer: int
    username: str
    name: str
    organisation: str
    organisation_en: str
    load: int


def loads_of(officers: list[int]) -> dict[int, int]:
    """Return how many children each cadre is paired with now (one query)."""
    rows = (
        CircleMember.objects.filter(
            role=CADRE, to_date=None, officer__in=officers, circle__about="care.child"
        )
        .values("officer")
        .annotate(load=Count("pk"))
    )
    return {row["officer"]: row["load"] for row in rows}


def cadres_for(town: Division, *, at: datetime) -> list[Cadre]:
    """Return the cadres who may take a child of a town, the least loaded first (three queries)."""
    day = at.astimezone(CHINA).date()
    paired = Pairing.objects.filter(kind=DEPARTMENT, division=town, to_date=None)
    held = (
        Posting.objects.filter(
            Q(to_date=None) | Q(to_date__gte=day),
            from_date__lte=day,
            post=CADRE,
            officer__is_active=True,
            organisation__in=paired.values("organisation"),
        )
        .select_related("officer", "organisation")
        .order_by("organisation", "officer")
    )
    rows = list(held)
    loads, most = loads_of([row.officer_id for row in rows]), limit_number("cadre_load", LOAD)
    found = [
        Cadre(
            row.officer_id,
            row.officer.username,
            row.officer.name,
            row.organisation.name,
            row.organisation.name_en,
            loads.get(row.officer_id, 0),
        )
        for row in rows
    ]
    return sorted((one for one in found if one.load < most), key=lambda one: one.load)
