"""A watermark: the same words all along a sheet, and the sheet reads as before."""

import zipfile
from io import BytesIO

from lxml import etree
from openpyxl import load_workbook

from qianshou.kernel.registry.sheets import Column, SheetRow, read_sheet, write_sheet
from qianshou.kernel.registry.watermark import watermark

COLUMNS = (Column("name", "姓名", "Name"),)
WORDS = "周洁 <走访> & MD-20261123-0001"


def made(rows: int) -> bytes:
    sheet = write_sheet(COLUMNS, [["黎小禾"]] * rows, head="周洁 & MD", foot="用后销毁")
    return watermark(sheet, WORDS, rows)


def test_every_part_is_well_formed_and_named_in_the_contents() -> None:
    with zipfile.ZipFile(BytesIO(made(3))) as archive:
        assert archive.testzip() is None
        for name in archive.namelist():
            etree.fromstring(archive.read(name))
        assert b"/xl/drawings/drawing1.xml" in archive.read("[Content_Types].xml")
        assert b"/xl/drawings/drawing1.xml" in archive.read("xl/worksheets/_rels/sheet1.xml.rels")


def test_the_words_stand_again_and_again_to_the_last_rows() -> None:
    for rows, times in ((0, 1), (1, 1), (30, 4), (300, 34)):
        with zipfile.ZipFile(BytesIO(made(rows))) as archive:
            root = etree.fromstring(archive.read("xl/drawings/drawing1.xml"))
        assert [one.text for one in root.findall(".//{*}t")] == [WORDS] * times
        last = root.findall(".//{*}row")[-1].text
        assert rows - int(str(last)) <= 9


def test_the_sheet_under_it_reads_as_before() -> None:
    content = made(2)
    assert read_sheet(content, COLUMNS) == [
        SheetRow(2, {"name": "黎小禾"}),
        SheetRow(3, {"name": "黎小禾"}),
    ]
    sheet = load_workbook(BytesIO(content)).worksheets[0]
    assert sheet.oddHeader is not None
    assert sheet.oddFooter is not None
    assert sheet.oddHeader.center.text == "周洁 && MD"
    assert sheet.oddFooter.center.text == "用后销毁"


def test_lines_above_the_heading_stay_when_one_scrolls() -> None:
    content = write_sheet(COLUMNS, [["黎小禾"]], above=["=上面", "共 1 名"])
    sheet = load_workbook(BytesIO(content)).worksheets[0]
    assert [row[0] for row in sheet.values] == ["=上面", "共 1 名", "姓名", "黎小禾"]
    assert sheet.freeze_panes == "A4"
