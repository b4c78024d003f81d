"""Hazards: levelled by a person, put right by one, verified by another, the child unnamed."""

from datetime import datetime, timedelta
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from qianshou.kernel import door, worker
from qianshou.kernel.access import CLOCK, members_of
from qianshou.kernel.door import acts
from qianshou.kernel.ledger.replay import verify
from qianshou.kernel.outbox import send
from qianshou.kernel.procedures.dmn import load_dmn
from qianshou.kernel.refusal import Refusal, Refusals
from qianshou.kernel.registry.models import Officer, Post, Posting
from qianshou.kernel.registry.vault import key_of, seal_value
from qianshou.kernel.worklist.models import Matter, Notice
from qianshou.packs.commission.care import hazard
from qianshou.packs.commission.care.hazard import open_hazard
from qianshou.packs.commission.care.models import Child, Contact, HarmReport, Hazard
from qianshou.packs.commission.care.tests.circles import Cast, open_tasks

TOLD = {"hazard_kind": "water", "hazard_signs": ["repeated"], "seen": "李小雨放学后去塘边"}
ASSIGNED = {
    "level": "serious",
    "to_rectify": "朝阳社区三组鱼塘边装护栏、立警示牌",
    "fixed_by": "organisation",
    "responsible": "longshui-office",
    "verifier": "town",
}
SIGNS = ("immediate", "injured", "alone", "repeated")
TABLE = load_dmn(Path(hazard.__file__).with_name("hazard.dmn").read_bytes(), "hazard.dmn")


@pytest.fixture
def cast(district: None, at: datetime) -> Cast:
    """Return the cast on a working Monday's morning."""
    return Cast(at)


@pytest.fixture
def child(cast: Cast) -> Child:
    """Return the child of Longshui with her circle."""
    return cast.register()


def found(cast: Cast, child: Child, by: str = "lin_yue", **told: Any) -> int:
    return open_hazard(child, {**TOLD, **told}, by=cast.actor(by), at=cast.at).matter


def row(matter: int) -> Hazard:
    return Hazard.objects.get(matter=matter)


def assign(cast: Cast, matter: int, **changed: Any) -> None:
    cast.do(matter, "assign", "deng_hong", **{**ASSIGNED, **changed})


def refused(cast: Cast, matter: int, step: str, by: str, **facts: Any) -> tuple[str, str | None]:
    try:
        cast.do(matter, step, by, **facts)
    except Refusal as refusal:
        return refusal.code, refusal.field
    except Refusals as several:
        return several.refusals[0].code, several.refusals[0].field
    return "", None


def test_a_hazard_runs_from_finding_to_verified_by_somebody_else(cast: Cast, child: Child) -> None:
    matter = found(cast, child)
    assert (row(matter).state, row(matter).level, row(matter).organisation) == ("found", "", None)
    assert row(matter).found_by == Officer.objects.get(username="lin_yue")
    assign(cast, matter)
    assert (row(matter).state, row(matter).level) == ("rectifying", "serious")
    assert row(matter).due_at == cast.task(matter, "rectify").due_at
    cast.at += timedelta(days=2)
    cast.do(matter, "rectify", "tan_yong", rectified="护栏已装好")
    assert (row(matter).state, row(matter).rectified_at) == ("rectified", cast.at)
    cast.at += timedelta(days=1)
    cast.do(matter, "verify", "deng_hong", hazard_verified="ok")
    done = row(matter)
    assert (done.state, done.verified_at, done.due_at) == ("verified", cast.at, None)
    assert (done.rectified_by.username, done.verified_by.username) == ("tan_yong", "deng_hong")  # type: ignore[union-attr]
    assert Matter.objects.get(pk=matter).outcome == "closed"
    assert list(verify()) == []


def test_a_hazard_is_not_verified_by_its_rectifier(cast: Cast, child: Child) -> None:
    tan = Officer.objects.get(username="tan_yong")
    office = Posting.objects.get(officer=tan).organisation
    Posting.objects.create(
        officer=tan, post=Post(pk="town_team"), organisation=office, from_date=cast.at.date()
    )
    matter = found(cast, child)
    assign(cast, matter)
    cast.do(matter, "rectify", "tan_yong", rectified="护栏已装好")
    for verdict in ({"hazard_verified": "ok"}, {"hazard_verified": "again", "again_reason": "差"}):
        code = refused(cast, matter, "verify", "tan_yong", **verdict)
        assert code == ("care.same_person", "hazard_verified")
    assert row(matter).state == "rectified"
    assert cast.waiting(matter) == ["verify"]
    cast.do(matter, "verify", "deng_hong", hazard_verified="ok")


