"""Care's pages: who sees a child and who is told that there is none, lists, corrections, contacts."""

import re
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from typing import Any

import openpyxl
import pytest
from django.test import Client
from django.urls import reverse

from qianshou.kernel.access import CLOCK
from qianshou.kernel.clock import day_of, now
from qianshou.kernel.door.sealing import history_of_sheet, read_sheets
from qianshou.kernel.duties.giving import give_duties
from qianshou.kernel.ledger.replay import verify
from qianshou.kernel.registry.models import Disclosure, Division, Officer, Posting
from qianshou.kernel.registry.vault import key_of
from qianshou.kernel.worklist.models import Notice, Task
from qianshou.packs.commission.care.circle import TEACHER, add_officer
from qianshou.packs.commission.care.contacts import record_vetting
from qianshou.packs.commission.care.models import Child, Contact, Vetting
from qianshou.packs.commission.care.pages.month import guarded
from qianshou.packs.commission.care.tests.families import VILLAGE, Family, actor

Browse = Callable[[str], Client]
CIRCLE = {"lin_yue", "fang_ting", "deng_hong", "pan_qi", "zhou_jie", "xu_min"}
OTHERS = (
    "", "zhang_min", "chen_gang", "luo_jing", "he_feng", "tang_li", "xie_bo", "jiang_yue", "jin_ke",
    "duan_rui", "shen_lan", "yuan_bo", "gu_wen", "hao_jian", "sys_admin", "sec_admin",
    "audit_admin",
)  # fmt: skip
READS_ALL = CIRCLE - {"xu_min"}


@pytest.fixture
def family(district: None) -> Family:
    return Family(now())


@pytest.fixture
def child(family: Family) -> Child:
    """Return a child whose class teacher Xu Min is in her circle."""
    found = family.child()
    teacher = Officer.objects.get(username="xu_min")
    add_officer(found.circle, TEACHER, teacher, by=CLOCK, at=family.at)
    return found


def page_of(child: Child) -> str:
    return reverse("care-child", args=[child.code])


def but_for(answer: Any, code: str) -> str:
    """Return a page without the code that was asked for and without its forms' tokens."""
    return re.sub(r'(token" value=")\w+', r"\1", answer.content.decode()).replace(code, "")


@pytest.mark.parametrize("username", sorted([*CIRCLE, *OTHERS]))
def test_a_child_s_page_is_there_for_her_circle_and_for_nobody_else(
    browse: Browse, child: Child, username: str
) -> None:
    client = browse(username)
    answer = client.get(page_of(child))
    if username in CIRCLE:
        assert answer.status_code == 200
        assert "刘○○" in answer.content.decode()
        return
    missing = client.get(reverse("care-child", args=["H-2222222"]))
    assert answer.status_code == missing.status_code
    assert but_for(answer, child.code) == but_for(missing, "H-2222222")
    assert child.code not in client.get(reverse("care-children")).content.decode()
    assert client.post(page_of(child), {"purpose": "看看"}).status_code == missing.status_code


@pytest.mark.parametrize("username", sorted(CIRCLE))
def test_the_registers_are_opened_for_a_purpose_by_whose_post_reads_them_and_it_is_told(
    browse: Browse, child: Child, username: str
) -> None:
    client = browse(username)
    closed = client.get(page_of(child)).content.decode()
    assert "刘小禾" not in closed
    assert "广东东莞" not in closed
    assert client.post(page_of(child), {"purpose": ""}).status_code == 422
    opened = client.post(page_of(child), {"purpose": "核对入学"}).content.decode()
    assert "刘小禾" in opened
    assert ("广东东莞" in opened) == (username in READS_ALL)
    row = Disclosure.objects.get()
    assert (row.officer.username if row.officer else "", row.purpose) == (username, "核对入学")
    assert "核对入学" in client.get(page_of(child)).content.decode()
    assert list(verify()) == []


def test_nobody_at_all_is_asked_to_log_in(child: Child) -> None:
    for address in (page_of(child), reverse("care-children"), reverse("care-month")):
        assert Client().get(address).status_code == 302


