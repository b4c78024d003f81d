"""The pages of reporting: one tap away, sent with little, followed by a number alone."""

import re
from collections.abc import Callable

import pytest
from django.test import Client

from qianshou.kernel.worklist.models import Matter
from qianshou.packs.commission.care.models import HarmReport

Browse = Callable[[str], Client]
CARE = (
    "lin_yue", "jin_ke", "deng_hong", "fang_ting", "zhou_jie", "duan_rui", "shen_lan", "yuan_bo",
    "pan_qi", "gu_wen", "xu_min", "hao_jian",
)  # fmt: skip
PAGE, FOLLOW = "/p/care/report/", "/p/care/report/receipt/"


def mark_of(client: Client) -> str:
    found = re.search(r'name="mark" value="([^"]+)"', client.get(PAGE).content.decode())
    assert found is not None
    return found[1]


def code_in(text: str) -> str:
    found = re.search(r'id="code">([^<]+)<', text)
    assert found is not None
    return found[1]


@pytest.mark.parametrize("username", CARE)
def test_every_post_of_care_has_the_red_button_on_every_page(browse: Browse, username: str) -> None:
    client = browse(username)
    for page in ("/", "/notices/", "/registry/"):
        text = client.get(page).content.decode()
        assert text.count(f'href="{PAGE}"') == 2, page
        assert 'class="btn s urgent"' in text
    assert client.get(PAGE).status_code == 200


@pytest.mark.parametrize("username", ["zhang_min", "sys_admin", "sec_admin", "audit_admin"])
def test_nobody_else_has_it(browse: Browse, username: str) -> None:
    client = browse(username)
    assert PAGE not in client.get("/registry/").content.decode()
    for page in (PAGE, FOLLOW):
        assert client.get(page).status_code == 403
        assert client.post(page, {"signs": "begging"}).status_code == 403
    assert not HarmReport.objects.exists()


def test_a_report_with_one_sign_goes_out_and_shows_its_number_once(browse: Browse) -> None:
    client = browse("xu_min")
    sent = {"signs": "begging", "mark": mark_of(client)}
    answer = client.post(PAGE, sent)
    assert answer.status_code == 200
    code = code_in(answer.content.decode())
    again = client.post(PAGE, sent)
    assert code_in(again.content.decode()) == code
    assert HarmReport.objects.count() == 1
    matter = Matter.objects.get()
    assert matter.receipt_digest
    assert code.replace("-", "") not in matter.state
    assert client.get(f"/r/f/{code}/").status_code == 404


def test_an_empty_report_keeps_what_was_typed_and_says_what_is_missing(browse: Browse) -> None:
    client = browse("xu_min")
    answer = client.post(PAGE, {"child_description": "穿红衣服的女孩"})
    text = answer.content.decode()
    assert answer.status_code == 422
    assert "请至少勾选一种情形" in text
    assert "穿红衣服的女孩" in text
    assert not HarmReport.objects.exists()


def test_a_sign_or_a_place_that_is_none_is_refused_beside_its_field(browse: Browse) -> None:
    client = browse("xu_min")
    answer = client.post(PAGE, {"signs": "nonsense", "told": "x" * 2001})
    assert answer.status_code == 422
    assert answer.content.decode().count('class="err"') == 2
    fine = client.post(PAGE, {"signs": "begging", "place.division": "999"})
    assert fine.status_code == 200


def test_the_childs_page_hands_its_code_over(browse: Browse) -> None:
    text = browse("lin_yue").get(f"{PAGE}?child=H-2345678").content.decode()
    assert 'value="H-2345678"' in text


def test_a_number_tells_when_and_by_whom_it_was_received_and_no_more(browse: Browse) -> None:
    client = browse("xu_min")
    sent = {"signs": "begging", "told": "桥下", "mark": mark_of(client)}
    code = code_in(client.post(PAGE, sent).content.decode())
    text = client.post(FOLLOW, {"code": code}).content.decode()
    assert "还没有" in text
    assert "还在办理" in text
    matter = Matter.objects.get()
    for secret in (matter.number, "桥下", "被组织乞讨", f"/m/{matter.pk}/"):
        assert secret not in text
    station = browse("yuan_bo")
    task = matter.tasks.get(organisation__code="longshui-station")
    assert station.post(f"/m/{matter.pk}/complete/", {"task": task.pk}).status_code == 302
    text = client.post(FOLLOW, {"code": code.lower()}).content.decode()
    assert "龙水镇派出所" in text
    assert "袁波" not in text


def test_wrong_numbers_are_counted_and_told_apart_from_nothing(browse: Browse) -> None:
    client = browse("xu_min")
    for _ in range(20):
        answer = client.post(FOLLOW, {"code": "AAAA-AAAA-AA"})
        assert answer.status_code == 422
        assert "没有这个回执号" in answer.content.decode()
    assert "操作太频繁" in client.post(FOLLOW, {"code": "AAAA-AAAA-AA"}).content.decode()


def test_a_receiver_does_each_step_on_the_matters_page(browse: Browse) -> None:
    client = browse("xu_min")
    client.post(PAGE, {"signs": "begging", "told": "桥下", "mark": mark_of(client)})
    matter = Matter.objects.get()
    station = browse("yuan_bo")
    text = station.get(f"/m/{matter.pk}/").content.decode()
    assert "桥下" not in text
    assert "受保护的举报人" in text
    assert "徐敏" not in text
    shown = station.post(f"/m/{matter.pk}/disclose/", {"fact": "sealed", "purpose": "处置"})
    assert "桥下" in shown.content.decode()
    assert "徐敏" not in shown.content.decode()
    shown = station.post(f"/m/{matter.pk}/disclose/", {"fact": "reporter", "purpose": "核实"})
    assert "徐敏" in shown.content.decode()
    civil = browse("pan_qi").get(f"/m/{matter.pk}/").content.decode()
    assert 'value="reporter"' not in civil
