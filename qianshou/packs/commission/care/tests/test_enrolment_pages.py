"""The officers' pages of enrolment and pledges: the whole way in a browser without a script."""

from collections.abc import Callable
from datetime import datetime
from io import BytesIO
from typing import Any

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from qianshou.kernel.access import CLOCK
from qianshou.kernel.clock import CHINA, now
from qianshou.kernel.documents.templates import read_lines
from qianshou.kernel.door.registering import change_row
from qianshou.kernel.outbox.models import Parcel
from qianshou.kernel.registry.models import Disclosure, Officer, Organisation, Pairing
from qianshou.packs.commission.care.circle import TEACHER, add_officer
from qianshou.packs.commission.care.eligibility import decide_eligibility
from qianshou.packs.commission.care.enrolment import open_enrolment
from qianshou.packs.commission.care.models import Child, GuardianLink, Pledge
from qianshou.packs.commission.care.pairing import DEPARTMENT
from qianshou.packs.commission.care.pledges import KINDS
from qianshou.packs.commission.care.tests.children import (
    BORN,
    BOTH_AWAY,
    ENTRUSTED,
    NAME,
    actor,
    make_child,
    number_of,
    photo,
    village,
)

Browse = Callable[[str], Client]
CANDIDATE = {
    "name": NAME,
    "identity_number": number_of(BORN),
    "birth_date": BORN.isoformat(),
    "address": "朝阳社区二组",
    "sex": "F",
    "stage": "primary",
    "village": "500111100001",
}


def text_of(answer: Any) -> str:
    return str(answer.content.decode())


def rows_in(answer: Any) -> list[Any]:
    sheet: Any = openpyxl.load_workbook(BytesIO(answer.content)).active
    return list(sheet.values)


def paired() -> None:
    change_row(
        Pairing(),
        {
            "kind": DEPARTMENT,
            "organisation": Organisation.objects.get(code="justice"),
            "division": village().parent,
            "from_date": now().astimezone(CHINA).date(),
        },
        by=CLOCK,
        at=now(),
    )


def test_the_whole_enrolment_on_its_pages(browse: Browse) -> None:
    paired()
    team, officer = browse("deng_hong"), browse("fang_ting")
    answer = team.post("/p/care/enrol/new/", CANDIDATE)
    child = Child.objects.get()
    address = f"/p/care/c/{child.code}/enrol/"
    assert answer["Location"] == address
    assert NAME not in text_of(team.get(address))
    assert "黎○○" in text_of(team.get("/p/care/enrol/"))
    decided = {"step": "decide", "eligible": "yes", "evidence": ["visit"], "reason": "父母均在外地"}
    assert team.post(address, decided).status_code == 302
    told = {"step": "inform", "informed_on": "2026-11-23", "way": "face", "told": "黎大海"}
    refused = officer.post(address, told)
    assert refused.status_code == 422
    assert 'value="黎大海"' in text_of(refused)
    assert officer.post(address, told | {"answer": "understood"}).status_code == 302
    registers = {
        "household": {"members": "祖母"},
        "health": {"condition": "well"},
        "guardianship": BOTH_AWAY | ENTRUSTED,
    }
    assert officer.post(address, {"step": "registers", "filled": "yes"}).status_code == 422
    draft = {"note": "还没问到", "keep": "draft"}
    assert officer.post(f"{address}household/", draft)["Location"] == address
    assert "还没问到" in text_of(officer.get(f"{address}household/"))
    assert officer.post(f"{address}household/", {"note": "x"}).status_code == 422
    for name, values in registers.items():
        assert officer.post(f"{address}{name}/", values).status_code == 302
    assert officer.post(address, {"step": "registers", "filled": "yes"}).status_code == 302
    assert "林悦" in text_of(team.get(address))
    assert team.post(address, {"step": "pair", "cadre": "lin_yue"}).status_code == 302
    for kind in KINDS:
        sent = {
            "signed_on": now().astimezone(CHINA).date().isoformat(),
            "photo": SimpleUploadedFile("a.jpg", photo(), "image/jpeg"),
        }
        answer = officer.post(f"/p/care/c/{child.code}/pledges/{kind}/sign/", sent)
        assert answer.status_code == 302, kind
    assert officer.post(address, {"step": "pledges", "signed": "yes"}).status_code == 302
    child.refresh_from_db()
    assert child.state == "enrolled"
    assert "已列入台账" in text_of(officer.get(address))


