"""How a round stands: rows, what agrees, what is settled and open, by round, town and code."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Count, Q

from qianshou.kernel.indicators.suppression import hide_counts
from qianshou.kernel.registry.models import Organisation
from qianshou.packs.commission.care.models import BlindCheck, Comparison, Mismatch, Roster, Round
from qianshou.packs.commission.care.rounds.sight import Sight, lists_wanted, seen_mismatches

CODES = [code for code, _name in Mismatch.CODES]


@dataclass
class Bar:
    """One line of the funnel: rows handed in, rows that agree, mismatches settled and open."""

    key: str
    label: str
    label_en: str
    rows: int = 0
    confirmed: int = 0
    settled: int = 0
    open: int = 0
    passed: int = 0

    @property
    def mismatches(self) -> int:
        """All mismatches of the line."""
        return self.settled + self.open + self.passed

    def add(self, state: str, number: int) -> None:
        """Count mismatches of a state."""
        if state == "open":
            self.open += number
        elif state == "passed":
            self.passed += number
        else:
            self.settled += number


@dataclass
class Standing:
    """What the board shows of one round to one officer."""

    by_town: list[Bar]
    by_code: list[Bar]
    total: Bar
    elsewhere: Mapping[str, int | None] = field(default_factory=dict)


def standing_of(row: Round, sight: Sight) -> Standing:
    """Return how a round stands, as far as an officer sees it (four queries).

    Whoever does not see everything gets the district's counts by code with small ones kept back
    (None); counts of other towns are not theirs at all.
    """
    rosters = list(
        Roster.objects.filter(round=row, kind="town", withdrawn_at=None)
        .select_related("organisation", "division")
        .defer("sealed")
    )
    if not sight.is_lead:
        rosters = [one for one in rosters if one.organisation_id in sight.organisations]
    kept = Comparison.objects.filter(round=row).values_list("confirmed", flat=True).first()
    confirmed = kept or {}
    towns: dict[int, Bar] = {}
    for one in sorted(rosters, key=lambda one: one.division_id):
        bar = Bar(str(one.division_id), one.division.name, one.division.name, one.number_of_rows)
        bar.confirmed = confirmed.get(f"town/{one.organisation.code}", 0)
        towns[one.division_id] = bar
    codes = {code: Bar(code, name, code) for code, name in Mismatch.CODES}
    total = Bar("", "合计", "All", sum(bar.rows for bar in towns.values()))
    total.confirmed = sum(bar.confirmed for bar in towns.values())
    seen = seen_mismatches(sight).filter(round=row)
    counted = (
        seen.order_by("division", "code", "state")
        .values_list("division", "division__name", "code", "state")
        .annotate(n=Count("pk", distinct=True))
    )
    for division, name, code, state, number in counted:
        bar = towns.setdefault(division, Bar(str(division), name, name))
        for part in (bar, codes[code], total):
            part.add(state, number)
    elsewhere = {} if sight.is_lead else _elsewhere(row, codes)
    shown = [bar for bar in codes.values() if bar.mismatches or elsewhere.get(bar.key, 0) != 0]
    return Standing(list(towns.values()), shown, total, elsewhere)


def _elsewhere(row: Round, own: Mapping[str, Bar]) -> dict[str, int | None]:
    counted = Mismatch.objects.filter(round=row).order_by("code").values_list("code")
    every = dict(counted.annotate(n=Count("pk")))
    unseen = {code: every.get(code, 0) - own[code].mismatches for code in CODES}
    hidden = hide_counts(unseen)
    return {
        code: None if hidden is None or code in hidden else every.get(code, 0) for code in CODES
    }


@dataclass(frozen=True)
class HandedIn:
    """A list that a round waits for: whose it is, and when it came in with how many rows."""

    kind: str
    organisation: Organisation
    roster: Roster | None


def handed_in(row: Round, sight: Sight) -> list[HandedIn]:
    """Return every list that a round needs and whether it is in; one's own for others."""
    there = {
        (one.kind, one.organisation_id): one
        for one in Roster.objects.filter(round=row).select_related("officer").defer("sealed")
    }
    return [
        HandedIn(kind, organisation, there.get((kind, organisation.pk)))
        for kind, organisation in lists_wanted()
        if sight.is_lead or (kind, organisation.pk) in sight.lists
    ]


@dataclass(frozen=True)
class Owing:
    """An owner with open mismatches: how many, and how many are overdue."""

    organisation: str
    organisation_en: str
    pk: int
    open: int
    late: int


def owing(row: Round, sight: Sight, at: datetime) -> list[Owing]:
    """Return who still has open tasks on mismatches, the most overdue first (one query)."""
    tasks = Q(matter__tasks__state=0)
    rows = (
        seen_mismatches(sight)
        .filter(round=row, state="open")
        .filter(tasks)
        .order_by()
        .values_list(
            "matter__tasks__organisation__name",
            "matter__tasks__organisation__name_en",
            "matter__tasks__organisation",
        )
        .annotate(
            n=Count("matter__tasks", distinct=True),
            late=Count("matter__tasks", filter=Q(matter__tasks__due_at__lt=at), distinct=True),
        )
    )
    found = [Owing(*told) for told in rows]
    return sorted(found, key=lambda one: (-one.late, -one.open, one.pk))


@dataclass(frozen=True)
class Agreement:
    """How far the blind audit has come and how often it agrees with the machine."""

    drawn: int
    answered: int
    same: int
    unsure: int

    @property
    def percent(self) -> float | None:
        """The share of sure answers that agree, in percent; None before the first."""
        sure = self.answered - self.unsure
        return round(100 * self.same / sure, 1) if sure else None


def agreement_of(row: Round) -> Agreement:
    """Return the blind audit's result so far (one query)."""
    counted: Iterable[tuple[str, int]] = (
        BlindCheck.objects.filter(round=row)
        .order_by("answer")
        .values_list("answer")
        .annotate(n=Count("pk"))
    )
    by_answer = dict(counted)
    drawn = sum(by_answer.values())
    return Agreement(
        drawn, drawn - by_answer.get("", 0), by_answer.get("same", 0), by_answer.get("unsure", 0)
    )
