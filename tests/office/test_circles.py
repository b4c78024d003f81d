"""A matter with a circle is answered to everybody outside as one that does not exist."""

import io
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from django.db import connection
from django.test import Client
from openpyxl import load_workbook

from qianshou.kernel import door
from qianshou.kernel.access import CLOCK, actor_of
from qianshou.kernel.clock import day_of, now
from qianshou.kernel.door import acts
from qianshou.kernel.ledger import triggers
from qianshou.kernel.registry.models import Circle, CircleMember, Officer
from qianshou.kernel.worklist.models import Matter, Notice, Task
from tests.office.calls import register_call, village_of

Browse = Callable[[str], Client]
OUTSIDERS = (
    "jiang_yue", "luo_jing", "chen_gang", "tang_li", "sys_admin", "sec_admin", "audit_admin",
)  # fmt: skip
NOWHERE = 987_654_321
TITLE = "孩子夜里独自在家"
PASSING = (
    r'name="csrfmiddlewaretoken" value="[^"]+"', r"&#34;X-CSRFToken&#34;: &#34;[^&]+&#34;",
    r'nonce="[^"]+"', r'"X-CSRFToken": ?"[^"]+"', r'content="[A-Za-z0-9]{64}"',
)  # fmt: skip


def plain(answer: Any, *mine: object) -> tuple[int, str, str]:
    """Return an answer's state, address and text without what differs from one asking to the next.

    `mine` is what the address itself named, which a page may repeat.
    """
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    text = body.decode()
    for pattern in PASSING:
        text = re.sub(pattern, "", text)
    address = answer.headers.get("Location", "")
    for one in mine:
        text, address = text.replace(str(one), "…"), address.replace(str(one), "…")
    return answer.status_code, address, text


def facts() -> dict[str, Any]:
    return {
        "source": "110",
        "summary": TITLE,
        "place": {"division": village_of(), "address": "文化广场旁"},
        "text": "连续三晚",
        "caller": {"name": "王芳", "phone": "10000000001"},
    }


@pytest.fixture
def secret(browse: Browse) -> Matter:
    """Return a matter that Zhang alone may know of."""
    return open_secret()


def open_secret() -> Matter:
    zhang = Officer.objects.get(username="zhang_min")
    circle = Circle.objects.create(about="child")
    CircleMember.objects.create(circle=circle, role="cadre", officer=zhang, from_date=day_of(now()))
    act = acts.Open("police.gate", facts(), "register", circle=circle.pk)
    receipt = door.act(act, by=actor_of(zhang, now()), at=now())
    assert receipt is not None
    return Matter.objects.get(pk=receipt.matter)


def task_of(matter: Matter) -> int:
    return Task.objects.get(matter=matter, state=0).pk


def test_a_member_sees_it_everywhere(browse: Browse, secret: Matter) -> None:
    zhang = browse("zhang_min")
    for page in ("/", "/m/", f"/m/{secret.pk}/", f"/list/{task_of(secret)}/", "/m/?q=独自"):
        answer = zhang.get(page, headers={"HX-Request": "true"} if "list" in page else {})
        assert TITLE in answer.content.decode(), page


@pytest.mark.parametrize("who", OUTSIDERS)
def test_its_pages_are_not_there(browse: Browse, secret: Matter, who: str) -> None:
    client, task, digest = browse(who), task_of(secret), "a" * 64
    for address, real in (
        ("/m/{}/", secret.pk),
        ("/m/{}/?verify=1", secret.pk),
        (f"/m/{{}}/f/{digest}/", secret.pk),
        ("/list/{}/", task),
        ("/?task={}", task),
        ("/m/?q={}", secret.number),
        ("/m/?q={}", TITLE),
        ("/m/export/?q={}", secret.number),
        ("/?q={}", secret.number),
        ("/list/rows/?q={}", secret.number),
    ):
        found = client.get(address.format(quote(str(real))))
        none = client.get(address.format(NOWHERE))
        if "export" in address:
            assert cells(found) == cells(none)
        else:
            mine, others = repeated(address, real), repeated(address, NOWHERE)
            assert plain(found, *mine) == plain(none, *others), address


def repeated(address: str, asked: object) -> tuple[str, ...]:
    """Return the forms in which a page may repeat what was looked for, or its own address."""
    if "q=" not in address:
        return (address.format(asked)[1:],)
    return str(asked), quote(str(asked))


def cells(answer: Any) -> list[tuple[Any, ...]]:
    """Return what an Excel file says; nothing for another answer."""
    if answer.status_code != 200:
        return [(answer.status_code,)]
    sheet = load_workbook(io.BytesIO(answer.content)).worksheets[0]
    return list(sheet.iter_rows(values_only=True))


@pytest.mark.parametrize("who", OUTSIDERS)
def test_no_act_tells_that_it_is_there(browse: Browse, secret: Matter, who: str) -> None:
    client, task = browse(who), task_of(secret)
    for name in (
        "claim", "release", "transfer", "return", "withdraw", "complete", "urge", "supervise",
        "suspend", "resume", "comment", "attach", "link", "merge", "disclose", "no-such-act",
    ):  # fmt: skip
        sent = {"text": "请尽快", "reason": "请尽快", "fact": "caller", "purpose": "回访"}
        found = client.post(f"/m/{secret.pk}/{name}/", {**sent, "task": task})
        none = client.post(f"/m/{NOWHERE}/{name}/", {**sent, "task": NOWHERE})
        assert plain(found) == plain(none), name
        assert found.status_code == 404


