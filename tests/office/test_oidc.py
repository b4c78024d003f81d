"""The single sign-on: whom a provider vouches for comes in, bound once by their own hand."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from django.contrib.auth.hashers import make_password
from django.test import Client

from qianshou.demo.cast import TOTP_SECRET
from qianshou.kernel.clock import now
from qianshou.kernel.door.registering import history_of
from qianshou.kernel.login.codes import code_at, step_of
from qianshou.kernel.login.models import LoginRecord
from qianshou.kernel.registry.models import Officer
from tests.office.provider import CLIENT, SECRET, Provider
from tests.office.town import Town, make, page

PASSWORD = "a-long-one-of-its-own-7"


@pytest.fixture(scope="module")
def served() -> Iterator[Provider]:
    provider = Provider()
    yield provider
    provider.close()


@pytest.fixture
def provider(served: Provider, settings: Any) -> Provider:
    served.subject, served.fault = "person-7", ""
    settings.OIDC_ISSUER, settings.OIDC_CLIENT = served.issuer, CLIENT
    settings.OIDC_SECRET = SECRET
    return served


@pytest.fixture
def town(db: None) -> Town:
    return Town()


def walk(client: Client, onward: str = "/registry/") -> Any:
    """Go to the provider and come back, as a browser does; return the house's last answer."""
    away = client.get("/login/oidc/", {"next": onward})
    assert away.status_code == 302
    there = httpx.get(away.headers["Location"], follow_redirects=False)
    return client.get(there.headers["Location"].removeprefix("http://testserver"))


def bind(officer: Officer, provider: Provider, subject: str = "person-7") -> None:
    make(officer, oidc_subject=f"{provider.issuer} {subject}")


def test_without_settings_there_is_no_single_sign_on(town: Town, settings: Any) -> None:
    settings.OIDC_ISSUER = ""
    client = Client()
    assert "/login/oidc/" not in page(client, "login")
    for address in ("/login/oidc/", "/login/oidc/back/?code=1&state=2"):
        assert client.get(address).status_code in (302, 422)
    assert "统一登录" not in page(town.client(town.zhang), "profile")


def test_whoever_is_bound_comes_in(town: Town, provider: Provider) -> None:
    bind(town.zhang, provider)
    client = Client()
    assert "/login/oidc/" in page(client, "login")
    answer = walk(client)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/registry/")
    assert client.get("/registry/").status_code == 200
    assert LoginRecord.objects.get().way == "oidc"


def test_nobody_is_created_for_a_stranger(town: Town, provider: Provider) -> None:
    before = Officer.objects.count()
    client = Client()
    answer = walk(client)
    assert answer.status_code == 422
    assert "还没有绑定" in answer.content.decode()
    assert Officer.objects.count() == before
    assert client.get("/registry/").status_code == 302
    assert LoginRecord.objects.get().kind == "refused"


def test_an_administrator_still_owes_the_code(town: Town, provider: Provider) -> None:
    bind(town.system, provider)
    client = Client()
    assert walk(client).headers["Location"] == "/login/code/"
    assert client.get("/registry/").status_code == 302
    code = code_at(TOTP_SECRET, step_of(now()))
    assert client.post("/login/code/", {"code": code}).headers["Location"] == "/registry/"


@pytest.mark.parametrize("lock", [{"is_active": False}, {"locked_until": "later"}])
def test_a_locked_account_stays_out(town: Town, provider: Provider, lock: dict[str, Any]) -> None:
    bind(town.zhang, provider)
    values = {"locked_until": now().replace(year=2100)} if "locked_until" in lock else lock
    make(town.zhang, **values)
    assert walk(Client()).status_code == 422


@pytest.mark.parametrize(
    "fault",
    ["iss claim", "audience", "party", "expired", "nonce", "at_hash", "signature", "unsigned",
     "open"],
)  # fmt: skip
def test_a_token_that_is_wrong_in_anything_lets_nobody_in(
    town: Town, provider: Provider, fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    bind(town.zhang, provider)
    provider.fault = fault
    client = Client()
    answer = walk(client)
    assert answer.status_code == 422
    assert "统一登录没有成功" in answer.content.decode()
    assert client.get("/registry/").status_code == 302


def test_a_provider_that_is_not_who_it_should_be_is_not_asked(
    town: Town, provider: Provider, settings: Any
) -> None:
    provider.fault = "issuer"
    assert Client().get("/login/oidc/").status_code == 422
    for address in ("http://provider.example", "http://127.0.0.1:9"):
        settings.OIDC_ISSUER = address
        assert Client().get("/login/oidc/").status_code == 422


def test_an_answer_counts_for_the_browser_that_asked_and_once(
    town: Town, provider: Provider
) -> None:
    bind(town.zhang, provider)
    client, other = Client(), Client()
    away = client.get("/login/oidc/").headers["Location"]
    back = httpx.get(away, follow_redirects=False).headers["Location"]
    back = back.removeprefix("http://testserver")
    assert other.get(back).status_code == 422
    other.get("/login/oidc/")
    assert other.get(back).status_code == 422  # the state is another's
    mixed = back.replace("iss=", "iss=x")
    third = Client()
    third.cookies = client.cookies
    assert third.get(mixed).status_code == 422
    assert client.get(back).status_code == 422  # what was asked is used up
    assert not LoginRecord.objects.filter(kind="in").exists()


def test_one_binds_ones_own_account_with_the_password_and_unbinds_it(
    town: Town, provider: Provider
) -> None:
    make(town.zhang, password=make_password(PASSWORD))
    client = town.client(town.zhang)
    assert client.get("/login/oidc/").headers["Location"] == "/me/"  # no password, no way there
    wrong = client.post("/me/", {"oidc": "on", "password": "no"})
    assert wrong.status_code == 422
    assert "密码不对" in wrong.content.decode().partition('name="password"')[2][:400]
    client.post("/me/", {"oidc": "on", "password": PASSWORD})
    assert 'href="/login/oidc/"' in page(client, "profile")
    assert walk(client).headers["Location"] == "/me/"
    town.zhang.refresh_from_db()
    assert town.zhang.oidc_subject == f"{provider.issuer} person-7"
    assert history_of(town.zhang)[-1]["reason"] == "绑定统一登录"
    assert walk(Client()).headers["Location"] == "/registry/"
    client.post("/me/", {"oidc": "off", "password": PASSWORD})
    assert walk(Client()).status_code == 422


def test_a_subject_is_bound_to_one_officer(town: Town, provider: Provider) -> None:
    bind(town.luo, provider)
    make(town.zhang, password=make_password(PASSWORD))
    client = town.client(town.zhang)
    client.post("/me/", {"oidc": "on", "password": PASSWORD})
    assert walk(client).headers["Location"] == "/me/"
    assert "已经绑定了别的工作人员" in page(client, "profile")
    town.zhang.refresh_from_db()
    assert town.zhang.oidc_subject is None
