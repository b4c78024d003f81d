"""Reads the sheets of an .xls, as Excel wrote them until 2003 and offices still do."""

import io
from collections.abc import Iterator
from typing import Any

import xlrd

from qianshou.kernel.refusal import Refusal
from qianshou.kernel.registry.sheets import MOST_COLUMNS, Limits
from qianshou.packs.commission.care.roster.grid import (
    Area,
    Filling,
    Marked,
    Sheet,
    number_text,
    serial_text,
)


def read_xls(content: bytes, limits: Limits) -> list[Sheet]:
    """Return the sheets of an .xls; refuses sheet.too_large and roster.not_xls.

    An .xls keeps what a formula came to and this reader does not tell it from what was typed.
    """
    if len(content) > limits.most_bytes:
        most = limits.most_bytes >> 20
        raise Refusal(
            "sheet.too_large",
            f"文件不能超过 {most} MB；请分几次导入",
            f"A file may have {most} MB at most; please bring it in parts",
        )
    try:
        with xlrd.open_workbook(
            file_contents=content, formatting_info=True, logfile=io.StringIO(), on_demand=True
        ) as book:
            return list(_sheets(book, limits))
    except Refusal:
        raise
    except Exception as error:  # a broken file breaks xlrd in any way it likes
        raise Refusal(
            "roster.not_xls",
            "读不了这个 .xls 文件（可能设了密码，或不是 Excel 文件）；"
            "请取消密码，另存为“Excel 工作簿（.xlsx）”",
            "This .xls file cannot be read (a password, or no Excel file); "
            "remove the password and save it as an Excel workbook (.xlsx)",
        ) from error


def _sheets(book: Any, limits: Limits) -> Iterator[Sheet]:
    filling = Filling(limits.most_rows, limits.most_text)
    since_1904 = book.datemode == 1
    for place in range(book.nsheets):
        sheet = book.sheet_by_index(place)
        rows = []
        for row in range(sheet.nrows):
            cells = [_text(cell, since_1904) for cell in sheet.row(row)[:MOST_COLUMNS]]
            if any(cells):
                filling.count(cells)
                rows.append((row + 1, cells))
        yield Sheet(
            sheet.name,
            rows,
            [Area(top + 1, left, end, right - 1) for top, end, left, right in sheet.merged_cells],
            frozenset(row + 1 for row, told in sheet.rowinfo_map.items() if told.hidden),
            sheet.visibility != 0,
            since_1904,
        )
        book.unload_sheet(place)


def _text(cell: Any, since_1904: bool) -> str:
    if cell.ctype == xlrd.XL_CELL_TEXT:
        return str(cell.value).strip()
    if cell.ctype == xlrd.XL_CELL_BOOLEAN:
        return "是" if cell.value else "否"
    if cell.ctype == xlrd.XL_CELL_ERROR:
        return Marked("", computed=True)
    if cell.ctype == xlrd.XL_CELL_DATE:
        day = serial_text(cell.value, since_1904=since_1904)
        if day:
            return day
    if cell.ctype in (xlrd.XL_CELL_NUMBER, xlrd.XL_CELL_DATE):
        return Marked(number_text(repr(cell.value)), number=True)
    return ""
