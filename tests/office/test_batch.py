"""Many rows at once, copies and straight ways back, by the pages."""

from collections.abc import Callable

from django.test import Client

from qianshou.kernel.registry.models import Officer
from qianshou.kernel.worklist.models import Task
from tests.office.calls import TRIAGE, call_form, entries, open_task, register_call, send

Browse = Callable[[str], Client]


def said(answer: object) -> str:
    return answer.content.decode()  # type: ignore[attr-defined, no-any-return]


def test_many_are_completed_with_one_form_and_told_row_by_row(browse: Browse) -> None:
    seat = browse("zhang_min")
    matters = [register_call(seat) for _ in range(3)]
    tasks = [open_task(matter).pk for matter in matters]
    refused = seat.post("/list/batch/", {"act": "complete", "task": tasks}, follow=True)
    assert "批量办结须是同一环节的任务" in said(refused)
    for matter in matters:
        send(seat, matter, "complete", **TRIAGE)
        send(seat, matter, "complete", informed="spoken", told="已转办")
    desk, tasks = browse("tang_li"), [open_task(matter).pk for matter in matters]
    asked = said(desk.post("/list/batch/", {"act": "complete", "task": tasks}))
    assert 'name="sign"' in asked
    empty = {"act": "complete", "task": tasks, "confirmed": "1", "back": "list=post"}
    answer = desk.post("/list/batch/", empty)
    assert answer.status_code == 422
    assert 'class="err"' in said(answer)
    send(desk, matters[0], "complete", sign="accept")
    done = said(desk.post("/list/batch/", {**empty, "sign": "accept"}))
    assert "已办理 2 件，没有办理 1 件" in done
    assert "/?list=post" in done
    assert Task.objects.filter(pk__in=tasks, state=0).count() == 0


def test_many_are_urged_once(browse: Browse) -> None:
    seat = browse("zhang_min")
    tasks = [open_task(register_call(seat)).pk for _ in range(2)]
    for told in ("已办理 2 件", "已办理 0 件"):
        sent = {"act": "urge", "task": [*tasks, 999999]}
        assert told in said(seat.post("/list/batch/", sent))


def test_a_copy_is_read_by_its_receiver_who_can_do_nothing_else(browse: Browse) -> None:
    seat, reader = browse("zhang_min"), browse("tang_li")
    matter = register_call(seat)
    wrong = send(seat, matter, "copy", task=False, officers="nobody")
    assert wrong.status_code == 422
    assert "没有叫“nobody”的人" in said(wrong)
    assert reader.get(f"/m/{matter}/").status_code == 404
    assert send(seat, matter, "copy", task=False, officers="唐丽").status_code == 302
    page = said(reader.get(f"/m/{matter}/"))
    assert f"/m/{matter}/read/" in page
    for name in ("comment", "attach", "link", "copy", "urge"):
        assert f"/m/{matter}/{name}/" not in page
    assert send(reader, matter, "comment", task=False, text="x").status_code == 422
    assert send(reader, matter, "read", task=False, text="收到").status_code == 302
    assert "收到" in said(seat.get(f"/m/{matter}/"))
    ended = send(seat, matter, "copy", task=False, officers="tang_li", on="0")
    assert ended.status_code == 302
    assert reader.get(f"/m/{matter}/").status_code == 404
    assert entries(matter) == ["open", "copy", "read", "copy"]


def test_of_two_of_one_name_the_account_is_asked_for(browse: Browse) -> None:
    Officer.objects.filter(username__in=("tang_li", "luo_jing")).update(name="唐莉")
    seat = browse("zhang_min")
    asked = send(seat, register_call(seat), "copy", task=False, officers="唐莉")
    assert asked.status_code == 422
    assert "luo_jing、tang_li" in said(asked)


def test_a_return_can_ask_to_come_straight_back(browse: Browse) -> None:
    seat = browse("zhang_min")
    matter = register_call(seat)
    send(seat, matter, "complete", **TRIAGE)
    sent = {"target": "triage", "reason": "类别选错", "straight": "1"}
    assert send(seat, matter, "return", **sent).status_code == 302
    assert "重办后直接送回" in said(seat.get(f"/m/{matter}/"))
    before = Task.objects.filter(matter=matter).count()
    assert send(seat, matter, "complete", **TRIAGE).status_code == 302
    assert Task.objects.filter(matter=matter).count() == before + 1


def test_a_matter_is_split_with_the_form_filled_in(browse: Browse) -> None:
    seat = browse("zhang_min")
    matter = register_call(seat)
    assert f"/m/{matter}/split/" in said(seat.get(f"/m/{matter}/"))
    page = said(seat.get(f"/m/{matter}/split/"))
    assert 'value="夜间施工噪声扰民"' in page
    refused = seat.post(f"/m/{matter}/split/", call_form(summary="渣土车", split_reason=""))
    assert refused.status_code == 422
    assert "渣土车" in said(refused)
    done = seat.post(f"/m/{matter}/split/", call_form(summary="渣土车", split_reason="两件事"))
    assert done.status_code == 302
    assert entries(matter) == ["open", "split"]
    assert browse("tang_li").get(f"/m/{matter}/split/").status_code == 404


def test_a_step_that_waits_for_a_first_signature_offers_no_completing(browse: Browse) -> None:
    seat, other = browse("zhang_min"), Officer.objects.get(username="longshui-centre.town_seat.2")
    matter = register_call(seat)
    task = open_task(matter).pk
    assert send(seat, matter, "ask_first", officer=other.pk, reason="请先看").status_code == 302
    page = said(seat.get(f"/m/{matter}/"))
    assert f"/m/{matter}/complete/" not in page
    assert "等先签的人签完" in page
    first = Task.objects.get(matter=matter, state=0, blocks=task)
    signed = {"task": first.pk, "text": "同意"}
    assert browse(other.username).post(f"/m/{matter}/sign/", signed).status_code == 302
    assert f"/m/{matter}/complete/" in said(seat.get(f"/m/{matter}/"))
