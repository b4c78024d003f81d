"""The month: a duty for each child, the visit's form, registers with history, who is told."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from qianshou.design.refused import by_field
from qianshou.kernel import door
from qianshou.kernel.access import CLOCK
from qianshou.kernel.clock import CHINA, day_of, now
from qianshou.kernel.door import acts
from qianshou.kernel.door.sealing import erase_person, history_of_sheet, read_sheets
from qianshou.kernel.duties.giving import give_duties
from qianshou.kernel.duties.models import Look
from qianshou.kernel.ledger.replay import verify
from qianshou.kernel.outbox import carry_out
from qianshou.kernel.outbox.models import Parcel
from qianshou.kernel.procedures.forms import sheet_field
from qianshou.kernel.refusal import Refusal, Refusals
from qianshou.kernel.registry.models import Division, Officer, Organisation
from qianshou.kernel.registry.vault import key_of
from qianshou.kernel.worker import tick
from qianshou.kernel.worklist.models import Matter, Notice, Task
from qianshou.kernel.worklist.notices import notices_for
from qianshou.packs.commission.care.contacts import read_note
from qianshou.packs.commission.care.models import Child, Contact, VisitDraft
from qianshou.packs.commission.care.month import MONTH
from qianshou.packs.commission.care.tests.families import Family, actor
from qianshou.packs.commission.care.visiting import REGISTERS, open_parcel, register_form

Browse = Callable[[str], Client]


@pytest.fixture
def family(district: None, at: datetime) -> Family:
    return Family(at)


def duty_of(child: Child, at: datetime) -> Task:
    """Give out the month's duties and return this child's."""
    give_duties(at)
    return Task.objects.get(matter__circle=child.circle_id, procedure=MONTH)


def unchanged(*but: str) -> list[str]:
    """Return every field of the registers but some, as a form calls them."""
    names = [sheet_field(one, field.id) for one in REGISTERS for field in register_form(one).fields]
    return [name for name in names if name not in but]


def told(**changed: Any) -> dict[str, Any]:
    """Return what a visit's form says when nothing of the registers changed, with changes."""
    facts = {
        "done": ["visit", "talk"],
        "on": "2026-11-23",
        "met": ["child", "guardian"],
        "seen_weekly": "no",
        "note": "院门外有未盖的水井",
        **changed,
    }
    return {"unchanged": unchanged(*changed, *changed.get("cleared", ())), **facts}


def complete(task: Task, at: datetime, by: str = "lin_yue", **changed: Any) -> None:
    door.act(acts.Complete(task.pk, told(**changed)), by=actor(by, at), at=at)


def test_each_enrolled_child_is_owed_a_visit_by_her_cadre_by_the_month_s_last_working_day(
    family: Family, at: datetime
) -> None:
    child = family.child()
    task = duty_of(child, at)
    assert task.assignee == Officer.objects.get(username="lin_yue")
    assert task.organisation.code == "justice"
    assert task.due_at == datetime(2026, 11, 30, 23, 59, 59, tzinfo=CHINA)
    assert give_duties(at + timedelta(hours=2))["commission.care.month"] == 0
    in_december = at + timedelta(days=10)
    assert give_duties(in_december)["commission.care.month"] == 1
    assert list(verify()) == []


def test_a_child_without_a_cadre_is_the_town_team_s_and_the_gap_is_told(
    family: Family, at: datetime
) -> None:
    task = duty_of(family.child(cadre=""), at)
    assert task.assignee is None
    assert task.organisation.code == "longshui-office"
    assert '"paired":"no"' in Matter.objects.get(pk=task.matter_id).state
    with pytest.raises(Refusal):
        complete(task, at, "lin_yue")
    complete(task, at, "deng_hong")
    assert set(Contact.objects.values_list("role", flat=True)) == {"town"}


def test_a_visit_is_counted_changes_the_registers_with_history_and_ends_the_duty(
    family: Family, at: datetime
) -> None:
    child = family.child()
    task = duty_of(child, at)
    complete(task, at, household_housing="worn", guardianship_father_returns="2027-01-20")
    child.refresh_from_db()
    assert child.updated_on == date(2026, 11, 23)
    kinds = list(Contact.objects.order_by("pk").values_list("kind", "role", "officer__username"))
    assert kinds == [("visit", "cadre", "lin_yue"), ("talk", "cadre", "lin_yue")]
    key = key_of(child.person_id)
    contact = Contact.objects.order_by("pk")[0]
    assert read_note(contact.note, key)["note"] == "院门外有未盖的水井"
    sheets = read_sheets(child.person_id, ["care.household", "care.guardianship"], key)
    assert sheets["care.household"] == {"members": "祖母、弟弟", "housing": "worn"}
    assert sheets["care.guardianship"]["father_returns"] == "2027-01-20"
    before, after = history_of_sheet(child.person_id, "care.household", key)
    assert before["values"]["housing"] == "safe"
    assert after["values"] == {"housing": "worn"}
    assert (after["by"]["name"], after["reason"]) == ("林悦", task.matter.number)
    assert Matter.objects.get(pk=task.matter_id).outcome == "updated"
    assert list(verify()) == []


