"""A class teacher in a child's circle: school's part of her page, nothing of her home, no matter."""

from collections.abc import Callable
from datetime import datetime
from io import BytesIO
from typing import Any

import openpyxl
import pytest
from django.test import Client
from django.urls import reverse

from qianshou.kernel.access import CLOCK
from qianshou.kernel.clock import day_of, now
from qianshou.kernel.door.sealing import change_sheet
from qianshou.kernel.duties.giving import give_duties
from qianshou.kernel.ledger.replay import verify
from qianshou.kernel.registry.choices import labelled_choices
from qianshou.kernel.registry.models import Disclosure, Officer
from qianshou.kernel.worklist.models import Matter, Task
from qianshou.packs.commission.care.circle import TEACHER, add_officer, end_member
from qianshou.packs.commission.care.contacts import record_contact
from qianshou.packs.commission.care.guardians import readings_of
from qianshou.packs.commission.care.hazard import open_hazard
from qianshou.packs.commission.care.letter import open_letter
from qianshou.packs.commission.care.models import Child, Hazard, Letter, Wish
from qianshou.packs.commission.care.pages.words import sheet_words
from qianshou.packs.commission.care.tests.families import Family, actor
from qianshou.packs.commission.care.wish import open_wish

Browse = Callable[[str], Client]
SCHOOL = ("刘小禾", "荷花小学", "三年级（2）班", "周婆婆", "10000000002")
HOME = (
    "朝阳社区", "500199", "2016-03-05", "广东东莞", "祖母、弟弟", "哮喘", "grandparent", "祖父母",
    "10000000003", "孙家英", "林悦", "方婷", "想妈妈",
)  # fmt: skip


@pytest.fixture
def pupil(district: None) -> Child:
    """Return a girl of Xu Min's class, about whom much is known, and on whom others work."""
    at = now()
    child = Family(at).child()
    for kind, values in (
        ("care.identity", {"school": "荷花小学", "grade": "三年级（2）班", "phone": "10000000003"}),
        ("care.health", {"condition": "chronic", "note": "哮喘"}),
        ("care.guardianship", {"guardian_phone": "10000000002", "carer": "孙家英"}),
    ):  # fmt: skip
        change_sheet(child.person_id, kind, values, by=CLOCK, at=at)
    add_officer(child.circle, TEACHER, Officer.objects.get(username="xu_min"), by=CLOCK, at=at)
    give_duties(at)
    lin = actor("lin_yue", at)
    record_contact(child, "visit", day_of(at), {"note": "想妈妈"}, by=lin, at=at)
    open_hazard(child, hazard(), by=lin, at=at)
    open_wish(child, first("care.wish"), first("care.band"), "一个书包", by=lin, at=at)
    open_letter(child, "post", by=lin, at=at)
    return child


def hazard() -> dict[str, Any]:
    return {"hazard_kind": "dwelling", "seen": "屋顶漏雨"}


def first(code: str) -> str:
    return labelled_choices(code, "zh-hans")[0][0]


def page_of(child: Child) -> str:
    return reverse("care-child", args=[child.code])


def test_she_opens_what_belongs_to_school_and_nothing_of_the_home(
    browse: Browse, pupil: Child
) -> None:
    xu = browse("xu_min")
    closed = xu.get(page_of(pupil)).content.decode()
    assert "刘○○" in closed
    assert "女" in closed
    opened = xu.post(page_of(pupil), {"purpose": "家长会"}).content.decode()
    for words in SCHOOL:
        assert words not in closed
        assert words in opened
    for text in (closed, opened):
        for words in (*HOME, pupil.village.name, "居住", "一个书包", "监护人责任清单", "知情范围"):
            assert words not in text, words
    row = Disclosure.objects.get(officer__username="xu_min")
    assert row.kinds == (
        "care.identity.grade,care.identity.name,care.identity.school,"
        "care.guardianship.guardian,care.guardianship.guardian_phone"
    )
    assert "家长会" in xu.get(page_of(pupil)).content.decode()
    assert list(verify()) == []


def test_a_missing_purpose_is_told_beside_the_field(browse: Browse, pupil: Child) -> None:
    answer = browse("xu_min").post(page_of(pupil), {"purpose": " "})
    assert answer.status_code == 422
    assert "请写明查看用途" in answer.content.decode()
    assert "周婆婆" not in answer.content.decode()


def test_the_guardian_reads_which_fields_the_teacher_opened(browse: Browse, pupil: Child) -> None:
    browse("xu_min").post(page_of(pupil), {"purpose": "家长会"})
    reading = readings_of(pupil)[0]
    assert (reading.name, reading.purpose) == ("徐敏", "家长会")
    words = sheet_words(reading.kinds)
    assert words.split("、") == ["年级班级", "姓名", "就读学校", "监护人姓名", "监护人电话"]


def test_who_opened_it_besides_her_is_not_told(browse: Browse, pupil: Child) -> None:
    browse("lin_yue").post(page_of(pupil), {"purpose": "走访前了解"})
    assert "走访前了解" not in browse("xu_min").get(page_of(pupil)).content.decode()


