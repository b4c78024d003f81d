"""The pages of hazards: who sees which, without whom, and where suspected harm goes instead."""

import io
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from openpyxl import load_workbook

from qianshou.kernel.clock import now
from qianshou.kernel.documents.models import Document
from qianshou.kernel.outbox.models import Parcel
from qianshou.kernel.registry.models import Division
from qianshou.kernel.worklist.models import Matter
from qianshou.packs.commission.care.hazard import open_hazard
from qianshou.packs.commission.care.models import Child, HarmReport, Hazard
from qianshou.packs.commission.care.tests.circles import Cast

Browse = Callable[[str], Client]
LIST, NEW, SHEET = "/p/care/hazards/", "/p/care/hazards/new/", "/p/care/hazards/sheet/"
SENT = {"hazard_kind": "water", "hazard_signs": "alone", "seen": "李小雨放学后去塘边"}


@pytest.fixture
def cast(district: None) -> Cast:
    """Return the cast as they are now: pages act at the present."""
    return Cast(now())


@pytest.fixture
def child(cast: Cast) -> Child:
    """Return the child of Longshui with her circle."""
    return cast.register()


def rows_of(text: str) -> int:
    return text.count('data-label="责任单位"')


def sheet_of(client: Client, query: str = "") -> list[list[Any]]:
    answer = client.get(SHEET + query)
    assert answer.status_code == 200
    found = load_workbook(io.BytesIO(answer.content)).active
    assert found is not None
    return [[cell.value for cell in line] for line in found.iter_rows()]


def assigned(cast: Cast, child: Child, **changed: Any) -> int:
    told = {"hazard_kind": "water", "seen": "塘边没有护栏"}
    matter = open_hazard(child, told, by=cast.actor("lin_yue"), at=cast.at).matter
    facts = {
        "level": "serious", "to_rectify": "鱼塘边装护栏", "fixed_by": "organisation",
        "responsible": "longshui-office", "verifier": "town", **changed,
    }  # fmt: skip
    cast.do(matter, "assign", "deng_hong", **facts)
    return matter


def test_a_member_of_the_circle_registers_a_hazard_with_the_childs_code(
    browse: Browse, child: Child
) -> None:
    client = browse("lin_yue")
    assert child.code in client.get(f"{NEW}?child={child.code}").content.decode()
    answer = client.post(NEW, {**SENT, "child_code": child.code.lower()})
    assert answer.status_code == 302
    matter = Hazard.objects.get(child=child).matter_id
    assert answer.headers["Location"] == f"/m/{matter}/"
    text = client.get(f"/m/{matter}/").content.decode()
    assert "李小雨" not in text
    assert "溺水风险（朝阳社区）" in text


def test_what_is_wrong_stands_beside_its_field_and_nothing_typed_is_lost(
    browse: Browse, child: Child
) -> None:
    client = browse("lin_yue")
    answer = client.post(NEW, {**SENT, "hazard_kind": "", "child_code": child.code})
    text = answer.content.decode()
    assert answer.status_code == 422
    assert "类别：请填写此项" in text
    assert "放学后去塘边" in text
    answer = client.post(NEW, {**SENT, "child_code": "H-NOBODY1"})
    assert answer.status_code == 422
    assert "不在您的知情范围内" in answer.content.decode()
    assert not Hazard.objects.exists()


def test_a_child_outside_ones_circles_is_answered_like_none(
    browse: Browse, cast: Cast, child: Child
) -> None:
    other = Child.objects.get(
        pk=cast.register(name="王小花", identity_number="500199201503070040").pk
    )
    other.circle.members.all().delete()
    xu = browse("xu_min")
    answer = xu.post(NEW, {**SENT, "child_code": other.code})
    unknown = xu.post(NEW, {**SENT, "child_code": "H-NOBODY1"})
    assert answer.status_code == unknown.status_code == 422
    said = answer.content.decode().replace(other.code, "H-NOBODY1")
    assert "不在您的知情范围内" in said
    assert child.code not in said


@pytest.mark.parametrize("username", ["jin_ke", "duan_rui", "shen_lan", "tan_yong", "zhang_min"])
def test_whoever_is_in_no_childs_circle_cannot_register(
    browse: Browse, child: Child, username: str
) -> None:
    client = browse(username)
    assert client.get(NEW).status_code == 403
    assert client.post(NEW, {**SENT, "child_code": child.code}).status_code == 403


def test_suspected_harm_opens_the_report_and_leaves_nothing_behind(
    browse: Browse, child: Child
) -> None:
    client = browse("lin_yue")
    counted = (Hazard, Matter, Document, Parcel)
    before = [model.objects.count() for model in counted]
    answer = client.post(NEW, {**SENT, "hazard_kind": "harm", "child_code": child.code})
    text = answer.content.decode()
    assert answer.status_code == 200
    assert 'action="/p/care/report/"' in text
    assert "放学后去塘边" in text
    assert f'value="{child.code}"' in text
    assert [model.objects.count() for model in counted] == before
    assert not HarmReport.objects.exists()


