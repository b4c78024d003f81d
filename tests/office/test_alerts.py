"""The security administrator's pages: alerts, and who opened whose sheets."""

import io
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from openpyxl import load_workbook

from qianshou.kernel.access import CLOCK, actor_of
from qianshou.kernel.clock import CHINA, day_of, now
from qianshou.kernel.door.alerts import is_night, raise_alert
from qianshou.kernel.door.registering import change_row, history_of
from qianshou.kernel.door.sealing import open_sheets, register_person
from qianshou.kernel.ledger.replay import verify
from qianshou.kernel.refusal import Refusal
from qianshou.kernel.registry.models import (
    Alert,
    Circle,
    CircleMember,
    Disclosure,
    Officer,
    Person,
    Post,
)

Browse = Callable[[str], Client]
KIND = "care.health"
MORNING = datetime(2026, 11, 23, 9, 0, tzinfo=CHINA)


def officer(username: str) -> Officer:
    return Officer.objects.get(username=username)


@pytest.fixture
def child(browse: Browse) -> Person:
    """Return a child whose health Zhang alone may read."""
    change_row(Post.objects.get(pk="town_seat"), {"reads": [KIND]}, by=CLOCK, at=MORNING)
    circle = Circle.objects.create(about="child")
    CircleMember.objects.create(
        circle=circle, role="cadre", officer=officer("zhang_min"), from_date=day_of(now())
    )
    return register_person({KIND: {"illness": "哮喘"}}, circle=circle, by=CLOCK, at=MORNING)


def look(child: Person, who: str, at: datetime, purpose: str = "走访前了解") -> None:
    by = actor_of(officer(who), now())
    with suppress(Refusal):
        open_sheets(child.pk, [KIND], by=by, at=at, purpose=purpose)


