"""A resident's way: say it, keep the number, follow, add, urge, answer; and what is refused."""

import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from qianshou.kernel.documents.models import Document
from qianshou.kernel.documents.store import path_of
from qianshou.kernel.registry.models import Division
from qianshou.kernel.worklist.models import Matter
from tests.office.calls import TRIAGE, entries, open_task, send, village_of

Browse = Callable[[str], Client]
REPORT = "/r/say/police.gate/report/"
NUMBER = re.compile(r"data-receipt>([A-Z0-9-]+)<")


def photo() -> bytes:
    """Return a picture that says where it was taken."""
    kept = io.BytesIO()
    notes = Image.Exif()
    notes[0x010F] = "TELLTALE-CAMERA"
    notes.get_ifd(0x8825)[1] = "N"
    Image.new("RGB", (60, 40), "teal").save(kept, "JPEG", exif=notes)
    return kept.getvalue()


def report(client: Client, **changed: Any) -> Any:
    """Fill in the page as a resident does, with the mark that the page carries."""
    page = client.get(REPORT).content.decode()
    mark = re.search(r'name="mark" value="([^"]+)"', page)
    assert mark is not None
    sent = {
        "mark": mark[1],
        "summary": "步道护栏松动",
        "place.division": village_of(),
        "place.address": "河边",
        "text": "栏杆快掉了",
        **changed,
    }
    return client.post(REPORT, sent)


def receipt_of(answer: Any) -> str:
    found = NUMBER.search(answer.content.decode())
    assert found is not None, answer.content.decode()
    return found[1]


def worked_off(browse: Browse, matter: int) -> None:
    """Let officers do the call up to the call-back."""
    seat, desk = browse("zhang_min"), browse("tang_li")
    send(seat, matter, "complete", **TRIAGE)
    send(seat, matter, "complete", informed="spoken", told="已转办")
    send(desk, matter, "complete", sign="accept")
    send(desk, matter, "complete", need="none", result="已经修好")
    send(seat, matter, "complete", verified="ok")
    assert open_task(matter).posts == "resident"


def test_from_the_report_to_the_answer(browse: Browse) -> None:
    client = browse("")
    sent = SimpleUploadedFile("p.jpg", photo(), "image/jpeg")
    code = receipt_of(report(client, photos=[sent]))
    matter = Matter.objects.get()
    assert matter.receipt_digest
    assert code.replace("-", "") not in matter.receipt_digest
    stored = path_of(Document.objects.get().digest).read_bytes()
    assert b"TELLTALE" not in stored
    follow = client.post("/r/f/", {"code": f" {code.lower()} "})
    address = follow.headers["Location"]
    assert "已受理" in client.get(address).content.decode()
    assert client.post(f"{address}remark/", {"text": "现在更松了"}).status_code == 302
    assert "现在更松了" in client.get(address).content.decode()
    assert client.post(f"{address}urge/", {}).status_code == 302
    assert client.post(f"{address}remark/", {"text": ""}).status_code == 422
    worked_off(browse, matter.pk)
    page = client.get(address).content.decode()
    assert "已经修好" in page
    assert client.post(f"{address}answer/", {"satisfied": ""}).status_code == 422
    assert client.post(f"{address}answer/", {"satisfied": "yes"}).status_code == 302
    assert entries(matter.pk).count("complete") == 6
    ended = client.get(f"{address}?done=answer").content.decode()
    assert "谢谢您的评价" in ended
    assert "提交评价" not in ended


def test_nobody_else_sees_it_by_its_number_or_id(browse: Browse) -> None:
    client = browse("")
    code = receipt_of(report(client))
    wrong = code[:-1] + ("A" if code[-1] != "A" else "B")
    assert client.post("/r/f/", {"code": wrong}).status_code == 422
    assert client.get(f"/r/f/{wrong.replace('-', '')}/").status_code == 404
    assert client.get(f"/r/f/{Matter.objects.get().number}/").status_code == 404


def test_a_form_sent_twice_gives_one_matter_and_the_same_number(browse: Browse) -> None:
    client = browse("")
    page = client.get(REPORT).content.decode()
    mark = re.search(r'name="mark" value="([^"]+)"', page)
    assert mark is not None
    sent = {"mark": mark[1], "summary": "路灯不亮", "place.division": village_of()}
    assert receipt_of(client.post(REPORT, sent)) == receipt_of(client.post(REPORT, sent))
    assert Matter.objects.count() == 1


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"summary": ""}, "summary"),
        ({"place.division": ""}, "place.division"),
        ({"place.division": "999999"}, "place.division"),
        ({"summary": "长" * 61}, "summary"),
        ({"caller.phone": "电话"}, "caller.phone"),
        ({"photos": [SimpleUploadedFile("x.jpg", b"GIF89a" + b"\0" * 99)]}, "photos"),
    ],
)
def test_what_is_wrong_is_said_beside_the_field_and_the_rest_kept(
    browse: Browse, changed: dict[str, Any], field: str
) -> None:
    answer = report(browse(""), **changed)
    assert answer.status_code == 422
    text = answer.content.decode()
    assert "栏杆快掉了" in text
    near = text.partition(f'name="{field}"')[2].partition(
        "</fieldset>" if "." in field or field == "photos" else "</div>"
    )
    assert 'class="err"' in near[0]
    assert Matter.objects.count() == 0


