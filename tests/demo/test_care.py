"""What was reported of 2024 comes out by counting, and holds together."""

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import pytest
from django.db import transaction
from django.db.models import Count, F, Max, Min, Q

from qianshou.demo.children import Girl
from qianshou.kernel.access import CLOCK
from qianshou.kernel.clock import day_of
from qianshou.kernel.door.sealing import read_sheets
from qianshou.kernel.indicators.declaration import indicator_named
from qianshou.kernel.indicators.evaluate import evaluate
from qianshou.kernel.indicators.period import Period
from qianshou.kernel.ledger.replay import verify
from qianshou.kernel.pack import pack_of
from qianshou.kernel.procedures.forms import validate
from qianshou.kernel.registry.models import CircleMember, Person, Sheet
from qianshou.kernel.registry.workdays import forget_calendar, work_calendar
from qianshou.packs.commission.care.models import (
    Child,
    Contact,
    Hazard,
    Mismatch,
    Pledge,
    Roster,
    Round,
)
from qianshou.packs.commission.care.models.child import GUARDIANSHIP, IDENTITY, SHEETS
from qianshou.packs.commission.care.rounds.closing import reproduce
from qianshou.packs.commission.care.rounds.explaining import DECISIONS
from qianshou.packs.commission.care.rounds.sight import Sight
from qianshou.packs.commission.care.rounds.standing import standing_of
from tests.demo.cared import AT, put_girls

YEAR = Period(date(2024, 1, 1), date(2024, 12, 31))
REPORTED = {
    "rounds": 3,
    "surveyed": 3928,
    "commendations": 54,
    "enrolled": 3928,
    "children": 3928,
    "registers": 3 * 3928,
    "pledges": 15712,
    "families": 3928,
    "pairings": 97,
    "towns": 27,
    "towns_unpaired": 0,
    "towns_unled": 0,
    "unpaired": 0,
    "cadres": 205,
    "leaders": 36,
    "town_teams": 27,
    "lead_group": 1,
    "visits": 7768,
    "talks": 6754,
    "exchanges": 6258,
    "contacts": 7768 + 6754 + 6258,
    "letters": 1680,
    "wishes": 1670,
    "hazards_found": 635,
    "hazards_rectified": 635,
    "hazards_verified": 635,
    "hazards_share": 100,
}


@pytest.fixture(scope="module")
def girls(
    django_db_setup: None, django_db_blocker: Any, settle: Callable[[], None]
) -> Iterator[list[Girl]]:
    """Build the whole demonstration of care once."""
    with django_db_blocker.unblock(), transaction.atomic():
        girls = put_girls()
        settle()
        yield girls
        transaction.set_rollback(True)
        forget_calendar()


@pytest.mark.parametrize(("key", "value"), REPORTED.items())
def test_a_reported_total_comes_out_by_counting(
    girls: list[Girl], db: None, key: str, value: int
) -> None:
    found = evaluate(indicator_named("commission.care", key), YEAR, viewer=CLOCK)
    assert found.value == value


def test_nobody_carries_too_many_and_no_child_is_without_a_cadre(
    girls: list[Girl], db: None
) -> None:
    loads = CircleMember.objects.filter(role="cadre").values("officer").annotate(n=Count("pk"))
    assert max(row["n"] for row in loads) <= 25
    with_cadre = CircleMember.objects.filter(role="cadre", to_date=None).values("circle")
    assert not Child.objects.exclude(circle__in=with_cadre).exists()


def test_nothing_was_done_before_its_time(girls: list[Girl], db: None) -> None:
    late = Contact.objects.exclude(kind="survey").filter(at__date__lte=F("child__enrolled_on"))
    assert not late.exists()
    assert not Pledge.objects.exclude(signed_at__date=F("child__enrolled_on")).exists()
    assert not Hazard.objects.filter(
        Q(rectified_at__lt=F("found_at")) | Q(verified_by=F("rectified_by"))
    ).exists()
    calendar = work_calendar()
    days = Contact.objects.exclude(kind="survey").values_list("at", flat=True)
    assert all(calendar.is_workday(day_of(at)) for at in days[:2000])
    span = Contact.objects.aggregate(first=Min("at"), last=Max("at"))
    assert day_of(span["first"]) >= date(2024, 1, 2)
    assert day_of(span["last"]) < AT.date().replace(day=1)


def test_every_girl_is_eligible_by_age_and_by_her_parents(girls: list[Girl], db: None) -> None:
    for girl in girls[::97]:
        told = read_sheets(girl.person, [IDENTITY, GUARDIANSHIP], girl.key)
        number = told[IDENTITY]["identity_number"]
        assert number.startswith("500199")
        assert number[6:14] == girl.born.strftime("%Y%m%d")
        assert (AT.date() - girl.born).days < 16 * 365.25
        away = told[GUARDIANSHIP]
        both = away["father_away"] == away["mother_away"] == "yes"
        assert both or away["ability"] == "unable"


def test_the_numbers_are_everybodys_own(girls: list[Girl], db: None) -> None:
    assert Person.objects.exclude(identity_digest="").values("identity_digest").distinct().count()
    digests = Person.objects.filter(child__isnull=False).values_list("identity_digest", flat=True)
    assert len(set(digests)) == len(girls)
    assert Sheet.objects.count() == len(girls) * len(SHEETS)


def test_every_sheet_is_one_that_its_form_would_take(girls: list[Girl], db: None) -> None:
    pack = pack_of("care.month")
    for girl in girls[::131]:
        for kind, told in read_sheets(girl.person, SHEETS, girl.key).items():
            form = pack.form(kind.removeprefix("care."))
            assert validate(form, told, lambda source: ()) == told, kind


def test_every_mismatch_of_a_closed_round_was_settled(girls: list[Girl], db: None) -> None:
    assert Round.objects.get(number=3).state == "closed"
    assert not Mismatch.objects.exclude(state__in=("corrected", "explained")).exists()
    assert Roster.objects.filter(wrapped_key=None).count() == 3 * 29


def test_a_closed_round_is_made_again_and_its_board_adds_up(girls: list[Girl], db: None) -> None:
    for row in Round.objects.all():
        assert len(row.seed) == 16
        assert reproduce(row).is_equal
        assert reproduce(row).digest == row.snapshot
        decided = row.mismatches.values_list("code", "decision").distinct()
        assert all(decision in DECISIONS[code] for code, decision in decided)
        total = standing_of(row, Sight(is_lead=True, lists=())).total
        assert total.rows == total.confirmed + row.mismatches.exclude(code="N2").count()
        assert total.open == 0


def test_the_same_seed_gives_the_same_girls(girls: list[Girl], db: None) -> None:
    from qianshou.demo.children import drawn_girls

    again = drawn_girls(AT, 1)
    assert [(one.code, one.born, one.village.pk, one.cadre, one.key) for one in again] == [
        (one.code, one.born, one.village.pk, one.cadre, one.key) for one in girls
    ]


def test_verify_finds_nothing_in_what_was_inserted(girls: list[Girl], db: None) -> None:
    assert [problem.en for problem in verify()] == []
