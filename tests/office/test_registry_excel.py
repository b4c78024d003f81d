"""Catalogues and figures go out to Excel, catalogues come back in."""

import io
from collections.abc import Callable

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from openpyxl import load_workbook

from qianshou.kernel.registry.models import Catalogue
from tests.office.calls import register_call


def test_a_catalogue_is_read_in_from_excel_and_saved_as_a_new_version(
    browse: Callable[[str], Client],
) -> None:
    client = browse("sys_admin")
    catalogue = Catalogue.objects.get(code="gate.source")
    address = f"/registry/catalogues/row/{catalogue.pk}/"
    book = load_workbook(io.BytesIO(client.get(f"{address}?sheet=1").content))
    book.worksheets[0].append(["drone", "无人机巡查", "Drone", ""])
    kept = io.BytesIO()
    book.save(kept)
    answer = client.post(address, {"sheet": SimpleUploadedFile("c.xlsx", kept.getvalue())})
    assert 'value="无人机巡查"' in answer.content.decode()
    assert Catalogue.objects.filter(code="gate.source").count() == 1
    book.worksheets[0].append(["drone", "又一次", "", "nowhere"])
    kept = io.BytesIO()
    book.save(kept)
    wrong = client.post(address, {"sheet": SimpleUploadedFile("c.xlsx", kept.getvalue())})
    assert wrong.status_code == 422
    broken = client.post(address, {"sheet": SimpleUploadedFile("c.xlsx", b"PK nothing")})
    assert broken.status_code == 422
    assert browse("zhang_min").post(address, {"sheet": kept}).status_code == 403


def test_an_indicator_goes_out_with_its_breakdowns(browse: Callable[[str], Client]) -> None:
    client = browse("zhang_min")
    register_call(client)
    answer = client.get("/indicators/police.gate/calls/sheet/")
    sheet = load_workbook(io.BytesIO(answer.content)).worksheets[0]
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert ["按镇街", "龙水镇", "1", "1"] in rows
    assert client.get("/indicators/police.gate/none/sheet/").status_code == 404


def test_a_body_too_large_is_refused_before_it_is_read(browse: Callable[[str], Client]) -> None:
    client = browse("zhang_min")
    answer = client.generic(
        "POST", "/open/police.gate/register/sheet/", b"x", CONTENT_LENGTH=str(10**9)
    )
    assert answer.status_code == 413
    assert "太大" in answer.content.decode()
