"""Acts that pages send: what the door does, and what it refuses beside which field."""

import io
from collections.abc import Callable

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from qianshou.kernel.registry.models import Officer
from qianshou.kernel.worklist.models import Matter, Task
from tests.office.calls import TRIAGE, call_form, entries, open_task, register_call, send

Browse = Callable[[str], Client]


def said(answer: object) -> str:
    return answer.content.decode()  # type: ignore[attr-defined, no-any-return]


def picture() -> bytes:
    kept = io.BytesIO()
    Image.new("RGB", (40, 30), "teal").save(kept, "JPEG")
    return kept.getvalue()


def test_a_call_goes_through_the_gate_to_its_end_by_pages_alone(browse: Browse) -> None:
    seat, desk = browse("zhang_min"), browse("tang_li")
    matter = register_call(seat)
    assert send(seat, matter, "claim").status_code == 302
    assert send(seat, matter, "complete", **TRIAGE).status_code == 302
    told = {"informed": "spoken", "told": "已转镇政府办理"}
    assert send(seat, matter, "complete", **told).status_code == 302
    assert "夜间施工噪声扰民" in said(desk.get("/"))
    assert send(desk, matter, "complete", sign="accept").status_code == 302
    worked = {"need": "none", "result": "已要求停工"}
    assert send(desk, matter, "complete", **worked).status_code == 302
    assert send(seat, matter, "complete", verified="ok").status_code == 302
    assert send(seat, matter, "complete", satisfied="yes").status_code == 302
    found = Matter.objects.get(pk=matter)
    assert found.closed_at or Task.objects.filter(matter=matter, state=0).count() == 0
    assert "完整" in said(seat.get(f"/m/{matter}/?verify=1"))
    assert entries(matter).count("complete") == 6


def test_a_refusal_stands_beside_its_field_and_keeps_what_was_typed(browse: Browse) -> None:
    client = browse("zhang_min")
    answer = client.post("/open/police.gate/register/", call_form(summary="", text="三晚了"))
    assert answer.status_code == 422
    near = said(answer).partition('name="summary"')[2].partition("</div>")[0]
    assert 'class="err"' in near
    assert "三晚了" in said(answer)
    matter = register_call(client)
    answer = send(client, matter, "complete", **{**TRIAGE, "lead": ""})
    assert answer.status_code == 422
    assert 'class="err"' in said(answer).partition('name="lead"')[2].partition("</div>")[0]
    assert entries(matter) == ["open"]


def test_of_two_officers_only_the_first_completes_a_task(browse: Browse) -> None:
    first, second = browse("zhang_min"), browse("chen_gang")
    matter = register_call(first)
    task = open_task(matter).pk
    assert send(first, matter, "complete", **TRIAGE).status_code == 302
    late = second.post(f"/m/{matter}/complete/", {"task": task, **TRIAGE})
    assert late.status_code == 422
    assert "已经办结" in said(late)
    assert entries(matter).count("complete") == 1


def test_a_matter_of_another_town_is_not_there(browse: Browse) -> None:
    matter = register_call(browse("zhang_min"))
    stranger = browse("xie_bo")
    assert stranger.get(f"/m/{matter}/").status_code == 404
    assert stranger.get(f"/list/{open_task(matter).pk}/").status_code == 404
    assert send(stranger, matter, "comment", task=False, text="x").status_code == 404
    assert send(stranger, matter, "claim").status_code == 404


def test_a_task_of_another_matter_cannot_be_named(browse: Browse) -> None:
    client = browse("zhang_min")
    one, other = register_call(client), register_call(client)
    sent = {"task": open_task(other).pk}
    assert client.post(f"/m/{one}/claim/", sent).status_code == 404
    assert client.post(f"/m/{one}/no-such-act/", {}).status_code == 404


def test_claim_release_transfer_and_return(browse: Browse) -> None:
    seat = browse("zhang_min")
    matter = register_call(seat)
    send(seat, matter, "claim")
    assert open_task(matter).assignee is not None
    assert send(browse("chen_gang"), matter, "complete", **TRIAGE).status_code == 422
    send(seat, matter, "release")
    assert open_task(matter).assignee is None
    to = Officer.objects.get(username="longshui-centre.town_seat.2")
    refused = send(seat, matter, "transfer", officer=to.pk, reason="")
    assert refused.status_code == 422
    assert send(seat, matter, "transfer", officer=to.pk, reason="换班").status_code in (302, 422)
    back = browse("longshui-centre.town_seat.2")
    assert open_task(matter).assignee_id == to.pk
    assert send(back, matter, "complete", **TRIAGE).status_code == 302
    informed = send(back, matter, "return", target="triage", reason="类别选错")
    assert informed.status_code == 302
    assert open_task(matter).node == "triage"
    assert entries(matter)[-1] == "return"


def test_one_withdraws_ones_own_completion_until_it_is_taken_up(browse: Browse) -> None:
    seat = browse("zhang_min")
    matter = register_call(seat)
    send(seat, matter, "claim")
    done = open_task(matter).pk
    send(seat, matter, "complete", **TRIAGE)
    sent = {"task": done, "reason": "填错了"}
    assert seat.post(f"/m/{matter}/withdraw/", sent).status_code == 302
    assert open_task(matter).node == "triage"