def test_a_photo_once_taken_in_need_not_be_chosen_again(browse: Browse) -> None:
    client = browse("")
    sent = SimpleUploadedFile("p.jpg", photo(), "image/jpeg")
    text = report(client, summary="", photos=[sent]).content.decode()
    digest = Document.objects.get().digest
    mark = re.search(r'name="photos" value="([^"]+)" checked', text)
    assert mark is not None
    receipt_of(report(client, photos=[mark[1]]))
    assert digest in Matter.objects.get().state


def test_a_photo_that_was_not_sent_here_is_left_out(browse: Browse) -> None:
    client = browse("")
    sent = SimpleUploadedFile("p.jpg", photo(), "image/jpeg")
    report(client, summary="", photos=[sent])
    digest = Document.objects.get().digest
    receipt_of(report(client, photos=[digest, "a" * 64]))
    assert digest not in Matter.objects.get().state


def merge(browse: Browse, one: int, into: int) -> None:
    number = Matter.objects.get(pk=into).number
    answer = send(browse("zhang_min"), one, "merge", task=False, into=number, reason="同一件事")
    assert answer.status_code == 302, answer.content.decode()


def three_callers(browse: Browse) -> tuple[list[str], list[int]]:
    """Return the receipts and matters of three callers, each merged into the next."""
    receipts = [f"/r/f/{receipt_of(report(browse('')))}/" for _ in range(3)]
    matters = list(Matter.objects.order_by("pk").values_list("pk", flat=True))
    merge(browse, matters[0], matters[1])
    merge(browse, matters[1], matters[2])
    return receipts, matters


def test_every_merged_caller_is_kept_informed_and_heard(browse: Browse) -> None:
    receipts, matters = three_callers(browse)
    caller = browse("")
    root = Matter.objects.get(pk=matters[2])
    for receipt in receipts[:2]:
        assert root.number in caller.get(receipt).content.decode()
        assert caller.post(f"{receipt}remark/", {"text": "灯也坏了"}).status_code == 302
    assert caller.post(f"{receipts[0]}urge/").status_code == 302
    assert entries(matters[2])[-3:] == ["comment", "comment", "urge"]
    worked_off(browse, matters[2])
    assert "已经修好" in caller.get(receipts[0]).content.decode()
    assert caller.post(f"{receipts[0]}answer/", {"satisfied": "yes"}).status_code == 302
    assert Matter.objects.get(pk=matters[2]).closed_at is not None


def test_a_merged_caller_reads_nobody_elses_words(browse: Browse) -> None:
    receipts, _ = three_callers(browse)
    caller = browse("")
    for place, receipt in enumerate(receipts):
        assert caller.post(f"{receipt}remark/", {"text": f"我是第{place}个"}).status_code == 302
    for place, receipt in enumerate(receipts):
        text = caller.get(receipt).content.decode()
        assert [f"我是第{other}个" in text for other in range(3)] == [
            other == place for other in range(3)
        ]


def test_strangers_are_limited_and_told_how_long_to_wait(browse: Browse) -> None:
    client = browse("")
    for _ in range(10):
        assert client.post("/r/f/", {"code": "AAAA-AAAA-AA"}).status_code == 422
    right = receipt_of(report(browse("")))
    assert client.post("/r/f/", {"code": right}).status_code == 429
    assert client.get(f"/r/f/{right.replace('-', '')}/").status_code == 429
    limited = client.post("/r/f/", {"code": "AAAA-AAAA-AA"})
    assert limited.status_code == 429
    assert int(limited.headers["Retry-After"]) <= 600
    assert "110" in limited.content.decode()
    elsewhere = client.post("/r/f/", {"code": "AAAA-AAAA-AA"}, REMOTE_ADDR="10.9.9.9")
    assert elsewhere.status_code == 422


def test_ten_reports_an_hour_from_one_address(browse: Browse) -> None:
    client = browse("")
    for _ in range(10):
        receipt_of(report(client))
    assert report(client).status_code == 429
    assert Matter.objects.count() == 10


def test_a_merged_call_follows_the_other(browse: Browse) -> None:
    client = browse("")
    first = receipt_of(report(client, summary="护栏松动一"))
    receipt_of(report(client, summary="护栏松动二"))
    one, other = Matter.objects.order_by("pk")
    seat = browse("zhang_min")
    sent = {"into": other.number, "reason": "同一件事"}
    assert send(seat, one.pk, "merge", task=False, **sent).status_code == 302
    page = client.get(f"/r/f/{first}/").content.decode()
    assert other.number in page


def test_the_pages_speak_english_and_need_no_script(browse: Browse) -> None:
    client = browse("")
    client.cookies["django_language"] = "en"
    for page in ("/r/", "/r/f/", "/r/privacy/", REPORT):
        text = client.get(page).content.decode()
        assert 'lang="en"' in text
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=\"", text)
    spot = Division.objects.get(name="龙水镇").code
    assert f'href="?town={spot}#form"' in client.get(REPORT).content.decode()
    narrowed = client.get(f"{REPORT}?town={spot}").content.decode()
    assert narrowed.count("<optgroup") == 1


def test_an_unknown_service_is_not_there(browse: Browse) -> None:
    client = browse("")
    assert client.get("/r/say/police.gate/register/").status_code == 404
    assert client.get("/r/say/no.pack/x/").status_code == 404
