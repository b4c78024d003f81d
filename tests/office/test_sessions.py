"""Where somebody is logged in, who ends it, and the record of who came, left and was refused."""

import io
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.hashers import make_password
from django.test import Client
from openpyxl import load_workbook

from qianshou import accounts
from qianshou.kernel import worker
from qianshou.kernel.access import CLOCK
from qianshou.kernel.clock import now
from qianshou.kernel.door.passwords import give_password
from qianshou.kernel.door.registering import history_of
from qianshou.kernel.login.models import LoginRecord, Session
from qianshou.kernel.login.records import KEPT, device_words
from qianshou.kernel.login.sessions import LONGEST, sweep_sessions
from qianshou.kernel.registry.models import Officer
from tests.office.town import Town, make, page, send

PASSWORD = "a-long-one-of-its-own-7"
CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36"


@pytest.fixture
def town(db: None) -> Town:
    town = Town()
    make(town.zhang, password=make_password(PASSWORD))
    return town


def enter(officer: Officer, address: str = "10.1.2.3") -> Client:
    client = Client(REMOTE_ADDR=address, headers={"user-agent": CHROME})
    answer = client.post("/login/", {"username": officer.username, "password": PASSWORD})
    assert answer.status_code == 302
    return client


def is_inside(client: Client) -> bool:
    return client.get("/me/").status_code == 200


def kinds() -> list[str]:
    return list(LoginRecord.objects.order_by("pk").values_list("kind", flat=True))


# How long a session lasts


def test_a_session_ends_after_half_an_hour_of_idling(town: Town) -> None:
    client = enter(town.zhang)
    row = Session.objects.get(officer=town.zhang)
    assert timedelta(minutes=29) < row.expire_date - now() <= timedelta(minutes=30)
    Session.objects.update(expire_date=now() - timedelta(seconds=1))
    assert not is_inside(client)


def test_a_session_ends_after_twelve_hours_however_busy(town: Town) -> None:
    client = enter(town.zhang)
    session = client.session
    began = int((now() - LONGEST + timedelta(minutes=10)).timestamp())
    session["since"], session["seen"] = began, began
    session.save()
    assert is_inside(client)  # and so it is moved on
    left = Session.objects.get(officer=town.zhang).expire_date - now()
    assert timedelta(minutes=8) < left <= timedelta(minutes=10)
    assert int(client.cookies["sessionid"]["max-age"]) <= 600
    session = client.session
    session["since"] = int((now() - LONGEST).timestamp())
    session.save()
    assert not is_inside(client)


def test_the_key_of_a_session_is_another_one_after_logging_in(town: Town) -> None:
    client = Client()
    session = client.session
    session["looked"] = 1
    session.save()
    before = session.session_key
    client.cookies["sessionid"] = str(before)
    client.post("/login/", {"username": "zhang_min", "password": PASSWORD})
    assert client.session.session_key != before
    assert not Session.objects.filter(session_key=before).exists()
    assert "looked" not in client.session


# The list of sessions


def test_one_sees_and_ends_ones_own_other_sessions(town: Town) -> None:
    here, there, third = (enter(town.zhang, f"10.1.2.{place}") for place in (1, 2, 3))
    shown = page(here, "profile")
    assert shown.count("Chrome · Windows") == 3
    assert "10.1.2.2" in shown
    assert str(there.session.session_key) not in shown
    marks = re.findall(r'name="end" value="([0-9a-f]{16})"', shown)
    assert len(marks) == 2
    here.post("/me/", {"end": marks[0]})
    assert [is_inside(one) for one in (here, there, third)].count(True) == 2
    here.post("/me/", {"end": "all"})
    assert [is_inside(one) for one in (here, there, third)] == [True, False, False]
    assert kinds() == ["in", "in", "in", "ended", "ended"]


def test_nobody_ends_anothers_session_from_the_own_page(town: Town) -> None:
    zhang = enter(town.zhang)
    make(town.luo, password=make_password(PASSWORD))
    luo = enter(town.luo)
    zhang.post("/me/", {"end": "all"})
    assert is_inside(luo)


def test_the_security_administrator_ends_anybodys_and_it_is_written_down(town: Town) -> None:
    zhang, security = enter(town.zhang), town.client(town.security)
    assert "Chrome · Windows" in page(security, "registry-row", "officers", town.zhang.pk)
    for other in (town.system, town.audit, town.luo):
        client = town.client(other)
        assert "Chrome" not in page(client, "registry-row", "officers", town.zhang.pk)
        refused = send(client, "registry-row", "officers", town.zhang.pk, act="sessions")
        assert refused.status_code == 403
    assert is_inside(zhang)
    assert send(security, "registry-row", "officers", town.zhang.pk, act="sessions").url
    assert not is_inside(zhang)
    assert history_of(town.zhang)[-1]["reason"] == "结束全部登录"
    assert kinds() == ["in", "ended"]


