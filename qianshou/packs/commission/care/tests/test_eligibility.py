"""Whether a child belongs in the register: the truth table, the decision, the clock."""

from datetime import date, datetime, timedelta
from itertools import product
from typing import Any

import pytest

from qianshou.kernel import worker
from qianshou.kernel.access import CLOCK
from qianshou.kernel.clock import CHINA
from qianshou.kernel.door.registering import change_row
from qianshou.kernel.door.sealing import change_sheet
from qianshou.kernel.ledger.replay import verify
from qianshou.kernel.outbox.models import Parcel
from qianshou.kernel.refusal import Refusal
from qianshou.packs.commission.care.eligibility import (
    absence_changed,
    decide_eligibility,
    facts_of,
    finding_of,
    months_between,
    recheck,
    reevaluate,
    table,
    years_later,
    years_on,
)
from qianshou.packs.commission.care.models import Child
from qianshou.packs.commission.care.models.child import GUARDIANSHIP
from qianshou.packs.commission.care.tests.children import actor, make_child

HOME, LONG, SHORT = ("no", None), ("yes", 3), ("yes", 2)
UNDATED, UNKNOWN = ("yes", None), (None, None)
PARENTS = {"home": HOME, "long": LONG, "short": SHORT, "undated": UNDATED, "unknown": UNKNOWN}


def decided(age: int | None, father: str, mother: str, ability: str | None) -> dict[str, Any]:
    facts = {"age": age, "ability": ability}
    for parent, told in (("father", father), ("mother", mother)):
        facts[f"{parent}_away"], facts[f"{parent}_months"] = PARENTS[told]
    found, rules = table().decide_with_rules("eligibility", facts)
    assert len(rules) == 1, (facts, rules)
    assert isinstance(found, dict)
    return found | {"rule": rules[0]}


@pytest.mark.parametrize(
    ("age", "father", "mother", "ability", "eligible", "reason", "rule"),
    [
        (None, "long", "long", "able", "unsure", "age_unknown", "age_unknown"),
        (16, "long", "long", "able", "no", "aged", "aged"),
        (15, "unknown", "long", "able", "unsure", "parents_unknown", "father_unknown"),
        (15, "long", "unknown", "able", "unsure", "parents_unknown", "mother_unknown"),
        (9, "home", "home", "able", "no", "both_home", "both_home"),
        (15, "long", "long", None, "yes", "both_away", "both_away"),
        (9, "short", "long", "able", "no", "short", "father_short"),
        (9, "long", "short", "able", "no", "short", "mother_short"),
        (9, "undated", "long", "able", "unsure", "since_unknown", "father_undated"),
        (9, "long", "undated", "able", "unsure", "since_unknown", "mother_undated"),
        (9, "long", "home", "unable", "yes", "one_away", "father_away_unable"),
        (9, "long", "home", "able", "no", "other_able", "father_away_able"),
        (9, "short", "home", "limited", "unsure", "ability_unsure", "father_away_doubt"),
        (9, "home", "long", "unable", "yes", "one_away", "mother_away_unable"),
        (9, "home", "long", "able", "no", "other_able", "mother_away_able"),
        (9, "home", "undated", None, "unsure", "ability_unsure", "mother_away_doubt"),
    ],
)
def test_every_row_of_the_table(
    age: int | None,
    father: str,
    mother: str,
    ability: str | None,
    eligible: str,
    reason: str,
    rule: str,
) -> None:
    found = decided(age, father, mother, ability)
    assert (found["eligible"], found["reason"], found["rule"]) == (eligible, reason, rule)
    assert found["because"]
    assert found["because_en"]


def test_exactly_one_rule_fires_whatever_is_known_and_every_rule_does() -> None:
    fired = {
        decided(age, father, mother, ability)["rule"]
        for age, father, mother, ability in product(
            (None, 0, 9, 15, 16, 40), PARENTS, PARENTS, ("able", "limited", "unable", None)
        )
    }
    decision = table().decisions["eligibility"].table
    assert decision is not None
    assert fired == {rule.id for rule in decision.rules}


def test_the_articles_three_conditions() -> None:
    assert decided(15, "long", "long", "unable")["eligible"] == "yes"  # row 23
    assert decided(15, "short", "home", "unable")["eligible"] == "yes"  # row 24
    assert decided(16, "long", "long", "unable")["eligible"] == "no"  # row 25


@pytest.mark.parametrize(
    ("since", "day", "months"),
    [
        ("2026-08-23", "2026-11-22", 2),
        ("2026-08-23", "2026-11-23", 3),
        ("2026-08-31", "2026-11-30", 3),
        ("2025-11-30", "2026-02-28", 3),
        ("2026-12-01", "2026-11-23", 0),
    ],
)
def test_months_end_on_the_corresponding_day_or_the_months_last(
    since: str, day: str, months: int
) -> None:
    assert months_between(date.fromisoformat(since), date.fromisoformat(day)) == months


def test_a_child_is_sixteen_from_the_birthday_on() -> None:
    assert years_on(date(2010, 11, 24), date(2026, 11, 23)) == 15
    assert years_on(date(2010, 11, 24), date(2026, 11, 24)) == 16
    assert years_on(date(2012, 2, 29), date(2028, 2, 28)) == 15


def test_what_is_kept_for_years_ends_on_the_corresponding_day() -> None:
    assert years_later(date(2026, 10, 31), 3) == date(2029, 10, 31)
    assert years_later(date(2028, 2, 29), 3) == date(2031, 2, 28)


