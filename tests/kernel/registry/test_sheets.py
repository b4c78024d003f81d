"""Sheets: what is written reads back the same; hostile files are refused by name."""

import io
import struct
import zipfile
from datetime import datetime
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook

from qianshou.kernel.refusal import Refusal
from qianshou.kernel.registry import sheets
from qianshou.kernel.registry.cells import cell_text
from qianshou.kernel.registry.sheets import (
    Column,
    SheetRow,
    read_sheet,
    write_sheet,
    write_template,
)

COLUMNS = [Column("name", "名称", "Name"), Column("code", "代码", "Code")]


def refused(content: bytes) -> str:
    with pytest.raises(Refusal) as caught:
        read_sheet(content, COLUMNS)
    return caught.value.code


def workbook_of(*rows: list) -> bytes:
    workbook = Workbook()
    for row in rows:
        workbook.worksheets[0].append(row)
    stream = io.BytesIO()
    workbook.save(stream)
    return stream.getvalue()


def with_part(content: bytes, name: str, part: bytes, **options: int) -> bytes:
    """Return an archive with one part put in or replaced."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(stream, "w") as new:
        for kept in old.infolist():
            if kept.filename != name:
                new.writestr(kept, old.read(kept))
        new.writestr(name, part, options.get("how", zipfile.ZIP_DEFLATED))
    return stream.getvalue()


GOOD = workbook_of(["名称", "代码"], ["龙水镇", "500111101"])
SHEET = "xl/worksheets/sheet1.xml"


def test_what_is_written_reads_back_in_either_language() -> None:
    for language in ("zh-hans", "en"):
        content = write_sheet(COLUMNS, [["龙水镇", "007"], ["", ""], ["棠香", "8"]], language)
        assert read_sheet(content, COLUMNS) == [
            SheetRow(2, {"name": "龙水镇", "code": "007"}),
            SheetRow(4, {"name": "棠香", "code": "8"}),
        ]


@pytest.mark.parametrize("text", ["=1+1", "+86", "-5", "@SUM(A1)", '=HYPERLINK("http://x","y")'])
def test_what_begins_like_a_formula_is_written_as_a_text(text: str) -> None:
    content = write_sheet(COLUMNS, [[text, "1"]])
    assert read_sheet(content, COLUMNS) == [SheetRow(2, {"name": text, "code": "1"})]
    cell = load_workbook(io.BytesIO(content)).worksheets[0]["A2"]
    assert cell.data_type == "s"
    assert cell.quotePrefix


def test_control_characters_are_left_out() -> None:
    assert read_sheet(write_sheet(COLUMNS, [["a\x00b\x08", "1"]]), COLUMNS)[0].texts["name"] == "ab"


def test_a_template_explains_its_columns_and_offers_choices() -> None:
    content = write_template(COLUMNS, {"name": "全称"}, {"code": ["=1", "乙"]})
    workbook = load_workbook(io.BytesIO(content))
    first, told, listed = workbook.worksheets
    assert [cell.value for cell in first[1]] == ["名称", "代码"]
    assert (told["A2"].value, told["B2"].value) == ("名称", "全称")
    assert (listed["B1"].value, listed["B1"].data_type) == ("=1", "s")
    assert first.data_validations.dataValidation[0].formula1 == "'选项'!$B$1:$B$2"
    assert read_sheet(content, COLUMNS) == []


def test_numbers_days_and_instants_become_what_a_person_would_write() -> None:
    day = datetime.fromisoformat("2026-11-23")
    instant = datetime.fromisoformat("2026-11-23T08:30:12")
    content = workbook_of(["代码", "其他", "名称"], [12, "x", day], [1.5, None, instant], [True])
    assert [row.texts for row in read_sheet(io.BytesIO(content), COLUMNS)] == [
        {"code": "12", "name": "2026-11-23"},
        {"code": "1.5", "name": "2026-11-23 08:30"},
        {"code": "是", "name": ""},
    ]
    assert cell_text(day.date()) == "2026-11-23"


def test_a_formula_is_named_by_its_cell() -> None:
    content = workbook_of(["名称", "代码"], ["a", "1"], ["b", '=CMD|"/c calc"!A1'])
    with pytest.raises(Refusal, match="B3") as caught:
        read_sheet(content, COLUMNS)
    assert caught.value.code == "sheet.formula"


def test_a_missing_or_doubled_column_is_named() -> None:
    with pytest.raises(Refusal, match="代码") as caught:
        read_sheet(workbook_of(["名称", "代号"], ["a", "1"]), COLUMNS)
    assert caught.value.code == "sheet.header"
    assert "Code" in caught.value.en
    assert refused(workbook_of(["名称", "代码", "Code"], ["a", "1", "2"])) == "sheet.header"
    assert refused(workbook_of()) == "sheet.header"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"name,code\n1,2\n",
        b"PK\x03\x04 torn",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" * 99,
        GOOD[:-40],
    ],
)
def test_what_is_no_workbook_is_refused(content: bytes) -> None:
    assert refused(content) == "sheet.not_xlsx"


def test_an_archive_without_a_workbook_is_refused() -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
    assert refused(stream.getvalue()) == "sheet.not_xlsx"
    assert refused(with_part(GOOD, SHEET, b"<worksheet><sheetData><row")) == "sheet.not_xlsx"


def test_a_file_of_too_many_bytes_is_not_even_opened() -> None:
    assert refused(b"PK" + b"\0" * sheets.MOST_BYTES) == "sheet.too_large"
    assert refused(with_part(GOOD, "x.bin", bytes(11 << 20), how=0)) == "sheet.too_large"


def test_an_archive_that_swells_is_refused_by_its_directory() -> None:
    assert refused(with_part(GOOD, "xl/media/bomb.bin", bytes(60 << 20))) == "sheet.too_large"
    assert refused(with_part(GOOD, "xl/media/bomb.bin", bytes(5 << 20))) == "sheet.too_large"


def test_a_directory_that_lies_about_a_size_is_refused() -> None:
    bomb = with_part(GOOD, "xl/media/bomb.bin", bytes(60 << 20))
    lie = bomb.replace(struct.pack("<I", 60 << 20), struct.pack("<I", 100))
    assert lie != bomb
    assert refused(lie) == "sheet.not_xlsx"


def test_too_many_parts_are_refused() -> None:
    content = GOOD
    stream = io.BytesIO(content)
    with zipfile.ZipFile(stream, "a") as archive:
        for place in range(sheets.MOST_PARTS):
            archive.writestr(f"x{place}", b"")
    assert refused(stream.getvalue()) == "sheet.too_large"


@pytest.mark.parametrize("name", ["../../evil.xml", "/etc/evil", "xl\\..\\..\\evil", "c:/evil"])
def test_a_path_that_leaves_the_archive_is_refused(name: str) -> None:
    assert refused(with_part(GOOD, name, b"x")) == "sheet.not_xlsx"


def laughs() -> str:
    bodies = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    return (
        f'<?xml version="1.0"?><!DOCTYPE s [<!ENTITY l0 "lol">{bodies}]>'
        '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        '<row r="1"><c r="A1" t="inlineStr"><is><t>&l9;</t></is></c></row></sheetData></worksheet>'
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-be", "utf-32"])
def test_entities_are_refused_in_any_encoding(encoding: str) -> None:
    assert refused(with_part(GOOD, SHEET, laughs().encode(encoding))) == "sheet.not_xlsx"


def test_an_outside_entity_and_a_strange_encoding_are_refused() -> None:
    outside = b'<!DOCTYPE s SYSTEM "file:///etc/passwd"><worksheet/>'
    assert refused(with_part(GOOD, SHEET, outside)) == "sheet.not_xlsx"
    strange = b'<?xml version="1.0" encoding="cp037"?><worksheet/>'
    assert refused(with_part(GOOD, SHEET, strange)) == "sheet.not_xlsx"


def test_too_many_rows_are_refused_and_exactly_the_most_are_read() -> None:
    rows = [[f"n{place}", str(place)] for place in range(sheets.MOST_ROWS)]
    assert len(read_sheet(write_sheet(COLUMNS, rows), COLUMNS)) == sheets.MOST_ROWS
    assert refused(write_sheet(COLUMNS, [*rows, ["one", "more"]])) == "sheet.too_large"


def test_a_row_or_column_far_away_does_not_keep_the_reader() -> None:
    far = (
        '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        '<row r="1"><c r="A1" t="inlineStr"><is><t>名称</t></is></c>'
        '<c r="B1" t="inlineStr"><is><t>代码</t></is></c></row>'
        '<row r="999999999999"><c r="ZZZ999999999999"><v>1</v></c></row></sheetData></worksheet>'
    )
    assert read_sheet(with_part(GOOD, SHEET, far.encode()), COLUMNS) == []


def body_of(cells: str, rows: str = "") -> bytes:
    return (
        '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        f'<row r="1">{cells}</row>{rows}</sheetData></worksheet>'
    ).encode()


def test_one_row_of_endless_cells_and_endless_rows_are_refused_unparsed() -> None:
    wide = body_of("<c/>" * (sheets.MOST_TAGS_AT_ONCE + 1))
    assert refused(with_part(GOOD, SHEET, wide, how=0)) == "sheet.too_large"
    long = body_of("", "<row/>" * sheets.MOST_TAGS)
    assert refused(with_part(GOOD, SHEET, long + b"<!-- -->", how=0)) == "sheet.too_large"


def test_a_long_text_shared_by_many_cells_is_counted_each_time() -> None:
    text = "长" * 30_000
    content = workbook_of(["名称", "代码"], *[[text, text]] * 200)
    assert refused(content) == "sheet.too_large"


def test_a_file_on_disk_reads_as_bytes_do(tmp_path: Path) -> None:
    path = tmp_path / "good.xlsx"
    path.write_bytes(GOOD)
    with path.open("rb") as stream:
        assert read_sheet(stream, COLUMNS)[0].texts["code"] == "500111101"
