"""Calls from an Excel file: template, preview with row errors, confirmation, report, export."""

import io
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from openpyxl import load_workbook

from qianshou.kernel.clock import now
from qianshou.kernel.documents.models import Document, Draft
from qianshou.kernel.registry.models import Division
from qianshou.kernel.worklist.models import Matter
from tests.office.calls import register_call

Browse = Callable[[str], Client]
ADDRESS = "/open/police.gate/register/"


def filled(client: Client, *rows: list[Any]) -> bytes:
    """Return the template with rows filled in."""
    book = load_workbook(io.BytesIO(client.get(f"{ADDRESS}template/").content))
    for row in rows:
        book.worksheets[0].append(row)
    kept = io.BytesIO()
    book.save(kept)
    return kept.getvalue()


def upload(client: Client, content: bytes) -> Any:
    return client.post(f"{ADDRESS}sheet/", {"file": SimpleUploadedFile("calls.xlsx", content)})


def good_row(summary: str) -> list[Any]:
    village = Division.objects.filter(parent__name="龙水镇").order_by("pk")[0].name
    return ["12345 转入", summary, "龙水镇", village, "路口", "很吵", "否", "王芳", "10000000001"]


def test_what_was_previewed_is_opened_when_confirmed(browse: Browse) -> None:
    client = browse("zhang_min")
    bad = ["乱写", "", "龙水镇", "没有村", "", "", "", "", "12"]
    seen = upload(client, filled(client, good_row("第一件"), bad, good_row("=1+1 不是公式"[4:])))
    text = seen.content.decode()
    assert Matter.objects.count() == 0
    assert "共 3 行，其中 1 行有错" in text
    wrong = re.findall(r'<small class="err">.*?</svg>(.*?)</small>', text)
    assert {sentence.partition("：")[0] for sentence in wrong} >= {"来源", "一句话说明", "地点"}
    mark = re.search(r'name="seen" value="([^"]+)"', text)
    assert mark is not None
    done = client.post(f"{ADDRESS}sheet/", {"seen": mark[1]}, follow=True).content.decode()
    assert "已登记 2 件，1 行没有登记" in done
    assert sorted(Matter.objects.values_list("title", flat=True)) == sorted(
        ["第一件", "=1+1 不是公式"[4:].strip()]
    )


def test_a_file_is_confirmed_once_and_by_its_officer_only(browse: Browse) -> None:
    client, stranger = browse("zhang_min"), browse("chen_gang")
    seen = upload(client, filled(client, good_row("只登记一次"))).content.decode()
    mark = re.search(r'name="seen" value="([^"]+)"', seen)
    assert mark is not None
    assert stranger.post(f"{ADDRESS}sheet/", {"seen": mark[1]}).status_code == 422
    assert client.post(f"{ADDRESS}sheet/", {"seen": mark[1]}).status_code == 302
    assert client.post(f"{ADDRESS}sheet/", {"seen": mark[1]}).status_code == 422
    assert Matter.objects.count() == 1


def test_no_caller_of_a_file_is_left_lying_about_in_clear(browse: Browse, settings: Any) -> None:
    client = browse("zhang_min")
    seen = upload(client, filled(client, good_row("看不见姓名"))).content.decode()
    kept = Draft.objects.get()
    assert "王芳".encode() not in bytes(kept.sealed)
    assert b"10000000001" not in bytes(kept.sealed)
    assert not Document.objects.exists()
    mark = re.search(r'name="seen" value="([^"]+)"', seen)
    assert mark is not None
    client.post(f"{ADDRESS}sheet/", {"seen": mark[1]})
    assert not Draft.objects.exists()


def test_a_preview_left_behind_vanishes(browse: Browse) -> None:
    client = browse("zhang_min")
    upload(client, filled(client, good_row("忘了确认")))
    Draft.objects.update(kept_at=now() - timedelta(hours=13))
    upload(client, filled(client, good_row("另一个")))
    assert Draft.objects.count() == 1


def test_the_number_of_rows_does_not_change_the_number_of_queries(
    browse: Browse, django_assert_num_queries: Any
) -> None:
    client = browse("zhang_min")
    few, many = (filled(client, *[good_row("一件")] * number) for number in (5, 50))
    upload(client, few)
    with CaptureQueriesContext(connection) as taken:
        upload(client, few)
    with django_assert_num_queries(len(taken)):
        upload(client, many)


def test_a_file_that_is_none_is_refused_with_a_sentence(browse: Browse) -> None:
    client = browse("zhang_min")
    for content in (b"", b"name,phone\n1,2", b"PK\x03\x04broken", b"\xd0\xcf\x11\xe0" * 99):
        answer = upload(client, content)
        assert answer.status_code == 422
        assert 'role="alert"' in answer.content.decode()
    assert client.post(f"{ADDRESS}sheet/", {}).status_code == 422


def test_a_formula_is_refused_by_its_cell(browse: Browse) -> None:
    client = browse("zhang_min")
    row = good_row("第一件")
    row[5] = '=HYPERLINK("http://x")'
    answer = upload(client, filled(client, row))
    assert answer.status_code == 422
    assert "F2" in answer.content.decode()


def test_others_may_not_take_in_calls(browse: Browse) -> None:
    client = browse("tang_li")
    assert client.get(f"{ADDRESS}sheet/").status_code == 403
    assert client.get(f"{ADDRESS}template/").status_code == 403


def test_what_a_search_finds_goes_out_as_text(browse: Browse) -> None:
    client = browse("zhang_min")
    register_call(client, summary="=cmd()夜间噪声")
    register_call(client, summary="路灯不亮")
    answer = client.get("/m/export/?q=噪声")
    sheet = load_workbook(io.BytesIO(answer.content)).worksheets[0]
    rows = list(sheet.iter_rows())
    assert len(rows) == 2
    assert rows[1][1].value == "=cmd()夜间噪声"
    assert rows[1][1].data_type == "s"