def test_the_database_too_keeps_rectifier_and_verifier_apart(cast: Cast, child: Child) -> None:
    matter = found(cast, child)
    assign(cast, matter)
    cast.do(matter, "rectify", "tan_yong", rectified="护栏已装好")
    tan = Officer.objects.get(username="tan_yong")
    for values in (
        {"verified_by": tan, "verified_at": cast.at, "state": "verified"},
        {"verified_by": None, "verified_at": cast.at, "state": "verified"},
        {"rectified_by": None, "verified_by": tan, "verified_at": cast.at, "state": "verified"},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            Hazard.objects.filter(matter=matter).update(**values)


def test_what_is_not_put_right_goes_back_with_a_reason(cast: Cast, child: Child) -> None:
    matter = found(cast, child)
    assign(cast, matter)
    cast.do(matter, "rectify", "tan_yong", rectified="护栏已装好")
    code = refused(cast, matter, "verify", "deng_hong", hazard_verified="again")
    assert code == ("form.required", "again_reason")
    cast.do(matter, "verify", "deng_hong", hazard_verified="again", again_reason="北侧还缺一段")
    assert (row(matter).state, row(matter).returns) == ("rectifying", 1)
    cast.do(matter, "rectify", "tan_yong", rectified="北侧补齐")
    cast.do(matter, "verify", "deng_hong", hazard_verified="ok")
    assert row(matter).state == "verified"
    assert list(verify()) == []


@pytest.mark.parametrize(("level", "days"), [("urgent", 1), ("serious", 7), ("ordinary", 30)])
def test_the_limit_follows_the_level_that_a_person_gave(
    cast: Cast, child: Child, level: str, days: int
) -> None:
    matter = found(cast, child)
    assign(cast, matter, level=level)
    due = cast.task(matter, "rectify").due_at
    assert cast.at + timedelta(days=days) <= due <= cast.at + timedelta(days=days + 4)
    assert Matter.objects.get(pk=matter).level == level


def test_an_urgent_hazard_is_assigned_within_two_hours(cast: Cast, child: Child) -> None:
    matter = found(cast, child, hazard_signs=["immediate"])
    assert cast.task(matter, "assign").due_at == cast.at + timedelta(hours=2)
    worker.tick(cast.at + timedelta(hours=2))
    assert Notice.objects.filter(matter=matter, kind="late").exists()


def test_the_table_proposes_exactly_one_level_whatever_comes(cast: Cast) -> None:
    kinds = ("guardianship", "dwelling", "water", "traffic", "bullying", "network", "mind")
    grave = {"water", "guardianship", "dwelling", "bullying", "mind"}
    alone = {"water", "guardianship", "traffic", "bullying", "mind"}
    for kind in (*kinds, "health", "schooling"):
        for many in range(5):
            for signs in combinations(SIGNS, many):
                facts = {"hazard_kind": kind, **({"hazard_signs": list(signs)} if signs else {})}
                told = TABLE.decide("hazard_level", facts)
                urgent = {"immediate", "injured"} & set(signs) or (
                    "alone" in signs and kind in alone
                )
                serious = kind in grave or "repeated" in signs
                expected = "urgent" if urgent else "serious" if serious else "ordinary"
                assert told["suggested_level"] == expected, facts
                assert told["assign_span"] == ("2h" if urgent else "1wd")
                assert told["suggested_because"]
                assert told["suggested_because_en"]


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ({"fixed_by": "village", "verifier": "town"}, ("village", "village_child", "home")),
        ({"fixed_by": "organisation", "verifier": "lead"}, ("water", "care_office", "commission")),
        (
            {"fixed_by": "organisation", "verifier": "prosecutor"},
            ("water", "care_office", "procuratorate"),
        ),
    ],
)
def test_the_table_says_who_puts_it_right_and_who_verifies(
    chosen: dict[str, str], expected: tuple[str, str, str]
) -> None:
    facts = {"level": "urgent", "village_office": "village", "responsible": "water", "home": "home"}
    told = TABLE.decide("hazard_limits", {**facts, **chosen})
    assert (told["fixer"], told["fixer_post"], told["verify_at"]) == expected
    assert told["rectify_span"] == "24h"


def test_the_village_puts_right_what_is_the_villages(cast: Cast, child: Child) -> None:
    matter = found(cast, child)
    assign(cast, matter, fixed_by="village", responsible=None)
    cast.do(matter, "rectify", "fang_ting", rectified="已劝离并立牌")
    assert row(matter).organisation.code == "v500111100001"  # type: ignore[union-attr]


def test_another_organisation_comes_into_the_circle_and_sees_no_child(
    cast: Cast, child: Child
) -> None:
    matter = found(cast, child)
    water = "water.care_office.1"
    with pytest.raises(Refusal) as hidden:
        door.act(acts.Comment(matter, "？"), by=cast.actor(water), at=cast.at)
    assert hidden.value.code == "door.no_matter"
    assign(cast, matter, responsible="water")
    by = cast.actor(water)
    door.act(acts.Comment(matter, "明天去"), by=by, at=cast.at)
    with pytest.raises(Refusal) as denied:
        door.act(acts.Disclose(matter, "sealed", "看看"), by=by, at=cast.at)
    assert denied.value.code == "access.denied"
    facts = Matter.objects.get(pk=matter).state
    for secret in ("李小雨", child.code, '塘边"'):
        assert secret not in facts
    assert Notice.objects.filter(matter=matter, posts="care_office").count() == 1
    child_circle = members_of(child.circle_id)
    assert not child_circle.hold(by)
    opened = door.act(acts.Disclose(matter, "sealed", "走访"), by=cast.actor("lin_yue"), at=cast.at)
    assert opened is not None
    assert opened.disclosed["child_code"] == child.code