def test_a_list_shows_the_child_to_her_circle_and_the_hazard_alone_to_who_mends_it(
    browse: Browse, cast: Cast, child: Child
) -> None:
    matter = assigned(cast, child)
    for username in ("lin_yue", "deng_hong", "fang_ting", "zhou_jie", "pan_qi"):
        text = browse(username).get(LIST).content.decode()
        assert child.code in text, username
        assert f"/m/{matter}/" in text, username
    tan = browse("tan_yong")
    text = tan.get(LIST).content.decode()
    assert f"/m/{matter}/" in text
    for page in (LIST, f"/m/{matter}/", "/", "/notices/"):
        text = tan.get(page).content.decode()
        for secret in (child.code, "李小雨", "没有护栏", "10000000002"):
            assert secret not in text, (page, secret)
    assert "鱼塘边装护栏" in tan.get(f"/m/{matter}/").content.decode()
    for username in ("jin_ke", "duan_rui", "hao_jian", "shen_lan", "gu_wen", "xu_min"):
        text = browse(username).get(LIST).content.decode()
        assert f"/m/{matter}/" not in text, username
        assert child.code not in text, username


def test_others_see_towns_with_small_numbers_kept_back(
    browse: Browse, cast: Cast, child: Child
) -> None:
    Hazard.objects.bulk_create(made(child, 3, cast.at))
    text = browse("jin_ke").get(LIST).content.decode()
    assert "不显示" in text
    assert '<td class="r num">3</td>' not in text
    assert '<td class="r num">3</td>' in browse("zhou_jie").get(LIST).content.decode()
    Hazard.objects.bulk_create(made(child, 4, cast.at))
    assert '<td class="r num">7</td>' in browse("jin_ke").get(LIST).content.decode()


def made(child: Child, number: int, at: datetime) -> list[Hazard]:
    return [
        Hazard(
            child=child, kind="water" if place % 2 else "mind", level="serious",
            division=child.village, state="rectifying", found_at=at - timedelta(days=place),
            due_at=at + timedelta(days=place - 2),
        )
        for place in range(number)
    ]  # fmt: skip


def test_the_list_filters_sorts_pages_and_counts(browse: Browse, cast: Cast, child: Child) -> None:
    Hazard.objects.bulk_create(made(child, 60, cast.at))
    client = browse("lin_yue")
    for query, expected in (
        ("", 50), ("?page=2", 10), ("?page=9", 0), ("?page=x", 50), ("?kind=water", 30),
        ("?level=urgent", 0), ("?level=nonsense", 50), ("?state=verified", 0), ("?late=1", 3),
        (f"?town={child.town.code}&page=2", 10), ("?town=nowhere", 0), ("?sort=new", 50),
    ):  # fmt: skip
        text = client.get(LIST + query).content.decode()
        assert rows_of(text) == expected, query
    for words, expected in ((child.code, 50), ("没有这样的", 0)):
        found = client.post(LIST, {"seek": words}, follow=True)
        assert rows_of(found.content.decode()) == expected, words
    assert len(sheet_of(client, "?kind=water")) == 31


def test_the_sheet_holds_no_child(browse: Browse, cast: Cast, child: Child) -> None:
    assigned(cast, child)
    lines = sheet_of(browse("lin_yue"))
    assert len(lines) == 2
    assert lines[1][1:6] == ["溺水风险", "较重", "龙水镇", "朝阳社区", "整改中"]
    assert not {child.code, "李小雨"} & {str(cell) for cell in lines[1]}
    assert len(sheet_of(browse("jin_ke"))) == 1
    written = browse("lin_yue").get(f"{SHEET}?as=csv")
    assert written.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert "溺水风险,较重,龙水镇,朝阳社区,整改中" in written.content.decode()
    assert "as=csv" in browse("lin_yue").get("/p/care/hazards/").content.decode()
    assert browse("zhang_min").get(SHEET).status_code == 403


def test_the_number_of_rows_does_not_change_the_number_of_queries(
    browse: Browse, cast: Cast, child: Child
) -> None:
    client = browse("zhou_jie")
    counts = []
    for number in (5, 45):
        Hazard.objects.bulk_create(made(child, number, cast.at))
        client.get(LIST)
        with CaptureQueriesContext(connection) as queries:
            client.get(LIST)
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 25


def test_a_name_in_what_is_to_be_done_is_refused_beside_its_field(
    browse: Browse, cast: Cast, child: Child
) -> None:
    told = {"hazard_kind": "water", "seen": "塘边没有护栏"}
    matter = open_hazard(child, told, by=cast.actor("lin_yue"), at=cast.at).matter
    client, task = browse("deng_hong"), cast.task(matter, "assign").pk
    sent = {
        "task": task, "level": "serious", "to_rectify": "李小雨家门口", "fixed_by": "village",
        "verifier": "town",
    }  # fmt: skip
    answer = client.post(f"/m/{matter}/complete/", sent)
    assert answer.status_code == 422
    near = answer.content.decode().partition('name="to_rectify"')[2]
    assert "不应知道孩子是谁" in near.partition("</div>")[0]


def test_the_form_proposes_a_level_and_says_why(browse: Browse, cast: Cast, child: Child) -> None:
    client = browse("lin_yue")
    client.post(NEW, {**SENT, "child_code": child.code})
    matter = Hazard.objects.get().matter_id
    text = browse("deng_hong").get(f"/m/{matter}/").content.decode()
    assert 'value="urgent" checked' in text
    assert "孩子独自面对这类危险" in text
    assert Division.objects.get(pk=child.village_id).name == "朝阳社区"