def test_a_correction_needs_a_reason_and_stays_in_the_history(browse: Browse, child: Child) -> None:
    lin = browse("lin_yue")
    address = reverse("care-correct", args=[child.code, "household"])
    values = {"members": "祖母、弟弟、姑姑", "housing": "safe", "purpose": "核对"}
    unopened = lin.post(address, {**values, "purpose": ""})
    assert (unopened.status_code, unopened["Location"]) == (302, page_of(child))
    refused = lin.post(address, values)
    assert refused.status_code == 422
    assert "祖母、弟弟、姑姑" in refused.content.decode()
    assert lin.post(address, {**values, "members": "", "reason": "搬来"}).status_code == 422
    assert lin.post(address, {**values, "reason": "姑姑搬来同住"}).status_code == 302
    key = key_of(child.person_id)
    last = history_of_sheet(child.person_id, "care.household", key)[-1]
    assert last["values"] == {"members": "祖母、弟弟、姑姑"}
    assert (last["by"]["name"], last["reason"]) == ("林悦", "姑姑搬来同住")
    child.refresh_from_db()
    assert child.updated_on is None
    opened = lin.post(page_of(child), {"purpose": "核对"}).content.decode()
    assert "姑姑搬来同住" in opened


@pytest.mark.parametrize(("username", "status"), [("xu_min", 404), ("jin_ke", 404)])
def test_who_does_not_read_a_register_does_not_correct_it(
    browse: Browse, child: Child, username: str, status: int
) -> None:
    address = reverse("care-correct", args=[child.code, "health"])
    answer = browse(username).post(address, {"condition": "chronic", "reason": "改"})
    assert answer.status_code == status
    key = key_of(child.person_id)
    kept = read_sheets(child.person_id, ["care.health"], key)["care.health"]
    assert kept == {"condition": "well"}


def test_there_is_no_register_of_another_name(browse: Browse, child: Child) -> None:
    address = reverse("care-correct", args=[child.code, "identity"])
    assert browse("lin_yue").post(address, {"name": "某"}).status_code == 403


def record(client: Client, child: Child, **changed: Any) -> int:
    sent = {"kind": "teacher", "on": day_of(now()).isoformat(), "note": "近来爱说话", **changed}
    return client.post(reverse("care-contact", args=[child.code]), sent).status_code


def test_contacts_outside_the_month_are_counted_by_the_role_of_the_post(
    browse: Browse, child: Child
) -> None:
    assert record(browse("fang_ting"), child) == 302
    assert record(browse("lin_yue"), child, kind="guardian") == 302
    found = list(Contact.objects.order_by("pk").values_list("kind", "role"))
    assert found == [("teacher", "village"), ("guardian", "cadre")]
    assert "爱说话" not in str(bytes(Contact.objects.order_by("pk")[0].note))
    opened = browse("lin_yue").post(page_of(child), {"purpose": "核对"}).content.decode()
    assert "近来爱说话" in opened
    teacher = browse("xu_min").post(page_of(child), {"purpose": "核对"}).content.decode()
    assert "近来爱说话" not in teacher


@pytest.mark.parametrize(
    "changed", [{"on": ""}, {"on": "2020-01-01"}, {"on": "2199-01-01"}, {"kind": "stroll"}]
)
def test_a_contact_that_cannot_be_is_refused_and_nothing_is_lost(
    browse: Browse, child: Child, changed: dict[str, str]
) -> None:
    sent = {"kind": "talk", "on": day_of(now()).isoformat(), "note": "想妈妈", **changed}
    answer = browse("lin_yue").post(reverse("care-contact", args=[child.code]), sent)
    assert answer.status_code == 422
    assert "想妈妈" in answer.content.decode()
    assert not Contact.objects.exists()


def volunteer(child: Child) -> Officer:
    """Return a volunteer of Longshui, taken into the child's circle."""
    found = Posting.objects.filter(post="volunteer", organisation__code="longshui-office")[0]
    add_officer(child.circle, "volunteer", found.officer, by=CLOCK, at=now())
    return found.officer


def test_a_volunteer_without_a_valid_check_of_the_record_meets_no_child(
    browse: Browse, child: Child
) -> None:
    who = volunteer(child)
    client = browse(who.username)
    assert record(client, child, kind="visit") == 422
    at = now()
    old = day_of(at) - timedelta(days=400)
    deng = actor("deng_hong", at)
    record_vetting(who, old, old + timedelta(days=365), "公安查询", by=deng, at=at)
    assert record(client, child, kind="visit") == 422
    sent = {
        "officer": who.pk,
        "checked_on": day_of(at).isoformat(),
        "valid_to": (day_of(at) + timedelta(days=365)).isoformat(),
        "source": "公安查询",
    }
    assert browse("deng_hong").post(reverse("care-vetting"), sent).status_code == 302
    assert record(client, child, kind="visit") == 302
    assert Contact.objects.get().role == "volunteer"
    assert "登记一次联系" in client.get(page_of(child)).content.decode()