def test_a_refused_candidate_keeps_what_was_typed(browse: Browse) -> None:
    answer = browse("deng_hong").post(
        "/p/care/enrol/new/", CANDIDATE | {"birth_date": "2016-05-02", "stage": ""}
    )
    assert answer.status_code == 422
    assert f'value="{NAME}"' in text_of(answer)
    answer = browse("deng_hong").post(
        "/p/care/enrol/new/", CANDIDATE | {"birth_date": "2016-05-02"}
    )
    assert "出生日期与身份号码里的不同" in text_of(answer)
    assert not Child.objects.exists()


def test_nobody_outside_the_circle_finds_a_childs_pages(browse: Browse) -> None:
    child = make_child(now())
    open_enrolment(child, by=actor("fang_ting", now()), at=now())
    for username in ("lin_yue", "yuan_bo", "xu_min", "hao_jian"):
        client = browse(username)
        for path in ("enrol/", "pledges/", "enrol/household/"):
            assert client.get(f"/p/care/c/{child.code}/{path}").status_code == 404, username
        assert child.code not in text_of(client.get("/p/care/enrol/"))
        assert child.code not in text_of(client.get("/p/care/pledges/"))
    assert browse("").get(f"/p/care/c/{child.code}/pledges/").status_code == 302


def test_only_who_takes_candidates_in_sees_the_form(browse: Browse) -> None:
    assert browse("pan_qi").get("/p/care/enrol/new/").status_code == 403
    page = text_of(browse("fang_ting").get("/p/care/enrol/new/"))
    assert page.count("500111100") == 1
    assert text_of(browse("deng_hong").get("/p/care/enrol/new/")).count('value="5001111') > 1


@pytest.fixture
def child(district: None) -> Child:
    """Return a girl whose grandmother has been entrusted as she should be."""
    return make_child(now(), guardianship=BOTH_AWAY | ENTRUSTED)


def test_a_class_teacher_of_the_circle_reads_no_guardianship_and_gives_no_link(
    browse: Browse, child: Child
) -> None:
    teacher = Officer.objects.get(username="xu_min")
    add_officer(child.circle, TEACHER, teacher, by=CLOCK, at=now())
    client = browse("xu_min")
    address = f"/p/care/c/{child.code}/"
    assert client.get(f"{address}pledges/").status_code == 404
    assert client.post(f"{address}link/guardian/", {"do": "give"}).status_code == 404
    assert client.post(f"{address}pledges/duties/blank/").status_code == 404
    assert not GuardianLink.objects.exists()


def test_a_filled_document_is_downloaded_and_its_opening_written_down(
    browse: Browse, child: Child
) -> None:
    answer = browse("fang_ting").post(f"/p/care/c/{child.code}/pledges/duties/blank/")
    assert any(NAME in line.text for line in read_lines(answer.content))
    row = Disclosure.objects.get(person=child.person_id)
    assert row.purpose == "打印监护人责任清单"
    answer = browse("fang_ting").post(f"/p/care/c/{child.code}/enrol/notice/")
    assert any("敏感个人信息" in line.text for line in read_lines(answer.content))