def test_what_was_seen_is_nowhere_in_the_clear(family: Family, at: datetime) -> None:
    child = family.child()
    task = duty_of(child, at)
    complete(task, at, hazard_1_kind="water", hazard_1_text="水井没有盖板", mood="话少")
    state = Matter.objects.get(pk=task.matter_id).state
    parcel = str(Parcel.objects.get(kind="care.hazard").facts)
    for words in ("水井", "话少", "祖母"):
        assert words not in state + parcel


def test_a_field_without_an_answer_is_refused_beside_it_and_nothing_is_kept(
    family: Family, at: datetime
) -> None:
    child = family.child()
    task = duty_of(child, at)
    facts = told(household_housing="worn")
    facts["unchanged"].remove("health_condition")
    with pytest.raises(Refusals) as refused:
        door.act(acts.Complete(task.pk, facts), by=actor("lin_yue", at), at=at)
    assert [one.field for one in refused.value.refusals] == ["health_condition"]
    assert not Contact.objects.exists()
    task.refresh_from_db()
    assert task.state == 0


def test_what_does_not_apply_needs_no_answer(family: Family, at: datetime) -> None:
    facts = told()
    facts["unchanged"] = [name for name in facts["unchanged"] if "mother_since" not in name]
    task = duty_of(family.child(), at)
    door.act(acts.Complete(task.pk, facts), by=actor("lin_yue", at), at=at)


def test_a_field_that_no_longer_applies_is_emptied(family: Family, at: datetime) -> None:
    child = family.child()
    changes: dict[str, Any] = {
        "guardianship_father_away": "no",
        "cleared": ["guardianship_father_place"],
    }
    complete(duty_of(child, at), at, **changes)
    key = key_of(child.person_id)
    kept = read_sheets(child.person_id, ["care.guardianship"], key)["care.guardianship"]
    assert kept["father_away"] == "no"
    assert "father_place" not in kept


def test_hazards_and_the_wish_go_on_sealed_to_those_who_see_to_them(
    family: Family, at: datetime
) -> None:
    child = family.child()
    found = {
        "hazard_1_kind": "water",
        "hazard_1_text": "水井没有盖板",
        "wish_kind": "book",
        "wish_band": "under_100",
        "wish_text": "一本故事书",
    }
    complete(duty_of(child, at), at, **found)
    parcels = {parcel.kind: parcel.facts for parcel in Parcel.objects.filter(kind__startswith="c")}
    whose, hazard = open_parcel(parcels["care.hazard"])
    assert whose == child
    assert (hazard["hazard_kind"], hazard["seen"]) == ("water", "水井没有盖板")
    assert hazard["contact"] == Contact.objects.order_by("pk")[0].pk
    assert open_parcel(parcels["care.wish"])[1]["band"] == "under_100"


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"hazard_2_kind": "water"}, "hazard_2_text"),
        ({"hazard_1_kind": "harm", "hazard_1_text": "身上有伤"}, "hazard_1_kind"),
        ({"wish_text": "一本书"}, "wish_kind"),
        ({"on": "2026-11-24"}, "on"),
        ({"on": "2026-07-01"}, "on"),
        ({"done": []}, "done"),
    ],
)
def test_a_form_filled_by_halves_is_refused_beside_the_field(
    family: Family, at: datetime, changed: dict[str, Any], field: str
) -> None:
    task = duty_of(family.child(), at)
    with pytest.raises((Refusal, Refusals)) as refused:
        complete(task, at, **changed)
    told = refused.value
    assert isinstance(told, Refusal | Refusals)
    assert list(by_field(told)) == [field]
    task.refresh_from_db()
    assert task.state == 0


def test_late_visits_are_told_to_the_town_team_and_to_the_liaison_only_how_many(
    family: Family, at: datetime
) -> None:
    children = [family.child() for _ in range(5)]
    task = duty_of(children[0], at)
    late = task.due_at + timedelta(minutes=1)
    tick(late)
    tick(late + timedelta(minutes=11))
    codes = [child.code for child in children]
    town = notices_for(actor("deng_hong", late)).filter(kind="late")
    assert sorted(code for code in codes for notice in town if code in notice.text) == sorted(codes)
    told = list(notices_for(actor("jin_ke", late)))
    assert [notice.text for notice in told] == ["本部门帮扶干部有 5 件月度走访超期，请督促"]
    assert told[0].matter is None


def test_a_few_late_visits_are_told_as_few(family: Family, at: datetime) -> None:
    late = duty_of(family.child(), at).due_at + timedelta(minutes=1)
    tick(late)
    carry_out(late + timedelta(minutes=11))
    justice = Organisation.objects.get(code="justice")
    notice = Notice.objects.get(matter=None, organisation=justice)
    assert "1～4" in notice.text
    assert "1–4" in notice.text_en


def test_a_visit_of_an_erased_child_is_refused(family: Family, at: datetime) -> None:
    child = family.child()
    task = duty_of(child, at)
    erase_person(child.person_id, by=CLOCK, at=at, reason="保存期满")
    with pytest.raises(Refusal, match="已按要求删除"):
        complete(task, at)


