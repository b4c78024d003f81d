"""What is sealed under a person's key: who opens it, what is written down, what erasing leaves."""

import json
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from qianshou.kernel import door
from qianshou.kernel.access import Actor, circles_in_part
from qianshou.kernel.door import acts
from qianshou.kernel.door.registering import history_of
from qianshou.kernel.door.sealing import (
    change_sheet,
    erase_person,
    history_of_sheet,
    keep_until,
    may_open,
    open_sheets,
    open_sheets_of,
    read_sheets,
    register_person,
)
from qianshou.kernel.ledger.models import Entry
from qianshou.kernel.ledger.read import entries_of
from qianshou.kernel.ledger.replay import verify
from qianshou.kernel.refusal import Refusal
from qianshou.kernel.registry.models import Alert, CircleMember, Disclosure, Person, Sheet
from qianshou.kernel.registry.vault import key_of, lookup_digest
from qianshou.kernel.worklist.lists import see_matters
from qianshou.kernel.worklist.models import Matter, Task
from tests.kernel.conftest import Quiet

HEALTH = "bench.health"
NUMBER = "500199201501011236"


@pytest.fixture
def reader(quiet: Quiet) -> Actor:
    """Return Wang, whose post reads health sheets."""
    seats = tuple(replace(seat, reads=frozenset({HEALTH, "sealed"})) for seat in quiet.wang.seats)
    return replace(quiet.wang, seats=seats)


def refused(quiet: Quiet, by: Actor, purpose: str = "走访前了解") -> str:
    with pytest.raises(Refusal) as refusal:
        open_sheets(quiet.person, [HEALTH], by=by, at=quiet.at, purpose=purpose)
    return refusal.value.code


def test_a_person_is_found_again_by_the_digest_of_the_number(quiet: Quiet) -> None:
    child = register_person({}, identity_number=NUMBER, by=quiet.wang, at=quiet.at)
    assert child.identity_digest == lookup_digest(NUMBER)
    assert not Entry.objects.filter(body__contains=NUMBER).exists()
    assert list(verify()) == []


def test_a_sheet_and_its_history_lie_sealed(quiet: Quiet) -> None:
    names = change_sheet(
        quiet.person, HEALTH, {"illness": "哮喘，已控制", "note": "带喷雾"},
        by=quiet.wang, at=quiet.at, reason="复诊",
    )  # fmt: skip
    assert names == ["illness", "note"]
    assert change_sheet(quiet.person, HEALTH, {"note": "带喷雾"}, by=quiet.wang, at=quiet.at) == []
    change_sheet(quiet.person, HEALTH, {"note": None}, by=quiet.wang, at=quiet.at)
    key = key_of(quiet.person)
    assert read_sheets(quiet.person, [HEALTH], key) == {HEALTH: {"illness": "哮喘，已控制"}}
    history = history_of_sheet(quiet.person, HEALTH, key)
    assert [line["values"] for line in history] == [
        {"illness": "哮喘"},
        {"illness": "哮喘，已控制", "note": "带喷雾"},
        {"note": None},
    ]
    assert [line["reason"] for line in history] == ["", "复诊", ""]
    assert not Entry.objects.filter(body__contains="哮喘").exists()
    assert list(verify()) == []


def test_a_member_whose_post_reads_it_opens_it_for_a_purpose(quiet: Quiet, reader: Actor) -> None:
    found = open_sheets(quiet.person, [HEALTH], by=reader, at=quiet.at, purpose="走访前了解")
    assert found == {HEALTH: {"illness": "哮喘"}}
    last = history_of(Person.objects.get(pk=quiet.person))[-1]
    assert (last["act"], last["reason"]) == ("disclose", f"{HEALTH}：走访前了解")
    row = Disclosure.objects.get()
    assert (row.allowed, row.officer_id, row.purpose) == (True, reader.officer, "走访前了解")
    assert list(verify()) == []


def test_opening_needs_a_purpose_the_circle_and_the_post(quiet: Quiet, reader: Actor) -> None:
    assert refused(quiet, reader, purpose=" ") == "door.purpose"
    assert not Disclosure.objects.exists()
    outside = replace(reader, officer=quiet.li.officer, seats=reader.seats)
    assert refused(quiet, outside) == "access.denied"
    assert refused(quiet, quiet.wang) == "access.denied"
    assert [row.allowed for row in Disclosure.objects.all()] == [False, False]
    assert Entry.objects.filter(act="disclose").count() == 0