def test_urge_supervise_comment_link_and_merge(browse: Browse) -> None:
    seat, district = browse("zhang_min"), browse("jiang_yue")
    one, other = register_call(seat), register_call(seat)
    number = Matter.objects.get(pk=other).number
    assert send(seat, one, "comment", task=False, text="再看看").status_code == 302
    assert send(seat, one, "comment", task=False, text="").status_code == 422
    assert send(district, one, "urge", task=False, text="请尽快").status_code == 302
    assert send(district, one, "supervise", task=False, text="重点").status_code == 302
    assert "督办" in said(seat.get("/"))
    assert send(seat, one, "supervise", task=False, text="x").status_code in (403, 422)
    assert send(seat, one, "link", task=False, other=number).status_code == 302
    missing = send(seat, one, "link", task=False, other="LD-0")
    assert missing.status_code == 422
    assert "LD-0" in said(missing)
    assert send(seat, one, "merge", task=False, into=number, reason="同一件事").status_code == 302
    assert Matter.objects.get(pk=one).merged_into_id == other
    assert number in said(seat.get(f"/m/{one}/"))


def test_personal_data_opens_for_a_purpose_only_and_is_written_down(browse: Browse) -> None:
    seat = browse("zhang_min")
    matter = register_call(seat)
    page = said(seat.get(f"/m/{matter}/"))
    assert "王芳" not in page
    assert "10000000001" not in page
    refused = send(seat, matter, "disclose", task=False, fact="caller", purpose="")
    assert refused.status_code == 422
    assert "王芳" not in said(refused)
    shown = send(seat, matter, "disclose", task=False, fact="caller", purpose="电话回访")
    assert "王芳" in said(shown)
    assert entries(matter)[-1] == "disclose"
    assert "王芳" not in said(seat.get(f"/m/{matter}/"))


def test_files_are_what_they_are_or_refused_by_name(browse: Browse) -> None:
    seat = browse("zhang_min")
    matter = register_call(seat)
    good = SimpleUploadedFile("../../现场.jpg", picture(), "image/jpeg")
    assert send(seat, matter, "attach", task=False, files=[good]).status_code == 302
    for name, content in (
        ("a.jpg", b"<script>alert(1)</script>"),
        ("b.exe", b"MZ"),
        ("c.png", b""),
    ):
        sent = [SimpleUploadedFile(name, content)]
        refused = send(seat, matter, "attach", task=False, files=sent)
        assert refused.status_code == 422
        assert name in said(refused)
    assert send(seat, matter, "attach", task=False).status_code == 422
    page = said(seat.get(f"/m/{matter}/"))
    address = f"/m/{matter}/f/" + page.partition(f"/m/{matter}/f/")[2].partition('"')[0]
    given = seat.get(address)
    assert given.status_code == 200
    assert given.headers["Content-Disposition"].startswith("attachment")
    assert "sandbox" in given.headers["Content-Security-Policy"]
    assert browse("xie_bo").get(address).status_code == 404
    assert seat.get(f"/m/{matter}/f/{'0' * 64}/").status_code == 404
    other = register_call(seat)
    elsewhere = address.replace(f"/m/{matter}/", f"/m/{other}/")
    digest = address.rstrip("/").rpartition("/")[2]
    send(seat, other, "comment", task=False, text=f"见 {digest}")
    assert seat.get(elsewhere).status_code == 404


def test_ticked_tasks_are_claimed_together_and_failures_said(browse: Browse) -> None:
    seat = browse("zhang_min")
    tasks = [open_task(register_call(seat)).pk for _ in range(3)]
    answer = seat.post("/list/batch/", {"act": "claim", "task": [*tasks, 999999]}, follow=True)
    assert "已办理 3 件" in said(answer)
    assert "没有办理 1 件" in said(answer)
    to = Officer.objects.get(username="longshui-centre.town_seat.2").pk
    sent = {"act": "transfer", "task": tasks, "officer": to, "reason": "换班"}
    assert "已办理 3 件" in said(seat.post("/list/batch/", sent, follow=True))
    assert Task.objects.filter(assignee=to).count() == 3
    assert "没有勾选" in said(seat.post("/list/batch/", {"act": "claim"}, follow=True))


def test_the_open_page_is_told_only_when_something_changed(browse: Browse) -> None:
    seat = browse("zhang_min")
    register_call(seat)
    first = seat.get("/list/rows/", headers={"HX-Request": "true"})
    mark = {"HX-Request": "true", "If-None-Match": first.headers["ETag"]}
    assert seat.get("/list/rows/", headers=mark).status_code == 304
    register_call(seat)
    assert seat.get("/list/rows/", headers=mark).status_code == 200


def test_pages_of_the_list_follow_each_other_without_gap_or_double(browse: Browse) -> None:
    seat = browse("zhang_min")
    matters = {register_call(seat, summary=f"第{place}件") for place in range(55)}
    first = said(seat.get("/"))
    following = first.partition("after=")[2].partition('"')[0]
    second = said(seat.get(f"/?after={following}"))
    seen = [matter for matter in matters if f'href="/m/{matter}/"' in first]
    rest = [matter for matter in matters if f'href="/m/{matter}/"' in second]
    assert len(seen) == 50
    assert set(seen) | set(rest) == matters
    assert not set(seen) & set(rest)
