"""The mark of invented people: it hangs on the database, and on each sheet and document."""

from datetime import datetime
from io import BytesIO

import pytest
from docx import Document
from openpyxl import load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from qianshou.kernel.documents.templates import fill, read_lines
from qianshou.kernel.door.registering import change_row
from qianshou.kernel.installing import INSTALLER
from qianshou.kernel.registry.models import Mark
from qianshou.kernel.registry.sheets import Column, read_sheet, write_sheet, write_template
from qianshou.kernel.registry.synthetic import SYNTHETIC, forget, is_synthetic, remember

COLUMNS = [Column("name", "姓名", "Name")]


def template() -> bytes:
    document = Document()
    document.add_paragraph("甲方 {{ guardian }}")
    out = BytesIO()
    document.save(out)
    return out.getvalue()


def head_of(sheet: Worksheet) -> str:
    return sheet.oddHeader.center.text or "" if sheet.oddHeader else ""


@pytest.mark.django_db
def test_the_mark_is_read_from_the_database_and_not_at_each_page(
    at: datetime, django_assert_num_queries: pytest.FixtureRequest
) -> None:
    forget()
    assert not is_synthetic()
    change_row(Mark(), {"name": SYNTHETIC}, by=INSTALLER, at=at)
    assert not is_synthetic()  # the answer of this minute
    forget()
    assert is_synthetic()
    with django_assert_num_queries(0):  # type: ignore[operator]
        assert is_synthetic()


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_a_sheet_of_invented_people_says_so_and_reads_as_before(language: str) -> None:
    remember(True)
    content = write_sheet(COLUMNS, [["黎小禾"]], language)
    for made in (content, write_template(COLUMNS, {}, {"name": ["黎小禾"]}, language)):
        sheet = load_workbook(BytesIO(made)).worksheets[0]
        assert sheet.title.startswith("合成数据")
        assert "合成数据" in head_of(sheet)
    assert [row.texts for row in read_sheet(content, COLUMNS)] == [{"name": "黎小禾"}]


def test_a_sheet_of_real_people_bears_no_mark() -> None:
    sheet = load_workbook(BytesIO(write_sheet(COLUMNS, []))).worksheets[0]
    assert sheet.title == "Sheet1"
    assert not head_of(sheet)


def test_a_document_of_invented_people_says_so_on_each_page_and_not_in_its_text() -> None:
    real = fill(template(), {"guardian": "黎大海"})
    remember(True)
    marked = fill(template(), {"guardian": "黎大海"})
    assert marked == fill(template(), {"guardian": "黎大海"})
    assert "合成数据" in Document(BytesIO(marked)).sections[0].header.paragraphs[0].text
    assert read_lines(marked) == read_lines(real)
