"""Every page of officers: it answers, in both languages, to whom it should, in few queries."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client, RequestFactory

from qianshou.demo.cast import PASSWORD
from qianshou.design.headers import address_of
from qianshou.kernel.registry.models import Officer
from tests.office.calls import open_task, register_call, send

Browse = Callable[[str], Client]
PAGES = {
    "/": 8,
    "/?list=organisation&procedure=police.gate&level=normal&q=噪声": 8,
    "/list/rows/": 5,
    "/m/": 20,
    "/m/?q=噪声&state=open&sort=old": 20,
    "/open/police.gate/register/": 20,
    "/open/police.gate/register/sheet/": 16,
    "/me/": 14,
    "/notices/": 14,
    "/procedures/": 16,
    "/procedures/police.gate/": 24,
    "/indicators/": 50,
    "/indicators/?pack=commission.care": 190,
    "/indicators/police.gate/calls/": 40,
    "/indicators/police.gate/on_time/": 40,
    "/indicators/police.gate/calls/records/": 20,
    "/campaigns/": 14,
    "/registry/": 40,
}


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_a_page_answers_in_few_queries(
    browse: Browse, django_assert_max_num_queries: Any, page: str, language: str
) -> None:
    client = browse("zhang_min")
    register_call(client)
    client.cookies["django_language"] = language
    client.get(page)  # what a process keeps of procedures it asks for once
    with django_assert_max_num_queries(PAGES[page]):
        answer = client.get(page)
    assert answer.status_code == 200
    assert re.search(r"[㐀-鿿]", answer.content.decode())


def test_the_number_of_rows_does_not_change_the_number_of_queries(
    browse: Browse, django_assert_num_queries: Any
) -> None:
    client = browse("zhang_min")
    register_call(client)
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    for page in ("/", "/m/", "/notices/"):
        client.get(page)
        with CaptureQueriesContext(connection) as few:
            client.get(page)
        for _ in range(4):
            register_call(client)
        with CaptureQueriesContext(connection) as many:
            client.get(page)
        assert len(many) == len(few), page


def test_completing_a_step_takes_few_queries(
    browse: Browse, django_assert_max_num_queries: Any
) -> None:
    client = browse("zhang_min")
    facts = {"kind": "police", "category": "police.fight", "level": "urgent"}
    first, second = register_call(client), register_call(client)
    send(client, first, "complete", task=open_task(first).pk, back="list", **facts)
    task = open_task(second).pk
    with django_assert_max_num_queries(13):  # two of them are savepoints of the test's transaction
        answer = send(client, second, "complete", task=task, back="list", **facts)
    assert answer.status_code == 302
    assert open_task(second).pk != task


def test_no_page_holds_script_or_style_of_its_own(browse: Browse) -> None:
    client = browse("zhang_min")
    register_call(client)
    for page in PAGES:
        text = client.get(page).content.decode()
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=\"", text), page
        for tag in re.findall(r"<script[^>]*>", text):
            assert "src=" in tag or 'type="application/json"' in tag, (page, tag)
        assert not re.search(r"(src|href|action)=\"(https?:)?//", text), page


def test_every_answer_carries_a_strict_policy(browse: Browse) -> None:
    for client, page in ((browse("zhang_min"), "/"), (browse(""), "/login/"), (browse(""), "/r/")):
        answer = client.get(page)
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_nobody_gets_in_without_an_account(browse: Browse) -> None:
    stranger = browse("")
    for page in ("/", "/m/", "/m/1/", "/indicators/", "/registry/", "/me/", "/audit/"):
        answer = stranger.get(page)
        assert answer.status_code == 302
        assert answer.headers["Location"].startswith("/login/")
    assert stranger.get("/list/rows/", headers={"HX-Request": "true"}).status_code == 401


@pytest.mark.parametrize("username", ["sys_admin", "sec_admin", "audit_admin"])
def test_an_administrator_sees_no_matter(browse: Browse, username: str) -> None:
    matter = register_call(browse("zhang_min"))
    client = browse(username)
    assert client.get(f"/m/{matter}/").status_code == 404
    assert b"LD-" not in client.get("/m/").content
    assert client.get("/open/police.gate/register/").status_code == 403


def test_only_the_auditor_reads_the_ledger(browse: Browse) -> None:
    register_call(browse("zhang_min"))
    assert browse("zhang_min").get("/audit/").status_code == 403
    assert browse("sys_admin").post("/audit/check/").status_code == 403
    auditor = browse("audit_admin")
    assert "LD-" in auditor.get("/audit/").content.decode()
    assert "LD-" not in auditor.get("/audit/?act=disclose").content.decode()
    checked = b"".join(auditor.post("/audit/check/")).decode()
    assert "全部核验一致" in checked


def test_the_right_password_lets_in_and_out(browse: Browse) -> None:
    client = browse("")
    officer = Officer.objects.get(username="zhang_min")
    officer.set_password(PASSWORD)
    officer.save()
    sent = {"username": "zhang_min", "password": PASSWORD, "next": "https://elsewhere.example/"}
    answer = client.post("/login/", sent)
    assert answer.status_code == 302
    assert answer.headers["Location"] == "/"
    assert client.get("/").status_code == 200
    client.post("/logout/")
    assert client.get("/").status_code == 302


def test_five_failures_lock_the_account_and_say_no_more_than_before(browse: Browse) -> None:
    officer = Officer.objects.get(username="zhang_min")
    officer.set_password(PASSWORD)
    officer.save()
    client = browse("")
    said = set()
    for _ in range(5):
        answer = client.post("/login/", {"username": "zhang_min", "password": "wrong"})
        assert answer.status_code == 422
        said.add(re.search(r"<p>(.*?)</p>", answer.content.decode())[1])  # type: ignore[index]
    locked = client.post("/login/", {"username": "zhang_min", "password": PASSWORD})
    assert locked.status_code == 422
    said.add(re.search(r"<p>(.*?)</p>", locked.content.decode())[1])  # type: ignore[index]
    unknown = client.post("/login/", {"username": "nobody", "password": PASSWORD})
    said.add(re.search(r"<p>(.*?)</p>", unknown.content.decode())[1])  # type: ignore[index]
    assert len(said) == 1
    Officer.objects.filter(username="zhang_min").update(locked_until="2020-01-01T00:00:00Z")
    again = client.post("/login/", {"username": "zhang_min", "password": PASSWORD})
    assert again.status_code == 302


def test_an_address_that_fails_too_often_lets_nobody_in(browse: Browse) -> None:
    officer = Officer.objects.get(username="zhang_min")
    officer.set_password(PASSWORD)
    officer.save()
    client = browse("")
    for place in range(30):
        sent = {"username": f"nobody{place}", "password": "x"}
        assert client.post("/login/", sent).status_code == 422
    right = {"username": "zhang_min", "password": PASSWORD}
    assert client.post("/login/", right).status_code == 422
    elsewhere = client.post("/login/", right, REMOTE_ADDR="10.9.8.7")
    assert elsewhere.status_code == 302


def test_one_changes_ones_own_password_and_language(browse: Browse) -> None:
    officer = Officer.objects.get(username="zhang_min")
    officer.set_password(PASSWORD)
    officer.save()
    client = browse("zhang_min")
    tries = {
        "old": {"old": "no", "new": "a-long-new-one-7", "again": "a-long-new-one-7"},
        "again": {"old": PASSWORD, "new": "a-long-new-one-7", "again": "another"},
        "new": {"old": PASSWORD, "new": "short", "again": "short"},
    }
    for field, sent in tries.items():
        answer = client.post("/me/", sent)
        assert answer.status_code == 422
        near = answer.content.decode().partition(f'name="{field}"')[2]
        assert near.partition("</div>")[0].count('class="err"') == 1
    fine = {"old": PASSWORD, "new": "a-long-new-one-7", "again": "a-long-new-one-7"}
    assert client.post("/me/", fine).status_code == 200
    assert Officer.objects.get(username="zhang_min").check_password("a-long-new-one-7")
    assert client.post("/me/", {"language": "en"}).status_code == 302
    assert "My list" in client.get("/").content.decode()
    assert client.post("/me/", {"language": "xx"}).status_code == 422


def test_the_theme_turns_without_script(browse: Browse) -> None:
    client = browse("zhang_min")
    assert 'data-theme="light"' in client.get("/").content.decode()
    client.post("/theme/", {"next": "/"})
    assert 'data-theme="dark"' in client.get("/").content.decode()
    assert client.post("/theme/", {"next": "//evil.example"}).headers["Location"] == "/"


def test_an_unknown_page_says_so(browse: Browse) -> None:
    answer = browse("zhang_min").get("/no/such/page/")
    assert answer.status_code == 404
    assert "没有找到" in answer.content.decode()


def test_a_form_from_elsewhere_is_not_taken(browse: Browse) -> None:
    client = Client(enforce_csrf_checks=True)
    answer = client.post("/login/", {"username": "zhang_min", "password": PASSWORD})
    assert answer.status_code == 403
    assert "页面已过期" in answer.content.decode()


def test_behind_a_proxy_the_address_is_the_one_it_saw(browse: Browse, settings: Any) -> None:
    request = RequestFactory().get("/", headers={"X-Forwarded-For": "1.1.1.1, 10.0.0.7"})
    assert address_of(request) == "127.0.0.1"
    settings.SECURE = True
    assert address_of(request) == "10.0.0.7"