def test_a_member_in_a_role_of_part_opens_the_declared_fields_alone(
    quiet: Quiet, reader: Actor
) -> None:
    told = {"name": "刘小禾", "address": "朝阳社区", "school": "中心小学"}
    change_sheet(quiet.person, "care.identity", told, by=quiet.wang, at=quiet.at)
    CircleMember.objects.filter(circle=quiet.circle).update(role="teacher")
    seats = tuple(
        replace(seat, reads=frozenset({HEALTH, "care.identity"})) for seat in reader.seats
    )
    teacher = replace(reader, seats=seats)
    asked: Any = {"by": teacher, "at": quiet.at, "purpose": "家访"}
    found = open_sheets(quiet.person, ["care.identity"], **asked)
    assert found == {"care.identity": {"name": "刘小禾", "school": "中心小学"}}
    assert Disclosure.objects.get().kinds == (
        "care.identity.grade,care.identity.name,care.identity.school"
    )
    person = Person.objects.get(pk=quiet.person)
    assert not may_open(teacher, person, ["care.identity"])
    for kinds in ([HEALTH], ["care.identity", HEALTH], ["care.guardianship"]):
        with pytest.raises(Refusal) as refusal:
            open_sheets(quiet.person, kinds, **asked)
        assert refusal.value.code == "access.denied"
    assert [row.kind for row in Alert.objects.all()] == ["refused"]


def test_of_a_circle_s_matters_a_member_in_a_role_of_part_knows_nothing(
    quiet: Quiet, reader: Actor
) -> None:
    matter = quiet.open(condition="父母在外")
    assert see_matters(reader).filter(pk=matter).exists()
    CircleMember.objects.filter(circle=quiet.circle).update(role="teacher")
    assert not see_matters(reader).filter(pk=matter).exists()
    for act in (acts.Comment(matter, "看看"), acts.Disclose(matter, "sealed", "看看")):
        with pytest.raises(Refusal) as refusal:
            door.act(act, by=reader, at=quiet.at)
        assert refusal.value.code == "door.no_matter"


def test_whoever_belongs_to_a_circle_in_another_role_too_is_a_whole_member(
    quiet: Quiet, reader: Actor
) -> None:
    member = CircleMember.objects.filter(circle=quiet.circle, officer=reader.officer).get()
    member.pk, member.role = None, "teacher"
    member.save()
    person = Person.objects.get(pk=quiet.person)
    assert may_open(reader, person, [HEALTH])
    assert not circles_in_part(reader).exists()


def test_one_who_does_not_exist_is_refused_alike(quiet: Quiet, reader: Actor) -> None:
    with pytest.raises(Refusal) as refusal:
        open_sheets(987_654_321, [HEALTH], by=reader, at=quiet.at, purpose="走访")
    assert refusal.value.code == refused(quiet, quiet.li) == "access.denied"


def test_three_refusals_in_a_day_raise_one_alert(quiet: Quiet) -> None:
    for _ in range(4):
        refused(quiet, quiet.li)
    alert = Alert.objects.get()
    assert (alert.kind, alert.officer_id) == ("refused", quiet.li.officer)


def test_thirty_openings_in_ten_minutes_raise_an_alert(quiet: Quiet, reader: Actor) -> None:
    for place in range(31):
        at = quiet.at + timedelta(seconds=10 * place)
        open_sheets(quiet.person, [HEALTH], by=reader, at=at, purpose="走访")
    assert [row.kind for row in Alert.objects.all()] == ["many"]


def persons_around(quiet: Quiet, number: int) -> list[int]:
    """Return persons of the circle of the quiet one, each with a sheet of health."""
    circle = Person.objects.get(pk=quiet.person).circle
    return [
        register_person({HEALTH: {"place": n}}, circle=circle, by=quiet.wang, at=quiet.at).pk
        for n in range(number)
    ]


def test_many_are_opened_at_once_and_each_opening_is_written_down(
    quiet: Quiet, reader: Actor
) -> None:
    persons = persons_around(quiet, 30)
    found = open_sheets_of(persons, [HEALTH], by=reader, at=quiet.at, purpose="转移")
    assert [found[one][HEALTH]["place"] for one in persons] == list(range(30))
    for one in persons:
        assert history_of(Person.objects.get(pk=one))[-1]["act"] == "disclose"
    told = set(Disclosure.objects.values_list("person", "purpose", "allowed"))
    assert told == {(one, "转移", True) for one in persons}
    assert [row.kind for row in Alert.objects.all()] == ["many"]
    assert list(verify()) == []


def test_many_are_refused_whole_for_one_who_may_not_be_opened(quiet: Quiet, reader: Actor) -> None:
    persons = persons_around(quiet, 2)
    stranger = register_person({HEALTH: {}}, circle=None, by=quiet.wang, at=quiet.at).pk
    asked = (
        (reader, [*persons, stranger], "转移", "access.denied", 3),
        (quiet.wang, persons, "转移", "access.denied", 2),
        (reader, [*persons, 987_654_321], "转移", "access.denied", 2),
        (reader, persons, " ", "door.purpose", 0),
    )
    for by, some, purpose, code, noted in asked:
        before = Disclosure.objects.count()
        with pytest.raises(Refusal) as refusal:
            open_sheets_of(some, [HEALTH], by=by, at=quiet.at, purpose=purpose)
        assert refusal.value.code == code
        assert Disclosure.objects.count() - before == noted
    assert not Disclosure.objects.filter(allowed=True).exists()
    assert not Entry.objects.filter(act="disclose").exists()
    assert [row.kind for row in Alert.objects.all()] == ["refused"]