def posted(task: Task, **changed: str) -> dict[str, Any]:
    """Return the fields that the page sends for a visit on which nothing changed."""
    answers = {f"{name}.answer": "same" for name in unchanged()}
    today = day_of(now()).isoformat()
    return {
        "done": ["visit"], "on": today, "met": ["child"], "seen_weekly": "yes",
        "mark": "m" * 32, **answers, **changed,
    }  # fmt: skip


@pytest.fixture
def open_task(district: None) -> Task:
    """Return a visit that is due in the month of the real clock, by which pages go."""
    at = now()
    child = Family(at).child()
    return duty_of(child, at)


def test_the_page_opens_the_registers_for_a_purpose_and_takes_the_form(
    browse: Browse, open_task: Task
) -> None:
    lin = browse("lin_yue")
    address = reverse("care-visit", args=[open_task.pk])
    closed = lin.get(address).content.decode()
    assert "刘小禾" not in closed
    assert "刘○○" in closed
    assert lin.post(address, {"purpose": " "}).status_code == 422
    opened = lin.post(address, {"purpose": "每月走访"})
    assert opened.status_code == 200
    assert "刘小禾" in opened.content.decode()
    answer = lin.post(
        reverse("care-visit-send", args=[open_task.pk]),
        posted(open_task, **{"household_housing.answer": "new", "household_housing": "worn"}),
    )
    assert answer.status_code == 302
    open_task.refresh_from_db()
    assert open_task.state == 1
    key = key_of(open_task.matter.person_id or 0)
    kept = read_sheets(open_task.matter.person_id or 0, ["care.household"], key)
    assert kept["care.household"]["housing"] == "worn"


def test_a_refused_page_loses_nothing(browse: Browse, open_task: Task) -> None:
    lin = browse("lin_yue")
    sent = posted(open_task, note="听祖母说近来咳嗽", **{"health_condition.answer": ""})
    answer = lin.post(reverse("care-visit-send", args=[open_task.pk]), sent)
    assert answer.status_code == 422
    text = answer.content.decode()
    assert "听祖母说近来咳嗽" in text
    assert 'id="e-health_condition"' in text


def test_the_same_form_sent_again_is_known_and_another_one_is_not_lost(
    browse: Browse, open_task: Task
) -> None:
    lin = browse("lin_yue")
    address = reverse("care-visit-send", args=[open_task.pk])
    json = {"Accept": "application/json"}
    first = lin.post(address, posted(open_task), headers=json)
    again = lin.post(address, posted(open_task), headers=json)
    other = lin.post(address, posted(open_task, mark="n" * 32), headers=json)
    assert (first.status_code, again.status_code, other.status_code) == (200, 200, 409)
    assert again.json()["state"] == "sent"
    assert other.json()["state"] == "closed"
    assert Contact.objects.count() == 1


def test_a_draft_lies_sealed_comes_back_to_its_officer_and_goes_when_sent(
    browse: Browse, open_task: Task
) -> None:
    lin = browse("lin_yue")
    content = '[["note", "话少，怕黑"]]'
    kept = lin.post(
        reverse("care-visit-draft", args=[open_task.pk]), {"content": content, "mark": "k" * 32}
    )
    assert kept.status_code == 200
    assert "话少" not in bytes(VisitDraft.objects.get().sealed).decode()
    address = reverse("care-visit", args=[open_task.pk])
    assert "怕黑" in lin.post(address, {"purpose": "每月走访"}).content.decode()
    lin.post(reverse("care-visit-send", args=[open_task.pk]), posted(open_task))
    row = VisitDraft.objects.get()
    assert bytes(row.sealed) == b""
    assert row.sent_at is not None


@pytest.mark.parametrize("content", ["", "{}", "[" * 70_000])
def test_a_draft_that_is_none_is_refused(browse: Browse, open_task: Task, content: str) -> None:
    address = reverse("care-visit-draft", args=[open_task.pk])
    answer = browse("lin_yue").post(address, {"content": content, "mark": "k"})
    assert answer.status_code == 422


def test_who_does_not_hold_the_visit_is_shown_the_child_and_others_nothing(
    browse: Browse, open_task: Task
) -> None:
    address = reverse("care-visit", args=[open_task.pk])
    assert browse("fang_ting").get(address).status_code == 302
    for username in ("jin_ke", "zhang_min", "hao_jian"):
        assert browse(username).get(address).status_code == 404


def test_a_month_in_more_towns_and_villages_asks_the_database_no_more(family: Family) -> None:
    villages = Division.objects.filter(kind__in=("village", "community")).order_by("name", "pk")
    asked = []
    for first, last in ((0, 2), (2, 4), (4, 16)):
        for village in villages[first:last]:
            family.child(cadre="", village=village.code)
        Look.objects.all().delete()
        with CaptureQueriesContext(connection) as queries:
            given = give_duties(family.at)
        assert given["commission.care.month"] == last - first
        asked.append(len(queries))
    assert asked[1] == asked[2]
    assert Matter.objects.filter(procedure=MONTH).values("organisation").distinct().count() > 4
    assert list(verify()) == []