@pytest.mark.parametrize("act", ["claim", "transfer"])
@pytest.mark.parametrize("who", ["jiang_yue", "chen_gang"])
def test_a_batch_does_not_tell_it(browse: Browse, secret: Matter, who: str, act: str) -> None:
    def said(task: int) -> Any:
        client = browse(who)
        sent = {"act": act, "task": task, "officer": 1, "reason": "出差"}
        return plain(client.post("/list/batch/", sent, follow=True))

    assert said(task_of(secret)) == said(NOWHERE)


@pytest.mark.parametrize("who", OUTSIDERS)
def test_lists_counts_and_exports_are_as_before_it_was_opened(browse: Browse, who: str) -> None:
    register_call(browse("zhang_min"))
    client = browse(who)
    pages = [f"/?list={name}" for name in ("mine", "post", "organisation", "late")]
    pages += ["/list/rows/?list=organisation", "/m/", "/m/?state=open", "/notices/", "/me/"]
    pages += ["/procedures/", "/procedures/police.gate/"]
    client.get("/")
    before = {page: plain(client.get(page)) for page in pages}
    exported = cells(client.get("/m/export/"))
    secret = open_secret()
    zhang = actor_of(Officer.objects.get(username="zhang_min"), now())
    door.act(acts.Urge(secret.pk, "请尽快"), by=zhang, at=now())
    task = Task.objects.get(matter=secret)
    door.act(acts.Warn(task.pk), by=CLOCK, at=task.due_at + timedelta(minutes=1))
    for page in pages:
        assert plain(client.get(page)) == before[page], page
    assert cells(client.get("/m/export/")) == exported


@pytest.mark.parametrize("who", ["jiang_yue", "chen_gang"])
@pytest.mark.parametrize(("act", "field"), [("link", "other"), ("merge", "into")])
def test_it_cannot_be_linked_or_merged_by_its_number(
    browse: Browse, secret: Matter, who: str, act: str, field: str
) -> None:
    client = browse(who)
    own = register_call(client)
    client.get(f"/m/{own}/")
    at_page = {"reason": "同一件事"}
    found = client.post(f"/m/{own}/{act}/", {**at_page, field: secret.number})
    none = client.post(f"/m/{own}/{act}/", {**at_page, field: "LD-20200101-0001"})
    assert found.status_code == 422
    assert plain(found, secret.number) == plain(none, "LD-20200101-0001")


@pytest.mark.parametrize("who", ["jiang_yue", "chen_gang"])
def test_a_matter_linked_with_it_does_not_name_it(browse: Browse, secret: Matter, who: str) -> None:
    zhang, client = browse("zhang_min"), browse(who)
    known = register_call(zhang)
    before = plain(client.get(f"/m/{known}/"))
    number = Matter.objects.get(pk=known).number
    assert zhang.post(f"/m/{secret.pk}/link/", {"other": number}).status_code == 302
    assert secret.number in zhang.get(f"/m/{known}/").content.decode()
    assert plain(client.get(f"/m/{known}/")) == before


def test_no_open_matter_takes_its_number_into_its_own_entries(
    browse: Browse, secret: Matter
) -> None:
    zhang = browse("zhang_min")
    known = register_call(zhang)
    refused = zhang.post(f"/m/{known}/link/", {"other": secret.number})
    assert "知情范围" in refused.content.decode()
    merged = zhang.post(f"/m/{known}/merge/", {"into": secret.number, "reason": "重复"})
    assert (refused.status_code, merged.status_code) == (422, 422)


@pytest.mark.parametrize("who", ["jiang_yue", "chen_gang", "sec_admin"])
def test_a_notice_of_it_is_like_one_that_is_not_there(
    browse: Browse, secret: Matter, who: str
) -> None:
    officer = Officer.objects.get(username=who)
    notice = Notice.objects.create(
        matter=secret, kind="urge", organisation_id=secret.organisation_id, posts="police_seat",
        officer=officer, text=TITLE, text_en=TITLE, at=now(),
    )  # fmt: skip
    client = browse(who)
    found = client.post("/notices/read/", {"notice": notice.pk})
    none = client.post("/notices/read/", {"notice": NOWHERE})
    assert plain(found) == plain(none)
    assert TITLE not in client.get("/notices/").content.decode()
    assert not notice.readings.exists()


def test_the_auditor_s_list_leaves_it_out(browse: Browse, secret: Matter) -> None:
    client = browse("audit_admin")
    assert secret.number not in client.get("/audit/").content.decode()
    found = client.get("/audit/", {"subject": secret.number})
    none = client.get("/audit/", {"subject": "LD-20200101-0001"})
    assert plain(found, secret.number) == plain(none, "LD-20200101-0001")


def test_checking_the_whole_ledger_finds_harm_and_does_not_name_it(
    browse: Browse, secret: Matter
) -> None:
    triggers.remove(connection)
    Matter.objects.filter(pk=secret.pk).update(title="改过")
    triggers.install(connection)
    text = plain(browse("audit_admin").post("/audit/check/"))[2]
    assert "qianshou verify" in text
    assert 'class="tag r"' in text
    assert secret.number not in text


@pytest.mark.parametrize("who", ["jiang_yue", "chen_gang", "luo_jing"])
def test_the_records_behind_a_figure_leave_it_out(browse: Browse, secret: Matter, who: str) -> None:
    text = browse(who).get("/indicators/police.gate/calls/records/").content.decode()
    assert secret.number not in text
    assert TITLE not in text


def test_who_has_left_the_circle_is_outside(browse: Browse, secret: Matter) -> None:
    zhang = browse("zhang_min")
    CircleMember.objects.update(to_date=day_of(now()))
    assert zhang.get(f"/m/{secret.pk}/").status_code == 404
    assert TITLE not in zhang.get("/").content.decode()
    assert TITLE not in zhang.get("/notices/").content.decode()