@pytest.mark.parametrize("what", ["password", "given", "locked", "registry", "role", "role_by_sql"])
def test_what_changes_an_account_ends_its_sessions(town: Town, what: str) -> None:
    here, there = enter(town.zhang), enter(town.zhang)
    if what == "password":
        fresh = "another-long-one-of-its-own-8"
        sent = {"old": PASSWORD, "new": fresh, "again": fresh}
        assert here.post("/me/", sent).status_code == 200
        assert is_inside(here)
    elif what == "given":
        give_password(town.zhang, by=CLOCK, at=now())
    elif what == "locked":
        accounts.set_active("zhang_min", active=False)
    elif what == "registry":
        seq = history_of(town.zhang)[-1]["seq"]
        sent = {"name": "张敏", "role": "officer", "seq": str(seq)}
        client = town.client(town.security)
        assert send(client, "registry-row", "officers", town.zhang.pk, **sent).status_code == 302
        assert not Session.objects.filter(officer=town.zhang).exists()
    else:
        make(town.zhang.postings.get(), to_date=datetime(2026, 6, 30, tzinfo=UTC).date())
        if what == "role":
            make(town.zhang, role="audit")
        else:
            Officer.objects.filter(pk=town.zhang.pk).update(role="audit")
    assert not is_inside(there)


# The record


def test_who_comes_leaves_or_is_refused_is_recorded(town: Town) -> None:
    client = enter(town.zhang)
    client.post("/logout/")
    stranger = Client(REMOTE_ADDR="10.9.9.9")
    stranger.post("/login/", {"username": "zhang_min", "password": "no"})
    stranger.post("/login/", {"username": "my-password-by-mistake", "password": "no"})
    rows = list(LoginRecord.objects.order_by("pk").values_list("kind", "officer", "address"))
    assert rows == [
        ("in", town.zhang.pk, "10.1.2.3"),
        ("out", town.zhang.pk, "10.1.2.3"),
        ("refused", town.zhang.pk, "10.9.9.9"),
        ("refused", None, "10.9.9.9"),
    ]
    assert "my-password" not in str(list(LoginRecord.objects.values()))


def test_security_and_audit_read_the_record_and_take_it_as_a_workbook(town: Town) -> None:
    enter(town.zhang).post("/logout/")
    Client().post("/login/", {"username": "luo_jing", "password": "no"})
    for who in (town.system, town.zhang):
        client = town.client(who)
        page(client, "logins", expected=403)
        page(client, "logins-export", expected=403)
    for who in (town.security, town.audit):
        client = town.client(who)
        body = page(client, "logins").split("<tbody>")[1]
        assert body.count("<tr>") == 3
        assert "罗静（luo_jing）" in page(client, "logins", kind="refused").split("<tbody>")[1]
        assert "张敏" not in page(client, "logins", kind="refused").split("<tbody>")[1]
        body = page(client, "logins", officer=str(town.zhang.pk)).split("<tbody>")[1]
        assert body.count("<tr>") == 2
        assert "没有符合条件" in page(client, "logins", to="2020-01-01")
        wrong = page(client, "logins", expected=422, **{"from": "no"})
        assert "日期要写成" in wrong
        assert wrong.split("<tbody>")[1].count("<tr>") == 3
        turned = page(client, "logins", expected=422, **{"from": "2026-02-01", "to": "2026-01-01"})
        assert "开始日期不能晚于结束日期" in turned
        answer = client.get("/logins/export/", {"kind": "in"})
        sheet = load_workbook(io.BytesIO(answer.content)).worksheets[0]
        texts = [str(cell) for row in sheet.iter_rows(values_only=True) for cell in row]
        assert any("zhang_min" in text for text in texts)
        assert not any("luo_jing" in text for text in texts)


def test_the_record_is_kept_for_over_six_months_and_then_removed(town: Town) -> None:
    at = now()
    ages = (timedelta(days=184), KEPT - timedelta(minutes=1), KEPT + timedelta(minutes=1))
    for age in ages:
        LoginRecord.objects.create(kind="in", officer=town.zhang, at=at - age)
    assert worker.tick(at)["swept"] == 1
    assert [at - row.at for row in LoginRecord.objects.order_by("-at")] == list(ages[:2])
    assert worker.tick(at)["swept"] == 0


def test_sessions_that_are_over_are_swept_away(town: Town) -> None:
    client = enter(town.zhang)
    assert sweep_sessions(now()) == 0
    Session.objects.update(expire_date=now() - timedelta(seconds=1))
    assert sweep_sessions(now()) == 1
    assert not is_inside(client)


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (CHROME, "Chrome · Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) MicroMessenger/8", "WeChat · iOS"),
        (
            "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
            "Firefox · Linux",
        ),
        ("curl/8.5.0", "curl/8.5.0"),
        ("", ""),
    ],
)
def test_a_device_is_named_by_browser_and_system(told: Any, words: str) -> None:
    assert device_words(told) == words


@pytest.mark.parametrize("change", [{"is_active": False}, {"password": "x"}])
def test_a_session_ends_when_the_account_is_no_longer_what_it_was(
    town: Town, change: dict[str, Any]
) -> None:
    client = enter(town.zhang)
    assert is_inside(client)
    Officer.objects.filter(pk=town.zhang.pk).update(**change)
    assert not is_inside(client)


def test_a_session_of_another_officer_s_row_lets_nobody_in(town: Town) -> None:
    client = enter(town.zhang)
    Session.objects.update(officer=town.luo)  # the row says one, what it holds another
    assert client.get("/me/").content.decode().count(town.luo.name) == 0
    assert is_inside(client)
