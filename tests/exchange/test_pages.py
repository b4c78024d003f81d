"""Pages on which doors to other systems are opened and closed, and the calendar."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from icalendar import Calendar

from qianshou.exchange.models import Feed, Hook, Mailing, Robot
from qianshou.kernel.access import CLOCK, actor_of
from qianshou.kernel.clock import day_of, now
from qianshou.kernel.door.passwords import give_password
from qianshou.kernel.door.registering import change_row, history_of
from qianshou.kernel.registry.models import Circle, Officer, Organisation
from qianshou.kernel.tokens.models import Token
from qianshou.kernel.worklist.models import Matter
from tests.office.calls import open_task, register_call

Browse = Callable[[str], Client]
SECRET = re.compile(r"data-secret>([^<]+)<")


def secret_in(answer: Any) -> str:
    found = SECRET.search(answer.content.decode())
    assert found is not None, answer.content.decode()
    return found[1]


@pytest.fixture
def admin(browse: Browse) -> Client:
    return browse(Officer.objects.get(role="system").username)


def form(**changed: Any) -> dict[str, Any]:
    return {
        "name": "镇街办公系统",
        "scopes": ["list", "matters"],
        "officer": "zhang_min",
        "seat": "",
        "expires_on": (day_of(now()) + timedelta(days=30)).isoformat(),
        **changed,
    }


def test_a_token_is_shown_once_and_works_when_the_officer_agrees(
    admin: Client, browse: Browse
) -> None:
    text = admin.post("/x/tokens/", form()).content.decode()
    assert SECRET.search(text) is None
    assert "令牌只显示给本人" in text
    zhang, token = browse("zhang_min"), Token.objects.get()
    assert "镇街办公系统" in zhang.get("/x/mine/").content.decode()
    sent = {"act": "accept", "token": token.pk}
    secret = secret_in(zhang.post("/x/mine/", sent))
    assert SECRET.search(zhang.post("/x/mine/", sent, follow=True).content.decode()) is None
    assert secret not in admin.get("/x/tokens/").content.decode()
    program, headers = Client(), {"Authorization": f"Bearer {secret}"}
    assert program.get("/api/v1/tasks", headers=headers).status_code == 200
    assert (
        browse("tang_li").post("/x/mine/", {"act": "revoke", "token": token.pk}).status_code == 404
    )
    zhang.post("/x/mine/", {"act": "revoke", "token": token.pk})
    assert program.get("/api/v1/tasks", headers=headers).status_code == 401
    assert len(history_of(token)) == 3


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"name": ""}, "name"),
        ({"scopes": []}, "scopes"),
        ({"officer": "nobody"}, "officer"),
        ({"officer": ""}, "officer"),
        ({"seat": "nowhere/town_seat"}, "seat"),
        ({"expires_on": "tomorrow"}, "expires_on"),
        ({"expires_on": "2199-01-01"}, "expires_on"),
    ],
)
def test_what_is_wrong_is_said_beside_the_field_and_the_rest_kept(
    admin: Client, changed: dict[str, Any], field: str
) -> None:
    answer = admin.post("/x/tokens/", form(**changed))
    assert answer.status_code == 422
    text = answer.content.decode()
    assert f'id="e-{field}"' in text
    assert field == "name" or 'value="镇街办公系统"' in text
    assert not Token.objects.exists()


def test_only_the_system_administrator_opens_doors(browse: Browse) -> None:
    others = [
        "zhang_min",
        *Officer.objects.filter(role__in=["security", "audit"]).values_list("username", flat=True),
    ]
    for username in others:
        for page in ("/x/tokens/", "/x/robots/"):
            assert browse(username).get(page).status_code == 403
    assert browse(others[1]).get("/x/mine/").status_code == 403


def test_the_administrator_is_shown_the_secret_of_a_token_that_acts_as_nobody(
    admin: Client,
) -> None:
    sent = form(officer="", scopes=["open311"])
    assert secret_in(admin.post("/x/tokens/", sent)).startswith("qs_")


def test_the_officer_sees_each_hooks_host_and_agrees_to_it_or_not(
    admin: Client, browse: Browse, settings: LazySettings
) -> None:
    settings.OUTBOUND_HOSTS = ["localhost"]
    admin.post("/x/tokens/", form())
    page, zhang = f"/x/tokens/{Token.objects.get().pk}/", browse("zhang_min")
    for name in ("one", "two"):
        url = f"http://localhost:9/{name}?key=SECRET"
        admin.post(page, {"act": "hook", "url": url, "kinds": ["open"]})
    one, two = Hook.objects.order_by("pk")
    text = zhang.get("/x/mine/").content.decode()
    assert "localhost:9" in text
    assert "SECRET" not in text
    sent = {"act": "accept_hook", "hook": one.pk}
    assert browse("tang_li").post("/x/mine/", sent).status_code == 404
    zhang.post("/x/mine/", sent)
    zhang.post("/x/mine/", {"act": "end_hook", "hook": two.pk})
    agreed, ended = Hook.objects.order_by("pk")
    assert (agreed.accepted_at is None, agreed.disabled_at) == (False, None)
    assert (ended.accepted_at, ended.disabled_at is None) == (None, False)


def test_hooks_are_made_and_ended_on_the_tokens_page(admin: Client, settings: LazySettings) -> None:
    settings.OUTBOUND_HOSTS = ["localhost"]
    admin.post("/x/tokens/", form())
    page = f"/x/tokens/{Token.objects.get().pk}/"
    sent = {"act": "hook", "url": "http://localhost:9/hook", "kinds": ["open", "warn"]}
    assert len(secret_in(admin.post(page, sent))) == 64
    refused = admin.post(page, {**sent, "url": "https://127.0.0.1/"})
    assert refused.status_code == 422
    assert 'id="e-url"' in refused.content.decode()
    admin.post(page, {"act": "end", "hook": Hook.objects.get().pk})
    assert Hook.objects.get().disabled_at is not None
    admin.post(page, {"act": "revoke"})
    assert Token.objects.get().revoked_at is not None
    assert admin.get("/x/tokens/999999999999/").status_code == 404


def test_robots_are_made_and_ended_and_their_address_shown_no_more(
    admin: Client, settings: LazySettings
) -> None:
    settings.OUTBOUND_HOSTS = ["localhost"]
    sent = {
        "name": "龙水值班群", "organisation": Organisation.objects.order_by("pk")[0].code, "kind": "wecom",
        "url": "http://localhost:9/send?key=TELLTALE", "secret": "", "kinds": ["late"],
    }  # fmt: skip
    assert admin.post("/x/robots/", sent).status_code == 302
    text = admin.get("/x/robots/").content.decode()
    assert "龙水值班群" in text
    assert "TELLTALE" not in text + str(history_of(Robot.objects.get()))
    assert admin.post("/x/robots/", {**sent, "organisation": "none"}).status_code == 422
    admin.post("/x/robots/", {"act": "end", "robot": Robot.objects.get().pk})
    assert "龙水值班群" not in admin.get("/x/robots/").content.decode()


def test_mail_is_chosen_on_ones_own_page(browse: Browse, settings: LazySettings) -> None:
    zhang = browse("zhang_min")
    assert "没有配置邮件服务器" in zhang.get("/x/mine/").content.decode()
    settings.EMAIL_HOST = "mail.example.org"
    sent = {"act": "mail", "address": "zhang@example.org", "kinds": ["late", "urge"]}
    assert zhang.post("/x/mine/", sent).status_code == 302
    assert Mailing.objects.get().kinds == ["late", "urge"]
    refused = zhang.post("/x/mine/", {**sent, "address": "somewhere"})
    assert refused.status_code == 422
    assert 'value="somewhere"' in refused.content.decode()
    assert 'id="e-address"' in refused.content.decode()


def deadlines_at(client: Client, address: str) -> list[Any]:
    answer = client.get(address)
    assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
    return list(Calendar.from_ical(answer.content).walk("VEVENT"))


def test_a_calendar_shows_deadlines_without_what_they_are_about(browse: Browse) -> None:
    zhang = browse("zhang_min")
    address = secret_in(zhang.post("/x/mine/", {"act": "feed"})).removeprefix("http://testserver")
    stranger = Client()
    assert deadlines_at(stranger, address) == []
    matter = Matter.objects.get(pk=register_call(zhang))
    (one,) = deadlines_at(stranger, address)
    task = open_task(matter.pk)
    assert str(one["summary"]) == f"{task.name} {matter.number}"
    assert one.decoded("dtstart") == task.due_at.replace(microsecond=0)
    assert str(one["url"]).endswith(f"/m/{matter.pk}/")
    assert "噪声" not in stranger.get(address).content.decode()
    Matter.objects.filter(pk=matter.pk).update(circle=Circle.objects.create(about="police.gate"))
    assert deadlines_at(stranger, address) == []
    other = secret_in(zhang.post("/x/mine/", {"act": "feed"})).removeprefix("http://testserver")
    assert stranger.get(address).status_code == 404
    assert stranger.get(other).status_code == 200
    zhang.post("/x/mine/", {"act": "end_feed"})
    assert stranger.get(other).status_code == 404
    assert Feed.objects.get().secret_digest == ""


def test_a_password_given_by_somebody_else_ends_every_other_way_in(
    browse: Browse, admin: Client, settings: LazySettings
) -> None:
    settings.EMAIL_HOST = "mail.example"
    zhang, officer = browse("zhang_min"), Officer.objects.get(username="zhang_min")
    admin.post("/x/tokens/", form())
    agreed = {"act": "accept", "token": Token.objects.get().pk}
    secret = secret_in(zhang.post("/x/mine/", agreed))
    address = secret_in(zhang.post("/x/mine/", {"act": "feed"})).removeprefix("http://testserver")
    sent = {"act": "mail", "address": "elsewhere@example.com", "kinds": ["late"]}
    assert zhang.post("/x/mine/", sent).status_code == 302
    change_row(officer, {"oidc_subject": "https://op.example 7"}, by=CLOCK, at=now())
    stranger, headers = Client(), {"Authorization": f"Bearer {secret}"}
    assert stranger.get("/api/v1/tasks", headers=headers).status_code == 200
    assert stranger.get(address).status_code == 200

    security = actor_of(Officer.objects.get(role="security"), now())
    give_password(officer, by=security, at=now())
    assert stranger.get("/api/v1/tasks", headers=headers).status_code == 401
    assert stranger.get(address).status_code == 404
    assert Mailing.objects.get().kinds == []
    officer.refresh_from_db()
    assert officer.oidc_subject is None
    token = history_of(Token.objects.get())[-1]
    assert (token["by"]["name"], "revoked_at" in token["after"]) == (security.name, True)


def test_guesses_at_a_calendars_address_are_counted(browse: Browse) -> None:
    client, zhang = Client(), browse("zhang_min")
    address = secret_in(zhang.post("/x/mine/", {"act": "feed"})).removeprefix("http://testserver")
    for _ in range(20):
        assert client.get("/x/feed/guess.ics").status_code == 404
    limited = client.get("/x/feed/guess.ics")
    assert limited.status_code == 429
    assert int(limited.headers["Retry-After"]) > 0
    assert client.get(address).status_code == 200  # whoever has it comes in


def test_a_calendar_asks_as_much_of_the_database_for_many_tasks_as_for_one(browse: Browse) -> None:
    zhang = browse("zhang_min")
    address = secret_in(zhang.post("/x/mine/", {"act": "feed"})).removeprefix("http://testserver")

    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            zhang.get(address)
        return len(queries)

    register_call(zhang)
    few = asked()
    for _ in range(3):
        register_call(zhang)
    assert asked() == few <= 10


def test_the_list_of_tokens_asks_as_much_of_the_database_for_many_as_for_one(
    admin: Client,
) -> None:
    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            admin.get("/x/tokens/")
        return len(queries)

    admin.post("/x/tokens/", form())
    asked()
    few = asked()
    for number in range(3):
        admin.post("/x/tokens/", form(name=f"系统{number}"))
    assert asked() == few


def test_the_pages_speak_english(admin: Client, browse: Browse) -> None:
    admin.post("/x/tokens/", form())
    for client, pages in (
        (admin, ("/x/tokens/", f"/x/tokens/{Token.objects.get().pk}/", "/x/robots/")),
        (browse("zhang_min"), ("/x/mine/", "/me/", "/more/")),
    ):
        client.cookies["django_language"] = "en"
        for page in pages:
            text = client.get(page).content.decode()
            assert 'lang="en"' in text
            assert not re.search(r"<style|\sstyle=|\son[a-z]+=\"", text)
