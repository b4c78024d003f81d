"""Enrolment through the door: from a candidate to an enrolled child, and each refusal on the way."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import pytest

from qianshou.kernel import door, worker
from qianshou.kernel.access import CLOCK
from qianshou.kernel.calendar import due_at
from qianshou.kernel.door import acts
from qianshou.kernel.door.registering import change_row
from qianshou.kernel.door.sealing import change_sheet
from qianshou.kernel.ledger.replay import verify
from qianshou.kernel.refusal import Refusal, Refusals
from qianshou.kernel.registry.models import Division, Officer, Organisation, Pairing
from qianshou.kernel.registry.workdays import work_calendar
from qianshou.kernel.worklist.models import Matter, Task
from qianshou.packs.commission.care.circle import cadre_of
from qianshou.packs.commission.care.eligibility import recheck
from qianshou.packs.commission.care.enrolment import add_candidate, save_register
from qianshou.packs.commission.care.models import Child, Pledge
from qianshou.packs.commission.care.models.child import GUARDIANSHIP
from qianshou.packs.commission.care.pairing import DEPARTMENT, cadres_for
from qianshou.packs.commission.care.pledges import KINDS, sign_on_paper
from qianshou.packs.commission.care.tests.children import (
    BORN,
    BOTH_AWAY,
    ENTRUSTED,
    NAME,
    actor,
    number_of,
    photo,
    village,
)

IDENTITY = {
    "name": NAME,
    "identity_number": number_of(BORN),
    "birth_date": BORN.isoformat(),
    "address": "朝阳社区二组",
}
WRONG = "1" if number_of(BORN)[17] != "1" else "2"
DECIDED = {"eligible": "yes", "evidence": ["visit"], "grounds": "祖母在家，父母在外地"}
INFORMED = {"informed_on": "2026-11-23", "way": "face", "told": "黎大海", "answer": "understood"}


@dataclass
class Enrolment:
    """One girl's enrolment, done by the cast at one instant."""

    child: Child
    matter: int
    at: datetime

    def waiting(self) -> str:
        return Task.objects.get(matter=self.matter, state=0).node

    def do(self, by: str, **facts: Any) -> None:
        task = Task.objects.get(matter=self.matter, state=0)
        door.act(acts.Complete(task.pk, facts), by=actor(by, self.at), at=self.at)
        self.child.refresh_from_db()

    def fill(self, name: str, **raw: Any) -> None:
        officer = actor("fang_ting", self.at)
        save_register(self.child, name, raw, whole=True, by=officer, at=self.at)

    def fill_all(self) -> None:
        self.fill("household", members="祖母，与儿童同住")
        self.fill("health", condition="well")
        self.fill("guardianship", **BOTH_AWAY, **ENTRUSTED)

    def sign_all(self) -> None:
        for kind in KINDS:
            sign_on_paper(
                self.child,
                kind,
                photo(),
                signer="guardian",
                signed_on=self.at.date(),
                by=actor("fang_ting", self.at),
                at=self.at,
            )


@pytest.fixture
def enrolment(district: None, at: datetime) -> Enrolment:
    """Return the enrolment of a candidate whom the town team took in by hand."""
    change_row(
        Pairing(),
        {
            "kind": DEPARTMENT,
            "organisation": Organisation.objects.get(code="justice"),
            "division": village().parent,
            "from_date": at.date(),
        },
        by=CLOCK,
        at=at,
    )
    child, receipt = add_candidate(
        IDENTITY, village(), sex="F", stage="primary", by=actor("deng_hong", at), at=at
    )
    change_sheet(child.person_id, GUARDIANSHIP, BOTH_AWAY, by=CLOCK, at=at)
    return Enrolment(child, receipt.matter, at)


def refusal_of(doing: Any) -> Refusal:
    with pytest.raises((Refusal, Refusals)) as refused:
        doing()
    found = refused.value
    if isinstance(found, Refusals):
        return found.refusals[0]
    assert isinstance(found, Refusal)
    return found