def test_a_signed_document_is_read_for_a_purpose(browse: Browse, child: Child) -> None:
    client = browse("fang_ting")
    address = f"/p/care/c/{child.code}/pledges/"
    day = now().astimezone(CHINA).date().isoformat()
    wrong = SimpleUploadedFile("a.jpg", b"no photo", "image/jpeg")
    answer = client.post(f"{address}duties/sign/", {"signed_on": day, "photo": wrong})
    assert answer.status_code == 422
    assert "只能上传" in text_of(answer)
    sent = {"signed_on": day, "photo": SimpleUploadedFile("a.jpg", photo(), "image/jpeg")}
    client.post(f"{address}duties/sign/", sent)
    pledge = Pledge.objects.get()
    read = f"{address}{pledge.pk}/signature/read/"
    assert client.post(read, {"purpose": ""}).status_code == 302
    answer = client.post(read, {"purpose": "核对签名"})
    assert answer.content[:3] == b"\xff\xd8\xff"
    assert Disclosure.objects.filter(purpose="核对签名", allowed=True).count() == 1


def test_a_link_and_a_code_are_shown_once(browse: Browse, child: Child) -> None:
    client = browse("fang_ting")
    address = f"/p/care/c/{child.code}/link/guardian/"
    shown = text_of(client.post(address, {"do": "give"}))
    assert "/p/care/g/" in shown
    assert "没有接短信平台" in shown
    assert "/p/care/g/" not in text_of(client.get(f"/p/care/c/{child.code}/pledges/"))
    shown = text_of(client.post(address, {"do": "code"}))
    assert "/p/care/g/" not in shown
    assert client.post(address, {"do": "revoke"}).status_code == 302
    assert GuardianLink.objects.get().revoked_at is not None
    assert client.post(address, {"do": "code"}).status_code == 302


def test_the_list_of_pledges_is_filtered_and_exported_without_names(
    browse: Browse, child: Child
) -> None:
    client = browse("fang_ting")
    day = now().astimezone(CHINA).date().isoformat()
    sent = {"signed_on": day, "photo": SimpleUploadedFile("a.jpg", photo(), "image/jpeg")}
    client.post(f"/p/care/c/{child.code}/pledges/duties/sign/", sent)
    assert child.code in text_of(client.get("/p/care/pledges/?kind=commitment&state=missing"))
    assert child.code not in text_of(client.get("/p/care/pledges/?kind=duties&state=missing"))
    part = {"seek": child.code[2:6].lower()}
    assert child.code in text_of(client.post("/p/care/pledges/", part, follow=True))
    for odd in ("?page=99999999999999999999", "?kind=x&state=y&page=-1", "?s=%25"):
        assert client.get(f"/p/care/pledges/{odd}").status_code == 200
    answer = client.get("/p/care/pledges/export/")
    rows = rows_in(answer)
    assert rows[1][0] == child.code
    assert rows[1][3] == f"已签 {day}"
    assert NAME[0] not in str(rows[1])
    assert NAME[0] not in str(rows_in(client.get("/p/care/enrol/export/")))


@pytest.mark.parametrize("path", ["/p/care/pledges/", "/p/care/enrol/"])
def test_a_list_asks_as_little_for_fifty_children_as_for_five(
    browse: Browse, path: str, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    client, at = browse("fang_ting"), datetime(2026, 11, 23, 9, tzinfo=CHINA)
    for order in range(5):
        make_child(at, order=order * 2)
    with django_assert_max_num_queries(30) as five:
        client.get(path)
    for order in range(5, 50):
        make_child(at, order=order * 2)
    with django_assert_max_num_queries(len(five.captured_queries)):
        assert text_of(client.get(path)).count("H-") >= 50


def test_a_corrected_absence_asks_for_a_review(browse: Browse, child: Child) -> None:
    decide_eligibility(child, by=CLOCK, at=now())
    day = now().astimezone(CHINA).date()
    change_row(child, {"state": "enrolled", "enrolled_on": day}, by=CLOCK, at=now())
    told = BOTH_AWAY | ENTRUSTED | {"mother_away": "no", "reason": "母亲已返乡"}
    answer = browse("fang_ting").post(f"/p/care/c/{child.code}/guardianship/correct/", told)
    assert answer.status_code == 302
    assert Parcel.objects.filter(kind="care.review").count() == 1
    page = text_of(browse("fang_ting").get(f"/p/care/c/{child.code}/"))
    assert f"/p/care/c/{child.code}/pledges/" in page
    assert page.count("未签") == 4
