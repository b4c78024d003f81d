"""The pairing board (结对看板): towns with their departments, leaders, cadres, and what is missing."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Count, Q, QuerySet

from qianshou.kernel.access import Actor
from qianshou.kernel.clock import CHINA
from qianshou.kernel.registry.models import CircleMember, Division, Pairing, Posting
from qianshou.packs.commission.care.circle import CADRE
from qianshou.packs.commission.care.limits import limit_number
from qianshou.packs.commission.care.models import Child
from qianshou.packs.commission.care.pairing import DEPARTMENT, LEADER, LOAD

TOWNS = ("street", "town")
LEAD, TEAM, LIAISON, SUPERVISOR = "lead_office", "town_team", "department", "leader"


@dataclass(frozen=True)
class Seated:
    """A cadre who holds a cadre's post today: who, where, with how many children in all."""

    officer: int
    name: str
    organisation: int
    load: int


@dataclass(frozen=True)
class Bureau:
    """A department that stands by a town: its cadres, and how many of the town's children they have."""

    pairing: int
    organisation: int
    name: str
    name_en: str
    cadres: int
    children: int


@dataclass
class Town:
    """A town of the board with what is there and what is missing."""

    pk: int
    code: str
    name: str
    children: int = 0
    uncovered: int = 0
    bureaus: list[Bureau] = field(default_factory=list)
    leaders: list[str] = field(default_factory=list)
    cadres: int = 0
    overloaded: int = 0

    @property
    def mean(self) -> float:
        """Children of the town for each cadre of its departments."""
        return round(self.children / self.cadres, 1) if self.cadres else 0

    @property
    def is_gap(self) -> bool:
        """Whether anything is missing here."""
        return bool(not self.bureaus or not self.leaders or self.uncovered or self.overloaded)


@dataclass(frozen=True)
class Board:
    """All towns, the departments that stand by none, and the load that is the limit."""

    towns: list[Town]
    unpaired: list[tuple[int, str, str]]
    limit: int
    cells: dict[tuple[int, int], int]


def may_pair(by: Actor) -> bool:
    """Whether `by` pairs departments and leaders with towns: the lead group's office."""
    return any(seat.post == LEAD for seat in by.seats)


def may_assign(by: Actor, town: Division) -> bool:
    """Whether `by` gives the children of a town their cadres: the lead group's office, its team."""
    return may_pair(by) or any(
        seat.post == TEAM and town.path.startswith(seat.division_path) for seat in by.seats
    )


def towns_for(by: Actor) -> QuerySet[Division]:
    """Return the towns whose pairing `by` may look at: all, one's own, or those one supervises."""
    towns = Division.objects.filter(kind__in=TOWNS, valid_to=None).order_by("pk")
    if may_pair(by):
        return towns
    rule = Q(pk__in=())
    for seat in by.seats:
        if seat.post == TEAM:
            rule |= Q(path__startswith=seat.division_path)
        elif seat.post == SUPERVISOR:
            rule |= Q(pairings__kind=LEADER, pairings__officer=by.officer, pairings__to_date=None)
        elif seat.post == LIAISON:
            rule |= Q(
                pairings__kind=DEPARTMENT,
                pairings__organisation=seat.organisation,
                pairings__to_date=None,
            )
    return towns.filter(rule).distinct()


def seated_cadres(at: datetime, only: Iterable[int] | None = None) -> list[Seated]:
    """Return everybody who holds a cadre's post today, of some organisations or all (two queries)."""
    day = at.astimezone(CHINA).date()
    held = Posting.objects.filter(
        Q(to_date=None) | Q(to_date__gte=day),
        post=CADRE,
        from_date__lte=day,
        officer__is_active=True,
    )
    if only is not None:
        held = held.filter(organisation__in=list(only))
    rows = list(
        held.order_by("organisation", "officer")
        .values_list("officer", "officer__name", "organisation")
        .distinct()
    )
    counted = dict(
        CircleMember.objects.filter(role=CADRE, to_date=None, circle__child__isnull=False)
        .filter(officer__in=[row[0] for row in rows])
        .values_list("officer")
        .annotate(load=Count("pk"))
        .order_by()
    )
    return [Seated(pk, name, place, counted.get(pk, 0)) for pk, name, place in rows]


def covered() -> Q:
    """Return the filter over circle's members that are cadres of a child and still at their post."""
    return Q(role=CADRE, to_date=None, circle__child__state="enrolled")


def uncovered_children(town: int, at: datetime) -> QuerySet[Child]:
    """Return the enrolled children of a town without a cadre who is still at the post, by code."""
    seated = {one.officer for one in seated_cadres(at)}
    with_one = CircleMember.objects.filter(covered(), officer__in=seated).values("circle")
    children = Child.objects.filter(town=town, state="enrolled")
    return children.exclude(circle__in=with_one).order_by("code")


def build_board(by: Actor, at: datetime) -> Board:
    """Return the board as far as `by` may see it; the queries are as many for 1 town as for 27."""
    towns = {
        pk: Town(pk, code, name)
        for pk, code, name in towns_for(by).values_list("pk", "code", "name")
    }
    limit = limit_number("cadre_load", LOAD)
    seated = seated_cadres(at)
    places = {one.officer: one.organisation for one in seated}
    for pk, count in (
        Child.objects.filter(state="enrolled", town__in=towns)
        .values_list("town")
        .annotate(count=Count("pk"))
        .order_by()
    ):
        towns[pk].children = count
    cells: dict[tuple[int, int], int] = {}
    had = dict.fromkeys(towns, 0)
    for pk, officer, count in (
        CircleMember.objects.filter(covered(), circle__child__town__in=towns)
        .values_list("circle__child__town", "officer")
        .annotate(count=Count("circle", distinct=True))
        .order_by()
    ):
        if officer in places:
            cell = (places[officer], pk)
            cells[cell] = cells.get(cell, 0) + count
            had[pk] += count
    for pk, town in towns.items():
        town.uncovered = max(0, town.children - had[pk])
    cadres: dict[int, list[Seated]] = {}
    for one in seated:
        cadres.setdefault(one.organisation, []).append(one)
    paired = set()
    for row in (
        Pairing.objects.filter(kind__in=(DEPARTMENT, LEADER), to_date=None)
        .select_related("organisation", "officer")
        .order_by("pk")
    ):
        if row.organisation is not None:
            paired.add(row.organisation.pk)
        here = towns.get(row.division_id)
        if here is None:
            continue
        if row.organisation is not None:
            own = cadres.get(row.organisation.pk, [])
            here.bureaus.append(
                Bureau(
                    row.pk,
                    row.organisation.pk,
                    row.organisation.name,
                    row.organisation.name_en,
                    len(own),
                    cells.get((row.organisation.pk, here.pk), 0),
                )
            )
            here.cadres += len(own)
            here.overloaded += sum(one.load > limit for one in own)
        elif row.officer is not None:
            here.leaders.append(row.officer.name)
    return Board(list(towns.values()), _unpaired(by, cadres.keys() - paired), limit, cells)


def _unpaired(by: Actor, organisations: Iterable[int]) -> list[tuple[int, str, str]]:
    if not may_pair(by):
        return []
    held = Posting.objects.filter(organisation__in=list(organisations), post=CADRE)
    rows = held.values_list("organisation", "organisation__name", "organisation__name_en")
    return list(rows.distinct().order_by("organisation"))
