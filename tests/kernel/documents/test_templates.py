"""Templates of documents: filled to the same bytes each time, never with a blank."""

import zipfile
from io import BytesIO

import pytest
from docx import Document

from qianshou.kernel.documents.store import recognise
from qianshou.kernel.documents.templates import (
    Line,
    fill,
    list_fields,
    pack_again,
    read_lines,
    version_of,
)
from qianshou.kernel.refusal import Refusal


def made(*texts: str) -> bytes:
    document = Document()
    document.add_heading("责任书", 0)
    for text in texts:
        document.add_paragraph(text)
    table = document.add_table(1, 2)
    table.rows[0].cells[0].text, table.rows[0].cells[1].text = "签名", "日期"
    out = BytesIO()
    document.save(out)
    return out.getvalue()


TEMPLATE = made("甲方 {{ guardian }}", "日期 {{ date }}", "")


def test_a_template_names_its_fields() -> None:
    assert list_fields(TEMPLATE) == ["date", "guardian"]


def test_the_same_template_and_values_give_the_same_bytes() -> None:
    values = {"guardian": "黎大海", "date": "2026 年 11 月 23 日"}
    first = fill(TEMPLATE, values)
    assert first == fill(TEMPLATE, values)
    assert recognise(first) is not None
    with zipfile.ZipFile(BytesIO(first)) as archive:
        assert {part.date_time for part in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    assert pack_again(first) == first


def test_what_is_filled_in_stays_text_whatever_it_is() -> None:
    lines = read_lines(fill(TEMPLATE, {"guardian": "<b>&{{ date }}", "date": "今天"}))
    assert lines == [
        Line("责任书", 0),
        Line("甲方 <b>&{{ date }}", 2),
        Line("日期 今天", 2),
        Line("签名　日期", 2),
    ]


@pytest.mark.parametrize("values", [{}, {"guardian": "黎大海"}, {"guardian": "黎大海", "date": ""}])
def test_a_blank_is_refused_by_name(values: dict[str, str]) -> None:
    with pytest.raises(Refusal) as refused:
        fill(TEMPLATE, values)
    assert refused.value.code == "document.unfilled"
    assert "date" in refused.value.zh


@pytest.mark.parametrize("content", [b"", b"no zip", made("{{ broken")])
def test_what_is_no_template_is_refused(content: bytes) -> None:
    with pytest.raises(Refusal) as refused:
        list_fields(content)
    assert refused.value.code == "document.template"


def test_a_template_cannot_reach_beyond_its_fields() -> None:
    with pytest.raises(Refusal) as refused:
        fill(made("{{ guardian.__class__.__mro__[1].__subclasses__() }}"), {"guardian": "黎大海"})
    assert refused.value.code == "document.template"


def test_another_text_is_another_version() -> None:
    assert version_of(TEMPLATE) != version_of(made("甲方 {{ guardian }}"))
