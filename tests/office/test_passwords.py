"""What makes a password good enough here, and that it counts exactly as it was typed."""

from typing import Any

import pytest
from django.contrib.auth.hashers import make_password
from django.test import Client

from qianshou.demo.cast import TOTP_SECRET
from qianshou.kernel.clock import now
from qianshou.kernel.door.registering import history_of
from qianshou.kernel.login.codes import code_at, step_of
from qianshou.kernel.login.models import LoginRecord
from qianshou.kernel.registry.models import Officer
from tests.office.town import Town, make

OLD = "a-long-one-of-its-own-7"


@pytest.fixture
def town(db: None) -> Town:
    town = Town()
    make(town.zhang, password=make_password(OLD))
    return town


def change(officer: Officer, fresh: str) -> int:
    client = Client()
    client.force_login(officer)
    sent = {"old": OLD, "new": fresh, "again": fresh}
    return int(client.post("/me/", sent).status_code)


def may_enter(password: str, address: str = "127.0.0.1") -> bool:
    sent = {"username": "zhang_min", "password": password}
    return Client(REMOTE_ADDR=address).post("/login/", sent).status_code == 302


@pytest.mark.parametrize(
    ("address", "sent", "field"),
    [
        ("/me/", {"new": "another-one-9", "again": "another-one-9"}, "old"),
        ("/me/", {"oidc": "on"}, "password"),
        ("/me/factor/", {"code": "000000"}, "password"),
    ],
)
def test_whoever_sits_at_an_open_session_guesses_its_password_five_times(
    town: Town, settings: Any, address: str, sent: dict[str, str], field: str
) -> None:
    settings.OIDC_ISSUER = settings.OIDC_CLIENT = settings.OIDC_SECRET = "https://op.example"
    client = town.client(town.zhang)

    def told(guess: str) -> str:
        answer = client.post(address, {**sent, field: guess})
        assert answer.status_code == 422
        return str(answer.content.decode().partition(f'name="{field}"')[2].partition("</div>")[0])

    for _ in range(4):
        assert "密码不对" in told("a-guess")
    assert may_enter(OLD)  # and begins anew
    for _ in range(4):
        assert "密码不对" in told("a-guess")
    assert "账号已锁定" in told("a-guess")
    assert "账号已锁定" in told(OLD)
    assert not may_enter(OLD)
    assert history_of(town.zhang)[-1]["reason"] == "连续登录失败"
    assert LoginRecord.objects.filter(kind="refused", officer=town.zhang).count() == 11


def test_an_address_that_guesses_inside_is_turned_away(town: Town) -> None:
    client = town.client(town.zhang)
    for place in range(30):
        Client().post("/login/", {"username": f"nobody{place}", "password": "x"})
    answer = client.post("/me/", {"old": OLD, "new": "another-one-9", "again": "another-one-9"})
    assert answer.status_code == 422
    assert "操作太频繁" in answer.content.decode()
    assert may_enter(OLD, "10.9.8.7")


def test_a_locked_account_s_code_counts_no_more_inside(town: Town) -> None:
    client, code = town.client(town.system), code_at(TOTP_SECRET, step_of(now()))
    make(town.system, locked_until=now().replace(year=2100))
    answer = client.post("/me/", {"factor": "recovery", "code": code})
    assert answer.status_code == 422
    assert "锁定" in answer.content.decode()


@pytest.mark.parametrize(
    "weak",
    [
        "short-7",
        "1234567890",
        "qwertyuiop",
        "zhang_min1",
        "dazu-2026",
        "Qianshou-Dazu-1",
        "大足公安局密码2026!",
    ],
)
def test_what_others_would_guess_is_refused(town: Town, weak: str) -> None:
    assert change(town.zhang, weak) == 422
    assert may_enter(OLD)


@pytest.mark.parametrize(
    "good",
    [
        "all small letters",
        "乡村振兴的路越走越宽广",
        "  spaces count  ",
        "x7" * 125,
        "a dazu of its own kind",
    ],
)
def test_any_other_signs_and_any_length_count_as_typed(town: Town, good: str) -> None:
    assert change(town.zhang, good) == 200
    assert may_enter(good)
    assert not may_enter(good[:-1])
    assert not may_enter(good.swapcase()) or good.swapcase() == good
    assert not may_enter(good.strip()) or good.strip() == good
