"""Roster files for tests, made of rows; every number in them is invented (prefix 500199)."""

import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from openpyxl import Workbook

from qianshou.packs.commission.care.roster import identity

HEADINGS = [
    "姓名",
    "身份证号",
    "出生日期",
    "性别",
    "镇街",
    "村社区",
    "学校",
    "监护人",
    "监护人电话",
]
PLACES = {"龙水镇": ["桥亭村", "明光社区"], "棠香街道": ["红星社区", "五星社区"]}


def number(order: int, day: str = "20140305") -> str:
    """Return a valid invented identity number; an even order is a girl's."""
    seventeen = f"500199{day}{order:03d}"
    return seventeen + identity.check_digit(seventeen)


def child(order: int = 22, **changed: Any) -> list[Any]:
    """Return the cells of a row under HEADINGS, with changes by field."""
    cells = {
        "name": "陈小雪", "id_number": number(order), "birth_date": "2014-03-05", "sex": "女",
        "town": "龙水镇", "village": "桥亭村", "school": "龙水小学", "guardian": "陈大海",
        "phone": "10812345678",
    } | changed  # fmt: skip
    return list(cells.values())


def xlsx(rows: Sequence[Sequence[Any]], dress: Callable[[Any], None] = lambda sheet: None) -> bytes:
    """Return an .xlsx with one sheet; `dress` merges, hides or formats what is in it."""
    return workbook({"Sheet1": rows}, dress)


def workbook(
    sheets: Mapping[str, Sequence[Sequence[Any]]], dress: Callable[[Any], None] = lambda sheet: None
) -> bytes:
    """Return an .xlsx with several sheets; `dress` is called with each."""
    made = Workbook()
    made.remove(made.worksheets[0])
    for name, rows in sheets.items():
        sheet = made.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
        dress(sheet)
    stream = io.BytesIO()
    made.save(stream)
    return stream.getvalue()


def csv(rows: Sequence[Sequence[Any]], encoding: str = "utf-8", separator: str = ",") -> bytes:
    """Return a text with separators."""
    lines = [separator.join(str(cell) for cell in row) for row in rows]
    return "\r\n".join([*lines, ""]).encode(encoding)