def test_who_sends_it_back_leaves_the_circle_when_another_gets_it(cast: Cast, child: Child) -> None:
    matter = found(cast, child)
    assign(cast, matter, responsible="water")
    task = cast.task(matter, "rectify").pk
    water = cast.actor("water.care_office.1")
    door.act(acts.Return(task, "assign", "不是我们管的塘"), by=water, at=cast.at)
    assert row(matter).state == "found"
    assign(cast, matter)
    circle = Matter.objects.get(pk=matter).circle_id
    assert circle is not None
    assert not members_of(circle).hold(water)
    assert members_of(circle).hold(cast.actor("tan_yong"))
    assert list(verify()) == []


@pytest.mark.parametrize("verifier", ["lead", "prosecutor"])
def test_the_lead_group_or_a_prosecutor_can_verify(cast: Cast, child: Child, verifier: str) -> None:
    matter = found(cast, child)
    assign(cast, matter, verifier=verifier)
    cast.do(matter, "rectify", "tan_yong", rectified="护栏已装好")
    by = {"lead": "zhou_jie", "prosecutor": "shen_lan"}[verifier]
    with pytest.raises(Refusal) as denied:
        cast.do(matter, "verify", "deng_hong", hazard_verified="ok")
    assert denied.value.code == "access.denied"
    cast.do(matter, "verify", by, hazard_verified="ok")


@pytest.mark.parametrize("named", ["李小雨", "10000000002", "500199201503070024"])
def test_what_the_organisation_reads_must_not_name_the_child(
    cast: Cast, child: Child, named: str
) -> None:
    matter = found(cast, child)
    code = refused(
        cast, matter, "assign", "deng_hong", **{**ASSIGNED, "to_rectify": f"{named} 家门口"}
    )
    assert code == ("care.names_child", "to_rectify")
    assign(cast, matter)
    code = refused(cast, matter, "rectify", "tan_yong", rectified=f"已告知{named}")
    assert code == ("care.names_child", "rectified")


def test_an_organisation_where_nobody_puts_hazards_right_is_refused(
    cast: Cast, child: Child
) -> None:
    matter = found(cast, child)
    changed = {**ASSIGNED, "responsible": "longshui-centre"}
    assert refused(cast, matter, "assign", "deng_hong", **changed)[0] == "door.nobody"


@pytest.mark.parametrize("username", ["duan_rui", "jin_ke", "zhang_min", "hao_jian"])
def test_nobody_outside_the_circle_registers_a_hazard(
    cast: Cast, child: Child, username: str
) -> None:
    with pytest.raises(Refusal) as denied:
        found(cast, child, username)
    assert denied.value.code == "access.denied"


def test_suspected_harm_is_never_written_as_a_hazard(cast: Cast, child: Child) -> None:
    with pytest.raises(Refusal) as harm:
        found(cast, child, hazard_kind="harm")
    assert (harm.value.code, harm.value.field) == ("care.harm", "hazard_kind")
    assert not Hazard.objects.exists()


def parcel(child: Child, **found: Any) -> dict[str, Any]:
    """Return what a month's form sends on, sealed under the child's key."""
    return {"child": child.code, "sealed": seal_value(found, key_of(child.person_id))}


def test_a_hazard_of_the_months_form_is_opened_by_the_worker_once(cast: Cast, child: Child) -> None:
    lin = Officer.objects.get(username="lin_yue")
    visit = Contact.objects.create(
        child=child, kind="visit", role="cadre", officer=lin, at=cast.at, division=child.village
    )
    told = parcel(child, **TOLD, contact=visit.pk, officer=lin.pk)
    for _ in range(2):
        send("care.hazard", told, key="care.hazard/1", at=cast.at)
    for _ in range(2):
        worker.tick(cast.at)
    one = Hazard.objects.get()
    assert (one.contact, one.found_by, one.state) == (visit, lin, "found")
    assert open_tasks(one.matter_id or 0)[0].organisation.code == "longshui-office"


def test_suspected_harm_in_the_months_form_becomes_a_report_and_no_hazard(
    cast: Cast, child: Child
) -> None:
    lin = Officer.objects.get(username="lin_yue")
    told = parcel(child, hazard_kind="harm", seen="身上有伤", officer=lin.pk)
    send("care.hazard", told, key="care.hazard/2", at=cast.at)
    worker.tick(cast.at)
    assert not Hazard.objects.exists()
    report = HarmReport.objects.get()
    assert report.division == child.village
    circle = Matter.objects.get(pk=report.pk).circle_id
    assert circle is not None
    assert not members_of(circle).hold(cast.actor("lin_yue"))


def test_a_hazard_opened_by_the_clock_has_no_finder(cast: Cast, child: Child) -> None:
    open_hazard(child, TOLD, by=CLOCK, at=cast.at)
    assert Hazard.objects.get().found_by is None