@pytest.mark.parametrize(("days", "to", "source"), [(0, 400, "查"), (1, 300, "查"), (0, 300, " ")])
def test_a_check_of_another_day_or_for_more_than_a_year_is_refused(
    browse: Browse, child: Child, days: int, to: int, source: str
) -> None:
    today = day_of(now())
    sent = {
        "officer": volunteer(child).pk,
        "checked_on": (today + timedelta(days=days)).isoformat(),
        "valid_to": (today + timedelta(days=to)).isoformat(),
        "source": source,
    }
    assert browse("deng_hong").post(reverse("care-vetting"), sent).status_code == 422
    assert not Vetting.objects.exists()


def test_a_town_keeps_the_checks_of_its_own_people_only(browse: Browse, child: Child) -> None:
    other = Posting.objects.filter(post="volunteer").exclude(organisation__code="longshui-office")[
        0
    ]
    text = browse("deng_hong").get(reverse("care-vetting")).content.decode()
    assert other.organisation.name not in text
    today = day_of(now()).isoformat()
    sent = {"officer": other.officer_id, "checked_on": today, "valid_to": today, "source": "查"}
    assert browse("deng_hong").post(reverse("care-vetting"), sent).status_code == 403
    assert browse("zhou_jie").post(reverse("care-vetting"), sent).status_code == 302
    for username in ("lin_yue", "hao_jian"):
        assert browse(username).get(reverse("care-vetting")).status_code == 403


def test_my_children_are_those_of_my_circles_with_what_is_due(
    browse: Browse, family: Family
) -> None:
    mine, other = family.child(), family.child(cadre="justice.cadre.2")
    give_duties(family.at)
    text = browse("lin_yue").get(reverse("care-children")).content.decode()
    assert mine.code in text
    assert other.code not in text
    assert "开始走访" in text
    village = browse("fang_ting").get(reverse("care-children")).content.decode()
    assert other.code in village
    assert "开始走访" not in village


def test_children_are_found_by_code_by_name_and_by_what_is_missing(
    browse: Browse, family: Family
) -> None:
    first, second = family.child(), family.child(name="王青青")
    Child.objects.filter(pk=second.pk).update(updated_on=day_of(family.at))
    give_duties(family.at)
    lin = browse("lin_yue")

    def codes(**told: str) -> set[str]:
        asked = {"seek": "", **told}
        text = lin.post(reverse("care-children"), asked, follow=True).content.decode()
        return {child.code for child in (first, second) if page_of(child) in text}

    assert codes(seek=first.code[-5:].lower()) == {first.code}
    assert codes(seek="青青") == {second.code}
    assert codes(waiting="stale") == {first.code}
    assert codes(waiting="due") == {first.code, second.code}
    assert codes(waiting="late") == set()
    assert codes(village=VILLAGE) == {first.code, second.code}
    assert codes(village="nowhere") == set()
    assert codes(state="moved") == set()
    assert codes(state="all", sort="young") == {first.code, second.code}
    assert codes(after="x~y", sort="odd") == {first.code, second.code}


