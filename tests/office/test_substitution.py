"""The page of standing in, and delegating a task, as officers use them."""

from collections.abc import Callable
from datetime import timedelta

from django.test import Client

from qianshou.kernel.clock import CHINA, now
from qianshou.kernel.registry.models import Officer, Substitution
from tests.office.calls import TRIAGE, entries, open_task, register_call, send

Browse = Callable[[str], Client]
PAGE = "/me/substitution/"
COLLEAGUE = "longshui-centre.town_seat.2"


def said(answer: object) -> str:
    return answer.content.decode()  # type: ignore[attr-defined, no-any-return]


def declared(**changed: str) -> dict[str, str]:
    today = now().astimezone(CHINA).date()
    to = str(Officer.objects.get(username=COLLEAGUE).pk)
    days = {"from_date": str(today), "to_date": str(today + timedelta(days=3))}
    return {"substitute": to, "pack": "police.gate", **days, "reason": "休假", **changed}


def test_a_colleague_stands_in_until_it_is_ended(browse: Browse) -> None:
    seat, colleague = browse("zhang_min"), browse(COLLEAGUE)
    matter = register_call(seat)
    send(seat, matter, "claim")
    assert "代 张敏 办" not in said(colleague.get("/"))
    refused = seat.post(PAGE, declared(reason="", from_date="x"))
    assert refused.status_code == 422
    assert 'class="err"' in said(refused).partition('name="from_date"')[2].partition("</div>")[0]
    assert seat.post(PAGE, declared()).status_code == 302
    assert "代 张敏 办" in said(colleague.get("/"))
    assert "我代理 张敏" in said(colleague.get(PAGE))
    assert send(colleague, matter, "complete", **TRIAGE).status_code == 302
    assert "（代 张敏）" in said(seat.get(f"/m/{matter}/"))
    row = Substitution.objects.get()
    assert browse("tang_li").post(f"{PAGE}{row.pk}/").status_code == 404
    assert colleague.post(f"{PAGE}{row.pk}/").status_code == 302
    assert "没有代理" in said(colleague.get(PAGE))


def test_the_security_administrator_names_both_by_account(browse: Browse) -> None:
    client = browse("sec_admin")
    sent = declared(principal="zhang_min", substitute="he_feng", pack="")
    assert client.post(PAGE, sent).status_code == 302
    assert Substitution.objects.get().substitute.username == "he_feng"
    refused = client.post(PAGE, {**sent, "principal": "nobody"})
    assert refused.status_code == 422
    assert browse("audit_admin").get(PAGE).status_code == 403


def test_a_task_is_delegated_given_back_and_completed(browse: Browse) -> None:
    seat, colleague = browse("zhang_min"), browse(COLLEAGUE)
    matter = register_call(seat)
    send(seat, matter, "claim")
    to = Officer.objects.get(username=COLLEAGUE)
    assert send(seat, matter, "delegate", officer=to.pk, reason="").status_code == 422
    assert send(seat, matter, "delegate", officer=to.pk, reason="请代判").status_code == 302
    assert "收回委托" in said(seat.get(f"/m/{matter}/"))
    assert "交回委托人" in said(colleague.get(f"/m/{matter}/"))
    lacking = send(colleague, matter, "resolve", opinion="已核实", **{**TRIAGE, "lead": ""})
    assert (lacking.status_code, 'value="已核实"' in lacking.content.decode()) == (422, True)
    assert send(colleague, matter, "resolve", opinion="同意", **TRIAGE).status_code == 302
    page = said(seat.get(f"/m/{matter}/"))
    assert '<option value="noise.work" selected' in page
    assert send(seat, matter, "complete", **TRIAGE).status_code == 302
    assert entries(matter)[-4:] == ["claim", "delegate", "resolve", "complete"]


def test_a_delegated_task_is_taken_back(browse: Browse) -> None:
    seat = browse("zhang_min")
    matter = register_call(seat)
    send(seat, matter, "claim")
    to = Officer.objects.get(username=COLLEAGUE)
    send(seat, matter, "delegate", officer=to.pk, reason="请代判")
    assert send(seat, matter, "recall").status_code == 302
    assert open_task(matter).delegated_from is None