def test_she_sees_the_hazard_the_wish_and_the_letter_that_she_opened_herself(
    browse: Browse, pupil: Child
) -> None:
    xu, code = browse("xu_min"), f"?child={pupil.code}"
    sent = {"hazard_kind": "bullying", "seen": "课间被推搡", "child_code": pupil.code}
    assert xu.post(reverse("care-hazard-new"), sent)["Location"] == page_of(pupil)
    wish = {
        "wish_kind": first("care.wish"),
        "wish_band": first("care.band"),
        "wish_text": "一盒彩笔",
    }
    assert xu.post(reverse("care-wish-new") + code, wish)["Location"] == page_of(pupil)
    assert xu.post(reverse("care-letter") + code, {"way": "post"})["Location"] == page_of(pupil)
    text = xu.get(page_of(pupil)).content.decode()
    for words in ("校园欺凌", "一盒彩笔", "已寄出"):
        assert text.count(words) == 1, words
    assert "居住" not in text
    assert [Hazard.objects.count(), Wish.objects.count(), Letter.objects.count()] == [2, 2, 2]
    assert xu.get(reverse("care-letter") + code).content.decode().count("还没有回信") == 1
    assert list(verify()) == []


def test_no_matter_of_hers_and_no_file_is_there_for_the_teacher(
    browse: Browse, pupil: Child
) -> None:
    xu = browse("xu_min")
    xu.post(
        reverse("care-hazard-new"),
        {"hazard_kind": "bullying", "seen": "课间被推搡", "child_code": pupil.code},
    )
    matters = Matter.objects.filter(person=pupil.person_id)
    assert matters.count() == 5
    for matter in matters:
        assert xu.get(reverse("matter", args=[matter.pk])).status_code == 404
        assert xu.post(f"/m/{matter.pk}/comment/", {"text": "看看"}).status_code == 404
        sent = {"fact": "sealed", "purpose": "看看"}
        assert xu.post(f"/m/{matter.pk}/disclose/", sent).status_code == 404
        assert matter.number not in xu.get("/m/").content.decode()
    task = Task.objects.filter(procedure="care.month").get()
    assert xu.get(reverse("care-visit", args=[task.pk])).status_code == 404


@pytest.mark.parametrize(
    "name", ["care-child-pledges", "care-enrolling", "care-notice", "care-register", "care-link"]
)
def test_her_other_pages_are_answered_as_those_of_no_child(
    browse: Browse, pupil: Child, name: str
) -> None:
    more = {"care-register": ["health"], "care-link": ["guardian"]}.get(name, [])
    xu = browse("xu_min")
    for code in (pupil.code, "H-2222222"):
        address = reverse(name, args=[code, *more])
        ask = xu.get if name == "care-child-pledges" else xu.post
        assert ask(address, {"purpose": "看"}).status_code == 404


def test_she_corrects_nothing_records_no_visit_and_opens_no_hand_over(
    browse: Browse, pupil: Child
) -> None:
    xu = browse("xu_min")
    for register in ("household", "health", "guardianship"):
        address = reverse("care-correct", args=[pupil.code, register])
        assert xu.post(address, {"reason": "改"}).status_code == 404
    sent = {"kind": "talk", "on": day_of(now()).isoformat()}
    assert xu.post(reverse("care-contact", args=[pupil.code]), sent).status_code == 404
    answer = xu.get(reverse("care-handover-new"), {"child": pupil.code})
    assert answer.status_code in (403, 404)


def cells(answer: Any) -> list[tuple[Any, ...]]:
    sheet = openpyxl.load_workbook(BytesIO(answer.content)).worksheets[0]
    return list(sheet.iter_rows(min_row=2, values_only=True))


@pytest.mark.parametrize(
    "name", ["care-children-export", "care-hazards-export", "care-wishes-export"]
)
def test_her_exports_hold_no_pupil(browse: Browse, pupil: Child, name: str) -> None:
    assert cells(browse("lin_yue").get(reverse(name)))
    assert cells(browse("xu_min").get(reverse(name))) == []


def test_her_list_names_her_pupils_without_home_visits_or_states(
    browse: Browse, pupil: Child
) -> None:
    text = browse("xu_min").get(reverse("care-children")).content.decode()
    assert pupil.code in text
    assert "刘○○" in text
    for words in (*SCHOOL, *HOME, pupil.village.name, "本月未更新", "2026"):
        assert words not in text.partition("<main")[2], words
    for query in ("state=moved", "waiting=late", f"village={pupil.village.code}", "q=H-"):
        filtered = browse("xu_min").get(f"{reverse('care-children')}?{query}").content.decode()
        assert (pupil.code in filtered) == (pupil.code in text)


def test_a_teacher_who_has_left_the_circle_finds_no_child(browse: Browse, pupil: Child) -> None:
    member = pupil.circle.members.get(role=TEACHER)
    end_member(member, by=CLOCK, at=now(), reason="调班")
    xu = browse("xu_min")
    assert xu.get(page_of(pupil)).status_code == 404
    assert pupil.code not in xu.get(reverse("care-children")).content.decode()
    assert xu.get(reverse("care-letter"), {"child": pupil.code}).status_code == 404
    sent = {"hazard_kind": "bullying", "seen": "推搡", "child_code": pupil.code}
    assert xu.post(reverse("care-hazard-new"), sent).status_code == 403


def test_the_rest_of_the_circle_reads_as_before(browse: Browse, pupil: Child) -> None:
    text = browse("lin_yue").post(page_of(pupil), {"purpose": "走访前了解"}).content.decode()
    for words in ("朝阳社区 3 组", "广东东莞", "哮喘", "荷花小学", "想妈妈"):
        assert words in text


def test_a_contact_that_the_teacher_recorded_in_another_post_is_hers(
    browse: Browse, pupil: Child, at: datetime
) -> None:
    xu = Officer.objects.get(username="xu_min")
    contact = pupil.contacts.get()
    contact.pk, contact.officer, contact.kind = None, xu, "guardian"
    contact.save()
    text = browse("xu_min").get(page_of(pupil)).content.decode()
    assert "与监护人交流" in text
    assert "想妈妈" not in text
    assert "想妈妈" in browse("xu_min").post(page_of(pupil), {"purpose": "核"}).content.decode()