def test_nothing_is_made_up_where_a_sheet_is_empty() -> None:
    assert facts_of({}, date(2026, 11, 23)) == {
        "age": None,
        "ability": None,
        "father_away": None,
        "father_months": None,
        "mother_away": None,
        "mother_months": None,
    }


@pytest.fixture
def child(district: None, at: datetime) -> Child:
    """Return a girl whose parents have both been away for more than three months."""
    return make_child(at)


def enrol(child: Child, at: datetime) -> None:
    """Put a child into the register as her enrolment does."""
    change_row(child, {"state": "enrolled", "enrolled_on": at.date()}, by=CLOCK, at=at)


def test_a_decision_is_written_with_its_reasons_and_the_one_before_is_ended(
    child: Child, at: datetime
) -> None:
    first = decide_eligibility(child, by=actor("deng_hong", at), at=at)
    assert (first.is_eligible, first.reasons, first.table) == (
        True,
        ["both_away"],
        table().digest,
    )
    assert decide_eligibility(child, by=CLOCK, at=at) == first
    change_sheet(
        child.person_id, GUARDIANSHIP, {"mother_away": "no", "ability": "unable"}, by=CLOCK, at=at
    )
    later = at + timedelta(days=1)
    second = decide_eligibility(child, by=CLOCK, at=later)
    first.refresh_from_db()
    assert second.reasons == ["one_away"]
    assert first.valid_to == second.valid_from == later.date()
    assert list(verify()) == []


def test_a_doubt_is_decided_by_an_officer_and_never_by_the_table(
    child: Child, at: datetime
) -> None:
    values = {"mother_away": "no", "ability": "limited"}
    change_sheet(child.person_id, GUARDIANSHIP, values, by=CLOCK, at=at)
    with pytest.raises(Refusal) as doubt:
        decide_eligibility(child, by=CLOCK, at=at)
    assert doubt.value.code == "care.unsure"
    officer = actor("deng_hong", at)
    row = decide_eligibility(child, decided="yes", evidence=["visit"], by=officer, at=at)
    assert (row.is_eligible, row.officer_id, row.evidence) == (True, officer.officer, ["visit"])


def test_whoever_decides_against_the_table_says_why(child: Child, at: datetime) -> None:
    officer = actor("deng_hong", at)
    with pytest.raises(Refusal) as bare:
        decide_eligibility(child, decided="no", by=officer, at=at)
    assert bare.value.code == "care.reason"
    row = decide_eligibility(child, decided="no", reason="母亲上周已返乡", by=officer, at=at)
    child.refresh_from_db()
    assert not row.is_eligible
    assert (child.state, child.left_on) == ("ineligible", at.date())
    assert child.person.erase_on == date(2029, 11, 23)


def test_a_child_comes_back_as_a_candidate(child: Child, at: datetime) -> None:
    officer = actor("deng_hong", at)
    decide_eligibility(child, decided="no", reason="母亲上周已返乡", by=officer, at=at)
    child.refresh_from_db()
    decide_eligibility(child, decided="yes", by=officer, at=at + timedelta(days=200))
    child.refresh_from_db()
    child.person.refresh_from_db()
    assert (child.state, child.left_on, child.person.erase_on) == ("candidate", None, None)


def test_the_clock_lets_a_child_leave_on_the_sixteenth_birthday_and_not_before(
    district: None, at: datetime
) -> None:
    girl = make_child(at, birth=date(2010, 11, 25))
    decide_eligibility(girl, by=CLOCK, at=at)
    enrol(girl, at)
    reevaluate(datetime(2026, 11, 24, 23, 59, tzinfo=CHINA))
    girl.refresh_from_db()
    assert girl.state == "enrolled"
    reevaluate(datetime(2026, 11, 25, 0, 1, tzinfo=CHINA))
    girl.refresh_from_db()
    assert (girl.state, girl.left_on) == ("aged_out", date(2026, 11, 25))
    assert girl.eligibilities.get(valid_to=None).reasons == ["aged"]
    assert girl.person.erase_on == date(2029, 11, 25)
    assert list(verify()) == []


def test_the_worker_sweeps_once_a_day(district: None, at: datetime) -> None:
    worker.tick(at)
    worker.tick(at + timedelta(minutes=5))
    sent = Parcel.objects.filter(kind="care.eligibility")
    assert [parcel.key for parcel in sent] == ["care.eligibility/2026-11-23"]
    assert sent[0].done_at is not None
    worker.tick(at + timedelta(days=1))
    assert sent.all().count() == 2


def test_a_changed_absence_asks_for_a_review_and_lets_nobody_go_by_itself(
    child: Child, at: datetime
) -> None:
    decide_eligibility(child, by=CLOCK, at=at)
    enrol(child, at)
    changed = change_sheet(
        child.person_id, GUARDIANSHIP, {"mother_away": "no"}, by=actor("lin_yue", at), at=at
    )
    assert absence_changed(changed)
    assert not absence_changed(["guardian_phone"])
    found = recheck(child, by=actor("lin_yue", at), at=at)
    assert found is not None
    assert found.eligible == "no"
    child.refresh_from_db()
    assert child.state == "enrolled"
    assert Parcel.objects.filter(kind="care.review").count() == 1
    recheck(child, by=actor("lin_yue", at), at=at)
    assert Parcel.objects.filter(kind="care.review").count() == 1


def test_what_the_table_says_of_a_child_is_read_from_her_sheets(child: Child, at: datetime) -> None:
    assert finding_of(child, at).rule == "both_away"