def text(client: Client, address: str, state: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == state, address
    return str(answer.content.decode())


@pytest.mark.parametrize(
    ("hour", "minute", "night"),
    [(22, 0, True), (23, 59, True), (0, 0, True), (5, 59, True), (6, 0, False), (21, 59, False)],
)
def test_the_night_is_from_ten_to_six_in_china(hour: int, minute: int, night: bool) -> None:
    assert is_night(MORNING.replace(hour=hour, minute=minute)) is night


def test_an_opening_at_night_raises_one_alert_a_night(child: Person) -> None:
    evening = MORNING.replace(hour=22)
    look(child, "zhang_min", MORNING)
    look(child, "jiang_yue", evening)
    assert not Alert.objects.exists()
    for minutes in (0, 30, 400):
        look(child, "zhang_min", evening + timedelta(minutes=minutes))
    assert [row.kind for row in Alert.objects.all()] == ["night"]
    look(child, "zhang_min", evening + timedelta(days=1))
    assert Alert.objects.count() == 2
    assert list(verify()) == []


def test_alerts_are_counted_in_the_frame_and_marked_once(browse: Browse, child: Person) -> None:
    for _ in range(3):
        look(child, "jiang_yue", MORNING)
    security = browse("sec_admin")
    page = text(security, "/alerts/")
    assert "蒋悦：一日内三次打开被拒绝" in page
    assert '安全提示<span class="n num">1</span>' in page
    alert = Alert.objects.get()
    answer = security.post("/alerts/look/", {"alert": alert.pk}, follow=True)
    assert "已标为看过" in answer.content.decode()
    alert.refresh_from_db()
    assert alert.read_by == officer("sec_admin")
    seen = alert.read_at
    security.post("/alerts/look/", {"alert": alert.pk})
    alert.refresh_from_db()
    assert alert.read_at == seen
    assert [entry["act"] for entry in history_of(alert)] == ["register", "amend"]
    assert '安全提示<span class="n' not in text(security, "/alerts/")
    assert "没有安全提示" in text(security, "/alerts/?state=open")
    assert list(verify()) == []


def test_an_alert_that_is_not_there_is_marked_in_vain(browse: Browse) -> None:
    security = browse("sec_admin")
    for number in ("", "²", "987654321"):
        assert security.post("/alerts/look/", {"alert": number}).status_code == 302
    assert not Alert.objects.exists()


@pytest.mark.parametrize("who", ["zhang_min", "jiang_yue", "sys_admin", "audit_admin"])
def test_alerts_are_for_the_security_administrator(browse: Browse, who: str) -> None:
    client = browse(who)
    text(client, "/alerts/", 403)
    assert client.post("/alerts/look/", {"alert": 1}).status_code == 403
    assert "/alerts/" not in text(client, "/more/")


@pytest.mark.parametrize("who", ["zhang_min", "jiang_yue", "sys_admin"])
def test_disclosures_are_for_security_and_audit(browse: Browse, who: str) -> None:
    client = browse(who)
    text(client, "/disclosures/", 403)
    text(client, "/disclosures/export/", 403)


@pytest.mark.parametrize("who", ["sec_admin", "audit_admin"])
def test_disclosures_tell_who_and_why_and_of_the_person_the_number(
    browse: Browse, child: Person, who: str
) -> None:
    look(child, "zhang_min", MORNING)
    look(child, "jiang_yue", MORNING + timedelta(days=1), purpose="想看看")
    page = text(browse(who), "/disclosures/")
    assert "走访前了解" in page
    assert "想看看" in page
    assert "哮喘" not in page
    assert f">{child.pk}</td>" in page
    refused = text(browse(who), "/disclosures/?refused=1")
    assert "想看看" in refused
    assert "走访前了解" not in refused
    mine = text(browse(who), f"/disclosures/?officer={officer('zhang_min').pk}")
    assert "走访前了解" in mine
    assert "想看看" not in mine
    assert "/disclosures/" in text(browse(who), "/more/")


def test_disclosures_are_narrowed_to_days_in_china(browse: Browse, child: Person) -> None:
    look(child, "zhang_min", datetime(2026, 11, 23, 0, 0, tzinfo=CHINA), "零点")
    look(child, "zhang_min", datetime(2026, 11, 23, 23, 59, tzinfo=CHINA), "深夜")
    look(child, "zhang_min", datetime(2026, 11, 24, 0, 0, tzinfo=CHINA), "次日")
    page = text(browse("sec_admin"), "/disclosures/?from=2026-11-23&to=2026-11-23")
    assert ["零点" in page, "深夜" in page, "次日" in page] == [True, True, False]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("from=gestern", "日期要写成"),
        ("to=2026-02-30", "日期要写成"),
        ("from=2026-11-24&to=2026-11-23", "开始日期不能晚于结束日期"),
    ],
)
def test_days_that_are_none_are_told_beside_the_field(
    browse: Browse, query: str, said: str
) -> None:
    page = text(browse("sec_admin"), f"/disclosures/?{query}", 422)
    assert said in page
    assert 'aria-invalid="true"' in page
    assert f'value="{query.split("&")[0].partition("=")[2]}"' in page


def test_disclosures_are_exported_as_they_are_filtered(browse: Browse, child: Person) -> None:
    look(child, "zhang_min", MORNING)
    look(child, "jiang_yue", MORNING)
    answer = browse("audit_admin").get("/disclosures/export/?refused=1")
    sheet = load_workbook(io.BytesIO(answer.content)).worksheets[0]
    rows = list(sheet.iter_rows(values_only=True))
    assert [row[1] for row in rows[1:]] == ["蒋悦（jiang_yue）"]
    assert str(rows[1][2]) == str(child.pk)
    assert rows[1][5] == "被拒绝"


@pytest.mark.parametrize("address", ["/alerts/", "/disclosures/"])
def test_the_pages_ask_the_same_few_questions_however_long_they_are(
    browse: Browse, child: Person, address: str
) -> None:
    def fill(number: int) -> None:
        for _ in range(number):
            by = actor_of(officer("jiang_yue"), now())
            raise_alert("many", "十分钟内打开三十次", "opened thirty", by=by, at=MORNING)
            Disclosure.objects.create(
                person=child, officer_id=by.officer, at=MORNING, kinds=KIND, purpose="走访",
                allowed=True,
            )  # fmt: skip

    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            text(client, address)
        return len(queries)

    client: Any = browse("sec_admin")
    fill(5)
    client.get(address)
    few = asked()
    assert few <= 16
    fill(50)
    assert asked() == few
    page = text(client, address)
    following = page.partition("before=")[2].partition('"')[0]
    assert text(client, f"{address}?before={following}") != page