@pytest.mark.parametrize("sort", ["updated", "code", "young"])
def test_pages_follow_each_other_without_a_gap(
    browse: Browse, family: Family, monkeypatch: pytest.MonkeyPatch, sort: str
) -> None:
    monkeypatch.setattr("qianshou.packs.commission.care.pages.children.PAGE", 2)
    children = [family.child() for _ in range(5)]
    for number, child in enumerate(children[:3]):
        on = day_of(family.at) - timedelta(days=number // 2)
        Child.objects.filter(pk=child.pk).update(updated_on=on, birth_year=2012 + number)
    lin, seen, asked = browse("lin_yue"), list[str](), {"sort": sort}
    for _ in range(3):
        text = lin.get(reverse("care-children"), asked).content.decode()
        found = [child.code for child in children if page_of(child) in text]
        assert 1 <= len(found) <= 2
        seen += found
        asked["after"] = text.partition('class="pager"')[2].partition("after=")[2].partition('"')[0]
    assert asked["after"] == ""
    assert sorted(seen) == sorted(child.code for child in children)


def test_a_name_among_too_many_is_not_looked_for(
    browse: Browse, family: Family, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qianshou.packs.commission.care.register.MOST_NAMES", 1)
    for _ in range(2):
        family.child()
    lin = browse("lin_yue")
    looked = lin.post(reverse("care-children"), {"seek": "小禾"}, follow=True)
    assert looked.status_code == 422
    mark = looked.request["QUERY_STRING"].removeprefix("s=")
    assert lin.get(reverse("care-children-export"), {"s": mark}).status_code == 422


def test_the_sheet_of_children_has_no_name(browse: Browse, child: Child) -> None:
    answer = browse("lin_yue").get(reverse("care-children-export"))
    rows = list(openpyxl.load_workbook(BytesIO(answer.content)).worksheets[0].values)
    assert rows[1][:3] == (child.code, "龙水镇", "朝阳社区")
    assert "刘" not in str(rows)


@pytest.mark.parametrize("number", [5, 50])
def test_pages_ask_the_same_of_the_database_for_5_and_50_children(
    browse: Browse, family: Family, django_assert_max_num_queries: Any, number: int
) -> None:
    children = [family.child() for _ in range(number)]
    give_duties(family.at)
    for one in children:
        Contact.objects.create(
            child=one, kind="visit", role="cadre", at=family.at, division=one.village
        )
    lin, deng = browse("lin_yue"), browse("deng_hong")
    with django_assert_max_num_queries(21):
        assert lin.get(reverse("care-children")).status_code == 200
    with django_assert_max_num_queries(30):
        assert lin.get(page_of(children[0])).status_code == 200
    with django_assert_max_num_queries(22):
        assert deng.get(reverse("care-month")).status_code == 200
    with django_assert_max_num_queries(18):
        assert deng.get(reverse("care-vetting")).status_code == 200


def late_now(child: Child) -> None:
    """Let the visit to a child be late."""
    tasks = Task.objects.filter(matter__circle=child.circle_id)
    tasks.update(due_at=now() - timedelta(days=1), amber_at=now() - timedelta(days=2))


def test_the_month_shows_a_town_team_its_late_visits_and_lets_it_urge_them(
    browse: Browse, family: Family
) -> None:
    child = family.child()
    give_duties(family.at)
    late_now(child)
    deng = browse("deng_hong")
    text = deng.get(reverse("care-month")).content.decode()
    assert child.code in text
    assert "朝阳社区" in text
    matter = Task.objects.get(matter__circle=child.circle_id).matter_id
    deng.post(reverse("care-month-urge"), {"matter": [matter, "x"]})
    assert Notice.objects.filter(kind="urge", matter=matter).exists()
    assert "催办 1 次" in deng.get(reverse("care-month")).content.decode()
    refused = deng.post(reverse("care-month-urge"), {"matter": matter}, follow=True)
    assert "没有催办" in refused.content.decode()


def test_whoever_is_in_no_circle_urges_nothing(browse: Browse, child: Child) -> None:
    give_duties(now())
    late_now(child)
    matter = Task.objects.get(matter__circle=child.circle_id).matter_id
    browse("jin_ke").post(reverse("care-month-urge"), {"matter": matter})
    assert not Notice.objects.filter(kind="urge").exists()


@pytest.mark.parametrize("username", ["hao_jian", "jin_ke"])
def test_who_is_in_no_circle_reads_of_the_month_only_that_it_is_few(
    browse: Browse, family: Family, username: str
) -> None:
    child = family.child()
    give_duties(family.at)
    late_now(child)
    text = browse(username).get(reverse("care-month")).content.decode()
    assert child.code not in text
    assert "1～4" in text
    assert '<td class="r num">1</td>' not in text


@pytest.mark.parametrize("username", ["lin_yue", "xu_min", "zhang_min"])
def test_the_month_is_not_for_others(browse: Browse, username: str) -> None:
    assert browse(username).get(reverse("care-month")).status_code == 403


def test_a_small_count_stays_hidden_beside_its_total() -> None:
    told = guarded({1: 2, 2: 40, 3: 7})
    assert told[None] == "49"
    assert told[1] == "1～4"
    assert told[3] == "不显示"
    assert told[2] == "40"
    assert guarded({1: 3}) == {1: "1～4", None: "1～4"}
    assert guarded({}) == {None: "0"}


def test_the_places_of_the_month_are_towns_for_the_lead_group(
    browse: Browse, family: Family
) -> None:
    other = Division.objects.filter(kind="village").exclude(parent__name="龙水镇")[0]
    family.child()
    family.child(village=other.code)
    text = browse("zhou_jie").get(reverse("care-month")).content.decode()
    assert "按镇街" in text
    assert other.parent is not None
    assert other.parent.name in text
