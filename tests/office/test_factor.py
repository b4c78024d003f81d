"""The second factor at the door: owed by administrators, free to officers, each code once."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.hashers import make_password
from django.test import Client

from qianshou import cli
from qianshou.demo.cast import TOTP_SECRET
from qianshou.kernel.clock import now
from qianshou.kernel.door.registering import history_of
from qianshou.kernel.ledger.replay import verify
from qianshou.kernel.login.codes import code_at, step_of
from qianshou.kernel.registry import synthetic
from qianshou.kernel.registry.models import Mark, Officer
from tests.office.town import Town, make, page, send

PASSWORD = "a-long-one-of-its-own-7"
Log = Callable[..., Any]


@pytest.fixture
def town(db: None) -> Town:
    town = Town()
    for officer in (town.zhang, town.system, town.audit):
        make(officer, password=make_password(PASSWORD))
    return town


@pytest.fixture
def client() -> Client:
    return Client()


def knock(client: Client, officer: Officer, password: str = PASSWORD, onward: str = "/registry/"):
    sent = {"username": officer.username, "password": password, "next": onward}
    return client.post("/login/", sent)


def code_now(officer: Officer, secret: str = TOTP_SECRET) -> str:
    """Return a code that counts now and was not used yet."""
    officer.refresh_from_db()
    return code_at(secret, max(step_of(now()) - 1, officer.totp_step + 1))


def offered(text: str) -> str:
    """Return the secret that a page offers."""
    found = re.search(r'<p class="hash">([A-Z2-7 ]+)</p>', text)
    assert found
    return found[1].replace(" ", "")


# Logging in with a code


def test_a_password_alone_lets_no_administrator_in(town: Town, client: Client) -> None:
    answer = knock(client, town.system)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/login/code/")
    for address in ("/registry/", "/me/", "/me/factor/"):
        answer = client.get(address)
        assert answer.status_code == 302
        assert answer.headers["Location"] != "/registry/"
    key = client.session.session_key
    answer = client.post("/login/code/", {"code": code_now(town.system)})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/registry/")
    assert client.session.session_key != key
    assert client.get("/registry/").status_code == 200


def test_a_code_counts_once(town: Town, client: Client) -> None:
    code = code_now(town.system)
    knock(client, town.system)
    assert client.post("/login/code/", {"code": code}).status_code == 302
    other = Client()
    knock(other, town.system)
    answer = other.post("/login/code/", {"code": code})
    assert answer.status_code == 422
    near = answer.content.decode().partition('name="code"')[2].partition("</div>")[0]
    assert "验证码不对或已经用过" in near
    assert other.get("/registry/").status_code == 302


def test_five_wrong_codes_lock_the_account_however_often_the_password_is_right(
    town: Town, client: Client
) -> None:
    for place in range(5):
        if place % 2 == 0:
            knock(client, town.system)
        answer = client.post("/login/code/", {"code": "no"})
        assert answer.status_code == 422
    assert "账号锁定" in answer.content.decode()
    assert client.get("/login/code/").status_code == 302
    assert knock(client, town.system).status_code == 422


def test_an_address_that_guesses_codes_too_often_is_turned_away(town: Town, client: Client) -> None:
    for place in range(30):
        client.post("/login/", {"username": f"nobody{place}", "password": "x"})
    elsewhere = {"username": "sys_admin", "password": PASSWORD}
    client.post("/login/", elsewhere, REMOTE_ADDR="10.9.8.7")
    answer = client.post("/login/code/", {"code": code_now(town.system)})
    assert answer.status_code == 422
    assert "操作太频繁" in answer.content.decode()


def test_nobody_waits_for_a_code_without_a_password_or_after_it_changed(
    town: Town, client: Client
) -> None:
    assert client.get("/login/code/").headers["Location"] == "/login/"
    knock(client, town.system)
    make(town.system, password=make_password("another-one-altogether-9"))
    answer = client.post("/login/code/", {"code": code_now(town.system)})
    assert answer.headers["Location"] == "/login/"
    assert client.get("/registry/").status_code == 302


def test_waiting_for_a_code_ends_after_ten_minutes(
    town: Town, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    from qianshou.office import entering

    knock(client, town.system)
    late = now() + entering.PATIENCE
    monkeypatch.setattr(entering, "now", lambda: late)
    assert client.get("/login/code/").headers["Location"] == "/login/"


# Setting one up


def test_an_administrator_without_a_second_factor_can_do_nothing_else(
    town: Town, client: Client
) -> None:
    make(town.system, totp_sealed=None, totp_since=None)
    answer = knock(client, town.system)
    assert answer.headers["Location"] == "/me/factor/"
    assert client.get("/registry/").headers["Location"].startswith("/login/")
    inside = town.client(town.system)  # as one who was inside when it was taken off
    for address in ("/registry/", "/me/", "/registry/divisions/new/"):
        assert inside.get(address).headers["Location"] == "/me/factor/"


def test_it_is_set_up_after_the_password_with_a_first_code(town: Town, client: Client) -> None:
    make(town.system, totp_sealed=None, totp_since=None)
    knock(client, town.system)
    secret = offered(page(client, "factor"))
    assert offered(page(client, "factor")) == secret
    assert secret not in str(dict(client.session))
    wrong = client.post("/me/factor/", {"code": "000"})
    assert wrong.status_code == 422
    assert client.get("/registry/").status_code == 302
    code = code_at(secret, step_of(now()))
    done = client.post("/me/factor/", {"code": f"{code[:3]} {code[3:]}"})
    assert done.status_code == 200
    assert 'href="/registry/"' in done.content.decode()
    assert client.get("/registry/").status_code == 200
    codes = re.findall(r'<li class="hash">([a-z0-9-]+)</li>', done.content.decode())
    assert len(codes) == 10
    # The first code is used up, each recovery code counts once, and none is kept as it is written.
    other = Client()
    knock(other, town.system)
    assert other.post("/login/code/", {"code": code}).status_code == 422
    assert other.post("/login/code/", {"code": codes[3].upper()}).status_code == 302
    again = Client()
    knock(again, town.system)
    assert again.post("/login/code/", {"code": codes[3]}).status_code == 422
    entries = history_of(Officer.objects.get(pk=town.system.pk))
    assert [one["reason"] for one in entries[-2:]] == ["启用第二因素", "用恢复码登录"]
    assert secret not in str(entries)
    assert codes[3] not in str(Officer.objects.filter(pk=town.system.pk).values())
    assert list(verify()) == []


def test_an_officer_sets_one_up_with_the_password_and_takes_it_off_with_a_code(
    town: Town, client: Client
) -> None:
    assert knock(client, town.zhang).headers["Location"] == "/registry/"
    secret = offered(page(client, "factor"))
    code = code_at(secret, step_of(now()) - 1)
    answer = client.post("/me/factor/", {"code": code, "password": "wrong"})
    near = answer.content.decode().partition('name="password"')[2].partition("</div>")[0]
    assert answer.status_code == 422
    assert "密码不对" in near
    assert client.post("/me/factor/", {"code": code, "password": PASSWORD}).status_code == 200
    assert client.get("/me/factor/").headers["Location"] == "/me/"
    assert "还有 10 个恢复码" in page(client, "profile")
    assert knock(Client(), town.zhang).headers["Location"] == "/login/code/"
    answer = client.post("/me/", {"factor": "off", "code": "no"})
    assert answer.status_code == 422
    assert "验证码不对" in answer.content.decode()
    renewed = client.post("/me/", {"factor": "recovery", "code": code_now(town.zhang, secret)})
    assert "只显示这一次" in renewed.content.decode()
    off = client.post("/me/", {"factor": "off", "code": code_now(town.zhang, secret)})
    assert off.status_code == 302
    assert knock(Client(), town.zhang).headers["Location"] == "/registry/"


def test_an_administrator_takes_no_second_factor_off(town: Town) -> None:
    client = town.client(town.system)
    sent = {"factor": "off", "code": code_now(town.system)}
    assert client.post("/me/", sent).status_code == 403


# Taking another's off


def test_the_security_administrator_takes_anothers_off_and_it_is_written_down(town: Town) -> None:
    security = town.client(town.security)
    shown = page(security, "registry-row", "officers", town.system.pk)
    assert "重设第二因素" in shown
    answer = send(security, "registry-row", "officers", town.system.pk, act="factor")
    assert answer.status_code == 302
    town.system.refresh_from_db()
    assert town.system.lacks_factor
    assert history_of(town.system)[-1]["by"]["name"] == "孙安全"
    again = send(security, "registry-row", "officers", town.system.pk, act="factor")
    assert again.status_code == 403
    own = send(security, "registry-row", "officers", town.security.pk, act="factor")
    assert own.status_code == 403
    for other in (town.audit, town.zhang):
        client = town.client(other)
        answer = send(client, "registry-row", "officers", town.security.pk, act="factor")
        assert answer.status_code == 403


def test_the_server_takes_one_off_and_refuses_where_there_is_none(
    town: Town, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["users", "reset-totp", "sys_admin"]) == 0
    town.system.refresh_from_db()
    assert town.system.lacks_factor
    assert cli.main(["users", "reset-totp", "sys_admin"]) == 2
    assert "[factor.none]" in capsys.readouterr().err


def test_codes_are_told_of_the_demonstrations_administrators_only(
    town: Town, client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["users", "code", "sys_admin"]) == 2
    assert "[accounts.not_demo]" in capsys.readouterr().err
    Mark.objects.create(name=synthetic.SYNTHETIC)
    synthetic.forget()
    assert cli.main(["users", "code", "sys_admin"]) == 0
    knock(client, town.system)
    code = capsys.readouterr().out.strip()
    assert client.post("/login/code/", {"code": code}).status_code == 302
    assert cli.main(["users", "code", "zhang_min"]) == 2