def test_the_whole_way_from_candidate_to_enrolled(enrolment: Enrolment) -> None:
    assert enrolment.waiting() == "decide"
    enrolment.do("deng_hong", **DECIDED)
    assert enrolment.child.eligibilities.get(valid_to=None).evidence == ["visit"]
    assert enrolment.waiting() == "inform"
    enrolment.do("fang_ting", **INFORMED)
    enrolment.fill_all()
    enrolment.do("fang_ting", filled="yes")
    enrolment.do("deng_hong", cadre="lin_yue")
    cadre = cadre_of(enrolment.child)
    assert cadre is not None
    assert cadre.username == "lin_yue"
    task = Task.objects.get(matter=enrolment.matter, state=0)
    assert task.due_at == due_at(enrolment.at, "15wd", work_calendar()).at
    enrolment.sign_all()
    enrolment.do("fang_ting", signed="yes")
    child = enrolment.child
    assert (child.state, child.enrolled_on, child.updated_on) == (
        "enrolled",
        enrolment.at.date(),
        enrolment.at.date(),
    )
    matter = Matter.objects.get(pk=enrolment.matter)
    assert (matter.outcome, matter.number[:2]) == ("enrolled", "RC")
    assert Pledge.objects.filter(child=child, valid_to=None).count() == 4
    assert list(verify()) == []


def test_what_is_personal_stands_nowhere_in_clear(enrolment: Enrolment) -> None:
    enrolment.do("deng_hong", **DECIDED)
    enrolment.do("fang_ting", **INFORMED)
    matter = Matter.objects.get(pk=enrolment.matter)
    for told in (NAME, "黎大海", "祖母在家", IDENTITY["identity_number"]):
        assert told not in matter.state
        assert told not in matter.title


def test_who_is_not_eligible_leaves_and_nobody_is_paired(enrolment: Enrolment) -> None:
    enrolment.do("deng_hong", eligible="no", evidence=["phone"], reason="母亲上周已返乡")
    assert enrolment.child.state == "ineligible"
    assert Matter.objects.get(pk=enrolment.matter).outcome == "not_eligible"


def test_a_decision_against_the_table_without_a_reason_moves_nothing(enrolment: Enrolment) -> None:
    refused = refusal_of(lambda: enrolment.do("deng_hong", eligible="no", evidence=["phone"]))
    assert (refused.code, refused.field) == ("care.reason", "reason")
    assert enrolment.waiting() == "decide"


def test_an_unfilled_register_is_refused_by_its_name(enrolment: Enrolment) -> None:
    enrolment.do("deng_hong", **DECIDED)
    enrolment.do("fang_ting", **INFORMED)
    enrolment.fill("household", members="祖母")
    refused = refusal_of(lambda: enrolment.do("fang_ting", filled="yes"))
    assert refused.code == "care.registers"
    assert "健康" in refused.zh
    assert "家庭" not in refused.zh


def test_a_draft_of_a_register_is_kept_without_what_is_required(enrolment: Enrolment) -> None:
    by, at = actor("fang_ting", enrolment.at), enrolment.at
    raw = {"note": "待补充"}
    assert (
        refusal_of(
            lambda: save_register(enrolment.child, "household", raw, whole=True, by=by, at=at)
        ).field
        == "members"
    )
    changed = save_register(enrolment.child, "household", raw, whole=False, by=by, at=at)
    assert changed == ["note"]


def test_only_cadres_of_paired_departments_below_the_load_can_be_chosen(
    enrolment: Enrolment,
) -> None:
    town = enrolment.child.town
    assert "lin_yue" in {one.username for one in cadres_for(town, at=enrolment.at)}
    enrolment.do("deng_hong", **DECIDED)
    enrolment.do("fang_ting", **INFORMED)
    enrolment.fill_all()
    enrolment.do("fang_ting", filled="yes")
    for other in ("jin_ke", "pan_qi", "nobody"):
        refused = refusal_of(lambda other=other: enrolment.do("deng_hong", cadre=other))
        assert (refused.code, refused.field) == ("care.cadre", "cadre")
    enrolment.do("deng_hong", cadre="lin_yue")
    assert (
        next(one for one in cadres_for(town, at=enrolment.at) if one.username == "lin_yue").load
        == 1
    )