def test_nobody_is_opened_with_one_who_was_erased(quiet: Quiet, reader: Actor) -> None:
    persons = persons_around(quiet, 2)
    erase_person(persons[1], by=quiet.wang, at=quiet.at, reason="申请")
    with pytest.raises(Refusal) as refusal:
        open_sheets_of(persons, [HEALTH], by=reader, at=quiet.at, purpose="转移")
    assert refusal.value.code == "vault.erased"
    assert not Disclosure.objects.exists()


def test_erasing_leaves_chains_whole_and_nothing_to_read(quiet: Quiet, reader: Actor) -> None:
    matter = quiet.open(condition="父母在外", cadre=quiet.wang.officer)
    keep_until(quiet.person, date(2030, 1, 1), by=quiet.wang, at=quiet.at, reason="满18周岁后三年")
    with pytest.raises(Refusal) as no_reason:
        erase_person(quiet.person, by=quiet.wang, at=quiet.at, reason="")
    assert no_reason.value.code == "door.reason"
    for _ in range(2):
        erase_person(quiet.person, by=quiet.wang, at=quiet.at, reason="家长要求")
    person = Person.objects.get(pk=quiet.person)
    assert (person.wrapped_key, person.erase_on) == (None, None)
    assert [entry["act"] for entry in history_of(person)] == ["register", "amend", "amend"]
    assert refused(quiet, reader) == "vault.erased"
    with pytest.raises(Refusal) as erased:
        door.act(acts.Disclose(matter, "sealed", "走访"), by=reader, at=quiet.at)
    assert erased.value.code == "vault.erased"
    assert Sheet.objects.count() == 1
    assert list(verify()) == []
    task = Task.objects.get(matter=matter).pk
    door.act(acts.Complete(task, {}), by=quiet.wang, at=quiet.at)
    assert list(verify()) == []


def test_sealed_facts_of_every_step_are_disclosed_together(quiet: Quiet) -> None:
    matter = quiet.open(condition="父母在外")
    task = Task.objects.get(matter=matter).pk
    door.act(acts.Complete(task, {"found": "作业有人辅导"}), by=quiet.wang, at=quiet.at)
    told = door.act(acts.Disclose(matter, "sealed", "督导"), by=quiet.wang, at=quiet.at)
    assert told is not None
    assert told.disclosed == {"condition": "父母在外", "found": "作业有人辅导"}
    number = Matter.objects.get(pk=matter).number
    entry = entries_of(number)[-1]
    assert (entry["act"], entry["fact"], entry["purpose"]) == ("disclose", "sealed", "督导")
    assert entry["person"] == quiet.person
    written = json.dumps(entries_of(number), ensure_ascii=False)
    assert "父母在外" not in written
    assert "作业有人辅导" not in written
    assert list(verify()) == []


def test_sealed_facts_are_not_kept_of_nobody(quiet: Quiet) -> None:
    act = replace(quiet.opening(condition="父母在外"), person=None)
    with pytest.raises(Refusal) as refusal:
        door.act(act, by=quiet.wang, at=quiet.at)
    assert refusal.value.code == "vault.nobody"


def test_sealed_facts_are_disclosed_for_a_purpose_only(quiet: Quiet) -> None:
    matter = quiet.open(condition="父母在外")
    with pytest.raises(Refusal) as refusal:
        door.act(acts.Disclose(matter, "sealed", ""), by=quiet.wang, at=quiet.at)
    assert refusal.value.code == "door.purpose"


@pytest.mark.parametrize("named", ["wang", "zhao", None])
def test_a_step_goes_to_the_officer_whom_the_facts_name(quiet: Quiet, named: str | None) -> None:
    officer = getattr(quiet, named).officer if named else None
    task = Task.objects.get(matter=quiet.open(cadre=officer))
    assert task.assignee_id == officer
    assert task.claimed_at is None
    if named == "zhao":
        with pytest.raises(Refusal):
            door.act(acts.Complete(task.pk, {}), by=quiet.wang, at=quiet.at)
    assert list(verify()) == []


def test_a_circle_is_asked_each_time(quiet: Quiet, reader: Actor) -> None:
    CircleMember.objects.filter(circle=quiet.circle).update(to_date=quiet.at.date())
    assert refused(quiet, reader) == "access.denied"
    Person.objects.filter(pk=quiet.person).update(circle=None)
    assert refused(quiet, reader) == "access.denied"


def test_an_opening_is_of_a_person_or_of_a_row_and_never_of_both_or_none(quiet: Quiet) -> None:
    for person, subject in ((quiet.person, "roster/1"), (None, "")):
        with pytest.raises(IntegrityError, match="disclosure_of_one"), transaction.atomic():
            Disclosure.objects.create(
                person_id=person, subject=subject, at=quiet.at, kinds=HEALTH, purpose="走访",
                allowed=True,
            )  # fmt: skip
