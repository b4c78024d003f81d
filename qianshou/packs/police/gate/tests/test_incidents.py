"""Incidents for counting come in by a sheet: previewed row by row, corrected, never deleted."""

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from qianshou.kernel.access import actor_of
from qianshou.kernel.clock import CHINA
from qianshou.kernel.door.registering import history_of
from qianshou.kernel.indicators.declaration import indicator_named
from qianshou.kernel.indicators.evaluate import evaluate
from qianshou.kernel.indicators.period import Period
from qianshou.kernel.refusal import Refusal, Refusals
from qianshou.kernel.registry.models import Officer
from qianshou.kernel.registry.sheets import SheetRow, read_sheet, write_sheet
from qianshou.packs.police.gate.incident_sheet import (
    COLUMNS,
    known,
    plan_rows,
    read_values,
    take_rows,
)
from qianshou.packs.police.gate.models import CountedIncident

PAGE = "/p/gate/incidents/"
ROW = ["JQ-1", "2026-03-05 21:40", "龙水镇", "打架斗殴", "是", "否", ""]
Browse = Callable[[str], Client]


def sheet(*rows: list[str], name: str = "警情.xlsx") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, write_sheet(COLUMNS, rows))


def texts(**changed: str) -> dict[str, str]:
    return dict(zip([column.key for column in COLUMNS], ROW, strict=True)) | changed


def mark_in(shown: Any) -> str:
    found = re.search(r'name="mark" value="(\w+)"', shown.content.decode())
    assert found is not None
    return found[1]


def bring(client: Client, *rows: list[str]) -> str:
    """Preview a sheet and confirm it; return the page of what came of it."""
    shown = client.post(PAGE, {"file": sheet(*rows)})
    assert shown.status_code == 200
    done = client.post(PAGE, {"act": "confirm", "mark": mark_in(shown)})
    return str(done.content.decode())


def test_a_sheet_is_counted_and_a_second_one_corrects_it(browse: Browse) -> None:
    seat = browse("jiang_yue")
    shown = seat.post(PAGE, {"file": sheet(ROW, ["JQ-2", *ROW[1:]])}).content.decode()
    assert "确认导入 2 行" in shown
    assert not CountedIncident.objects.exists()
    bring(seat, ROW, ["JQ-2", *ROW[1:]])
    march = Period(date(2026, 3, 1), date(2026, 3, 31))
    street = indicator_named("police.gate", "street_incidents")
    assert evaluate(street, march).value == 2
    told = bring(seat, ROW, ["JQ-2", *ROW[1:6], "是"])
    assert "已更改" in told
    assert evaluate(street, march).value == 1
    row = CountedIncident.objects.get(number="JQ-2")
    acts = [(entry["act"], entry["reason"]) for entry in history_of(row)]
    assert acts == [("register", "导入 警情.xlsx 第 3 行"), ("amend", "导入 警情.xlsx 第 3 行")]
    bring(seat, ["JQ-2", *ROW[1:]])
    assert CountedIncident.objects.get(number="JQ-2").withdrawn_at == row.withdrawn_at
    bring(seat, ["JQ-2", *ROW[1:6], "否"])
    assert evaluate(street, march).value == 2


def test_a_text_with_separators_and_the_template_come_in_too(browse: Browse) -> None:
    seat = browse("jiang_yue")
    empty = seat.get(f"{PAGE}template/").content
    assert read_sheet(empty, COLUMNS) == []
    lines = [[column.zh for column in COLUMNS], ROW]
    told = "\n".join(",".join(line) for line in lines).encode("gb18030")
    shown = seat.post(PAGE, {"file": SimpleUploadedFile("警情.csv", told)})
    assert "确认导入 1 行" in shown.content.decode()
    seat.post(PAGE, {"act": "cancel", "mark": mark_in(shown)})
    gone = seat.post(PAGE, {"act": "confirm", "mark": mark_in(shown)})
    assert gone.status_code == 422
    assert not CountedIncident.objects.exists()


def test_a_bad_row_is_told_beside_its_cells_and_the_others_come_in(browse: Browse) -> None:
    seat = browse("jiang_yue")
    bad = ["JQ-3", "昨天", "无名镇", "没有这类", "也许", "否", ""]
    shown = seat.post(PAGE, {"file": sheet(ROW, bad, ROW)}).content.decode()
    for words in ("没有镇街“无名镇”", "请写“是”或“否”", "没有“没有这类”", "与第 2 行重复"):
        assert words in shown
    assert "没有导入" in bring(seat, ROW, bad)
    assert list(CountedIncident.objects.values_list("number", flat=True)) == ["JQ-1"]


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"number": ""}, "gate.incident_number"),
        ({"number": "长" * 41}, "gate.incident_number"),
        ({"number": "a\0"}, "gate.incident_number"),
        ({"received_at": "2026-02-30 08:00"}, "gate.incident_time"),
        ({"received_at": "2999-01-01 08:00"}, "gate.incident_time"),
        ({"division": "龙水"}, "gate.incident_town"),
        ({"category": "没有"}, "gate.incident_category"),
        ({"in_street": "?"}, "gate.incident_yes"),
        ({"withdrawn_at": "?"}, "gate.incident_yes"),
    ],
)
def test_each_cell_has_its_refusal(district: None, at: datetime, changed: Any, code: str) -> None:
    with pytest.raises(Refusals) as refused:
        read_values(texts(**changed), known(), None, at)
    (one,) = refused.value.refusals
    assert (one.code, one.field) == (code, next(iter(changed)))


def test_a_day_and_a_code_are_read_as_well(district: None, at: datetime) -> None:
    told = texts(received_at="2026年3月5日", category="police.bike", from_dispute="yes")
    values = read_values(told, known(), None, at)
    assert values["received_at"] == datetime(2026, 3, 5, tzinfo=CHINA)
    assert (values["category"], values["from_dispute"]) == ("police.bike", True)


def test_nobody_else_brings_incidents_in(browse: Browse, at: datetime) -> None:
    for method, address in (("get", PAGE), ("post", PAGE), ("get", f"{PAGE}template/")):
        assert getattr(browse("zhang_min"), method)(address).status_code == 403
    town = actor_of(Officer.objects.get(username="zhang_min"), at)
    planned = plan_rows([SheetRow(2, texts())], at)
    with pytest.raises(Refusal) as refused:
        take_rows(planned, "x", by=town, at=at)
    assert refused.value.code == "access.denied"


def test_two_who_bring_the_same_number_are_told_apart(district: None, at: datetime) -> None:
    by = actor_of(Officer.objects.get(username="jiang_yue"), at)
    early, late = (plan_rows([SheetRow(2, texts())], at) for _ in range(2))
    assert [line.act for line in take_rows(early, "x", by=by, at=at)] == ["new"]
    after = take_rows(late, "x", by=by, at=at + timedelta(minutes=1))
    assert [line.act for line in after] == ["bad"]


@pytest.mark.parametrize("content", [b"", b"a,b\n1,2", b"\xff\xfe\xff"])
def test_what_is_no_such_table_is_refused_beside_the_field(browse: Browse, content: bytes) -> None:
    answer = browse("jiang_yue").post(PAGE, {"file": SimpleUploadedFile("x.csv", content)})
    assert answer.status_code == 422
    assert 'class="err"' in answer.content.decode()
    assert browse("jiang_yue").post(PAGE, {}).status_code == 422