def test_nobody_is_enrolled_before_all_four_are_signed(enrolment: Enrolment) -> None:
    enrolment.do("deng_hong", **DECIDED)
    enrolment.do("fang_ting", **INFORMED)
    enrolment.fill_all()
    enrolment.do("fang_ting", filled="yes")
    enrolment.do("deng_hong", cadre="lin_yue")
    refused = refusal_of(lambda: enrolment.do("fang_ting", signed="yes"))
    assert refused.code == "care.pledges"
    assert "委托监护责任书" in refused.zh
    assert enrolment.child.state == "candidate"


@pytest.mark.parametrize(
    ("changed", "sex", "field"),
    [
        ({"identity_number": f"{number_of(BORN)[:17]}{WRONG}"}, "F", "identity_number"),
        ({"identity_number": "123"}, "F", "identity_number"),
        ({"birth_date": "2016-05-02"}, "F", "birth_date"),
        ({"identity_number": number_of(BORN, 3)}, "F", "sex"),
        ({"identity_number": number_of(BORN, 3)}, "M", "sex"),
        ({"name": ""}, "F", "name"),
        ({}, "F", "identity_number"),
    ],
)
def test_a_candidate_with_something_wrong_is_refused_beside_its_field(
    enrolment: Enrolment, changed: dict[str, str], sex: str, field: str
) -> None:
    by = actor("deng_hong", enrolment.at)
    refused = refusal_of(
        lambda: add_candidate(
            IDENTITY | changed, village(), sex=sex, stage="primary", by=by, at=enrolment.at
        )
    )
    assert refused.field == field
    assert Child.objects.count() == 1


def test_a_village_officer_adds_children_of_the_own_village_only(enrolment: Enrolment) -> None:
    at = enrolment.at
    other = Division.objects.filter(parent=village().parent).exclude(pk=village().pk).first()
    told = IDENTITY | {
        "identity_number": number_of(date(2015, 3, 2), 8),
        "birth_date": "2015-03-02",
    }
    refused = refusal_of(
        lambda: add_candidate(
            told, other, sex="F", stage="primary", by=actor("fang_ting", at), at=at
        )
    )
    assert (refused.code, refused.field) == ("care.village", "village")
    add_candidate(told, village(), sex="F", stage="primary", by=actor("fang_ting", at), at=at)
    assert Child.objects.count() == 2


def test_outside_the_circle_the_enrolment_does_not_exist(enrolment: Enrolment) -> None:
    refused = refusal_of(lambda: enrolment.do("yuan_bo", **DECIDED))
    assert refused.code == "door.no_task"


def test_a_review_is_opened_by_the_clock_and_decided_by_an_officer(enrolment: Enrolment) -> None:
    enrolment.do("deng_hong", **DECIDED)
    child, at = enrolment.child, enrolment.at
    values = {"state": "enrolled", "enrolled_on": at.date()}
    change_row(child, values, by=CLOCK, at=at)
    change_sheet(child.person_id, GUARDIANSHIP, {"mother_away": "no"}, by=CLOCK, at=at)
    recheck(child, by=actor("lin_yue", at), at=at)
    worker.tick(at)
    review = Matter.objects.get(procedure="care.review")
    assert review.circle_id == child.circle_id
    task = Task.objects.get(matter=review, state=0)
    told = {"eligible": "no", "evidence": ["visit"]}
    door.act(acts.Complete(task.pk, told), by=actor("deng_hong", at), at=at)
    child.refresh_from_db()
    assert child.state == "ineligible"
    assert child.eligibilities.get(valid_to=None).officer == Officer.objects.get(
        username="deng_hong"
    )
    assert list(verify()) == []
